"""Holds what backends compute of random networks against each other.

    python -m tests.fuzz [--networks N] [--seed S] [--targets torch,onnx] [--keep DIR]
                         [--coverage FILE [--rare]]
    python -m tests.fuzz --replay FILE ...

Networks come in batches, each with a seed of its own. One that fails is made small by Hypothesis,
told in a line, and kept as a file that says how to run it again; the exit code is then 1.
With `--rare` each batch is about the classes of values that the table of `--coverage` has least of,
so that its networks come again from the files that are kept alone. Keras runs on one backend in a
process: `keras` is the one that KERAS_BACKEND names.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path

from cnnspec.verify.settings import TENSORFLOW_SETTINGS


def main() -> int:
    """Run batches until there were as many networks as asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--networks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--targets", default="torch,onnx")
    parser.add_argument("--keep", type=Path, default=Path())
    parser.add_argument("--coverage", type=Path)
    parser.add_argument("--rare", action="store_true")
    parser.add_argument("--replay", type=Path, nargs="*")
    options = parser.parse_args()
    for name, value in TENSORFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    # What Keras finds unwise in a network is of no interest here.
    warnings.simplefilter("ignore")
    targets = tuple(options.targets.split(","))
    if any(target.startswith("keras") for target in targets):
        import keras  # noqa: F401
    from tests.fuzz.run import Session, replay

    if options.replay:
        return replay(options.replay, targets)
    session = Session(targets, options.keep, options.coverage)
    number, start = options.seed, time.monotonic()
    with suppress(KeyboardInterrupt):
        while session.networks < options.networks:
            failure = session.run_batch(number, rare=options.rare)
            number += 1
            if failure:
                sys.stdout.write(f"{failure}\n")
            if number % 10 == 0:
                sys.stdout.write(f"seeds before {number}: {session.networks} networks\n")
                session.coverage.write()
            sys.stdout.flush()
    session.coverage.write()
    hours = (time.monotonic() - start) / 3600
    sys.stdout.write(
        f"seeds {options.seed} to {number - 1}, {session.networks / hours:.0f} an hour\n"
    )
    sys.stdout.write(session.summarise())
    return bool(session.failures)


if __name__ == "__main__":
    sys.exit(main())
