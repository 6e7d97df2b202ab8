"""Asks the process that lists HDF5 files, and ends it where it does not answer."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from threading import Timer

from cnnspec.resources import name_process
from cnnspec.weights.formats.base import Entry, refuse

# The process limits its own time where the system can; on a busy machine that may take long.
_SECONDS = 300.0
_LONGEST_ANSWER = 2**28


def list_apart(path: Path, said: str, inner: frozenset[str]) -> dict[str, tuple[Entry, int]]:
    """Every variable in a file by name: what it is like, and the byte where its numbers begin.

    Raises:
        SpecError: the file is damaged, or HDF5's library does not get through it.
    """
    process = _start()
    assert process.stdin is not None
    assert process.stdout is not None
    timer = Timer(_SECONDS, process.kill)
    timer.start()
    try:
        process.stdin.write(json.dumps([str(path.absolute()), said, sorted(inner)]) + "\n")
        process.stdin.flush()
        line = process.stdout.readline(_LONGEST_ANSWER)
    except OSError:
        line = ""
    except BaseException:
        _end(process)
        raise
    finally:
        timer.cancel()
    if not line.endswith("\n"):
        _end(process)
        raise refuse(
            f"{said} is not a sound HDF5 file of Keras weights: HDF5's library crashes on it, or "
            "is not through with it in time",
            "write the file again, or download it again",
        )
    answer = json.loads(line)
    if "refused" in answer:
        raise refuse(*answer["refused"])
    return {
        name: (Entry(tuple(shape), dtype), offset) for name, dtype, shape, offset in answer["found"]
    }


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, whose next answer would be one to an older question."""
    _start.cache_clear()
    process.kill()
    process.communicate()


@cache
def _start() -> subprocess.Popen[str]:
    """The process, which ends with this one, as its input does."""
    command, environment = name_process("cnnspec.weights.formats.hdf5_listing")
    return subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, encoding="utf-8",
    )  # fmt: skip
