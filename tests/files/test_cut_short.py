"""A command that is ended while it writes leaves the old file or the new one, and no other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.files.commands import ENVIRONMENT, WRITING, fill
from tests.files.cut_short import describe

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not copied there")

MANY = [pytest.mark.slow, pytest.mark.exhaustive]
# Each point of the writing is a call: some hundreds. Few in the normal run, all by hand.
STEPS = [
    pytest.param("torch", 53, id="torch"),
    pytest.param("fix", 41, id="fix"),
    pytest.param("init", 71, id="init"),
    *(pytest.param(name, 1, id=f"{name}-everywhere", marks=MANY) for name in WRITING),
]


class End(NamedTuple):
    """How a command ended, what it said, and the files then."""

    point: int
    code: int
    said: str
    files: dict[str, str]


def cut_short(
    tmp_path: Path, name: str, number: int, step: int
) -> tuple[dict[str, str], list[End]]:
    """The files before, and how the command ended at every so many-th point; the last is whole."""
    folder = fill(tmp_path / "folder")
    before = describe(folder)
    command, _ = WRITING[name]
    arguments = [str(folder), str(number), str(step), *command]
    done = subprocess.run(
        [sys.executable, "-m", "tests.files.cut_short", *arguments],
        env=ENVIRONMENT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return before, [End(*json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_kill_leaves_each_file_old_or_new(tmp_path: Path, name: str, step: int) -> None:
    before, ends = cut_short(tmp_path, name, signal.SIGKILL, step)
    *killed, whole = ends
    written = WRITING[name][1]
    assert whole.code == 0
    assert all(whole.files[file] != before.get(file) for file in written)
    assert {end.code for end in killed} == {-signal.SIGKILL}
    states = set()
    for end in killed:
        left = {file for file in end.files if file.startswith(".cnnspec-")}
        assert all(file.endswith(".tmp") for file in left)
        assert end.files.keys() - left <= before.keys() | set(written)
        for file in before.keys() | set(written):
            assert end.files.get(file) in (before.get(file), whole.files[file]), file
        states.add(tuple(end.files.get(file) == whole.files[file] for file in written))
    # The last of several is the one that needs the others.
    assert all(list(state) == sorted(state, reverse=True) for state in states)
    assert len(states) >= 2


@pytest.mark.parametrize(("name", "step"), STEPS)
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=MANY)], ids=lambda n: n.name
)
def test_a_signal_to_stop_leaves_all_old_or_all_new_and_nothing_else(
    tmp_path: Path, name: str, step: int, number: signal.Signals
) -> None:
    before, ends = cut_short(tmp_path, name, number, step)
    *stopped, whole = ends
    assert whole.code == 0
    # The last is when Python is taken apart, with nothing left to do.
    assert {end.code for end in stopped} <= {128 + number, -number}
    assert sum(end.code == 128 + number for end in stopped) > 0.7 * len(stopped)
    for end in stopped:
        assert end.files in (before, whole.files)
        assert "Traceback" not in end.said
        assert "Exception" not in end.said
