"""Shared weights in ONNX: one initialiser for all nodes that use it, whatever their sizes."""

from __future__ import annotations

import pytest

pytest.importorskip("onnx")

import onnx

from cnnspec.backends.onnx.emit import compile_onnx
from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec
from cnnspec.weights.draw import draw_weights

pytestmark = pytest.mark.onnx

OPEN = """cnnspec: 1
name: net
input: {channels: 4, height: H, width: W}
layers:
  - conv: {out_channels: 4, kernel_size: 3, padding: same, stride: 2}
    shared: conv
    repeat: 3
"""


@pytest.mark.parametrize("text", [OPEN, OPEN.replace("H", "16").replace("W", "20")])
def test_one_initialiser_serves_all_uses(text: str) -> None:
    graph = build_graph(read_spec(text, "net.yaml"))
    compiled = compile_onnx(graph, draw_weights(graph, 0), file_name="net.onnx")
    model = onnx.load_from_string(b"".join(compiled.contents["net.onnx"]))
    onnx.checker.check_model(model, full_check=True)
    names = [tensor.name for tensor in model.graph.initializer]
    assert names.count("conv.weight") == names.count("conv.bias") == 1
    convs = [node for node in model.graph.node if node.op_type == "Conv"]
    assert [node.input[1] for node in convs] == ["conv.weight"] * 3
    assert len({node.name for node in convs}) == 3
