"""What the documentation shows is what happens: its specs, its commands, its lists, its links."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

import cnnspec
from cnnspec.cli.main import COMMANDS, run
from cnnspec.diagnostics import Severity
from cnnspec.lint.pages import load_pages
from cnnspec.lint.rules import RULES
from reference.levelled import make_anchor
from tests.documents import (
    ROOT,
    UPDATE,
    Fence,
    list_pages,
    list_reference,
    matches,
    read_commands,
    read_fences,
)

PAGES = list_pages()
PACKAGE = Path(cnnspec.__file__).parent
FRAGMENT = "cnnspec: 1\nname: part\ninput: {channels: 64, height: 32, width: 32}\nlayers:\n"


def place(fences: list[Fence], folder: Path) -> None:
    """Put the specs and templates of a page where its commands can find them."""
    for fence in fences:
        if fence.is_spec or fence.language == "jinja":
            path = folder / fence.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fence.text, encoding="utf-8")


def list_specs() -> Iterator[object]:
    for page in PAGES:
        fences = read_fences(page)
        shown = "".join(fence.text for fence in fences if fence.language in ("console", "text"))
        for fence in fences:
            # A spec that a command of the page is shown to refuse is wrong on purpose.
            if fence.is_fragment or (fence.is_spec and f"{fence.file}:" not in shown):
                yield pytest.param(fence, id=f"{page.name}:{fence.line}")


@pytest.mark.parametrize("fence", list(list_specs()))
def test_specs_are_sound(fence: Fence, tmp_path: Path) -> None:
    file = tmp_path / "spec.yaml"
    file.write_text(FRAGMENT + fence.text if fence.is_fragment else fence.text, encoding="utf-8")
    # Hints would be about the network, where the text is about how to write it.
    found = cnnspec.load(file).check()
    assert [d for d in found if d.severity is not Severity.HINT] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_print_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fences = read_fences(page)
    place(fences, tmp_path)
    monkeypatch.chdir(tmp_path)
    for fence in fences:
        if fence.language != "console":
            continue
        for command, expected in read_commands(fence):
            tool, *arguments = shlex.split(command)
            assert tool == "cnnspec", f"{page.name}:{fence.line}: {command}"
            run(arguments)
            printed = "".join(capsys.readouterr())
            if UPDATE and "..." not in expected:
                text = page.read_text(encoding="utf-8")
                page.write_text(text.replace(expected, printed, 1), encoding="utf-8")
                continue
            assert matches(expected, printed), f"{page.name}: {command}\n{printed}"


@pytest.mark.parametrize("page", [*PAGES, *list_reference()], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in list_links(page.read_text(encoding="utf-8")):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in map(make_anchor, headings), f"{page.name}: {target}{anchor}"


def list_links(text: str) -> list[tuple[str, str]]:
    """The files and anchors that a page links to, in place or at its end."""
    inline = re.findall(r"\]\(([^)#:\s]*)(#[^)\s]*)?\)", text)
    return inline + re.findall(r"^\[\w+\]: ([^#:\s]*)(#\S*)?$", text, re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_options_exist(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = page.read_text(encoding="utf-8")
    for command, rest in re.findall(r"\bcnnspec ([a-z]+)\b([^`\n]*)", text):
        if command not in COMMANDS:
            continue
        parts = [word for word in rest.split()[:1] if command == "weights" and word.isalpha()]
        run([command, *parts, "--help"])
        help = capsys.readouterr().out
        for option in re.findall(r"--[a-z]+", rest):
            assert option in help, f"{page.name}: cnnspec {command} {option}"


@pytest.mark.parametrize("target", ["torch", "keras"])
def test_templates_get_what_is_listed(target: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| (`.*?) \| (?:both|{target}) \|", page, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([a-z.]+)`", row)]
    assert len(names) >= 10
    template = tmp_path / target / "model.py.jinja"
    template.parent.mkdir()
    template.write_text("".join(f"{{{{ {name} }}}}\n" for name in names), encoding="utf-8")
    assert cnnspec.load("lenet5").compile(target, templates=tmp_path).files


def test_every_rule_has_a_page_with_its_reason() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))
    figures = ("attention-macs", "macs", "training-macs", "output", "parameters")
    used |= {f"expect-{figure}" for figure in figures}
    # Words of SARIF and of JUnit.
    used -= {"very-high", "system-out"}
    # Some names are one word, or hold a digit.
    used |= {rule.name for rule in RULES}
    pages = load_pages()
    assert pages.keys() == used
    assert all(page.headline.endswith(".") and page.why for page in pages.values())
