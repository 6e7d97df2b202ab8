"""What a command costs: the processor's seconds and the most memory of a process of its own."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A command that goes far past its bound is stopped.
MOST_SECONDS = 60
MOST_BYTES = 8 * 2**30

COMMANDS: Mapping[str, Sequence[str]] = {
    "check": ("check",),
    "check json": ("check", "--format", "json"),
    "check sarif": ("check", "--format", "sarif"),
    "check pedantic": ("check", "--profile", "pedantic"),
    "check sizes": ("check", "--sizes"),
    "check diff": ("check", "--unsafe-fixes", "--diff"),
    "summary": ("summary",),
    "summary json": ("summary", "--format", "json"),
    "summary markdown": ("summary", "--format", "markdown"),
    "summary csv": ("summary", "--format", "csv"),
    "torch": ("compile", "--target", "torch", "-o", "net.py", "--force"),
    "keras": ("compile", "--target", "keras", "-o", "net_keras.py", "--force"),
    "onnx": ("compile", "--target", "onnx", "--no-weights", "-o", "net.onnx", "--force"),
}


@dataclass(frozen=True)
class Cost:
    """What one command took, and what it said."""

    code: int
    seconds: float
    megabytes: float
    output: str


def measure(command: Sequence[str], folder: Path, most_seconds: int = MOST_SECONDS) -> Cost:
    """Run `cnnspec` with these arguments in a folder."""

    _, allowed = resource.getrlimit(resource.RLIMIT_AS)
    most = MOST_BYTES if allowed == resource.RLIM_INFINITY else min(MOST_BYTES, allowed)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (most_seconds, most_seconds))
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    arguments = [sys.executable, "-m", "cnnspec", *command]
    environment = {**os.environ, "CNNSPEC_DEBUG": "1", "OMP_NUM_THREADS": "1"}
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            arguments, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment,
            preexec_fn=limit,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0, os.SEEK_END)
        output.seek(max(0, output.tell() - 2_000))
        text = output.read().decode(errors="replace")
    return Cost(
        process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text
    )  # fmt: skip
