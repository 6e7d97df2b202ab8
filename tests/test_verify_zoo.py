"""The proof on the zoo: every spec computes the same on PyTorch, Keras and ONNX Runtime."""

from __future__ import annotations

import pytest

from cnnspec import resources
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.read import read_spec

pytestmark = [pytest.mark.torch, pytest.mark.keras, pytest.mark.onnx]

TARGETS = ("torch", "keras", "onnx", "onnx:unoptimised")

# Each family with less input and fewer channels, which prove as much as many.
NARROW = {
    "alexnet": [("224", "79"), ("4096", "24"), ("classes: 1000", "classes: 7"), ("256", "16")],
    "cifar10net": [("[64, 128, 256, 512]", "[4, 6, 8, 10]")],
    "cnn_with_dropout": [("[512, 256]", "[24, 12]")],
    "lenet5": [],
    "mnist_cnn": [],
    "mnist_dense": [],
    "resnet": [("224", "64"), ("[64, 128, 256, 512]", "[8, 8, 12, 16]")],
    "simple_resnet": [("[64, 128, 256]", "[6, 8, 10]"), ("32", "17")],
    "tiny_cnn": [],
    "vgg": [("224", "33"), ("4096", "20"), ("[64, 128, 256, 512, 512]", "[4, 6, 8, 8, 10]")],
}  # fmt: skip


def build_narrow(name: str, variant: str = "") -> Graph:
    text = resources.read_zoo(name).decode()
    text = text[: text.index("\nexpect:")]
    for wide, narrow in NARROW[name]:
        text = text.replace(wide, narrow)
    return build_graph(read_spec(text, f"{name}.yaml"), variant)


def prove(graph: Graph, *, train: bool) -> None:
    # In one process, where TensorFlow is loaded once.
    import keras  # noqa: F401

    from cnnspec.verify.run import verify
    from cnnspec.verify.show import format_text

    report = verify(graph, TARGETS, train=train, trace=train)
    assert report.passed, format_text(report)
    assert report.parting is None, format_text(report)


def test_every_zoo_spec_has_a_narrow_form() -> None:
    assert sorted(NARROW) == sorted(resources.list_zoo())


@pytest.mark.parametrize("name", sorted(NARROW))
def test_a_narrow_zoo_spec_agrees_everywhere_in_training_too(name: str) -> None:
    prove(build_narrow(name), train=True)


@pytest.mark.parametrize(
    ("name", "variant"), [("alexnet", "96"), ("vgg", "11_bn"), ("resnet", "18"), ("resnet", "101")]
)
def test_a_variant_agrees_everywhere(name: str, variant: str) -> None:
    prove(build_narrow(name, variant), train=False)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant"), [("vgg", "16"), ("resnet", "50")])
def test_a_full_size_network_agrees_everywhere(name: str, variant: str) -> None:
    spec = read_spec(resources.read_zoo(name), f"{name}.yaml")
    prove(build_graph(spec, variant), train=False)
