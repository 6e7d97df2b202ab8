"""Measure, and write the results into docs/performance.md.

    python -m bench [--seconds N] [PART ...]

Each of the parts (those of `COUNTED` and `TIMED`) is measured in a process of its own.
The exit code is 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module

from bench.page import fill_region, write_times, write_versions
from bench.pairs import Contest, Result, run_contest

SECONDS = 20.0


def measure_all(contests: Iterable[Contest], seconds: float) -> list[Result]:
    """Run all contests, and say how each went."""
    results = []
    for contest in contests:
        result = run_contest(contest, seconds)
        over = f"  over its limit of {contest.limit}" if result.is_over else ""
        print(
            f"{contest.network}, {contest.work}: {result.ratio:.3f}"
            f" ({result.low:.3f} to {result.high:.3f}){over}",
            flush=True,
        )
        results.append(result)
    return results


def bench_times(part: str, seconds: float) -> bool:
    """Time the contests of a part, and fill its region; whether one is over its limit."""
    ours, theirs, packages = TIMED[part]
    results = measure_all(import_module(f"bench.on_{part}").list_contests(), seconds)
    table = write_times(results, ours, theirs)
    fill_region(part, f"{write_versions(*packages)}\n{table}")
    return any(result.is_over for result in results)


def bench_memory() -> bool:
    """Count the memory of training steps, and fill its region."""
    from bench.memory import write_memory
    from bench.on_torch import list_memory

    rows = list(list_memory())
    fill_region("memory", write_memory(rows))
    return any(row.is_over for row in rows)


def bench_peaks() -> bool:
    """Measure the memory that writing takes, and fill its region."""
    from bench.on_writing import list_peaks, write_peaks

    peaks = list(list_peaks())
    fill_region("peaks", write_peaks(peaks))
    return any(peak.is_over for peak in peaks)


def bench_depth() -> bool:
    """Check a hundred thousand layers, and fill its region."""
    from bench.on_depth import list_deep, write_deeps

    rows = list(list_deep())
    fill_region("depth", write_deeps(rows))
    return any(row.is_over for row in rows)


# The parts whose contests are in bench/on_<part>.py: heads of the columns, packages to name.
TIMED = {
    "compiler": ("Command", "`python -c pass`", ("pydantic-core", "PyYAML")),
    "tool": ("Command", "The other", ("pydantic-core", "PyYAML", "torch")),
    "writing": ("Command", "Other", ("onnx", "numpy", "safetensors")),
    "torch": ("Generated", "torchvision", ("torch", "torchvision")),
    "onnx": ("Compiled", "Exported", ("onnxruntime", "onnx", "torch", "onnxscript")),
    "keras": ("Generated", "keras.applications", ("keras", "tensorflow-cpu")),
}
COUNTED = {"memory": bench_memory, "peaks": bench_peaks, "depth": bench_depth}
PARTS = (*COUNTED, *TIMED)
# Frameworks read these when they are imported: one thread, and no notices.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "KERAS_BACKEND": "tensorflow",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "KINETO_LOG_LEVEL": "99",
    "PYTHONWARNINGS": "ignore::FutureWarning",
}


def main() -> int:
    """Measure one part here, or several in a process each."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each row, at most")
    arguments = parser.parse_args()
    if len(arguments.parts) == 1:
        os.environ.update(ENVIRONMENT)
        (part,) = arguments.parts
        count = COUNTED.get(part)
        return int(count() if count else bench_times(part, arguments.seconds))
    codes = [
        subprocess.run(
            [sys.executable, "-m", "bench", part, "--seconds", str(arguments.seconds)],
            env=os.environ | ENVIRONMENT,
        ).returncode
        for part in arguments.parts or PARTS
    ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
