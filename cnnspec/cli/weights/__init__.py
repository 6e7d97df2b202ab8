"""Convert, make, look at and compare files of weights.

Formats go by the end of a file's name: .safetensors, .pt and .pth, .weights.h5, .keras, .onnx.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnnspec.cli.weights import convert, diff, init, inspect

if TYPE_CHECKING:
    from cnnspec.cli.main import Command

# Each subcommand is a module here, with the same parts as a command.
SUBCOMMANDS: Mapping[str, Command] = MappingProxyType(
    {"convert": convert, "init": init, "inspect": inspect, "diff": diff}
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommands and their options."""
    choices = parser.add_subparsers(dest="subcommand", metavar="SUBCOMMAND", required=True)
    for name, command in SUBCOMMANDS.items():
        text = command.__doc__ or ""
        child = choices.add_parser(
            name,
            help=text.splitlines()[0].rstrip("."),
            description=text,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(child)


def run(options: Namespace) -> int:
    """Run the chosen subcommand."""
    return SUBCOMMANDS[options.subcommand].run(options)
