"""From a graph and its weights to one ONNX model file."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import PurePath
from types import MappingProxyType

import numpy as np

from cnnspec.backends.base import (
    CannotSayError,
    Compiled,
    Content,
    RefusedError,
    explain_refusal,
    refuse_long,
)
from cnnspec.backends.content import read_pieces
from cnnspec.backends.onnx import (
    activation,
    attention,
    conv,
    linear,
    merge,
    norm,
    pool,
    rearrange,
    regularize,
    reshape,
    resize,
    stored,
)
from cnnspec.backends.onnx.builder import BATCH, Builder, Place, Writer
from cnnspec.backends.onnx.opened import write_for_all_sizes
from cnnspec.backends.onnx.pack import (
    Numbers,
    OuterFile,
    Weights,
    assemble_model,
    find_type,
    lay_out,
)
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.graph.trained import drop_training
from cnnspec.graph.variations import list_dims
from cnnspec.ops.base import Op
from cnnspec.signing import name_data

# The file format's version for each version of the operators: the oldest that has it.
IR_VERSIONS: MappingProxyType[int, int] = MappingProxyType(
    {13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}
)
DEFAULT_OPSET = 18

WRITERS: MappingProxyType[type[Op], Writer] = MappingProxyType(
    {
        **conv.WRITERS,
        **pool.WRITERS,
        **norm.WRITERS,
        **activation.WRITERS,
        **linear.WRITERS,
        **attention.WRITERS,
        **merge.WRITERS,
        **stored.WRITERS,
        **reshape.WRITERS,
        **rearrange.WRITERS,
        **resize.WRITERS,
        **regularize.WRITERS,
    }
)

UNSUPPORTED: MappingProxyType[type[Op], str] = MappingProxyType({})

# Protocol buffers hold less than 2^31 bytes; the rest is room for the nodes.
INLINE_LIMIT = 1_900_000_000


def compile_onnx(
    graph: Graph,
    weights: Weights,
    *,
    opset: int = DEFAULT_OPSET,
    external: bool | None = None,
    file_name: str,
) -> Compiled:
    """Write a network as an ONNX model, without what is there in training only.

    Args:
        graph: the network.
        weights: every array of the network by its full name, float32, in PyTorch's layout; or
            the file that has them, which the model then points into; or None, and the model
            takes them as inputs. They have the same names in the model.
        opset: the version of ONNX's operators, 13 to 23.
        external: whether arrays go into a second file; None for only where one file cannot hold
            them.
        file_name: what the model file will be called.

    Returns:
        The model, and with external arrays the file that belongs beside it:
        ``<file_name>.<digest>.data``.

    Raises:
        SpecError: the opset is unknown or lacks something that the network needs, or the
            weights do not fit into one file and `external` is False.
        ValueError: `weights` lacks an array of the network, or has it in another shape or type.
    """
    refuse_long(graph)
    if opset not in IR_VERSIONS:
        raise _refuse(
            f"opset must be {min(IR_VERSIONS)} to {max(IR_VERSIONS)}, got {opset}",
            f"{DEFAULT_OPSET} is the default and says every op",
        )
    graph = drop_training(graph)
    builder = _write_nodes(graph, opset)
    model_name = PurePath(file_name).name
    contents: dict[str, Content] = {}
    notes: list[str] = []
    if isinstance(weights, Mapping):
        _check_arrays(graph, weights)
        if _goes_outside(graph, external):
            names = sorted(name for name, _ in graph.list_weights())
            spans, content = lay_out({name: weights[name] for name in names})
            data_name = name_data(model_name, read_pieces(content))
            contents[data_name] = content
            weights = OuterFile(data_name, spans)
    if weights is None:
        notes += [f"{model_name} takes its weights as inputs, by their names"]
    elif isinstance(weights, OuterFile):
        notes += [f"the weights are in {weights.name}: keep it where it is beside {model_name}"]
    model = assemble_model(graph, builder, IR_VERSIONS[opset], weights)
    return Compiled({model_name: model, **contents}, tuple(notes))


def _check_arrays(graph: Graph, arrays: Mapping[str, Numbers]) -> None:
    for name, weight in graph.list_weights():
        array = arrays.get(name)
        if array is None or array.shape != weight.shape or find_type(array) != np.float32:
            found = "nothing" if array is None else f"{find_type(array)} of shape {array.shape}"
            raise ValueError(f"{name} must be float32 of shape {weight.shape}, got {found}")


def _goes_outside(graph: Graph, external: bool | None) -> bool:
    """Whether the weights go into a file of their own."""
    size = sum(4 * prod(weight.shape) for _, weight in graph.list_weights())
    if external is False and size > INLINE_LIMIT:
        raise _refuse(
            f"{size / 1e9:.1f} GB of weights do not fit into one file, which holds 2 GB",
            "let the weights go into a second file",
        )
    return size > INLINE_LIMIT if external is None else external


def _refuse(message: str, advice: str) -> SpecError:
    return SpecError([Diagnostic("invalid-option", message, help=(advice,))])


def find_source(value: Value) -> Value:
    """The value that this one is in a trained network, where dropout does nothing."""
    while value.producer is not None and value.producer.op.acts_in_training:
        (value,) = value.producer.inputs
    return value


def _write_nodes(graph: Graph, opset: int) -> Builder:
    """All nodes in order."""
    reserved = [value.name for value in graph.inputs]
    reserved += [*graph.outputs, *(name for name, _ in graph.list_weights())]
    builder = Builder(opset, reserved)
    # An output's name goes to the node that computes it, unless that has another name already.
    results: dict[Value, str] = {}
    for name, value in graph.outputs.items():
        results.setdefault(find_source(value), name)
    tensors = {value: value.name for value in graph.inputs}
    refusals = []
    labels: dict[str, int] = {}
    for node in graph.nodes:
        label = _label(node, labels)
        result = results.get(node.output) or builder.claim(label)
        inputs = tuple(tensors[value] for value in node.inputs)
        try:
            place = Place(builder, node, inputs, result, label)
            if graph.open_sizes:
                tensors[node.output] = write_for_all_sizes(place, graph, write_node)
            else:
                tensors[node.output] = write_node(place)
        except CannotSayError as refusal:
            refusals.append(explain_refusal(node, refusal.reason, "onnx", ()))
            tensors[node.output] = result
    if refusals:
        raise RefusedError(refusals)
    for name, value in graph.outputs.items():
        if tensors[value] != name:
            dims: tuple[int | str, ...] = (BATCH, *list_dims(graph, value))
            label = builder.claim(f"{name}/copy")
            builder.add_node("Identity", label, (tensors[value],), name, dims, {})
    return builder


def _label(node: Node, taken: dict[str, int]) -> str:
    """A node's path as ONNX tools draw it, as a tree by slashes; further uses have a number.

    `taken` are the labels so far, each with the last number that it got.
    """
    label = base = node.path.replace(".", "/")
    while label in taken:
        taken[base] += 1
        label = f"{base}_{taken[base]}"
    taken[label] = 1
    return label


def write_node(place: Place) -> str:
    """Write one op; gives back the tensor that holds its output."""
    kind = type(place.node.op)
    writer = WRITERS.get(kind)
    if writer is None:
        raise CannotSayError(UNSUPPORTED.get(kind, "this backend does not know it"))
    return writer(place.node.op, place)
