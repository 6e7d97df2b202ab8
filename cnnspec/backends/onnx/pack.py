"""How a model's parts become the bytes of its file, or of two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, StringStringEntryProto, TensorProto, helper

from cnnspec.backends.onnx.builder import BATCH, Builder, declare
from cnnspec.graph.ir import Graph
from cnnspec.graph.variations import list_dims

# A runtime can map arrays into memory whose offsets are whole pages.
PAGE = 4096


@dataclass(frozen=True, slots=True)
class OuterFile:
    """A second file of weights: its name, and each array's offset and length in bytes."""

    name: str
    spans: Mapping[str, tuple[int, int]]


def lay_out(arrays: Mapping[str, NDArray[Any]]) -> tuple[dict[str, tuple[int, int]], bytes]:
    """The arrays one behind the other, each at a page of its own: their spans, and the bytes."""
    spans: dict[str, tuple[int, int]] = {}
    data = bytearray()
    for name, array in arrays.items():
        data += bytes(-len(data) % PAGE)
        encoded = _encode(array)
        spans[name] = (len(data), len(encoded))
        data += encoded
    return spans, bytes(data)


def assemble_model(
    graph: Graph, builder: Builder, ir_version: int, outer: OuterFile | None = None
) -> ModelProto:
    """The whole model; weights with a span in `outer` only point there."""
    outputs = [declare(name, (BATCH, *list_dims(graph, v))) for name, v in graph.outputs.items()]
    body = helper.make_graph(
        builder.nodes,
        graph.name,
        [declare(value.name, (BATCH, *list_dims(graph, value))) for value in graph.inputs],
        outputs,
        [_make_tensor(name, array, outer) for name, array in builder.initialisers.items()],
        value_info=[
            info for name, info in builder.declarations.items() if name not in graph.outputs
        ],
    )
    model = helper.make_model(
        body,
        opset_imports=[helper.make_opsetid("", builder.opset)],
        ir_version=ir_version,
        producer_name="cnnspec",
        producer_version=_find_version(),
        doc_string=graph.spec.summary,
    )
    helper.set_model_props(model, _describe_origin(graph))
    return model


def _describe_origin(graph: Graph) -> dict[str, str]:
    """What the model says about the spec that it comes from."""
    facts = {
        "cnnspec.fingerprint": graph.spec.fingerprint,
        "cnnspec.variant": graph.variant,
        "cnnspec.version": _find_version(),
    }
    text = graph.spec.sources.get(graph.spec.file)
    return facts if text is None else {"cnnspec.spec": text, **facts}


def _find_version() -> str:
    try:
        return version("cnnspec")
    except PackageNotFoundError:
        return ""


def _make_tensor(name: str, array: NDArray[Any], outer: OuterFile | None) -> TensorProto:
    kind = TensorProto.INT64 if array.dtype == np.int64 else TensorProto.FLOAT
    tensor = TensorProto(name=name, data_type=kind, dims=array.shape)
    if outer is None or name not in outer.spans:
        tensor.raw_data = _encode(array)
        return tensor
    offset, length = outer.spans[name]
    tensor.data_location = TensorProto.EXTERNAL
    entries = {"location": outer.name, "offset": str(offset), "length": str(length)}
    tensor.external_data.extend(
        StringStringEntryProto(key=key, value=value) for key, value in entries.items()
    )
    return tensor


def _encode(array: NDArray[Any]) -> bytes:
    """The numbers in row order, lowest byte first, as the format has them on every machine."""
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
