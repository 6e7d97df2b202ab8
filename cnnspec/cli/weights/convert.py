"""Convert a network's weights from one format to another.

The formats go by the ends of the names: .safetensors, .pt, .pth, .weights.h5 and .keras are read,
and .onnx, of which the initialisers are; all but .onnx are written. No number changes; arrays with
NaN and infinite numbers are named.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING

from cnnspec.cli.arguments import name_sources
from cnnspec.cli.console import print_line, print_notes
from cnnspec.cli.failures import UsageError
from cnnspec.cli.weights.opening import (
    add_reading,
    add_spec,
    find_writer,
    open_spec,
    open_weights_of,
)

if TYPE_CHECKING:
    from cnnspec.graph.ir import Graph
    from cnnspec.weights.formats.base import Array


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the subcommand's options."""
    parser.add_argument("input", metavar="IN", type=Path, help="the file to read")
    parser.add_argument("output", metavar="OUT", type=Path, help="the file to write")
    add_spec(parser, required=True)
    add_reading(parser)
    parser.add_argument("--force", action="store_true", help="overwrite what is in the way")


def run(options: Namespace) -> int:
    """Convert one file."""
    from cnnspec.cli.output import fill_file, refuse_inputs
    from cnnspec.weights.figures import Census

    is_model = options.output.name.endswith(".keras")
    write = save_model if is_model else find_writer(options.output)
    network, graph = open_spec(options)
    inputs = name_sources(network)
    if options.rename is not None:
        inputs[Path(options.rename)] = "file of rules"
    refuse_inputs(options.output, inputs)
    with (
        open_weights_of(options.input, network, options) as weights,
        fill_file(options.output, options.force) as temporary,
    ):
        census = Census()
        write(temporary, graph, census.watch(weights.read_all()))
    print_notes(census.describe())
    print_line(f"wrote {options.output}")
    return 0


def save_model(path: Path, graph: Graph, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write the generated Keras model with its weights; Keras itself must say what the model is."""
    from cnnspec.leftovers import blame_folder, temporary_folder
    from cnnspec.verify.keras_model import save_keras
    from cnnspec.weights.formats.keras_file import write_hdf5

    with temporary_folder() as folder:
        weights, model = folder / "net.weights.h5", folder / "net.keras"
        with blame_folder(folder):
            write_hdf5(weights, graph, arrays)
        failure = save_keras(graph, weights, model)
        if failure:
            raise UsageError(f"Keras could not write the model: {failure}")
        with model.open("rb") as source, path.open("wb") as target:
            copyfileobj(source, target)
