"""State dicts of torchvision's models: the zoo's names and layouts are theirs.

Rules only leave out what is for training alone.
"""

from __future__ import annotations

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
from cnnspec.graph.build import build_graph
from cnnspec.naming import class_name
from cnnspec.spec.read import read_spec
from cnnspec.weights.formats.table import find_format
from cnnspec.weights.read import open_weights
from cnnspec.weights.rules import find_rules, read_rules
from tests.frameworks import torch
from tests.networks import open_near

pytestmark = [pytest.mark.torch, pytest.mark.slow]

MODELS = {
    "alexnet:torchvision": "alexnet",
    "densenet:121": "densenet121",
    "efficientnet:b0": "efficientnet_b0",
    "googlenet:torchvision": "googlenet",
    "inception_v3:torchvision": "inception_v3",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3:large": "mobilenet_v3_large",
    "resnet:18": "resnet18",
    "resnet:50": "resnet50",
    "resnext:50_32x4d": "resnext50_32x4d",
    "squeezenet:1_1": "squeezenet1_1",
    "vgg:11_bn": "vgg11_bn",
}

# Their layers are those of others here, or the heads of `TRAINED` have them.
ALIKE = ("inception_v3:torchvision", "mobilenet_v2", "resnet:50", "resnext:50_32x4d", "vgg:11_bn")
SEGMENTERS = {
    "deeplabv3:50_aux": "deeplabv3_resnet50",
    "fcn_resnet:50": "fcn_resnet50",
    "fcn_resnet:50_aux": "fcn_resnet50",
}

# With the heads for training alone that their public checkpoints have.
DEEP = {"googlenet", "inception_v3"}


def randomise(model: Any) -> None:
    """Biases and statistics begin as zeros and ones, which would hide mistakes."""
    source = torch.Generator().manual_seed(0)
    for name, tensor in model.state_dict().items():
        if name.endswith("tracked"):
            tensor.fill_(17)
        elif tensor.dim() == 1:
            tensor.uniform_(0.5, 1.0, generator=source)


# What torchvision calls the outputs of a network in training, and the least image that it takes.
TRAINED = {
    "googlenet": ({"output": "logits", "aux1": "aux_logits1", "aux2": "aux_logits2"}, (96, 80)),
    "inception_v3": ({"output": "logits", "aux": "aux_logits"}, (299, 299)),
}


@pytest.mark.parametrize("name", TRAINED)
def test_heads_for_training_compute_the_same(name: str) -> None:
    names, sizes = TRAINED[name]
    theirs = getattr(import_models(), name)(weights=None, aux_logits=True, init_weights=False)
    randomise(theirs)
    text = resources.read_zoo(name).decode()
    small = text.replace("height: 224, width: 224", "height: {}, width: {}".format(*sizes))
    graph = build_graph(read_spec(small, f"{name}.yaml"), "aux")
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    ours = namespace[class_name(graph.spec.name)]()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    for module in (*ours.modules(), *theirs.modules()):
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    images = torch.randn(2, 3, *sizes, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, given = ours.train()(images), theirs.train()(images)
        assert found.keys() == names.keys()
        for own, other in names.items():
            tensor = getattr(given, other)
            scale = tensor.abs().max()
            torch.testing.assert_close(found[own], tensor, rtol=1e-4, atol=1e-4 * scale)
        found, tensor = ours.eval()(images), theirs.eval()(images)
        assert found.keys() == {"output"}
        torch.testing.assert_close(
            found["output"], tensor, rtol=1e-4, atol=1e-4 * tensor.abs().max()
        )


@pytest.mark.parametrize(
    "network",
    [pytest.param(n, marks=pytest.mark.exhaustive if n in ALIKE else ()) for n in MODELS],
)
def test_their_state_dicts_compute_the_same_in_generated_models(
    network: str, tmp_path: Path
) -> None:
    options = {"init_weights": False} if MODELS[network] in DEEP else {}
    theirs = getattr(import_models(), MODELS[network])(weights=None, **options).eval()
    randomise(theirs)
    torch.save(theirs.state_dict(), tmp_path / "theirs.pth")
    name, _, variant = network.partition(":")
    text = resources.read_zoo(name).decode().partition("\nexpect:")[0]
    small = text.replace("height: 224, width: 224", "height: 96, width: 80")
    small = small.replace("height: $size, width: $size", "height: 96, width: 80")
    assert small != text
    graph = build_graph(read_spec(small, f"{name}.yaml"), variant, {})
    # By way of a Keras file, so that every layout is turned there and back.
    previous = tmp_path / "theirs.pth"
    shipped = find_rules("torchvision", graph.spec.name)
    rules = None if shipped is None else read_rules(shipped.read_bytes(), shipped.name)
    assert (rules is not None) == (MODELS[network] in DEEP)
    for following in ("net.weights.h5", "net.safetensors", "ours.pt"):
        write = find_format(tmp_path / following).write
        assert write is not None
        with open_weights(previous, graph, rules) as weights:
            write(tmp_path / following, graph, weights.read_all())
        previous, rules = tmp_path / following, None

    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    ours = namespace[class_name(graph.spec.name)]().eval()
    ours.load_state_dict(torch.load(previous, weights_only=True), strict=True)
    images = torch.randn(2, 3, 96, 80, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = theirs(images)
        torch.testing.assert_close(ours(images), wanted, rtol=1e-5, atol=1e-5 * wanted.abs().max())
    assert wanted.std() > 0


@pytest.mark.parametrize("network", SEGMENTERS)
def test_segmentation_models_compute_the_same(network: str) -> None:
    """Both outputs, which theirs have out of training too."""
    make = getattr(import_models().segmentation, SEGMENTERS[network])
    theirs = make(weights=None, weights_backbone=None, aux_loss=network.endswith("_aux")).eval()
    randomise(theirs)
    name, _, variant = network.partition(":")
    text = resources.read_zoo(name).decode().partition("\nexpect:")[0]
    small = text.replace("height: 224, width: 224", "height: 72, width: 56")
    assert small != text
    graph = build_graph(read_spec(small, f"{name}.yaml", open_near), variant)
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, "generated.py", "exec"), namespace)
    ours = namespace[class_name(graph.spec.name)]().eval()
    state = theirs.state_dict()
    if (shipped := find_rules("torchvision", graph.spec.name)) is not None:
        names = read_rules(shipped.read_bytes(), shipped.name).rename(state)
        state = {names.get(key) or key: tensor for key, tensor in state.items()}
    ours.load_state_dict(state, strict=True)
    images = torch.randn(2, 3, 72, 56, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, wanted = ours(images), theirs(images)
    assert list(found) == list(wanted)
    for key, tensor in wanted.items():
        assert tensor.std() > 0
        torch.testing.assert_close(
            found[key], tensor, rtol=1e-5, atol=1e-5 * float(tensor.abs().max())
        )
