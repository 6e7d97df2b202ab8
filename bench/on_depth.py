"""A check of a hundred thousand layers, once: its processor time, and its peak of memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.on_compiler import read_clock
from bench.on_tool import write_deep
from bench.page import write_table

COUNT = 99_999
SECONDS_LIMIT, PEAK_LIMIT = 25.0, 2e9
# The peak since the process has become this program; getrusage includes its parent's.
PROBE = """
import atexit
from cnnspec.cli.main import main

def tell():
    with open("/proc/self/status") as status:
        print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))

atexit.register(tell)
main()
"""


@dataclass(frozen=True, slots=True)
class Deep:
    """What a check has taken: seconds of processor time, and bytes."""

    work: str
    seconds: float
    peak: int

    @property
    def is_over(self) -> bool:
        """Whether it is more than a limit."""
        return self.seconds > SECONDS_LIMIT or self.peak > PEAK_LIMIT


def list_deep() -> Iterator[Deep]:
    """One row for each way in which so many layers can be written."""
    with TemporaryDirectory(prefix="bench-") as folder:
        for name, text in write_deep(COUNT).items():
            file = Path(folder) / "deep.yaml"
            file.write_text(text)
            before = read_clock()
            command = (sys.executable, "-c", PROBE, "check", str(file))
            found = subprocess.run(command, check=True, capture_output=True, text=True)
            peak = 1024 * int(found.stdout.split()[-1])
            yield Deep(f"`cnnspec check` of {COUNT:,} layers {name}", read_clock() - before, peak)


def write_deeps(rows: list[Deep]) -> str:
    """A table of the checks."""
    return write_table(
        ("Work", "Processor time", "Limit", "Peak", "Limit"),
        (
            (
                row.work,
                f"{row.seconds:.1f} s",
                f"{SECONDS_LIMIT:.0f} s",
                f"{row.peak / 1e6:,.0f} MB",
                f"{PEAK_LIMIT / 1e6:,.0f} MB",
            )
            for row in rows
        ),
        words=1,
    )
