"""Proves one variant of every family, narrow, on the backend of Keras that this process has.

It is a process of its own, since Keras takes one backend for each: ``python -m tests.zoo_proof``.
Without names of families all are. With ``--train`` a training step is compared as well. With
``--wide`` and names of networks, these are proved on all targets as wide as they are, and the worst
differences are written.
"""

from __future__ import annotations

import sys

import keras

from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec
from cnnspec.verify.run import verify
from cnnspec.verify.show import format_text
from tests.networks import FEW, open_near
from tests.zoo_cases import CASES


def measure_wide(network: str) -> str:
    """A row of the table in docs/verify.md: image, output, gradient."""
    name, _, variant = network.partition(":")
    case = CASES[name]
    spec = read_spec(case.shrink(name), f"{name}.yaml", open_near)
    graph = build_graph(spec, variant, case.sizes)
    report = verify(graph, train=True)
    if not report.passed:
        return format_text(report)
    output = max(one.output.relative for one in report.verdicts if one.output)
    gradient = max(one.gradient.relative for one in report.verdicts if one.gradient)
    image = " x ".join(map(str, graph.inputs[0].known.dims))
    return f"| `{network}` | {image} | {output:.1e} | {gradient:.1e} |"


def main() -> None:
    """Write a line for each family, and what is wrong with it."""
    if "--wide" in sys.argv:
        for network in sys.argv[2:]:
            sys.stdout.write(f"{measure_wide(network)}\n")
        return
    train = "--train" in sys.argv
    families = [name for name in CASES if name in sys.argv] or CASES
    sys.stdout.write(f"backend {keras.backend.backend()}\n")
    for name in families:
        net = next(net for net in FEW if net.id.partition(":")[0] == name)
        report = verify(net.build(), ("keras",), train=train)
        sys.stdout.write(f"{name} {'passed' if report.passed else format_text(report)}\n")
        keras.utils.clear_session()


if __name__ == "__main__":
    main()
