"""Networks of different character, small enough to run: the zoo made narrow, and tests/specs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnnspec import resources
from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec

SPECS = Path(__file__).parent / "specs"

_IMAGE = ("height: 224, width: 224", "height: 64, width: 64")
_VIDEO = (
    ("frames: 16", "frames: 5"),
    ("size: 112", "size: 20"),
    ("[64, 128, 256, 512]", "[4, 6, 8, 10]"),
)
# What is replaced in a spec of the zoo so that it runs in a moment; its structure stays.
_NARROW: dict[str, tuple[tuple[str, str], ...]] = {
    "alexnet": (
        _IMAGE,
        ("filters: [64, 192, 384, 256, 256]", "filters: [4, 12, 14, 8, 8]"),
        ("filters: [96, 256, 384, 384, 256]", "filters: [6, 16, 14, 14, 8]"),
        ("linear: 4096", "linear: 16"),
    ),
    "resnet": (
        ("height: 224, width: 224", "height: 48, width: 48"),
        ("out_channels: 64", "out_channels: 4"),
        ("[64, 128, 256, 512]", "[4, 6, 8, 10]"),
    ),
    "vgg": (
        ("height: 224, width: 224", "height: 32, width: 32"),
        ("[64, 128, 256, 512, 512]", "[4, 6, 8, 10, 10]"),
        ("linear: 4096", "linear: 16"),
    ),
    "mobilenet_v2": (
        _IMAGE,
        ("channels: [16, 24, 32, 64, 96, 160, 320]", "channels: [4, 6, 6, 8, 10, 12, 14]"),
        ("repeats: [1, 2, 3, 4, 3, 3, 1]", "repeats: [1, 2, 1, 2, 1, 1, 1]"),
        ("out_channels: 32,", "out_channels: 8,"),
        ("out_channels: 1280,", "out_channels: 20,"),
    ),
    "efficientnet": (
        *((f"size: {size}", "size: 64") for size in (224, 240, 260, 300, 380, 456, 528, 600)),
        ("[16, 24, 40, 80, 112, 192, 320]", "[8, 8, 16, 16, 24, 24, 32]"),
        ("[1, 2, 2, 3, 3, 4, 1]", "[1, 2, 1, 2, 1, 2, 1]"),
        ("32 * width", "8 * width"),
    ),
    "cifar10net": (("[64, 128, 256, 256, 512, 512]", "[4, 6, 8, 8, 10, 10]"),),
    "cnn_with_dropout": (("[64, 128]", "[4, 6]"), ("[512, 256]", "[16, 12]")),
    "simple_resnet": (("out_channels: 64", "out_channels: 4"), ("[64, 128, 256]", "[4, 6, 8]")),
    "mnist_cnn": (
        ("out_channels: 32", "out_channels: 4"),
        ("out_channels: 64", "out_channels: 6"),
        ("out_channels: 128", "out_channels: 8"),
    ),
    "waveform_cnn": (
        ("samples: 32000", "samples: 2001"),
        ("[128, 128, 256, 512]", "[4, 4, 6, 8]"),
        ("[256, 256]", "[4, 6]"),
        ("[64, 64, 128, 256, 512]", "[4, 4, 6, 8, 10]"),
    ),
    "c3d": (
        ("size: 112", "size: 36"),
        ("out_channels: 64", "out_channels: 4"),
        ("out_channels: 128", "out_channels: 6"),
        ("[256, 512, 512]", "[8, 10, 10]"),
        ("linear: 4096", "linear: 16"),
    ),
    "video_resnet": (*_VIDEO, ("out_channels: 64", "out_channels: 4")),
    "r2plus1d": (
        *_VIDEO,
        ("out_channels: 45", "out_channels: 5"),
        ("out_channels: 64", "out_channels: 4"),
    ),
    "tabular_mlp": (("width: 384", "width: 16"),),
}
# Large variants, which differ from another in their counts alone.
_DEEP = (
    "resnet:101", "resnet:152", "vgg:19", "vgg:13", "vgg:13_bn", "vgg:19_bn", "waveform_cnn:m3",
    "waveform_cnn:m11", "waveform_cnn:m18", "video_resnet:mc3", "efficientnet:b1",
    "efficientnet:b2", "efficientnet:b3", "efficientnet:b4", "efficientnet:b5", "efficientnet:b6",
    "efficientnet:b7",
)  # fmt: skip


@dataclass(frozen=True)
class Net:
    """One network of the list: a spec by its text, and the variant to take."""

    id: str
    text: str
    variant: str = ""

    @property
    def spec(self) -> ModelSpec:
        return _read(self.text, self.id.partition(":")[0])

    def build(self, **overrides: Value) -> Graph:
        return build_graph(self.spec, self.variant, overrides)


@cache
def _read(text: str, name: str) -> ModelSpec:
    return read_spec(text, f"{name}.yaml")


def read_narrow(name: str) -> str:
    """A spec of the zoo with few channels and small maps."""
    text = resources.read_zoo(name).decode()
    text = text.partition("\nexpect:")[0] + "\n"
    for old, new in _NARROW.get(name, ()):
        if old not in text:
            raise AssertionError(f"{name} has no '{old}' to replace")
        text = text.replace(old, new)
    return text


def list_zoo_nets() -> list[Net]:
    """All networks of the zoo, narrow."""
    nets = []
    for name in resources.list_zoo():
        text = read_narrow(name)
        variants = read_spec(text, f"{name}.yaml").variants or {"": {}}
        nets += [Net(f"{name}:{v}" if v else name, text, v) for v in variants]
    return nets


def list_own_nets() -> list[Net]:
    """The networks of tests/specs."""
    return [Net(path.stem, path.read_text()) for path in sorted(SPECS.glob("*.yaml"))]


NETS: tuple[Net, ...] = (*list_own_nets(), *list_zoo_nets())
# Without those that differ from another in depth alone: for what takes long.
FEW: tuple[Net, ...] = tuple(net for net in NETS if net.id not in _DEEP)
