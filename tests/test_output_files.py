"""Output files are whole or absent, and nobody's work is overwritten."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest

from cnnspec.cli import output
from cnnspec.cli.failures import UsageError
from cnnspec.cli.output import choose_path, fill_file, write_files
from cnnspec.signing import holds_fingerprint, is_unchanged, sign_text

TEMPLATE = '"""A model."""\n# cnnspec: digest\nx = 1\n'
OURS = sign_text(TEMPLATE)


class Killed(BaseException):
    """Stands in for whatever ends the process."""


FULL = OSError(28, "No space left on device")
FAILURES = {
    FULL: (UsageError, r"cannot write '.*model\.(py|data)': No space left on device"),
    Killed(): (Killed, None),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.py").write_text(OURS)
    (tmp_path / "model.data").write_text("old data")
    return tmp_path


def list_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize("failing", ["replace", "fsync", "open"])
@pytest.mark.parametrize("error", FAILURES)
def test_a_failure_leaves_the_old_files_whole_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str, error: BaseException
) -> None:
    def fail(*arguments: object, **options: object) -> object:
        raise error

    before = list_files(folder)
    monkeypatch.setattr(os, failing, fail)
    expected, message = FAILURES[error]
    with pytest.raises(expected, match=message):
        write_files({folder / "model.py": b"new", folder / "model.data": b"new"}, force=True)
    monkeypatch.undo()
    assert list_files(folder) == before


def test_no_file_is_replaced_before_all_are_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    real_fsync, real_replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: calls.append("fsync") or real_fsync(file))

    def replace(source: Path, target: Path) -> None:
        calls.append(f"replace {target.name}")
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    write_files({folder / "model.py": b"new", folder / "model.data": b"data"}, force=True)
    # Each but the last stays even if the machine stops before the next.
    assert calls == ["fsync", "fsync", "replace model.data", "fsync", "replace model.py", "fsync"]
    assert list_files(folder) == {"model.py": "new", "model.data": "data"}


@pytest.mark.parametrize("old", ["old data", None])
@pytest.mark.parametrize("error", FAILURES)
def test_a_failure_between_files_brings_the_first_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, old: str | None
) -> None:
    if old is None:
        (folder / "model.data").unlink()
    before = list_files(folder)
    real_replace = os.replace

    def replace(source: Path, target: Path) -> None:
        if target.name == "model.py":
            assert (folder / "model.data").read_text() == "new"
            raise error
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    expected, message = FAILURES[error]
    with pytest.raises(expected, match=message):
        write_files({folder / "model.py": b"new", folder / "model.data": b"new"}, force=True)
    assert list_files(folder) == before


def test_two_names_of_one_file_are_no_two_files(folder: Path) -> None:
    before = list_files(folder)
    (folder / "link.data").symlink_to("model.py")
    with pytest.raises(UsageError, match="lead to one file"):
        write_files({folder / "model.py": b"new", folder / "link.data": b"data"}, force=True)
    (folder / "link.data").unlink()
    assert list_files(folder) == before


def test_our_own_unchanged_output_is_replaced(folder: Path) -> None:
    write_files({folder / "model.py": b"new"})
    assert (folder / "model.py").read_text() == "new"


@pytest.mark.parametrize("content", [OURS.replace("1", "2"), TEMPLATE, "", "\udcff"])
def test_edited_and_foreign_files_are_kept_without_force(folder: Path, content: str) -> None:
    path = folder / "model.py"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=r"model\.py' exists and was not written by cnnspec"):
        write_files({path: b"new"})
    assert path.read_bytes() == content.encode(errors="surrogateescape")
    write_files({path: b"new"}, force=True)
    assert path.read_bytes() == b"new"


def test_what_is_no_regular_file_is_kept_even_with_force(folder: Path) -> None:
    (folder / "pipe").mkdir()
    for path in (folder / "pipe", Path(os.devnull)):
        with pytest.raises(UsageError, match="not a regular file"):
            write_files({path: b"new"}, force=True)


def test_pieces_are_joined_whatever_their_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "_STEP", 3)
    path = tmp_path / "model.onnx"
    write_files({path: [b"abcdefgh", b"", memoryview(b"ij"), b"k", memoryview(b"lmnopqrst")]})
    assert path.read_bytes() == b"abcdefghijklmnopqrst"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder '.*nowhere'"):
        write_files({tmp_path / "nowhere" / "model.py": b"new"})


def test_new_files_follow_the_umask_and_old_ones_keep_their_mode(folder: Path) -> None:
    (folder / "model.py").chmod(0o640)
    previous = os.umask(0o027)
    try:
        write_files({folder / "model.py": b"new", folder / "fresh.py": b"new"})
    finally:
        os.umask(previous)
    assert (folder / "model.py").stat().st_mode & 0o777 == 0o640
    assert (folder / "fresh.py").stat().st_mode & 0o777 == 0o640
    (folder / "script.py").write_text(OURS)
    (folder / "script.py").chmod(0o755)
    write_files({folder / "script.py": b"new"})
    assert (folder / "script.py").stat().st_mode & 0o777 == 0o755


def test_a_link_stays_a_link(folder: Path) -> None:
    (folder / "link.py").symlink_to(folder / "model.py")
    write_files({folder / "link.py": b"new"})
    assert (folder / "link.py").is_symlink()
    assert (folder / "model.py").read_text() == "new"


def test_a_link_to_nothing_makes_no_file_elsewhere_without_force(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    (folder / "link.py").symlink_to(elsewhere)
    with pytest.raises(UsageError, match=r"is a link to '.*elsewhere', which is not there"):
        write_files({folder / "link.py": b"new"})
    with pytest.raises(UsageError, match="is a link to"), fill_file(folder / "link.py"):
        raise AssertionError
    assert sorted(path.name for path in folder.iterdir()) == ["link.py", "model.data", "model.py"]
    write_files({folder / "link.py": b"new"}, force=True)
    assert elsewhere.read_bytes() == b"new"


def test_a_folder_or_a_trailing_slash_takes_the_default_name(tmp_path: Path) -> None:
    assert choose_path(None, "a.py") == Path("a.py")
    assert choose_path(str(tmp_path), "a.py") == tmp_path / "a.py"
    assert choose_path("out/", "a.py") == Path("out/a.py")
    assert choose_path("out", "a.py") == Path("out")


def test_a_signed_text_knows_every_change() -> None:
    assert OURS.splitlines()[1].startswith("# cnnspec: digest=")
    assert is_unchanged(OURS)
    assert is_unchanged(OURS.replace("\n", "\r\n"))
    assert not is_unchanged(OURS + "\n")
    assert not is_unchanged("x\n" + OURS)
    assert sign_text(OURS) == OURS
    assert sign_text("no placeholder\n") == "no placeholder\n"


def test_what_a_spec_says_is_not_taken_for_the_line_that_is_signed() -> None:
    prose = '"""A model.\n# cnnspec: digest\n# cnnspec: digest=0123456789abcdef\n"""\n'
    text = sign_text(f"{prose}# cnnspec: digest\nx = 1\n")
    assert text.startswith(f"{prose}# cnnspec: digest=")
    assert is_unchanged(text)
    assert not is_unchanged(text.replace("x = 1", "x = 2"))


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def test_a_model_is_ours_by_its_metadata_alone() -> None:
    key = b"cnnspec.fingerprint"
    entry = field(14, field(1, key) + field(2, b"abc"))
    ours = bytes([8, 8]) + field(2, b"producer") + field(7, b"graph") + entry
    assert holds_fingerprint(BytesIO(ours))
    assert not holds_fingerprint(BytesIO(bytes([8, 8]) + field(7, key)))
    assert not holds_fingerprint(BytesIO(field(14, field(1, b"other"))))


