"""Whole commands on hostile specs: exit codes, what is printed, and what is written where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cnnspec.cli.check_formats import FORMATS as CHECKS
from cnnspec.cli.main import run
from cnnspec.report.summary_formats import FORMATS as SUMMARIES
from tests.attacks import outputs
from tests.attacks.harness import list_tree
from tests.attacks.places import EVERYTHING, HOSTS, SMALL, spell
from tests.attacks.texts import HOSTILE, PATHS

SOUND = SMALL.replace("TEXT", "text")
# One whose texts are all hostile and which is sound, and one that is refused in many places.
PROSE = SMALL.replace("TEXT", spell(EVERYTHING))
REFUSED = PROSE.replace("flatten", spell(EVERYTHING)).replace("unit:", f"{spell(EVERYTHING)}:")
# A finding with a fix, beside which stands what is hostile.
FIXABLE = SOUND.replace("- flatten", "- relu: # \u202e ##[add-mask]x\n  - relu\n  - flatten")
SPECS = {"sound.yaml": SOUND, "prose.yaml": PROSE, "refused.yaml": REFUSED, "fix.yaml": FIXABLE}
NAMES = (
    "\n::add-mask::x.yaml", "::error::x.yaml", "##[add-mask]x.yaml", "\x1b[31m.yaml", "\u202e.yaml",
    "\udcff.yaml", "-.yaml", "--target=onnx", "a b'c\"d.yaml", "coding: utf-7.yaml", "$(x).yaml",
    '"""\nimport canary\n""".yaml', "a:b.yaml", "{{ x }}{0}%s.yaml", "<b>&]]>.yaml", "\\.yaml",
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of specs in one whose other files are nobody's business."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.yaml").write_text(SOUND.replace("victim", "top_secret"))
    (tmp_path / "work").mkdir()
    for name, text in {**HOSTS, **SPECS}.items():
        (tmp_path / "work" / name).write_bytes(text.encode())
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def list_commands(file: str) -> Iterator[list[str]]:
    for form in CHECKS:
        yield ["check", file, "--format", form]
    yield ["check", file, "--profile", "teaching", "--strict"]
    yield ["check", file, "--statistics"]
    yield ["check", file, "--sizes"]
    for form in SUMMARIES:
        yield ["summary", file, "--format", form]
    for target in ("torch", "keras"):
        yield ["compile", file, "--target", target, "--check"]


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and all that is printed, which must steer nothing."""
    code = run(list(arguments))
    shown = capsys.readouterr()
    assert code in (0, 1, 2)
    outputs.assert_plain(shown.err)
    if "github" not in arguments:
        outputs.assert_plain(shown.out)
    match arguments[-1]:
        case "json" | "sarif" if shown.out:
            json.loads(shown.out)
        case "junit" if shown.out:
            ElementTree.fromstring(shown.out)
    return code, shown.out


@pytest.mark.parametrize("file", SPECS)
def test_commands_that_show_write_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    before = list_tree(folder)
    for command in list_commands(file):
        code, _ = call(capsys, *command)
        stale = {"--check", "--strict"} & {*command}
        assert stale or (code == 1) == (file == "refused.yaml"), command
    assert list_tree(folder) == before


@pytest.mark.parametrize("target", ["torch", "keras"])
def test_compiling_writes_the_file_that_was_asked_for_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    before = list_tree(folder)
    assert call(capsys, "compile", "prose.yaml", "--target", target, "-o", "net.py")[0] == 0
    after = list_tree(folder)
    outputs.assert_harmless(after.pop("work/net.py").decode())
    assert after == before


def test_a_fix_writes_the_spec_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = list_tree(folder)
    run(["check", "fix.yaml", "--unsafe-fixes", "--diff"])
    assert "-  - relu: # \u202e ##[add-mask]x\n" in capsys.readouterr().out
    assert list_tree(folder) == before
    call(capsys, "check", "fix.yaml", "--unsafe-fixes")
    after = list_tree(folder)
    assert after.pop("work/fix.yaml") != before.pop("work/fix.yaml")
    assert after == before


