"""What stands where a file is to go, or comes there while it is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnspec.cli.main import run
from tests.files.commands import OURS, SPEC, fill, read

COMPILE = ("compile", "net.yaml", "--target", "torch", "-o")
posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and owners are other there")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    return folder


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """The exit code and the errors of a command."""
    code = run(arguments)
    errors = capsys.readouterr().err
    assert "internal error" not in errors
    return code, errors


@posix
@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere/out.py", "there is no folder '"),
        ("nowhere/", "there is no folder '"),
        ("net.yaml/out.py", "cannot write 'net.yaml/out.py': Not a directory"),
        ("x" * 300, "File name too long"),
        ("loop", "cannot write 'loop': Too many levels of symbolic links"),
        ("pipe", "'pipe' is in the way and is not a regular file"),
        ("link_to_pipe", "'link_to_pipe' is in the way and is not a regular file"),
        ("/dev/null", "'/dev/null' is in the way and is not a regular file"),
        ("into_nowhere", "there is no folder '"),
        ("", "-o '' names no file"),
        ("net.yaml", "'net.yaml' is the spec itself"),
        ("./../folder/net.yaml", "net.yaml' is the spec itself"),
        ("hard.yaml", "'hard.yaml' is the spec itself"),
        ("soft.yaml", "'soft.yaml' is the spec itself"),
        ("base.yaml", "'base.yaml' is the spec itself"),
    ],
)
def test_a_place_where_no_file_can_go_is_refused_even_with_force(
    folder: Path, capsys: pytest.CaptureFixture[str], output: str, message: str
) -> None:
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "pipe")
    (folder / "link_to_pipe").symlink_to("pipe")
    (folder / "into_nowhere").symlink_to("nowhere/out.py")
    os.link("net.yaml", "hard.yaml")
    (folder / "soft.yaml").symlink_to("net.yaml")
    (folder / "base.yaml").write_text(SPEC)
    (folder / "heir.yaml").write_text("cnnspec: 1\nextends: base.yaml\n")
    source = "heir.yaml" if output == "base.yaml" else "net.yaml"
    before = sorted(folder.iterdir())
    code, errors = call(capsys, "compile", source, "--target", "torch", "--force", "-o", output)
    assert (code, message in errors) == (2, True), errors
    assert sorted(folder.iterdir()) == before
    assert (folder / "net.yaml").read_text() == (folder / "base.yaml").read_text() == SPEC


@posix
def test_a_link_to_a_place_without_a_file_gets_one_if_forced(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "link.py").symlink_to("elsewhere.py")
    assert call(capsys, *COMPILE, "link.py")[0] == 2
    assert call(capsys, *COMPILE, "link.py", "--force") == (0, "")
    assert (folder / "link.py").readlink() == Path("elsewhere.py")
    assert "class Net" in (folder / "elsewhere.py").read_text()


@posix
@pytest.mark.parametrize("name", ["\udcff.py", "ü" * 120 + ".py", "x" * 255, "a\nb.py", "-.py"])
def test_any_name_that_the_disk_takes_is_one(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert call(capsys, *COMPILE, f"./{name}") == (0, "")
    assert "class Net" in (folder / name).read_text()


def appear(path: Path, kind: str) -> None:
    """Put something at a place."""
    path.unlink(missing_ok=True)
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            path.symlink_to(path.with_name("net.yaml"))
        case "dangling link":
            path.symlink_to("nowhere")
        case _:
            path.write_text(kind)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[], object]], None]]:
    """Lets something happen when all is written and nothing has its place yet."""
    happens: list[Callable[[], object]] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if happens:
            happens.pop()()

    monkeypatch.setattr(os, "fsync", fsync)
    yield happens.append
    assert not happens


@posix
@pytest.mark.parametrize("name", ["new.py", "out.py"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "dangling link", "mine", OURS + "#\n"])
def test_what_comes_while_a_file_is_written_is_kept(
    folder: Path, capsys: pytest.CaptureFixture[str], meanwhile: Callable[..., None],
    name: str, kind: str,
) -> None:  # fmt: skip
    meanwhile(lambda: appear(folder / name, kind))
    code, errors = call(capsys, *COMPILE, name)
    assert code == 2
    assert "in the way" in errors or "was not written by cnnspec" in errors
    found = (folder / name).lstat()
    appear(folder / "other", kind)
    assert found.st_mode == (folder / "other").lstat().st_mode
    assert found.st_size == (folder / "other").lstat().st_size
    assert not list(folder.glob(".cnnspec-*"))


@pytest.mark.parametrize("name", ["new.py", "out.py"])
@pytest.mark.parametrize(("kind", "options"), [(OURS, ()), ("mine", ("--force",))])
def test_what_comes_meanwhile_goes_if_it_may(
    folder: Path, capsys: pytest.CaptureFixture[str], meanwhile: Callable[..., None],
    name: str, kind: str, options: tuple[str, ...],
) -> None:  # fmt: skip
    meanwhile(lambda: appear(folder / name, kind))
    assert call(capsys, *COMPILE, name, *options) == (0, "")
    assert "class Net" in (folder / name).read_text()


def test_a_spec_that_changes_while_it_is_mended_is_left_as_it_is(
    folder: Path, capsys: pytest.CaptureFixture[str], meanwhile: Callable[..., None]
) -> None:
    path = folder / "net.yaml"
    meanwhile(lambda: path.write_text(SPEC + "  - relu\n"))
    code, errors = call(capsys, "check", "net.yaml", "--fix")
    assert (code, "has changed since it was read, and is left" in errors) == (2, True)
    assert path.read_text() == SPEC + "  - relu\n"


@posix
def test_a_mended_spec_keeps_its_mode_and_its_links(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "below").mkdir()
    (folder / "net.yaml").rename(folder / "below" / "real.yaml")
    (folder / "net.yaml").symlink_to("below/real.yaml")
    (folder / "below" / "real.yaml").chmod(0o604)
    assert call(capsys, "check", "net.yaml", "--fix")[0] == 0
    assert (folder / "net.yaml").readlink() == Path("below/real.yaml")
    found = (folder / "below" / "real.yaml").stat()
    assert found.st_mode & 0o777 == 0o604
    assert (folder / "below" / "real.yaml").read_text() != SPEC
    assert [path.name for path in (folder / "below").iterdir()] == ["real.yaml"]


@posix
def test_a_new_name_of_a_file_leaves_the_other_hard_link_as_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.link("net.yaml", "other.yaml")
    assert call(capsys, "check", "net.yaml", "--fix")[0] == 0
    assert (folder / "net.yaml").read_text() != SPEC == (folder / "other.yaml").read_text()


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder that this process may enter and not write, whoever it is."""
    with tempfile.TemporaryDirectory() as name:
        folder = fill(Path(name) / "folder")
        run(["check", str(folder / "net.yaml"), "--fix"])
        run(["compile", str(folder / "net.yaml"), "--target", "torch", "-o", str(folder)])
        fill(folder)
        Path(name).chmod(0o755)
        folder.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o755)


