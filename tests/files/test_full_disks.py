"""A disk that is full, or a limit on the size of files, leaves the old files and nothing else."""

from __future__ import annotations

import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnspec.cli.main import run
from tests.files.commands import ENVIRONMENT, WRITING, fill, read

# As much as a disk may take before it is full.
LIMITS = (0, 1, 511, 1500)


@contextmanager
def limit_files(size: int) -> Iterator[None]:
    """Let no file of this process become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def fail_to_write(
    folder: Path, size: int, capsys: pytest.CaptureFixture[str], *command: str
) -> None:
    before = read(folder)
    with limit_files(size):
        code = run(command)
    errors = capsys.readouterr().err
    assert (code, ": File too large" in errors, errors.count("\n")) == (2, True, 1), errors
    assert read(folder) == before


@pytest.mark.parametrize("name", WRITING)
def test_a_file_that_would_be_too_large_leaves_all_as_it_was(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    run(WRITING[name][0])
    whole = max(map(len, read(folder).values()))
    written = [len((folder / file).read_bytes()) for file in WRITING[name][1]]
    fill(folder)
    for path in (folder / "new.py", folder / "new.json", folder / "cnnspec.schema.json"):
        path.unlink(missing_ok=True)
    for size in {*LIMITS, max(written) - 1} - {size for size in LIMITS if size >= max(written)}:
        fail_to_write(folder, size, capsys, *WRITING[name][0])
    assert whole >= max(written)


WEIGHTS = [
    pytest.param("safetensors", marks=()),
    pytest.param("weights.h5", marks=()),
    pytest.param("pt", marks=pytest.mark.torch),
]


@pytest.mark.parametrize("suffix", WEIGHTS)
@pytest.mark.parametrize("old", [False, True])
def test_weights_that_would_be_too_large_leave_the_old_ones(
    tmp_path: Path, suffix: str, old: bool, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    if suffix == "pt":
        pytest.importorskip("torch")
    pytest.importorskip({"weights.h5": "h5py"}.get(suffix, "safetensors"))
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    name = f"net.{suffix}"
    command = ("weights", "init", "net.yaml", "-o", name)
    assert run(command) == 0
    whole = (folder / name).stat().st_size
    if not old:
        (folder / name).unlink()
    for size in (0, 100, 4096, whole // 2, whole - 1):
        fail_to_write(folder, size, capsys, *command, *(["--force"] if old else []))


@pytest.mark.keras
def test_a_full_disk_for_temporary_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("keras")
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    convert = ("weights", "convert", "net.safetensors", "net.keras", "--spec", "net.yaml")
    assert run(("weights", "init", "net.yaml", "-o", "net.safetensors")) == 0
    assert run(convert) == 0
    before = read(folder)
    capsys.readouterr()
    for command in ((*convert, "--force"), ("weights", "inspect", "net.keras")):
        with limit_files(1000):
            assert run(command) == 2
        assert re.search("cnnspec-[^:/]*: File too large", capsys.readouterr().err)
    assert read(folder) == before


@pytest.mark.onnx
def test_a_model_that_would_be_too_large_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    folder = fill(tmp_path / "folder")
    monkeypatch.chdir(folder)
    for size in (0, 1000):
        fail_to_write(folder, size, capsys, "compile", "net.yaml", "--target", "onnx")


@pytest.mark.torch
def test_the_same_weights_are_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.chdir(fill(tmp_path / "folder"))
    for name in ("one.pt", "two.pt"):
        assert run(("weights", "init", "net.yaml", "-o", name)) == 0
    assert Path("one.pt").read_bytes() == Path("two.pt").read_bytes()


# A disk of four pages with our own files on it, or one that cannot be written.
MOUNT = """
set -e
mkdir disk
mount -t tmpfs -o size=16k none disk
cp net.yaml out.py start.yaml disk
cd disk
{more}
before=$(cat * | cksum)
set +e
{command} 2> ../errors
echo code $?
[ "$before" = "$(cat * | cksum)" ] && echo same
ls -A
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("head -c 4096 /dev/zero > filler", "No space left on device"),
        ("mount -o remount,ro none .", "ead-only"),
    ],
)
@pytest.mark.parametrize("name", WRITING)
def test_a_full_disk_and_one_that_is_read_only_stay_as_they_are(
    tmp_path: Path, name: str, more: str, message: str
) -> None:
    unshare = shutil.which("unshare")
    folder = fill(tmp_path / "folder")
    command = " ".join([sys.executable, "-m", "cnnspec", *WRITING[name][0]])
    if not unshare or subprocess.run([unshare, "-rm", "true"], check=False).returncode:
        pytest.skip("a disk can be mounted by the administrator alone")
    done = subprocess.run(
        [unshare, "-rm", "bash", "-c", MOUNT.format(more=more, command=command)],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = done.stdout.split("\n")
    assert lines[:2] == ["code 2", "same"], done.stdout
    assert not [line for line in lines if ".tmp" in line]
    assert message in (folder / "errors").read_text()
