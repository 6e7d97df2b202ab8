"""A command that is told to stop ends at once, without a word, and leaves nothing behind."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.files.commands import ENVIRONMENT, WRITING, fill, read, start

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux")

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 120


def wait_until(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> None:
    """Wait until a process takes a signal itself: before, it is Python's, which starts."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
        if int(caught, 16) >> (number - 1) & 1:
            return
        time.sleep(0.002)
    pytest.fail("it never took the signal")


def list_group(group: int) -> list[str]:
    """The processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(path.parent.name)
    return found


def stop(folder: Path, number: signal.Signals, seconds: float, *command: str) -> tuple[int, str]:
    """Start a command, stop it some time after it has begun, and say how it ended."""
    temporary = folder.with_name("temporary")
    temporary.mkdir(exist_ok=True)
    settings = {"env": ENVIRONMENT | {"TMPDIR": str(temporary)}, "start_new_session": True}
    process = start(*command, folder=folder, **settings)
    wait_until(process)
    time.sleep(seconds)
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert not list_group(process.pid)
    # Frameworks keep caches of their own there.
    assert not list(temporary.glob("cnnspec-*"))
    assert not list(folder.glob(".cnnspec-*"))
    return process.returncode, errors.decode()


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_a_command_that_waits_can_be_stopped(tmp_path: Path, number: signal.Signals) -> None:
    folder = fill(tmp_path / "folder")
    before = read(folder)
    with start("check", "-", folder=folder, stdin=subprocess.PIPE) as process:
        wait_until(process)
        process.send_signal(number)
        assert process.wait(PATIENCE) == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert read(folder) == before


MANY = [pytest.mark.slow, pytest.mark.exhaustive]
ROUNDS = [pytest.param(2, id="few"), pytest.param(60, id="many", marks=MANY)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("name", ["torch", "fix"])
def test_a_command_can_be_stopped_at_any_time(tmp_path: Path, name: str, rounds: int) -> None:
    source = random.Random(name)
    written = WRITING[name][1]
    for turn in range(rounds):
        folder = fill(tmp_path / "folder")
        before = read(folder)
        number = source.choice(STOPS)
        code, errors = stop(folder, number, source.uniform(0, 0.4), *WRITING[name][0])
        assert code in (0, 128 + number, -number), (turn, errors)
        assert code == 0 or not errors
        if read(folder) != before:
            assert all(read(folder)[file] != before.get(file) for file in written)


FRAMEWORKS = [
    pytest.param(("verify", "net.yaml"), 40, marks=pytest.mark.keras),
    pytest.param(("weights", "init", "net.yaml", "-o", "new.pt"), 5, marks=pytest.mark.torch),
    pytest.param(("weights", "init", "net.yaml", "-o", "new.weights.h5"), 2, marks=()),
    pytest.param(("compile", "net.yaml", "--target", "onnx"), 2, marks=pytest.mark.onnx),
]


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.parametrize(("command", "longest"), FRAMEWORKS, ids=lambda value: str(value)[:20])
def test_frameworks_can_be_stopped_at_any_time(
    tmp_path: Path, command: tuple[str, ...], longest: float
) -> None:
    source = random.Random(command[0])
    for turn in range(12):
        folder = fill(tmp_path / "folder")
        number = source.choice(STOPS)
        code, errors = stop(folder, number, source.uniform(0, longest), *command)
        assert code in (0, 128 + number, -number), (turn, errors)
        assert code == 0 or not errors


def test_what_is_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    folder = fill(tmp_path / "folder")
    process = start(
        "check", "-", folder=folder, stdin=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )  # fmt: skip
    wait_until(process)
    process.send_signal(signal.SIGHUP)
    output, errors = process.communicate((folder / "net.yaml").read_bytes(), PATIENCE)
    assert (process.returncode, errors) == (0, b"")
    assert b"relu" in output


PARENT = """
import sys
from cnnspec.leftovers import run_child, stop_on_signals, temporary_folder
stop_on_signals()
with temporary_folder() as folder:
    print(folder, flush=True)
    run_child([sys.executable, "-c", sys.argv[1]], folder, {})
"""
CHILD = """
import os, pathlib, tempfile, time
from cnnspec.leftovers import end_with_parent
end_with_parent()
place = pathlib.Path(tempfile.mkdtemp())
(place.parent / "pid").write_text(str(os.getpid()))
time.sleep(600)
"""


def ends(number: int) -> bool:
    """Whether a process that is no child of this one ends."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("number", [*STOPS, signal.SIGKILL], ids=lambda number: number.name)
def test_the_processes_of_a_command_end_with_it(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD],
        env=ENVIRONMENT | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    place = Path(process.stdout.readline().decode().strip())
    until = time.monotonic() + PATIENCE
    while not (place / "pid").exists() or not (place / "pid").read_text():
        assert time.monotonic() < until
        time.sleep(0.01)
    child = int((place / "pid").read_text())
    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)
    assert errors == b""
    assert ends(child)
    if number != signal.SIGKILL:
        assert process.returncode == 128 + number
        assert not list(tmp_path.iterdir())
