"""How a model's parts become the bytes of its file, or of two.

A model is written as protobuf's own library writes it, but in pieces: arrays stay where they are
in memory until they go into the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto

from cnnspec.backends.base import Content
from cnnspec.backends.content import FilePart, Piece
from cnnspec.backends.onnx.builder import BATCH, Builder, declare
from cnnspec.graph.ir import Graph
from cnnspec.graph.variations import list_dims
from cnnspec.records import dataclass
from cnnspec.version import __version__

# A runtime can map arrays into memory whose offsets are whole pages.
PAGE = 4096

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class OuterFile:
    """A second file of weights: its path from the model's folder, parted by slashes.

    `spans` are each array's offset and length in bytes.
    """

    name: str
    spans: Mapping[str, Span]


# Every array by name, or the file that holds them all, or nothing: then the model takes its
# weights as inputs.
Numbers = NDArray[Any] | FilePart
Weights = Mapping[str, Numbers] | OuterFile | None


def lay_out(arrays: Mapping[str, Numbers]) -> tuple[dict[str, Span], Content]:
    """The arrays one behind the other, each at a page of its own: their spans, and the file."""
    spans: dict[str, Span] = {}
    pieces: list[Piece] = []
    end = 0
    for name, array in arrays.items():
        padding = -end % PAGE
        encoded = _encode(array)
        spans[name] = (end + padding, len(encoded))
        pieces += [bytes(padding), encoded]
        end += padding + len(encoded)
    return spans, pieces


def assemble_model(graph: Graph, builder: Builder, ir_version: int, weights: Weights) -> Content:
    """The whole model."""
    model = ModelProto(
        ir_version=ir_version,
        producer_name="cnnspec",
        producer_version=__version__,
        doc_string=graph.spec.summary,
    )
    origin = ModelProto(
        opset_import=[OperatorSetIdProto(domain="", version=builder.opset)],
        metadata_props=_write_entries(_describe_origin(graph)),
    )
    body = _assemble_graph(graph, builder, weights)
    return [
        _serialise(model),
        _frame(ModelProto.GRAPH_FIELD_NUMBER, sum(map(len, body))),
        *body,
        _serialise(origin),
    ]


def _assemble_graph(graph: Graph, builder: Builder, weights: Weights) -> Content:
    inputs = [declare(value.name, (BATCH, *list_dims(graph, value))) for value in graph.inputs]
    if weights is None:
        inputs += [declare(name, weight.shape) for name, weight in graph.list_weights()]
    outputs = [declare(name, (BATCH, *list_dims(graph, v))) for name, v in graph.outputs.items()]
    interface = GraphProto(
        input=inputs,
        output=outputs,
        value_info=[
            info for name, info in builder.declarations.items() if name not in graph.outputs
        ],
    )
    return [
        _serialise(GraphProto(node=builder.nodes, name=graph.name)),
        *_list_initialisers(graph, builder, weights),
        _serialise(interface),
    ]


def _list_initialisers(graph: Graph, builder: Builder, weights: Weights) -> Iterator[Piece]:
    shapes = {name: weight.shape for name, weight in graph.list_weights()}
    for name, array in builder.initialisers.items():
        if array is not None:
            pieces = _write_array(name, array)
        elif isinstance(weights, OuterFile):
            pieces = [_point_outside(name, shapes[name], weights)]
        elif weights is not None:
            pieces = _write_array(name, weights[name])
        else:
            continue
        yield _frame(GraphProto.INITIALIZER_FIELD_NUMBER, sum(map(len, pieces)))
        yield from pieces


def _write_array(name: str, array: Numbers) -> Content:
    kind = TensorProto.INT64 if find_type(array) == np.int64 else TensorProto.FLOAT
    encoded = _encode(array)
    return [
        _serialise(TensorProto(name=name, data_type=kind, dims=array.shape)),
        _frame(TensorProto.RAW_DATA_FIELD_NUMBER, len(encoded)),
        encoded,
    ]


def _point_outside(name: str, shape: tuple[int, ...], outer: OuterFile) -> bytes:
    offset, length = outer.spans[name]
    entries = {"location": outer.name, "offset": str(offset), "length": str(length)}
    return _serialise(
        TensorProto(
            name=name,
            data_type=TensorProto.FLOAT,
            dims=shape,
            data_location=TensorProto.EXTERNAL,
            external_data=_write_entries(entries),
        )
    )


def _frame(field: int, length: int) -> bytes:
    """What stands before a field of so many bytes; protobuf's library keeps its own to itself.

    The format is in https://protobuf.dev/programming-guides/encoding: the field's number and the
    length, each with seven bits to a byte, the lowest first.
    """
    head = bytearray()
    for number in (field << 3 | 2, length):
        while number >= 0x80:
            head.append(number & 0x7F | 0x80)
            number >>= 7
        head.append(number)
    return bytes(head)


def _serialise(message: ModelProto | GraphProto | TensorProto) -> bytes:
    data: bytes = message.SerializeToString(deterministic=True)
    return data


def _write_entries(facts: Mapping[str, str]) -> list[StringStringEntryProto]:
    return [StringStringEntryProto(key=key, value=value) for key, value in facts.items()]


def _describe_origin(graph: Graph) -> dict[str, str]:
    """What the model says about the spec that it comes from."""
    facts = {
        "cnnspec.fingerprint": graph.spec.fingerprint,
        "cnnspec.variant": graph.variant,
        "cnnspec.version": __version__,
    }
    text = graph.spec.sources.get(graph.spec.file)
    return facts if text is None else {"cnnspec.spec": text, **facts}


def find_type(array: Numbers) -> np.dtype[Any]:
    """What kind of numbers an array has."""
    return np.dtype(np.float32) if isinstance(array, FilePart) else array.dtype


def _encode(array: Numbers) -> memoryview | FilePart:
    """The numbers in row order, lowest byte first, as the format has them on every machine."""
    if isinstance(array, FilePart):
        return array
    ordered = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return ordered.reshape(-1).view(np.uint8).data
