"""Proves one variant of every family, narrow, on the backend of Keras that this process has.

It is a process of its own, since Keras takes one backend for each: ``python -m tests.zoo_proof``.
With ``--train`` a training step is compared as well.
"""

from __future__ import annotations

import sys

import keras

from cnnspec.verify.run import verify
from cnnspec.verify.show import format_text
from tests.networks import FEW
from tests.zoo_cases import CASES


def main() -> None:
    """Write a line for each family, and what is wrong with it."""
    train = "--train" in sys.argv
    sys.stdout.write(f"backend {keras.backend.backend()}\n")
    for name in CASES:
        net = next(net for net in FEW if net.id.partition(":")[0] == name)
        report = verify(net.build(), ("keras",), train=train)
        sys.stdout.write(f"{name} {'passed' if report.passed else format_text(report)}\n")
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
