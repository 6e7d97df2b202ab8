"""torchvision's vision transformers: their state dicts, old and new, compute the same in ours."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("safetensors")
pytest.importorskip("h5py")

if find_spec("torchvision") is None:
    pytest.skip("torchvision is not installed", allow_module_level=True)

from bench.vision import import_models
from cnnspec import resources
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec
from cnnspec.weights.formats.table import find_format
from cnnspec.weights.read import open_weights
from cnnspec.weights.rules import find_rules, read_rules
from tests.frameworks import torch

pytestmark = pytest.mark.torch

# By theirs, then by ours.
NARROW = (
    {"image_size": 32, "patch_size": 8, "num_layers": 2, "num_heads": 3, "hidden_dim": 12,
     "mlp_dim": 48, "num_classes": 10},
    {"size": 32, "patch": 8, "depth": 2, "heads": 3, "width": 12, "classes": 10},
)  # fmt: skip
FULL: tuple[dict[str, int], dict[str, int]] = (
    {"image_size": 224, "patch_size": 16, "num_layers": 12, "num_heads": 12, "hidden_dim": 768,
     "mlp_dim": 3072},
    {},
)  # fmt: skip


def make_theirs(settings: dict[str, int]) -> Any:
    """Their model; what begins as zeros would hide mistakes."""
    import_models()
    from torchvision.models.vision_transformer import VisionTransformer

    torch.manual_seed(0)
    model = VisionTransformer(**settings).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("bias") or name in ("class_token", "heads.head.weight"):
            tensor.uniform_(-0.5, 0.5)
    return model


def build_ours(overrides: dict[str, int]) -> Graph:
    text = resources.read_zoo("vit").decode().partition("\nexpect:")[0]
    return build_graph(read_spec(text, "vit.yaml"), "b_16", dict(overrides))


def check_equal(theirs: Any, graph: Graph, state: Any, size: int) -> None:
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    ours = namespace["ViT"]().eval()
    ours.load_state_dict(state, strict=True)
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = theirs(images)
        torch.testing.assert_close(ours(images), wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max())
    assert wanted.std() > 0


@pytest.mark.parametrize("settings", [NARROW, pytest.param(FULL, marks=pytest.mark.slow)])
def test_their_state_dict_computes_the_same(
    settings: tuple[dict[str, int], dict[str, int]],
) -> None:
    theirs = make_theirs(settings[0])
    check_equal(theirs, build_ours(settings[1]), theirs.state_dict(), settings[0]["image_size"])


@pytest.mark.parametrize("version", [1, 2])
def test_files_of_both_versions_lead_there_and_back(version: int, tmp_path: Path) -> None:
    theirs, graph = make_theirs(NARROW[0]), build_ours(NARROW[1])
    state = theirs.state_dict()
    if version == 1:
        state = {
            re.sub(r"mlp\.([03])\.", lambda m: f"mlp.linear_{1 + (m[1] == '3')}.", name): tensor
            for name, tensor in state.items()
        }
    previous = tmp_path / "theirs.pth"
    torch.save(dict(state), previous)
    shipped = find_rules("torchvision", graph.spec.name)
    assert shipped is not None
    rules = read_rules(shipped.read_bytes(), shipped.name) if version == 1 else None
    # By way of a Keras file, so that every layout is turned there and back.
    for following in ("net.weights.h5", "net.safetensors", "ours.pt"):
        write = find_format(tmp_path / following).write
        assert write is not None
        with open_weights(previous, graph, rules) as weights:
            write(tmp_path / following, graph, weights.read_all())
        previous, rules = tmp_path / following, None
    check_equal(theirs, graph, torch.load(previous, weights_only=True), NARROW[0]["image_size"])


def test_a_part_of_attention_that_a_keras_file_lacks_is_named(tmp_path: Path) -> None:
    import h5py

    theirs, graph = make_theirs(NARROW[0]), build_ours(NARROW[1])
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    write = find_format(tmp_path / "net.weights.h5").write
    assert write is not None
    with open_weights(tmp_path / "theirs.pth", graph) as weights:
        write(tmp_path / "net.weights.h5", graph, weights.read_all())
    with h5py.File(tmp_path / "net.weights.h5", "r+") as file:
        del file["layers/multi_head_attention_1/value_dense/vars/0"]
    with pytest.raises(SpecError) as caught, open_weights(tmp_path / "net.weights.h5", graph):
        raise AssertionError("a share is missing")
    path = "encoder.layers.encoder_layer_1.self_attention.in_proj_weight"
    assert [d.message for d in caught.value.diagnostics] == [f"the weights lack {path}[2]"]
