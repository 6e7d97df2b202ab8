"""The nodes of an ONNX model as text."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import fill

from onnx import ModelProto, NodeProto
from onnx.helper import get_attribute_value
from onnx.numpy_helper import to_array

# So many entries of a constant are shown.
_SHOWN = 12


def print_nodes(data: bytes) -> str:
    """The nodes of a model file as text, with the constants where they are used."""
    model = ModelProto.FromString(data)
    constants = {
        array.name: _print_value(to_array(array).tolist())
        for array in model.graph.initializer
        if "/" in array.name
    }
    return "".join(f"{_print_node(node, constants)}\n" for node in model.graph.node)


def _print_node(node: NodeProto, constants: Mapping[str, str]) -> str:
    inputs = [constants.get(name, f"%{name}" if name else "none") for name in node.input]
    settings = [f"{a.name}={_print_value(get_attribute_value(a))}" for a in node.attribute]
    outputs = ", ".join(f"%{output}" for output in node.output)
    call = f"{outputs} = {node.op_type}({', '.join([*inputs, *settings])})"
    return fill(call, 88, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _print_value(value: object) -> str:
    match value:
        case bytes():
            return value.decode()
        case float():
            return f"{value:.7g}"
        case list() if len(value) > _SHOWN:
            return f"[{', '.join(map(_print_value, value[:_SHOWN]))}, ...]"
        case list():
            return f"[{', '.join(map(_print_value, value))}]"
    return str(value)
