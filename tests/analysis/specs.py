"""Short specs as graphs."""

from __future__ import annotations

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec

HEAD = "cnnspec: 1\nname: net\n"


def build(layers: str, height: int = 16, width: int = 16, channels: int = 3) -> Graph:
    """The network of some layers on an image."""
    sizes = f"{{channels: {channels}, height: {height}, width: {width}}}"
    return build_graph(read_spec(f"{HEAD}input: {sizes}\nlayers:\n{layers}", "net.yaml"))
