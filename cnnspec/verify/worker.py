"""Measures a network in a process of its own: Keras can run on one backend per process."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

from cnnspec.leftovers import end_with_parent, run_child, temporary_folder
from cnnspec.resources import name_process
from cnnspec.verify.measure import Measured, describe_error
from cnnspec.verify.on_keras import Job, measure

# Importing a framework and compiling a large network takes minutes on a slow machine, not hours.
TIMEOUT_SECONDS = 3600


def run_apart(job: Job, target: str, backend: str) -> Measured:
    """Measure a target in a new process; what fails there is the result's `error`."""
    with temporary_folder() as folder:
        given, result = folder / "job.pickle", folder / "result.pickle"
        given.write_bytes(pickle.dumps((job, target)))
        module, environment = name_process("cnnspec.verify.worker")
        command = [*module, str(given), str(result)]
        settings = {**environment, "KERAS_BACKEND": backend}
        done = run_child(command, folder, settings, TIMEOUT_SECONDS)
        if not result.exists():
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            last = (lines or ["it printed nothing"])[-1]
            return Measured(target, error=f"the process ended with {done.returncode}: {last}")
        measured: Measured = pickle.loads(result.read_bytes())
        return measured


def main() -> None:
    """Read a job that this program wrote, measure, and write the result."""
    end_with_parent()
    job, target = pickle.loads(Path(sys.argv[1]).read_bytes())
    try:
        found = measure(job, target)
    except Exception as error:
        # The process that asked reports it as a finding about the generated code.
        found = Measured(target, error=describe_error(error))
    Path(sys.argv[2]).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
