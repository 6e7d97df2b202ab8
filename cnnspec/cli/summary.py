"""Show what a network costs: shapes, parameters, MACs and receptive fields, layer by layer."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from cnnspec.cli.arguments import add_settings, add_source, open_network
from cnnspec.cli.bounds import bounded
from cnnspec.cli.failures import keep_texts
from cnnspec.report.summary_formats import FORMATS


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    add_source(parser)
    add_settings(parser)
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="how it is shown")
    parser.add_argument(
        "--depth",
        metavar="N",
        type=_parse_depth,
        help="fold layers whose paths agree in their first N parts into one row",
    )


def run(options: Namespace) -> int:
    """Print the summary of one network."""
    with bounded():
        network = open_network(options.source, options.settings)
        with keep_texts(network):
            text = FORMATS[options.format](network.summary(options.depth))
    print(text, end="")
    return 0


def _parse_depth(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ArgumentTypeError(f"'{text}' is not a number of 1 or more")
    return int(text)
