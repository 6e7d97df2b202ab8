"""How each family of the zoo is made small enough to run: one entry for every spec.

Channels and images become small, the structure stays. What a spec has as a parameter is set, and
other numbers are replaced in its text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cnnspec import resources
from cnnspec.expressions import Value

_IMAGE = ("height: 224, width: 224", "height: 64, width: 64")
# Parameters that say how large an input is.
_SIZES = ("frames", "samples", "size")
_STAGES = ("[64, 128, 256, 512]", "[4, 6, 8, 10]")
# Stages of residual blocks, one of them with its block again and again.
_UNITS = (
    ("units: [3, 4, 6, 3]", "units: [1, 3, 1, 2]"),
    ("units: [3, 4, 23, 3]", "units: [1, 3, 2, 2]"),
)
# Rows of MobileNet v3's tables, which stand deeper for the small one.
_LIKE_ANOTHER = (
    "    - [3, 184, 80, false", "    - [5, 960, 160, true", "      - [5, 576, 96, true",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What makes one family narrow.

    `settings` are values of its parameters and `image` pieces of its text that make its input
    small, for which the network may also run as wide as it is. `numbers` stand behind these words
    wherever they are in the text, `replaced` are pieces of it, and `repeated` are stages that
    another is like, each on a line of its own, which are left out. `alike` are variants that
    differ from another in their counts alone: what takes long leaves them out.
    """

    settings: Mapping[str, Value] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    image: tuple[tuple[str, str], ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    repeated: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()

    @property
    def sizes(self) -> dict[str, Value]:
        """Those of the settings that make the input small, and leave the rest as it is."""
        return {name: value for name, value in self.settings.items() if name in _SIZES}

    def shrink(self, name: str) -> str:
        """The text of a spec of the zoo for small images, with nothing expected of it."""
        text = resources.read_zoo(name).decode().partition("\nexpect:")[0] + "\n"
        return _replace(name, text, self.image)

    def narrow(self, name: str) -> str:
        """The same text with small numbers as well."""
        text = _replace(name, self.shrink(name), self.replaced)
        for stage in self.repeated:
            text, count = re.subn(rf"^  {stage}: .*\n", "", text, flags=re.MULTILINE)
            if count != 1:
                raise AssertionError(f"{name} has {count} lines that begin with {stage}")
        for word, number in self.numbers.items():
            text, count = re.subn(rf"\b{word}: \d+\b", f"{word}: {number}", text)
            if not count:
                raise AssertionError(f"{name} has no number behind '{word}'")
        return text


def _replace(name: str, text: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        if old not in text:
            raise AssertionError(f"{name} has no '{old}' to replace")
        text = text.replace(old, new)
    return text


CASES: MappingProxyType[str, Case] = MappingProxyType(
    {
        "alexnet": Case(
            settings={"size": 72},
            numbers={"linear": 16},
            replaced=(
                ("filters: [64, 192, 384, 256, 256]", "filters: [4, 12, 14, 8, 8]"),
                ("filters: [96, 256, 384, 384, 256]", "filters: [6, 16, 14, 14, 8]"),
            ),
        ),
        "c3d": Case(
            settings={"size": 36},
            numbers={"linear": 16},
            replaced=(
                ("out_channels: 64", "out_channels: 4"),
                ("out_channels: 128", "out_channels: 6"),
                ("[256, 512, 512]", "[8, 10, 10]"),
            ),
        ),
        "cifar10net": Case(
            replaced=(("[64, 128, 256, 256, 512, 512]", "[4, 6, 8, 8, 10, 10]"),),
        ),
        "cnn_with_dropout": Case(
            replaced=(("[64, 128]", "[4, 6]"), ("[512, 256]", "[16, 12]")),
        ),
        "darknet53": Case(
            settings={"units": [1, 2, 2, 1, 1], "widths": [4, 6, 8, 10, 12]},
            image=(("height: 256, width: 256", "height: 64, width: 64"),),
            replaced=(("channels: 32", "channels: 4"),),
        ),
        "densenet": Case(
            settings={"growth": 4},
            replaced=(_IMAGE, ("layers: [6, 12, 24, 16]", "layers: [2, 3, 2, 2]")),
            alike=("161", "169", "201"),
        ),
        "efficientnet": Case(
            settings={"size": 64},
            replaced=(
                ("[16, 24, 40, 80, 112, 192, 320]", "[8, 8, 16, 16, 24, 24, 32]"),
                ("[1, 2, 2, 3, 3, 4, 1]", "[1, 2, 1, 2, 1, 2, 1]"),
                ("32 * width", "8 * width"),
            ),
            alike=("b1", "b2", "b3", "b4", "b5", "b6", "b7"),
        ),
        "conv_autoencoder": Case(replaced=(("[16, 32]", "[4, 6]"),), numbers={"code": 8}),
        "dcgan_discriminator": Case(settings={"width": 2}),
        "deeplabv3": Case(
            settings={
                "units": [1, 2, 2, 1], "widths": [4, 6, 8, 10], "channels": 4, "rates": [2, 3, 4],
            },
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
        ),
        "dcgan_generator": Case(settings={"width": 2}, numbers={"input: {channels": 8}),
        "espcn": Case(replaced=(("out_channels: 64", "out_channels: 6"),)),
        "faster_rcnn": Case(
            settings={"size": 64, "channels": 6, "hidden": 8, "classes": 5},
            replaced=(("spec: resnet_fpn", "spec: narrow/resnet_fpn.yaml"),),
        ),
        "fcn_resnet": Case(
            settings={"units": [1, 2, 2, 1], "widths": [4, 6, 8, 10]},
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
        ),
        "fcn_vgg": Case(
            settings={"classes": 3, "hidden": 12, "widths": [2, 4, 6, 8, 8]},
            image=(("height: 224, width: 224", "height: 16, width: 16"),),
            alike=("16s",),
        ),
        "googlenet": Case(
            numbers={
                "one": 4, "into3": 3, "three": 6, "into5": 2, "five": 4, "pooled": 5,
                "channels": 6, "basic_conv": 4,
            },
            image=(_IMAGE,),
            replaced=(("fc1: {linear: 1024}", "fc1: {linear: 16}"),),
            repeated=tuple(f"inception{which}" for which in ("3b", "4b", "4c", "4e", "5a")),
            # It is the variant aux without its heads.
            alike=("torchvision",),
        ),
        "inception_v3": Case(
            settings={"size": 75},
            repeated=("Mixed_5c", "Mixed_5d", "Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_7c"),
            numbers={"channels": 6, "basic_conv": 5, "inception_a": 4, "inception_c": 3},
            # The auxiliary head takes maps of 17x17, which images of this size do not become.
            replaced=(
                ("{kernel_size: 5, stride: 3}", "{kernel_size: 1, stride: 1}"),
                ("{channels: 768, kernel: 5}", "{channels: 768, kernel: 3}"),
            ),
        ),
        "lenet5": Case(),
        "lenet5_tanh": Case(),
        "mask_rcnn": Case(
            settings={"size": 64, "channels": 6, "hidden": 8, "classes": 5},
            replaced=(
                (
                    "\nlayers:\n",
                    "\nlayers:\n  backbone: {spec: narrow/resnet_fpn.yaml, "
                    "set: {channels: $channels}, from: image}\n",
                ),
            ),
        ),
        "mnist_cnn": Case(
            replaced=(
                ("out_channels: 32", "out_channels: 4"),
                ("out_channels: 64", "out_channels: 6"),
                ("out_channels: 128", "out_channels: 8"),
            ),
        ),
        "mnist_dense": Case(),
        "mobilenet_v1": Case(
            settings={"size": 64, "width": 0.0625}, alike=("75", "50", "25")
        ),
        "mobilenet_v2": Case(
            image=(_IMAGE,),
            replaced=(
                ("channels: [16, 24, 32, 64, 96, 160, 320]", "channels: [4, 6, 6, 8, 10, 12, 14]"),
                ("repeats: [1, 2, 3, 4, 3, 3, 1]", "repeats: [1, 2, 1, 2, 1, 1, 1]"),
                ("out_channels: 32,", "out_channels: 8,"),
                ("out_channels: 1280,", "out_channels: 20,"),
            ),
        ),
        "mobilenet_v3": Case(
            settings={"hidden": 20},
            image=(_IMAGE,),
            replaced=(
                ("[5, 672, 160", "[5, 36, 16"),
                ("[3, 480, 112", "[3, 32, 12"),
                ("[3, 672, 112", "[3, 36, 12"),
                ("[5, 288, 96", "[5, 36, 16"),
                *((f"{row}, hard_swish, 1]\n", "") for row in _LIKE_ANOTHER),
            ),
            alike=("small",),
        ),
        "r2plus1d": Case(
            settings={"frames": 5, "size": 20},
            replaced=(
                _STAGES,
                ("out_channels: 45", "out_channels: 5"),
                ("out_channels: 64", "out_channels: 4"),
            ),
        ),
        "resnet": Case(
            settings={"widths": [4, 6, 8, 10]},
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
            replaced=(*_UNITS, ("units: [3, 8, 36, 3]", "units: [1, 3, 2, 3]")),
            alike=("34", "101", "152"),
        ),
        "resnet_cifar": Case(
            settings={"width": 4},
            replaced=tuple((f"depth: {n}", "depth: 14") for n in (20, 56, 110)),
            alike=("56a", "56b", "110a", "110b"),
        ),
        "resnet_fpn": Case(
            settings={"size": 64, "channels": 6},
            replaced=(('spec: "resnet:50"', "spec: narrow/resnet.yaml"),),
        ),
        "resnet_v2": Case(
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
            replaced=(
                ("out_channels: 64", "out_channels: 4"), _STAGES,
                *((f"units: [{n}]", "units: [2, 3, 2, 2]") for n in ("3, 4, 6, 3", "3, 4, 23, 3")),
                ("units: [3, 8, 36, 3]", "units: [2, 3, 2, 2]"),
            ),
            alike=("101", "152"),
        ),
        "resnext": Case(
            settings={"groups": 2},
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
            replaced=(_STAGES, *_UNITS),
            alike=("101_32x8d",),
        ),
        "simple_resnet": Case(
            replaced=(("out_channels: 64", "out_channels: 4"), ("[64, 128, 256]", "[4, 6, 8]")),
        ),
        "squeezenet": Case(
            image=(_IMAGE,),
            replaced=(
                ("[16, 16, 32, 32, 48, 48, 64, 64]", "[2, 2, 3, 3, 4, 4, 5, 5]"),
                ("channels: 96", "channels: 8"), ("channels: 64", "channels: 6"),
            ),
        ),
        "tabular_mlp": Case(numbers={"width": 16}),
        "tiny_cnn": Case(),
        "unet": Case(
            settings={"widths": [16, 8, 4, 2]},
            image=(("size: 572", "size: 188"), ("size: 256", "size: 32")),
            alike=("padded",),
        ),
        "vgg": Case(
            settings={"widths": [4, 6, 8, 10, 10]},
            numbers={"linear": 16},
            image=(("height: 224, width: 224", "height: 32, width: 32"),),
            alike=("13", "19", "13_bn", "16_bn", "19_bn"),
        ),
        "video_resnet": Case(
            settings={"frames": 5, "size": 20},
            replaced=(_STAGES, ("out_channels: 64", "out_channels: 4")),
            alike=("mc3",),
        ),
        "vit": Case(
            settings={"size": 32, "patch": 8, "width": 12, "heads": 3, "depth": 2},
            alike=("s_16",),
        ),
        "waveform_cnn": Case(
            settings={"samples": 2001},
            replaced=(
                ("[128, 128, 256, 512]", "[4, 4, 6, 8]"),
                ("[256, 256]", "[4, 6]"),
                ("[64, 64, 128, 256, 512]", "[4, 4, 6, 8, 10]"),
            ),
            alike=("m3", "m11", "m18"),
        ),
        "wide_resnet": Case(
            image=(("height: 224, width: 224", "height: 48, width: 48"),),
            replaced=(_STAGES, *_UNITS),
            alike=("101_2",),
        ),
        "yolov3": Case(
            settings={"size": 64, "units": [1, 2, 1, 1, 1], "widths": [4, 6, 8, 10, 12]},
            replaced=(("channels: 32", "channels: 4"),),
            alike=("608",),
        ),
        "yolov3_tiny": Case(
            settings={"widths": [4, 6, 8, 10]},
            numbers={"conv_unit": 8},
            image=(("height: 416, width: 416", "height: 64, width: 64"),),
            replaced=tuple((f"channels: {n}", "channels: 8") for n in (512, 256, 128)),
        ),
    }
)  # fmt: skip
