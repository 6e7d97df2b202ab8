"""Make random weights for a network.

The same seed gives the same numbers on every machine.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from cnnspec.cli.arguments import add_settings, add_source, build_network, name_sources
from cnnspec.cli.console import print_line
from cnnspec.cli.failures import keep_texts
from cnnspec.cli.weights.opening import find_writer


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommand's options."""
    add_source(parser)
    add_settings(parser)
    parser.add_argument(
        "-o", "--output", metavar="PATH", type=Path, required=True, help="the file to write"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="where the numbers come from (default: 0)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite what is in the way")


def run(options: Namespace) -> int:
    """Write the weights of one network."""
    from cnnspec.cli.output import fill_file, refuse_inputs

    write = find_writer(options.output)
    network = build_network(options.source, options.settings)
    from cnnspec.weights.initialise import initialise_weights

    with keep_texts(network):
        graph = network.graph
        refuse_inputs(options.output, name_sources(network))
        with fill_file(options.output, options.force) as temporary:
            write(temporary, graph, initialise_weights(graph, options.seed).items())
    print_line(f"wrote {options.output}")
    return 0
