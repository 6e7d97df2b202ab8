"""Measures a network in a process of its own: Keras can run on one backend per process."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnspec.resources import name_process
from cnnspec.verify.measure import Measured, describe_error
from cnnspec.verify.on_keras import Job, measure

# Importing a framework and compiling a large network takes minutes on a slow machine, not hours.
TIMEOUT_SECONDS = 3600


def run_apart(job: Job, target: str, backend: str) -> Measured:
    """Measure a target in a new process; what fails there is the result's `error`."""
    with TemporaryDirectory(prefix="cnnspec-") as folder:
        given, result = Path(folder) / "job.pickle", Path(folder) / "result.pickle"
        given.write_bytes(pickle.dumps((job, target)))
        module, environment = name_process("cnnspec.verify.worker")
        environment["KERAS_BACKEND"] = backend
        command = [*module, str(given), str(result)]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
            check=False,
        )  # fmt: skip
        if not result.exists():
            last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            return Measured(target, error=f"the process ended with {done.returncode}: {last}")
        measured: Measured = pickle.loads(result.read_bytes())
        return measured


def main() -> None:
    """Read a job that this program wrote, measure, and write the result."""
    job, target = pickle.loads(Path(sys.argv[1]).read_bytes())
    try:
        found = measure(job, target)
    except Exception as error:
        # The process that asked reports it as a finding about the generated code.
        found = Measured(target, error=describe_error(error))
    Path(sys.argv[2]).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
