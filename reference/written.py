"""What each backend writes for a network, cut down to what the network itself is."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cnnspec.graph.ir import Node
from cnnspec.network import Network
from cnnspec.report.tables import Column, draw_markdown

_LAYERS = tuple(map(Column, ("Layer", "Op", "Takes", "Gives", "Weights", "MACs")))


def draw_layers(network: Network) -> str:
    """The ops of a network with their shapes and weights, as a table without empty columns."""
    rows = [_list_cells(node) for node in network.graph.nodes]
    used = [index for index in range(len(_LAYERS)) if any(row[index] for row in rows)]
    return draw_markdown(
        [_LAYERS[index] for index in used], [[row[index] for index in used] for row in rows]
    )


def _list_cells(node: Node) -> list[str]:
    weights = (f"`{weight.name}` {'x'.join(map(str, weight.shape))}" for weight in node.weights)
    return [
        f"`{node.path}`",
        f"[`{node.op.op}`](../ops/{node.op.op}.md)",
        ", ".join(map(str, node.shapes)),
        str(node.shape),
        ", ".join(weights),
        f"{node.macs:,}" if node.macs else "",
    ]


def write_backends(network: Network) -> Iterator[str]:
    """A section for each backend, with what it writes."""
    # Only what compiles for ONNX needs its package.
    from reference.nodes import print_nodes

    for title, target in (("PyTorch", "torch"), ("Keras", "keras")):
        (source,) = network.compile(target).files.values()
        yield f"### {title}\n\n```python\n{cut_source(source.decode())}```"
    (model,) = network.compile("onnx").files.values()
    yield f"### ONNX\n\n```text\n{print_nodes(model)}```"


def cut_source(source: str) -> str:
    """A generated file without its head, its imports and what runs it."""
    body = ast.parse(source).body
    first = max(n.end_lineno or 0 for n in body if isinstance(n, ast.Import | ast.ImportFrom))
    last = next(node.lineno for node in body if isinstance(node, ast.If))
    return "\n".join(source.split("\n")[first : last - 1]).strip("\n") + "\n"
