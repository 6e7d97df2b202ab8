"""The layers of an op read as a Keras author would write them, wherever the op stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.keras.names import suffix_name
from cnnspec.backends.pycode import Code, format_inline
from tests.graphs import make_input, make_node
from tests.keras.sites import SUPPORT, HandmadeSite, make_site, render_text
from tests.op_cases import OpCase, fmap, vector

MAP = fmap(6, 9, 7)


@pytest.mark.parametrize(
    ("op", "fields", "expected"),
    [
        (
            "conv",
            {"out_channels": 64, "kernel_size": 3, "padding": 1, "bias": False},
            ['layers.Conv2D(64, 3, padding="same", use_bias=False, name="op")'],
        ),
        (
            "conv",
            {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3},
            [
                'layers.ZeroPadding2D(3, name="op_pad")',
                'layers.Conv2D(64, 7, strides=2, name="op")',
            ],
        ),
        (
            "conv",
            {"out_channels": 8, "kernel_size": 3, "stride": 2, "padding": "same"},
            [
                'layers.ZeroPadding2D(1, name="op_pad")',
                'layers.Conv2D(8, 3, strides=2, name="op")',
            ],
        ),
        (
            "conv",
            {"out_channels": 8, "kernel_size": 3, "stride": 2, "dilation": 2},
            [
                'layers.Conv2D(8, 3, dilation_rate=2, name="op")',
                'layers.MaxPooling2D(1, strides=2, name="op_stride")',
            ],
        ),
        (
            "conv",
            {"out_channels": 12, "kernel_size": 3, "groups": 6},
            ['layers.DepthwiseConv2D(3, depth_multiplier=2, name="op")'],
        ),
        (
            "conv_transpose",
            {"out_channels": 8, "kernel_size": 4, "stride": 2, "padding": 1},
            ['layers.Conv2DTranspose(8, 4, strides=2, padding="same", name="op")'],
        ),
        (
            "conv_transpose",
            {
                "out_channels": 8,
                "kernel_size": 3,
                "stride": 2,
                "padding": 1,
                "output_padding": 1,
            },
            [
                'layers.Conv2DTranspose(8, 3, strides=2, name="op")',
                'layers.Cropping2D(((1, 0), (1, 0)), name="op_crop")',
            ],
        ),
        (
            "conv_transpose",
            {"out_channels": 8, "kernel_size": 3, "groups": 2, "padding": 1},
            ['ConvTranspose(8, 3, padding=1, groups=2, name="op")'],
        ),
        (
            "max_pool",
            {"kernel_size": 3, "stride": 2, "padding": 1},
            [
                'NegativeInfinityPadding(1, name="op_pad")',
                'layers.MaxPooling2D(3, strides=2, name="op")',
            ],
        ),
        ("max_pool", {"kernel_size": 2}, ['layers.MaxPooling2D(2, name="op")']),
        (
            "avg_pool",
            {"kernel_size": 3, "stride": 1, "padding": 1},
            [
                'layers.ZeroPadding2D(1, name="op_pad")',
                'layers.AveragePooling2D(3, strides=1, name="op")',
            ],
        ),
        (
            "avg_pool",
            {"kernel_size": 3, "stride": 1, "padding": 1, "count_include_pad": False},
            ['CountedAveragePooling(3, strides=1, padding=1, name="op")'],
        ),
        (
            "flatten",
            {},
            [
                'layers.Permute((3, 1, 2), name="op_channels_first")',
                'layers.Flatten(name="op")',
            ],
        ),
        (
            "batch_norm",
            {},
            ['layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="op")'],
        ),
    ],
)
def test_op_reads_as(op: str, fields: dict[str, Any], expected: list[str]) -> None:
    assert render_text(make_site(OpCase(op, fields, (MAP,)))) == expected


def test_flatten_of_one_position_needs_no_order() -> None:
    site = make_site(OpCase("flatten", {}, (fmap(6, 1, 1),)))
    assert render_text(site) == ['layers.Flatten(name="op")']


def test_zeros_pad_a_maximum_after_relu() -> None:
    relu = make_node("relu", OpCase("relu", {}, (MAP,)).build(), make_input(MAP))
    pool = OpCase("max_pool", {"kernel_size": 3, "stride": 2, "padding": 1}, (MAP,)).build()
    site = HandmadeSite((make_node("op", pool, relu.output),))
    assert render_text(site) == [
        'layers.ZeroPadding2D(1, name="op_pad")',
        'layers.MaxPooling2D(3, strides=2, name="op")',
    ]


def test_several_gates_have_names_of_their_own() -> None:
    site = make_site(OpCase("multiply", {}, (vector(6), MAP, vector(6))))
    assert render_text(site) == [
        'layers.Reshape((1, 1, -1), name="op_gate1")',
        'layers.Reshape((1, 1, -1), name="op_gate3")',
        'layers.Multiply(name="op")',
    ]


def make_convs(*uses: Mapping[str, Any], written: Mapping[str, str] | None = None) -> HandmadeSite:
    base = {"out_channels": 8, "kernel_size": 3}
    return make_site(*(OpCase("conv", {**base, **use}, (MAP,)) for use in uses), written=written)


def test_uses_at_several_strides_share_one_padding() -> None:
    written = {"stride": "stride", "padding": "kernel_size // 2", "kernel_size": "kernel_size"}
    site = make_convs({"padding": 1}, {"padding": 1, "stride": 2}, written=written)
    assert render_text(site) == [
        'layers.ZeroPadding2D(kernel_size // 2, name="op_pad")',
        'layers.Conv2D(8, kernel_size, strides=stride, name="op")',
    ]


def test_uses_of_several_kernels_share_keras_own_padding() -> None:
    site = make_convs({"kernel_size": 1}, {"padding": 1}, {"kernel_size": 5, "padding": 2})
    assert render_text(site) == ['layers.Conv2D(8, kernel_size, padding="same", name="op")']


def test_padding_that_differs_by_size_becomes_an_argument() -> None:
    fields = {"out_channels": 8, "kernel_size": 3, "stride": 2, "padding": "same"}
    site = make_site(OpCase("conv", fields, (MAP,)), OpCase("conv", fields, (fmap(6, 8, 8),)))
    assert render_text(site)[0] == 'layers.ZeroPadding2D(padding, name="op_pad")'


def test_uses_that_need_other_layers_do_not_share_code() -> None:
    site = make_convs({"dilation": 2}, {"dilation": 2, "stride": 2})
    with pytest.raises(UnshareableError):
        render_text(site)


def test_pool_takes_its_stride_from_the_window_where_it_is_unset() -> None:
    uses = ({"kernel_size": 2}, {"kernel_size": 2, "stride": 1})
    site = make_site(*(OpCase("max_pool", use, (MAP,)) for use in uses))
    assert render_text(site) == ['layers.MaxPooling2D(2, strides=strides, name="op")']


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ('"conv1"', '"conv1_pad"'),
        ('f"{name}_conv1"', 'f"{name}_conv1_pad"'),
        ("name", 'f"{name}_pad"'),
    ],
)
def test_helping_layer_is_named_after_its_op(name: str, expected: str) -> None:
    assert format_inline(suffix_name(Code(name), "pad")) == expected


@pytest.mark.parametrize("path", sorted(SUPPORT.glob("*.py")), ids=lambda path: path.stem)
def test_support_file_holds_one_definition_and_imports_keras_alone(path: Any) -> None:
    header, _, body = path.read_text().partition("\n\n\n")
    allowed = re.compile(r"(import keras|from keras import (initializers|layers|ops)(, \w+)*)?")
    assert all(map(allowed.fullmatch, header.splitlines()))
    assert body.startswith('@keras.saving.register_keras_serializable(package="cnnspec")\n')
    assert body.splitlines()[1].startswith((f"class {path.stem}(", f"def {path.stem}("))
    assert "\n\n\n" not in body
