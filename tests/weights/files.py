"""Networks with numbers in every form that a float32 can have, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cnnspec.cli.main import run
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.spec.read import read_spec
from cnnspec.weights.formats.table import find_format
from cnnspec.weights.read import open_weights
from tests.op_cases import CASES, OpCase

# One case of each op with weights in each of its forms; merges have none.
WEIGHTED = [
    case for case in CASES if len(case.inputs) == 1 and case.build().list_weights(case.inputs)
]
# Of these one for each op and shapes of its weights: no other field changes what is written.
FORMS = list(
    {
        (case.op, tuple((w.name, w.shape) for w in case.build().list_weights(case.inputs))): case
        for case in reversed(WEIGHTED)
    }.values()
)
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def build_case(case: OpCase) -> Graph:
    """A network of one op, read from a spec."""
    text = yaml.safe_dump(
        {
            "cnnspec": 1,
            "name": "one_op",
            "input": _describe(case.inputs[0]),
            "layers": {"stem": [{case.op: case.fields}]},
        }
    )
    return build_graph(read_spec(text, "one_op.yaml"), "", {})


def _describe(shape: Shape) -> dict[str, int]:
    if shape.kind is Kind.VECTOR:
        return {"features": shape.channels}
    if shape.kind is Kind.TOKENS:
        return {"tokens": shape.sizes[0], "channels": shape.channels}
    return {"channels": shape.channels, **dict(zip(_AXES[shape.rank], shape.sizes, strict=True))}


def draw_bits(graph: Graph, seed: int = 0) -> dict[str, Any]:
    """Arrays of random bits: NaN of all kinds, infinities, zeros of both signs, tiny numbers."""
    source = np.random.default_rng(seed)
    return {
        name: source.integers(0, 2**32, weight.shape, np.uint32).view(np.float32)
        for name, weight in graph.list_weights()
    }


def write(path: Path, graph: Graph, arrays: dict[str, Any]) -> Path:
    """Write a file in the format of its name."""
    writer = find_format(path).write
    assert writer is not None
    writer(path, graph, iter(arrays.items()))
    return path


def read_weights(path: Path, graph: Graph) -> dict[str, Any]:
    """All arrays of a network from a file."""
    with open_weights(path, graph) as weights:
        return dict(weights.read_all())


def require_equal(path: Path, graph: Graph, wanted: dict[str, Any]) -> None:
    """Fail where a file's arrays differ from these by a bit, or come in another order."""
    found = read_weights(path, graph)
    assert list(found) == list(wanted)
    for name, array in wanted.items():
        assert found[name].shape == array.shape, name
        assert found[name].tobytes() == array.tobytes(), name


def call(capsys: Any, *arguments: object) -> tuple[int, str, str]:
    """Run ``cnnspec weights`` and give back the exit code and what it printed."""
    code = run(["weights", *map(str, arguments)])
    printed = capsys.readouterr()
    return code, printed.out, printed.err