@posix
def test_a_folder_that_cannot_be_written_stays_as_it_is(
    unprivileged: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    spec = str(unprivileged / "net.yaml")
    before = read(unprivileged)
    for command in (
        ("compile", spec, "--target", "torch", "-o", str(unprivileged / "out.py"), "--force"),
        ("compile", spec, "--target", "keras", "-o", str(unprivileged / "new.py")),
        ("check", spec, "--fix"),
        ("init", "-o", str(unprivileged / "start.yaml"), "--force"),
        ("schema", "-o", str(unprivileged)),
    ):
        code, errors = call(capsys, *command)
        assert code == 2
        assert "cannot write '" in errors
        assert "': Permission denied" in errors or "it is read-only" in errors
    assert read(unprivileged) == before


@posix
def test_a_file_that_is_read_only_is_kept_without_force(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() == 0:
        # For whom nothing is: what the system would say to others.
        real = os.access
        monkeypatch.setattr(os, "access", lambda path, mode, **_: path.stat().st_mode & 0o222 != 0)
        monkeypatch.setattr(os, "supports_effective_ids", {os.access, real})
    for name in ("net.yaml", "out.py"):
        (folder / name).chmod(0o444)
    for command in (("check", "net.yaml", "--fix"), (*COMPILE, "out.py")):
        code, errors = call(capsys, *command)
        assert (code, "it is read-only" in errors) == (2, True), errors
    assert (folder / "net.yaml").read_text() == SPEC
    assert (folder / "out.py").read_text() == OURS
    assert call(capsys, *COMPILE, "out.py", "--force") == (0, "")
    assert (folder / "out.py").stat().st_mode & 0o777 == 0o444
