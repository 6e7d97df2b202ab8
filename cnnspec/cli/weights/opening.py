"""What the subcommands share: the options that say how a file is read, and reading it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.arguments import add_settings, build_network
from cnnspec.cli.failures import RejectedError, UsageError
from cnnspec.diagnostics import SpecError

if TYPE_CHECKING:
    from cnnspec.graph.ir import Graph
    from cnnspec.network import Network
    from cnnspec.weights.compare import Arrays
    from cnnspec.weights.formats.base import Writer
    from cnnspec.weights.read import NetworkFile
    from cnnspec.weights.rules import Rules


def add_spec(parser: ArgumentParser, required: bool) -> None:
    """Add the network that the weights belong to."""
    parser.add_argument(
        "--spec",
        metavar="FILE|ZOO[:VARIANT]",
        required=required,
        help="the network: a spec's file or a zoo name, with a variant if wanted",
    )
    add_settings(parser)


def open_spec(options: Namespace) -> tuple[Network, Graph]:
    """The network of ``--spec`` and its graph."""
    network = build_network(options.spec, options.settings)
    return network, network.graph


def find_writer(path: Path) -> Writer:
    """What writes the format of a file's name; raises UsageError where nothing does."""
    from cnnspec.weights.formats.table import find_format

    try:
        form = find_format(path)
    except SpecError as error:
        (finding,) = error.diagnostics
        raise UsageError(f"{finding.message}: {'; '.join(finding.help)}") from error
    if form.write is None:
        raise UsageError(f"cannot write '{path}': {form.refusal}")
    return form.write


def add_reading(parser: ArgumentParser) -> None:
    """Add how names and layouts of a foreign file are taken."""
    parser.add_argument(
        "--rename",
        metavar="RULES",
        help="a YAML file that leads from the file's names to the network's, or the name of rules "
        "that ship with the tool: keras_applications, torchvision",
    )
    parser.add_argument(
        "--flatten",
        choices=("channels_first", "channels_last"),
        help="how the file's own network flattens maps (default: what the rules say, or first)",
    )
    parser.add_argument(
        "--round",
        action="store_true",
        help="take the nearest float32 for a float64 that is none",
    )


@contextmanager
def open_weights_of(path: Path, network: Network, options: Namespace) -> Iterator[NetworkFile]:
    """A file held against a network; findings come with the texts that they point into."""
    from cnnspec.weights.read import open_weights

    _require_file(path)
    texts = dict(network.texts)
    try:
        rules = _read_rules(options, network, texts)
        with open_weights(path, network.graph, rules, rounds=options.round) as weights:
            yield weights
    except SpecError as error:
        raise RejectedError(error.diagnostics, texts) from error


@contextmanager
def open_any(path: Path, options: Namespace) -> Iterator[Arrays]:
    """The arrays of a file: as a network has them, or without ``--spec`` as they are."""
    from cnnspec.weights.compare import list_arrays
    from cnnspec.weights.formats.table import open_arrays

    if options.spec is not None:
        network, _ = open_spec(options)
        with open_weights_of(path, network, options) as weights:
            yield list_arrays(weights)
        return
    for name in ("settings", "rename", "flatten", "round"):
        if getattr(options, name):
            option = "set" if name == "settings" else name
            raise UsageError(f"--{option} needs a network: name it with --spec")
    _require_file(path)
    with open_arrays(path) as file:
        yield list_arrays(file)


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise UsageError(f"there is no file '{path}'")


def _read_rules(options: Namespace, network: Network, texts: dict[str, str]) -> Rules:
    from cnnspec.weights.rules import Rules, find_rules, read_rules

    rules = Rules()
    if options.rename is not None:
        # Rules for one variant go before those for all.
        names = (network.graph.name, network.spec.name)
        shipped = next(filter(None, (find_rules(options.rename, name) for name in names)), None)
        path = shipped or Path(options.rename)
        if not path.is_file():
            raise UsageError(
                f"there is no file '{options.rename}', and no rules of that name that ship "
                f"with the tool for {network.graph.name}"
            )
        data = _read_bounded(path)
        texts[str(path)] = data.decode("utf-8", errors="replace")
        rules = read_rules(data, str(path))
    return rules if options.flatten is None else replace(rules, flatten=options.flatten)


def _read_bounded(path: Path) -> bytes:
    from cnnspec.document import MAX_BYTES

    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)