def test_a_terminal_gets_a_diff_that_steers_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run(["check", "fix.yaml", "--unsafe-fixes", "--diff"])
    shown = capsys.readouterr().out
    assert "-  - relu: # \\u202e # #[add-mask]x\n" in shown
    outputs.assert_plain(shown)


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_file_is_a_text_too(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    Path(name).write_text(PROSE.replace("flatten", "flaten"), encoding="utf-8")
    reference = f"./{name}" if name.startswith("-") else name
    before = list_tree(folder)
    for form in CHECKS:
        assert call(capsys, "check", reference, "--format", form)[0] == 1
    assert list_tree(folder) == before
    Path(name).write_text(PROSE, encoding="utf-8")
    before = list_tree(folder)
    call(capsys, "compile", reference, "--target", "torch", "-o", "net.py")
    after = list_tree(folder)
    outputs.assert_harmless(after.pop("work/net.py").decode())
    assert after == before


def test_what_is_on_disk_is_shown_as_a_text(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("victim.py").write_bytes(b"\x1b[2J\n::add-mask::x\n##[error]\xff\n")
    assert call(capsys, "compile", "sound.yaml", "--target", "torch", "--check")[0] == 1
    assert call(capsys, "compile", "sound.yaml", "--target", "torch")[0] == 2


def list_paths(folder: Path) -> list[str]:
    """Ways to a sound spec outside of the folder, and others that lead nowhere."""
    work = folder / "work"
    (work / "link.yaml").symlink_to("../outside/secret.yaml")
    (work / "linked").symlink_to("../outside")
    (work / "chain.yaml").symlink_to("link.yaml")
    (work / "sub").mkdir()
    outside = folder / "outside" / "secret.yaml"
    return [
        "../outside/secret.yaml", "sub/../../outside/secret.yaml", "linked/secret.yaml",
        "link.yaml", "chain.yaml", str(outside), f"file://{outside}", "./../outside/secret.yaml",
        "..\\outside\\secret.yaml", "~/secret.yaml", *PATHS, *HOSTILE[:40],
    ]  # fmt: skip


def test_a_spec_reads_no_file_outside_of_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in list_paths(folder):
        for text in (
            SOUND.replace("name: victim", f"name: victim\nextends: {spell(path)}"),
            SOUND.replace("- flatten", f"- {{spec: {spell(path)}}}\n  - flatten"),
        ):
            Path("prober.yaml").write_text(text, encoding="utf-8")
            code, shown = call(capsys, "check", "prober.yaml", "--format", "concise")
            assert code == 1, path
            assert "secret" not in shown.replace(spell(path)[1:-1], "").replace("secret.yaml", "")


def test_an_output_goes_where_it_was_asked_for_and_not_where_a_link_leads(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ("compile", "prose.yaml", "--target", "torch")
    for target in ("../outside/new.py", "../outside/secret.yaml", "victim.py", "/dev/null"):
        Path("victim.py").symlink_to(target)
        before = list_tree(folder)
        assert call(capsys, *command)[0] == 2, target
        assert list_tree(folder) == before
        Path("victim.py").unlink()


@pytest.mark.parametrize("name", ["../../outside/x", "/tmp/x", "con", "a/b", "..", "x\x00y"])
def test_a_network_s_name_leads_to_no_other_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    text = SOUND.replace("name: victim", f"name: {spell(name)}")
    Path("named.yaml").write_text(text, encoding="utf-8")
    before = list_tree(folder)
    code, _ = call(capsys, "compile", "named.yaml", "--target", "torch")
    assert code == (0 if name == "con" else 1)
    new = list_tree(folder).keys() - before.keys()
    # A file called con.py would be the console on some systems.
    assert new == ({"work/con_.py"} if name == "con" else set())


@pytest.mark.parametrize("name", ["torch", "Random", "queue", "operator", "numpy", "types"])
def test_no_file_is_written_that_others_would_import_by_mistake(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    Path("named.yaml").write_text(SOUND.replace("name: victim", f"name: {name}"))
    before = list_tree(folder)
    assert call(capsys, "compile", "named.yaml", "--target", "torch")[0] == 1
    assert list_tree(folder) == before
    assert call(capsys, "compile", "named.yaml", "--target", "keras")[0] == 0
