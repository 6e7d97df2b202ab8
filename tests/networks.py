"""Networks of different character, small enough to run: the zoo made narrow, and tests/specs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.sources import Source, open_beside
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.zoo_cases import CASES

SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class Net:
    """One network of the list: a spec by its text, the variant to take and values to set."""

    id: str
    text: str
    variant: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict, compare=False)

    @property
    def spec(self) -> ModelSpec:
        return _read(self.text, self.id.partition(":")[0])

    def build(self, **overrides: Value) -> Graph:
        """The network; without overrides always the same one, which nothing changes."""
        if overrides:
            return build_graph(self.spec, self.variant, {**self.settings, **overrides})
        return _build(self)


@cache
def _build(net: Net) -> Graph:
    return build_graph(net.spec, net.variant, net.settings)


@cache
def _read(text: str, name: str) -> ModelSpec:
    return read_spec(text, f"{name}.yaml", open_near)


def open_near(name: str) -> tuple[str, bytes]:
    """What a spec of tests/specs or of the zoo names."""
    return open_beside(Source("", b"", SPECS), name)


def list_zoo_nets() -> list[Net]:
    """All networks of the zoo, narrow."""
    nets = []
    for name, case in CASES.items():
        text = case.narrow(name)
        variants = _read(text, name).variants or {"": {}}
        nets += [Net(f"{name}:{v}" if v else name, text, v, case.settings) for v in variants]
    return nets


def list_own_nets() -> list[Net]:
    """The networks of tests/specs."""
    return [Net(path.stem, path.read_text()) for path in sorted(SPECS.glob("*.yaml"))]


NETS: tuple[Net, ...] = (*list_own_nets(), *list_zoo_nets())
# Without those that differ from another in counts alone: for what takes long. Nor are there those
# that tests/keras/test_names_of_applications.py proves: the zoo has their like.
_ALIKE = {f"{name}:{variant}" for name, case in CASES.items() for variant in case.alike}
_ALIKE |= {"keras_resnet50", "keras_vgg16"}
FEW: tuple[Net, ...] = tuple(net for net in NETS if net.id not in _ALIKE)
# What these are made of, others are too, of other sizes: alexnet:torchvision, deeplabv3:50_aux,
# fcn_vgg:8s, googlenet:aux, inception_v3:aux, mask_rcnn, resnet:50, resnet_cifar:20b,
# squeezenet:1_1, unet:milesial_bilinear and vgg:11_bn.
_KIN = frozenset((
    "alexnet:96", "alexnet:paper", "deeplabv3:50", "fcn_resnet:50", "fcn_resnet:50_aux",
    "fcn_vgg:32s", "googlenet:paper", "inception_v3:torchvision", "faster_rcnn", "resnet:50_v1",
    "resnext:50_32x4d", "wide_resnet:50_2", "resnet_cifar:20a", "squeezenet:1_0",
    "unet:batch_norm", "unet:milesial", "vgg:11", "vgg:16",
))  # fmt: skip


# Of more than a hundred ops, whose blocks a network of tests/specs has too.
_DEEP = frozenset((
    "deeplabv3:50_aux", "efficientnet:b0", "googlenet:aux", "inception_v3:aux", "mask_rcnn",
    "mobilenet_v3:large", "r2plus1d", "resnet_v2:50", "yolov3:416",
))  # fmt: skip


def list_cases(nets: Iterable[Net], *, deep: bool = True) -> list[Any]:
    """Cases of a test that takes long: what is like another network waits for the longest run."""
    later = _KIN if deep else _KIN | _DEEP
    marks = {True: (pytest.mark.exhaustive,), False: ()}
    return [pytest.param(net, id=net.id, marks=marks[net.id in later]) for net in nets]
