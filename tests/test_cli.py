"""The command line: exit codes, what goes where, and the API beside it."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import cnnspec
from cnnspec import resources
from cnnspec.cli.main import COMMANDS, run
from cnnspec.spec.files import OpenFile
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.command_folder import BAD, GOOD, make_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_folder(tmp_path, monkeypatch)


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "good.yaml", "family", "good.yaml:big"]) == 0
    assert capsys.readouterr() == ("no problems in 3 files\n", "")


def test_a_spec_whose_form_is_wrong_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("cnnspec: 1\nname: net\nlayers: 3\n", encoding="utf-8")
    read: list[str] = []

    def count(data: bytes, name: str, open_file: OpenFile | None = None) -> ModelSpec:
        read.append(name)
        return read_spec(data, name, open_file)

    monkeypatch.setattr("cnnspec.spec.read.read_spec", count)
    assert run(["check", "--sizes", str(file)]) == 1
    assert "error" in capsys.readouterr().out
    assert len(read) == 1


def test_check_shows_each_finding_once_for_all_variants(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["check", "good.yaml", "bad.yaml"]) == 1
    assert capsys.readouterr().out == (
        "bad.yaml:12:5: error[unknown-op]: there is no op or block 'flaten'\n"
        "   |\n"
        "12 |   - flaten\n"
        "   |     ^^^^^^\n"
        "   = help: did you mean 'flatten'?\n"
        "\n"
        "1 error in 2 files\n"
    )


@pytest.mark.parametrize("format", ["text", "concise", "json", "github", "sarif", "junit"])
def test_every_format_names_rule_and_place(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", "bad.yaml", "--format", format]) == 1
    shown = capsys.readouterr().out
    assert "unknown-op" in shown
    assert "bad.yaml" in shown
    assert run(["check", "good.yaml", "--format", format]) == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00", b"- a list", b"[" * 100_000, b"a: &a [*a]", b"\x00", b"a\n: b: c"],
)
def test_any_bytes_give_findings(
    folder: Path, data: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "any.yaml").write_bytes(data)
    assert run(["check", "any.yaml", "--format", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {finding["file"] for finding in found} == {"any.yaml"}
    assert all(finding["line"] >= 1 for finding in found)


def test_check_reads_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    assert run(["check", "-"]) == 1
    assert capsys.readouterr().out.startswith("<stdin>:12:5: error[unknown-op]")


def test_a_file_that_is_missing_does_not_hide_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["check", "goood.yaml", "bad.yaml"]) == 2
    shown = capsys.readouterr()
    assert shown.out.endswith("1 error in 1 file\n")
    assert shown.err == (
        "cnnspec: error: there is no file and no zoo spec 'goood.yaml'; did you mean 'good.yaml'?\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "there is no command 'chek'; did you mean 'check'?"),
        (["summary", "famly"], "no zoo spec 'famly'; did you mean 'family'?"),
        (["summary", "famly:big"], "no zoo spec 'famly'; did you mean 'family'?"),
        (["summary", "family:bigg"], "family.yaml has no variant 'bigg'; did you mean 'big'?"),
        (["summary", "good.yaml", "--set", "clases=3"], "did you mean 'classes'?"),
        (["summary", "zoo"], "'zoo' is a folder; name the files in it"),
        (["summary", ""], "there is no file and no zoo spec ''"),
        (["summary", "C:\\nets\\a.yaml"], "there is no file and no zoo spec 'C:\\nets\\a.yaml'"),
        (["zoo", "famly"], "the zoo has no 'famly'; did you mean 'family'?"),
        (["init", "famly"], "the zoo has no 'famly'; did you mean 'family'?"),
        (["compile", "good.yaml", "--target", "torch", "--opset", "18"], "--opset goes with"),
        (["compile", "good.yaml", "--target", "onnx", "--templates", "."], "--templates is for"),
        (["compile", "good.yaml", "--target", "torch", "--templates", "x"], "no folder of"),
        (["compile", "good.yaml", "--target", "onnx", "--weights", "x"], "no file of weights"),
    ],
)  # fmt: skip
def test_wrong_usage_is_one_line_and_code_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("cnnspec: error: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--nonsense"],
        ["check"],
        ["compile", "good.yaml"],
        ["compile", "good.yaml", "--target", "jax"],
        ["summary", "good.yaml", "--depth", "0"],
        ["summary", "good.yaml", "--set", "classes"],
        ["summary", "good.yaml", "--set", "classes=[1"],
        ["summary", "good.yaml", "--set", "classes={a: 1}"],
        ["check", "good.yaml", "--format", "xml"],
    ],
)
def test_what_the_parser_refuses_is_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "usage: cnnspec" in shown.err


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"usage: cnnspec {command} ")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"cnnspec {cnnspec.__version__}\n"


def test_a_setting_is_read_as_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    settings = ["--set", "classes=7", "--set", "widths=[2, 3, 5]"]
    assert run(["summary", "good.yaml", "--format", "json", *settings]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert [layer["output_shape"][0] for layer in layers] == [2, 2, 3, 3, 5, 5, 5 * 64, 7]


def test_a_file_goes_before_the_zoo_and_before_a_variant(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "family").write_text(GOOD.replace("name: net", "name: mine"))
    (folder / "family:big").write_text(GOOD.replace("name: net", "name: colon"))
    for reference, name in [("family", "mine"), ("family:big", "colon"), ("family:small", "mine")]:
        assert run(["summary", reference, "--format", "json"]) == 0
        assert json.loads(capsys.readouterr().out)["name"].startswith(name)


def test_a_wrong_spec_is_explained_on_the_error_stream(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["summary", "bad.yaml"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "12 |   - flaten\n" in shown.err


def test_zoo_lists_every_variant_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["family:small", "2015", "classification", "3x8x8", "5,538", "30,464"],
        ["family:big", "2015", "classification", "3x8x8", "11,642", "97,792"],
    ]
    assert run(["zoo", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["parameters"] for row in rows] == [5538, 11642]
    assert rows[1]["name"] == "family:big"
    assert (rows[1]["year"], rows[1]["task"]) == (2015, "classification")
    assert run(["zoo", "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert "| family:big | 2015 | classification | 3x8x8 | 11,642 | 97,792 |" in shown


def test_zoo_shows_the_page_of_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["zoo", "family", "--format", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert [variant["outputs"] for variant in page["variants"]] == [{"output": [10]}] * 2
    assert page["variants"][1]["settings"] == {"widths": "[8, 16]"}
    assert page["params"] == [
        {"name": "classes", "default": "10", "meaning": ""},
        {"name": "widths", "default": "[4, 8]", "meaning": "channels of both"},
    ]
    assert sum(stage["parameters"] for stage in page["stages"]) == 5538
    assert run(["zoo", "family"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["family: A net", "year  2015", "task  classification"]
    assert "cnnspec init family" in lines[-1]
    for heading in ("Variants", "Parameters", "Parts of family:small", "Use"):
        assert heading in lines
    assert run(["zoo", "family", "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert "| family:big | 3x8x8 | 10 | 11,642 | 97,792 | widths: [8, 16] |" in shown


def test_init_copies_a_zoo_spec_and_overwrites_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "family"]) == 0
    printed = "wrote family.yaml and cnnspec.schema.json; next: cnnspec check family.yaml\n"
    assert capsys.readouterr().out == printed
    line, _, rest = (folder / "family.yaml").read_bytes().partition(b"\n")
    assert line == b"# yaml-language-server: $schema=./cnnspec.schema.json"
    assert rest == resources.read_zoo("family")
    assert (folder / "cnnspec.schema.json").read_bytes() == resources.read_schema()
    (folder / "family.yaml").write_text("mine")
    assert run(["init", "family"]) == 2
    assert (folder / "family.yaml").read_text() == "mine"
    assert run(["init", "family", "--force"]) == 0
    assert run(["init", "family", "-o", "cnnspec.schema.json", "--force"]) == 2
    assert (folder / "cnnspec.schema.json").read_bytes() == resources.read_schema()


def test_init_prints_the_spec_alone(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["init", "family", "-o", "-"]) == 0
    assert capfdbinary.readouterr().out == resources.read_zoo("family")


def test_the_starter_passes_its_own_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    capsys.readouterr()
    assert run(["check", "model.yaml"]) == 0
    assert run(["summary", "model.yaml:wide"]) == 0


@pytest.mark.onnx
def test_compile_writes_where_it_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnx")
    assert run(["compile", "family:big", "--target", "onnx"]) == 0
    assert capsys.readouterr().out == "wrote family_big.onnx\n"
    assert run(["compile", "family:big", "--target", "onnx", "-o", "zoo/"]) == 0
    first, second = folder / "family_big.onnx", folder / "zoo" / "family_big.onnx"
    assert first.read_bytes() == second.read_bytes()
    assert run(["compile", "family:big", "--target", "onnx", "--seed", "1"]) == 0
    assert first.read_bytes() != second.read_bytes()


@pytest.mark.parametrize(
    ("target", "name"), [("torch", "family_big.py"), ("keras", "family_big_keras.py")]
)
def test_compiled_source_is_signed_and_edits_are_kept(
    folder: Path, target: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compile", "family:big", "--target", target]
    assert run([*command, "-o", "-"]) == 0
    text = capsys.readouterr().out
    assert "# cnnspec: digest=" in text
    for _ in range(2):
        assert run(command) == 0
        assert capsys.readouterr().out == f"wrote {name}\n"
        assert (folder / name).read_text() == text
    (folder / name).write_text(text + "# mine\n")
    assert run(command) == 2
    assert (folder / name).read_text() == text + "# mine\n"


def test_compile_never_overwrites_its_spec(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    command = ["compile", "good.yaml", "--target", "onnx", "--force", "-o", "good.yaml"]
    assert run(command) == 2
    assert (folder / "good.yaml").read_text() == GOOD
    assert "is the spec itself" in capsys.readouterr().err


def test_the_api_is_the_command_lines() -> None:
    network = cnnspec.load("family", "big", classes=3, widths=(2, 4))
    assert network.check() == ()
    assert network.graph.name == "family_big"
    assert network.summary().layers[-1].output.dims == (3,)
    assert [d.rule for d in cnnspec.load(Path("bad.yaml")).check()] == ["unknown-op"]
    with pytest.raises(FileNotFoundError, match="did you mean 'family'"):
        cnnspec.load("famly")
    with pytest.raises(ValueError, match="targets are torch, keras, onnx"):
        network.compile("jax")
    with pytest.raises(cnnspec.SpecError):
        _ = cnnspec.load("bad.yaml").graph


def test_a_spec_may_extend_its_neighbours_and_the_zoo(folder: Path) -> None:
    for base in ("good.yaml", "family", "./good.yaml"):
        (folder / "top.yaml").write_text(f"cnnspec: 1\nextends: {base}\nname: top\n")
        assert cnnspec.load("top.yaml").check() == ()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/etc/passwd", "a path must be relative to the spec's folder"),
        ("C:\\x", "a path must be relative to the spec's folder"),
        ("../good.yaml", "a path must not lead out of the spec's folder"),
        ("link.yaml", "a path must not lead out of the spec's folder"),
        (".", "it is not a file"),
        ("mising.yaml", "there is no file of that name beside the spec, and no zoo spec"),
    ],
)
def test_a_spec_cannot_reach_out_of_its_folder(folder: Path, path: str, message: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    (inner / "link.yaml").symlink_to(folder / "good.yaml")
    (inner / "top.yaml").write_text(f"cnnspec: 1\nextends: {json.dumps(path)}\nname: top\n")
    (diagnostic,) = cnnspec.load("inner/top.yaml").check()
    assert (diagnostic.rule, diagnostic.message) == (
        "invalid-path",
        f"cannot read '{path}': {message}",
    )
    assert diagnostic.span is not None
    assert str(diagnostic.span) == "inner/top.yaml:2:10"
