"""Templates: ours and the user's, and what is said of wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from cnnspec import rendering
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.rendering import render_template


@pytest.fixture(autouse=True)
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "ours" / "torch"
    folder.mkdir(parents=True)
    (folder / "model.jinja").write_text("a {{ name }} b\n{% block end %}end{% endblock %}.\n")
    monkeypatch.setattr(rendering, "find_folder", lambda name: tmp_path / "ours")
    return folder


@pytest.fixture
def users(tmp_path: Path) -> Path:
    (tmp_path / "users" / "torch").mkdir(parents=True)
    return tmp_path / "users"


def refuse(text: str | bytes, users: Path) -> Diagnostic:
    data = text.encode() if isinstance(text, str) else text
    (users / "torch" / "model.jinja").write_bytes(data)
    with pytest.raises(SpecError) as caught:
        render_template("torch/model.jinja", {"name": "x", "number": 1}, users)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.rule == "invalid-template"
    return diagnostic


def test_ours_fills_in_and_keeps_the_last_newline() -> None:
    assert render_template("torch/model.jinja", {"name": "<x>"}) == "a <x> b\nend.\n"


def test_the_users_template_goes_first_and_may_extend_ours(users: Path) -> None:
    assert render_template("torch/model.jinja", {"name": "x"}, users) == "a x b\nend.\n"
    (users / "torch" / "model.jinja").write_text(
        '{% extends "cnnspec/torch/model.jinja" %}\n{% block end %}mine{% endblock %}\n'
    )
    assert render_template("torch/model.jinja", {"name": "x"}, users) == "a x b\nmine.\n"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("one\n{{ nmae }}\n", 2, "'nmae' is undefined"),
        ("one\n\n{% if %}\n", 3, "Expected an expression, got 'end of statement block'"),
        ("one\n{{ 1 / 0 }}\n", 2, "division by zero"),
        ("one\n{{ number + 'x' }}\n", 2, "unsupported operand type(s) for +: 'int' and 'str'"),
        ("one\n{{ name.__class__.__mro__ }}\n", 2, "access to attribute '__class__'"),
        ("one\n{% include 'nowhere' %}\n", 2, "there is no template 'nowhere'"),
        ("one\n{% include '../../secret' %}\n", 2, "there is no template '../../secret'"),
        (b"one\n\xff\n", 1, "can't decode byte 0xff"),
    ],
)
def test_a_wrong_template_is_named_with_its_line(
    users: Path, text: str | bytes, line: int, message: str
) -> None:
    diagnostic = refuse(text, users)
    assert message in diagnostic.message
    assert diagnostic.span is not None
    assert (diagnostic.span.file, diagnostic.span.line) == (
        str(users / "torch" / "model.jinja"),
        line,
    )


def test_an_endless_include_is_refused(users: Path) -> None:
    assert "recursion" in refuse("{% include 'torch/model.jinja' %}", users).message


def test_a_wrong_name_in_our_own_templates_is_no_silent_gap() -> None:
    with pytest.raises(SpecError, match="'name' is undefined"):
        render_template("torch/model.jinja", {})


FIELDS = "{{ header.title }}\n# {{ name }}\n\n\n{{ name }}{{ header.title }}\n"


@dataclass
class Header:
    title: str = "{{ name }}"


def test_fields_alone_are_filled_in_as_jinja_does(ours: Path, users: Path) -> None:
    (ours / "fields.jinja").write_text(FIELDS)
    view = {"name": "<x>\n\n", "header": Header()}
    # Templates of a user's always go through Jinja.
    assert render_template("torch/fields.jinja", view) == render_template(
        "torch/fields.jinja", view, users
    )


def test_a_link_to_elsewhere_is_no_template(users: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (users / "link").symlink_to(tmp_path / "secret")
    found = refuse("one\n{% include 'link' %}\n", users)
    assert found.message.endswith("'link' leads out of the folder of templates")
    assert "leads" not in refuse("{% include '../../secret' %}", users).message
    (users / "torch" / "other").write_text("other")
    (users / "near").symlink_to(users / "torch" / "other")
    (users / "torch" / "model.jinja").write_text("{% include 'near' %}")
    assert render_template("torch/model.jinja", {}, users) == "other"


def test_a_spec_s_text_is_no_template(users: Path) -> None:
    (users / "torch" / "model.jinja").write_text("{{ name }}")
    for text in ("{{ 7 * 7 }}", "{% include 'x' %}", "{# #}", "{0.__class__}"):
        assert render_template("torch/model.jinja", {"name": text}, users) == text
        assert text in render_template("torch/model.jinja", {"name": text})
