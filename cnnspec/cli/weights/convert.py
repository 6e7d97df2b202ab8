"""Convert a network's weights from one format to another.

The formats go by the ends of the names: .safetensors, .pt, .pth, .weights.h5 and .keras are read,
and .onnx, of which the initialisers are; all but .keras and .onnx are written. No number changes.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from cnnspec.cli.weights.opening import (
    add_reading,
    add_spec,
    find_writer,
    open_spec,
    open_weights_of,
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommand's options."""
    parser.add_argument("input", metavar="IN", type=Path, help="the file to read")
    parser.add_argument("output", metavar="OUT", type=Path, help="the file to write")
    add_spec(parser, required=True)
    add_reading(parser)
    parser.add_argument("--force", action="store_true", help="overwrite what is in the way")


def run(options: Namespace) -> int:
    """Convert one file."""
    from cnnspec.cli.output import fill_file

    write = find_writer(options.output)
    network, graph = open_spec(options)
    with (
        open_weights_of(options.input, network, options) as weights,
        fill_file(options.output, options.force) as temporary,
    ):
        write(temporary, graph, weights.read_all())
    print(f"wrote {options.output}")
    return 0
