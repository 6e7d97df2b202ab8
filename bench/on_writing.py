"""Writing ONNX files, each command in a process of its own: how long it takes, and the memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from safetensors.numpy import save_file

from bench.models import load_network
from bench.on_compiler import make_run, read_clock
from bench.page import write_limit, write_table
from bench.pairs import Contest
from cnnspec.weights.draw import draw_weights

NETWORK = "vgg:16"
COMMAND = ("compile", NETWORK, "--target", "onnx")
# Times of a plain write; starts of `import onnx`, which takes 0.2 s of processor time.
WRITE_LIMIT, START_LIMIT = 1.5, 3.0
PEAK_LIMIT = 2.2
# The same bytes from a mapped file into a new one, on the disk before it takes its place.
PLAIN = """
import mmap, os, sys
with open(sys.argv[1], "rb") as file:
    data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
with open(sys.argv[2] + ".tmp", "wb") as file:
    file.write(data)
    file.flush()
    os.fsync(file.fileno())
os.replace(sys.argv[2] + ".tmp", sys.argv[2])
"""
# The peak since the process has become this program; getrusage includes its parent's.
PEAK = """
import sys
from cnnspec.cli.main import run
assert run(sys.argv[1:]) == 0
with open("/proc/self/status") as status:
    print(*(line.split()[1] for line in status if line.startswith("VmHWM:")))
"""


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes that a command has had in memory, beside those of its weights."""

    command: str
    peak: int
    weights: int

    @property
    def is_over(self) -> bool:
        """Whether it is more than the limit."""
        return self.peak > PEAK_LIMIT * self.weights


def list_contests() -> Iterator[Contest]:
    """Each command beside a plain write of the same bytes, or beside an import of onnx."""
    with TemporaryDirectory(prefix="bench-") as name:
        weights = _save_weights(Path(name))
        output = str(Path(name) / "net.onnx")
        plain = (sys.executable, "-c", PLAIN, str(weights), str(Path(name) / "plain"))
        onnx = (sys.executable, "-c", "import onnx")
        given = ("--weights", str(weights))
        yield _make_contest(given, output, plain, "a plain write", WRITE_LIMIT, seconds=True)
        yield _make_contest((), output, plain, "a plain write", None, seconds=True)
        given = ("--external", str(weights))
        yield _make_contest(given, output, onnx, "`import onnx`", START_LIMIT)
        yield _make_contest(("--no-weights",), output, onnx, "`import onnx`", START_LIMIT)


def list_peaks() -> Iterator[Peak]:
    """The peaks of the commands that write weights."""
    with TemporaryDirectory(prefix="bench-") as name:
        weights = _save_weights(Path(name))
        for options in (("--weights", str(weights)), ()):
            command = (*COMMAND, *options, "--output", str(Path(name) / "net.onnx"))
            found = subprocess.run(
                (sys.executable, "-c", PEAK, *command), check=True, capture_output=True, text=True
            )
            peak = 1024 * int(found.stdout.split()[-1])
            yield Peak(_describe(options), peak, weights.stat().st_size)


def write_peaks(peaks: list[Peak]) -> str:
    """A table of the peaks."""
    return write_table(
        ("Command", "Peak", "Weights", "Ratio", "Limit"),
        (
            (
                peak.command,
                f"{peak.peak / 1e6:,.0f} MB",
                f"{peak.weights / 1e6:,.0f} MB",
                f"{peak.peak / peak.weights:.2f}",
                write_limit(PEAK_LIMIT),
            )
            for peak in peaks
        ),
        words=1,
    )


def _save_weights(folder: Path) -> Path:
    path = folder / "model.safetensors"
    save_file(draw_weights(load_network(NETWORK).graph, 0), path)
    return path


def _make_contest(
    options: tuple[str, ...],
    output: str,
    other: tuple[str, ...],
    title: str,
    limit: float | None,
    *,
    seconds: bool = False,
) -> Contest:
    """`seconds` counts those on the wall, for what waits for a disk."""
    ours = (sys.executable, "-m", "cnnspec", *COMMAND, *options, "--output", output, "--force")
    return Contest(
        _describe(options),
        title,
        partial(make_run, ours),
        partial(make_run, other),
        limit,
        time.perf_counter if seconds else read_clock,
        builds=1,
    )


def _describe(options: tuple[str, ...]) -> str:
    shown = ("cnnspec", *COMMAND, *options[:1], *("FILE" for _ in options[1:]))
    return f"`{' '.join(shown)}`"