@pytest.mark.parametrize("data", [b"", b"\xff" * 40, b"r\xff\x7f", b"hello world", b"\x00" * 99])
def test_any_bytes_may_be_asked(data: bytes) -> None:
    assert not holds_fingerprint(BytesIO(data))


@pytest.mark.onnx
def test_a_real_model_is_recognised_and_another_is_not() -> None:
    onnx = pytest.importorskip("onnx")
    graph = onnx.helper.make_graph([], "empty", [], [])
    model = onnx.helper.make_model(graph)
    assert not holds_fingerprint(BytesIO(model.SerializeToString()))
    onnx.helper.set_model_props(model, {"cnnspec.fingerprint": "abc", "cnnspec.spec": "text"})
    assert holds_fingerprint(BytesIO(model.SerializeToString()))


@pytest.mark.parametrize("error", FAILURES)
def test_a_large_file_that_is_not_finished_leaves_nothing(
    folder: Path, error: BaseException
) -> None:
    before = list_files(folder)
    expected, message = FAILURES[error]
    with (
        pytest.raises(expected, match=message),
        fill_file(folder / "model.data", force=True) as temporary,
    ):
        temporary.write_text("half")
        raise error
    assert list_files(folder) == before


def test_a_large_file_takes_its_place_when_it_is_whole(folder: Path) -> None:
    (folder / "model.data").chmod(0o640)
    with fill_file(folder / "model.data", force=True) as temporary:
        temporary.write_text("new data")
        assert (folder / "model.data").read_text() == "old data"
    assert (folder / "model.data").read_text() == "new data"
    assert (folder / "model.data").stat().st_mode & 0o777 == 0o640
    assert len(list_files(folder)) == 2
