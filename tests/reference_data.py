"""Facts about networks that others wrote: figures, output shapes of layers, names of weights."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.sources import find_source, open_beside
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec

DATA = Path(__file__).parent / "data"

# Where a network's files in tests/data are not called as the network is.
_FILES = {
    "alexnet:torchvision": "alexnet",
    "alexnet:96": "alexnet96",
    "fcn_resnet:50": "fcn_resnet50",
    "googlenet:torchvision": "googlenet",
    "googlenet:aux": "googlenet_aux",
    "inception_v3:torchvision": "inception_v3",
    "inception_v3:aux": "inception_v3_aux",
}
# Those whose reference numbers the lines of a list, where ours have stages: the order is the same.
NUMBERED = ("darknet53",)


@dataclass(frozen=True)
class Figures:
    """What a network of the zoo must come to, without its statistics in `parameters`.

    `outputs` are the shapes without the batch, by name; a single one is called ``output``.
    `attention_macs` are those between tokens, which `macs` has not.
    """

    parameters: int
    macs: int
    outputs: dict[str, tuple[int, ...]]
    statistics: int
    attention_macs: int = 0

    @property
    def expected_output(self) -> list[int] | dict[str, list[int]]:
        """The output as a spec's ``expect`` has it."""
        listed = {name: list(dims) for name, dims in self.outputs.items()}
        return listed["output"] if listed.keys() == {"output"} else listed


def _read_outputs(text: str) -> dict[str, tuple[int, ...]]:
    """Shapes such as ``1000``, ``2x388x388`` or ``logits=1000 auxiliary=1000``."""
    found: dict[str, tuple[int, ...]] = {}
    for word in text.split():
        name, _, dims = word.rpartition("=")
        found[name or "output"] = tuple(map(int, dims.split("x")))
    return found


def read_figures() -> dict[str, Figures]:
    """The figures of every network of the zoo, by name and variant: ``vgg:16``."""
    lines = (DATA / "zoo_figures.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {
        row["network"]: Figures(
            parameters=int(row["parameters"]),
            macs=int(row["macs"]),
            outputs=_read_outputs(row["output"]),
            statistics=int(row["statistics"]),
            attention_macs=int(row["attention_macs"] or 0),
        )
        for row in rows
    }


def list_networks(folder: str) -> list[str]:
    """The networks that a folder of tests/data has facts about."""
    known = {path.stem for path in (DATA / folder).glob("*.json")}
    found = [network for network in read_figures() if _file_of(network) in known]
    return [network for network in found if network not in NUMBERED]


def read_weights(network: str) -> dict[str, tuple[int, ...]]:
    """The reference's arrays: names and shapes, in its order, buffers among them."""
    entries = _read("state_dicts", network)["entries"]
    return {name: tuple(shape) for name, shape in entries.items()}


def read_layers(network: str) -> list[tuple[str, str, tuple[int, ...]]]:
    """The reference's layers in the order of their calls: name, class, output without batch."""
    layers = _read("layer_shapes", network)["layers"]
    return [(name, kind, tuple(shape)) for name, kind, shape in layers]


@cache
def read_network(name: str) -> ModelSpec:
    """A spec of the zoo, which may name others of it."""
    source = find_source(name)
    return read_spec(source.data, f"{name}.yaml", partial(open_beside, source))


@cache
def build_network(network: str) -> Graph:
    """The graph of a network of the zoo."""
    name, _, variant = network.partition(":")
    return build_graph(read_network(name), variant)


def _file_of(network: str) -> str:
    return _FILES.get(network, network.replace(":", ""))


def _read(folder: str, network: str) -> dict:  # type: ignore[type-arg]
    return json.loads((DATA / folder / f"{_file_of(network)}.json").read_text())
