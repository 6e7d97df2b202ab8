"""Generated source byte for byte: what a change of the generators changes is read here first."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path

import pytest

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.resources import read_zoo
from cnnspec.spec.read import read_spec
from tests.networks import SPECS, open_near

GOLDEN = Path(__file__).parent / "golden"
# From the zoo as it is, and from tests/specs what no zoo network shows.
ZOO = (
    "alexnet", "cifar10net", "cnn_with_dropout", "efficientnet:b0", "lenet5", "mnist_cnn",
    "resnet:18", "resnet:50", "simple_resnet", "tiny_cnn", "vgg:16", "vgg:11_bn", "c3d",
    "video_resnet:r3d", "waveform_cnn:m5", "googlenet:torchvision", "inception_v3", "vit:s_16",
    "densenet:121", "mobilenet_v3:small", "deeplabv3:50_aux", "faster_rcnn",
)  # fmt: skip
OWN = (
    "clashes", "dense", "differing", "heads", "inception", "initial", "loops", "mobile", "optional",
    "parts", "sequence_1d", "shared", "siamese", "squeeze_excite", "stages", "taken", "taps",
    "tokens", "two_inputs", "unet", "uneven", "values", "volume_3d",
)  # fmt: skip
# Of these either file takes half a second and more.
LARGE = ("deeplabv3:50_aux", "densenet:121", "faster_rcnn", "inception_v3", "vit:s_16")
COMPILERS = {"torch": compile_torch, "keras": compile_keras}


@cache
def build(name: str) -> Graph:
    family, _, variant = name.partition(":")
    data = (SPECS / f"{family}.yaml").read_bytes() if name in OWN else read_zoo(family)
    return build_graph(read_spec(data, f"{family}.yaml", open_near), variant)


# Those of a network one after the other, which build it once.
@pytest.mark.parametrize("target", list(COMPILERS))
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in LARGE else ()) for n in (*ZOO, *OWN)],
)
def test_generated_source_is_as_it_was_read_and_approved(
    name: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnspec.backends.header.__version__", "0.0.0")
    command = f"cnnspec compile {name} --target {target}"
    (source,) = COMPILERS[target](build(name), command).files.values()
    path = GOLDEN / name.replace(":", "_") / f"{target}.py"
    if os.environ.get("REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source)
    assert path.read_bytes() == source


def count_lines(name: str, target: str = "torch") -> int:
    text = (GOLDEN / name / f"{target}.py").read_text()
    return sum(bool(line.strip()) for line in text.splitlines())


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("resnet_50", 110),
        ("vgg_16", 60),
        ("inception", 150),
        ("googlenet_torchvision", 140),
        ("mobile", 90),
        ("unet", 100),
        ("video_resnet_r3d", 110),
        ("efficientnet_b0", 160),
    ],
)
def test_generated_torch_is_no_longer_than_what_a_person_writes(name: str, limit: int) -> None:
    assert count_lines(name) <= limit


@pytest.mark.parametrize(
    ("name", "limit"),
    [("resnet_50", 75), ("vgg_16", 45), ("cifar10net", 45), ("unet", 60), ("efficientnet_b0", 120)],
)
def test_generated_keras_is_no_longer_than_what_a_person_writes(name: str, limit: int) -> None:
    assert count_lines(name, "keras") <= limit


@pytest.mark.parametrize("target", list(COMPILERS))
@pytest.mark.parametrize(
    ("deep", "shallow"),
    [
        ("resnet:152", "resnet_50"),
        ("vgg:19", "vgg_16"),
        pytest.param("efficientnet:b7", "efficientnet_b0", marks=pytest.mark.slow),
    ],
)
def test_depth_adds_no_lines(deep: str, shallow: str, target: str) -> None:
    (source,) = COMPILERS[target](build(deep), f"cnnspec compile {deep}").files.values()
    # What lets Keras follow so many layers is said once.
    about = ("import sys", "recursion")
    kept = [line for line in source.decode().splitlines() if not any(map(line.count, about))]
    assert sum(bool(line.strip()) for line in kept) == count_lines(shallow, target)


@pytest.mark.parametrize(
    ("name", "target"),
    # In torch modules with names of their own are attributes, one by one.
    [
        ("vgg_16", "torch"),
        ("vgg_16", "keras"),
        ("resnet_50", "keras"),
        ("cifar10net", "keras"),
        ("efficientnet_b0", "torch"),
        ("efficientnet_b0", "keras"),
    ],
)
def test_no_number_stands_in_the_code_many_times(name: str, target: str) -> None:
    code = (GOLDEN / name / f"{target}.py").read_text()
    sizes = [n.value for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Constant)]
    large = [size for size in sizes if isinstance(size, int) and size > 3]
    assert max(map(large.count, large)) < 8


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("resnet_50", ["Bottleneck", "ResNet"]),
        ("lenet5", ["LeNet5"]),
        (
            "efficientnet_b0",
            ["StochasticDepth", "ConvBn", "DepthwiseBn", "SqueezeExcite", "MbConv", "EfficientNet"],
        ),
        ("mobile", ["InvertedUnit", "MobileNet"]),
        ("optional", ["Unit", "Head", "Sides", "OptionalParts"]),
        ("unet", None),
    ],
)
def test_there_is_one_class_for_each_block(name: str, classes: list[str] | None) -> None:
    text = (GOLDEN / name / "torch.py").read_text()
    found = [line[6 : line.index("(")] for line in text.splitlines() if line.startswith("class ")]
    assert len(found) == len(set(found))
    if classes is not None:
        assert found == classes


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("resnet_50", ["bottleneck", "resnet"]),
        ("mobile", ["inverted_unit", "mobilenet"]),
        (
            "efficientnet_b0",
            ["conv_bn", "depthwise_bn", "squeeze_excite", "mb_conv", "efficientnet"],
        ),
        ("optional", ["unit", "head", "optionalparts"]),
    ],
)
def test_there_is_one_function_for_each_block(name: str, functions: list[str]) -> None:
    text = (GOLDEN / name / "keras.py").read_text()
    found = [line[4 : line.index("(")] for line in text.splitlines() if line.startswith("def ")]
    assert found == functions
