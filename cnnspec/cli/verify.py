"""Prove that the generated PyTorch, Keras and ONNX models compute the same numbers.

Every backend gets the same weights, running statistics included, and the same inputs at two batch
sizes. The exit code is 1 if one differs, or is not installed.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from cnnspec.cli.arguments import add_settings, add_source, build_network
from cnnspec.cli.failures import UsageError, keep_texts
from cnnspec.naming import nearest

TARGETS = (
    "torch",
    "keras",
    "keras:tensorflow",
    "keras:torch",
    "keras:jax",
    "onnx",
    "onnx:unoptimised",
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    add_source(parser)
    add_settings(parser)
    parser.add_argument(
        "--targets",
        metavar="TARGET,...",
        type=_parse_targets,
        default=("torch", "keras", "onnx"),
        help=f"what is compared, of {', '.join(TARGETS)}; without it torch,keras,onnx",
    )
    parser.add_argument("--seed", type=int, default=0, help="where weights and inputs come from")
    parser.add_argument(
        "--train", action="store_true", help="compare gradients and statistics of a training step"
    )
    parser.add_argument(
        "--trace", action="store_true", help="name the first layer where two backends part"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how it is shown"
    )


def run(options: Namespace) -> int:
    """Print the verdicts; 1 if the proof fails."""
    network = build_network(options.source, options.settings)
    try:
        from cnnspec.verify.run import verify
        from cnnspec.verify.show import FORMATS
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is not installed; pip install 'cnnspec[all]' brings all backends"
        ) from error
    with keep_texts(network):
        report = verify(
            network.graph,
            options.targets,
            options.seed,
            train=options.train,
            trace=options.trace,
        )
    print(FORMATS[options.format](report), end="")
    return 0 if report.passed else 1


def _parse_targets(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in TARGETS:
            hint = nearest(name, TARGETS)
            tail = f"; did you mean '{hint}'?" if hint else f"; targets are {', '.join(TARGETS)}"
            raise ArgumentTypeError(f"there is no target '{name}'{tail}")
    if not names:
        raise ArgumentTypeError("name one target or more")
    return names
