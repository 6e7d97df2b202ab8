"""What rules about sizes propose, made in the text: all of it changes numbers or shapes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.lint import engine
from cnnspec.lint.rules import (
    checkerboard,
    dead_kernel_taps,
    even_kernel_same,
    flatten_dynamic,
    imagenet_stem_small_input,
    pool_before_conv,
    stride_equals_kernel_typo,
    unread_feature_map,
    unread_input_border,
)
from cnnspec.network import Network
from cnnspec.sources import Source

IMAGE = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\nlayers:\n"
SMALL = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 3, width: 3}\nlayers:\n"
POINT = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 1, width: 1}\nlayers:\n"
CONV = "  - conv: {out_channels: 4, kernel_size: 3}\n"
SAME = "  - conv: {out_channels: 4, kernel_size: 3, padding: 1}\n"

RULES = (
    checkerboard.RULE,
    dead_kernel_taps.RULE,
    even_kernel_same.RULE,
    flatten_dynamic.RULE,
    imagenet_stem_small_input.RULE,
    pool_before_conv.RULE,
    stride_equals_kernel_typo.RULE,
    unread_feature_map.RULE,
    unread_input_border.RULE,
)


@pytest.fixture(autouse=True)
def only_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rules that propose something here, whatever others there are."""
    monkeypatch.setattr(engine, "RULES", RULES)


def fix(text: str, unsafe: bool = False) -> str:
    fixed = Network(Source("net.yaml", text.encode(), Path()), {}).fix(unsafe=unsafe)
    assert fixed is not None
    return fixed.text


UNSAFE = {
    "a stride that was meant for a kernel": (
        f"{SMALL}  - conv: {{out_channels: 4, kernel_size: 3, stride: 3}} # odd\n",
        f"{SMALL}  - conv: {{out_channels: 4, kernel_size: 3, stride: 1}} # odd\n",
    ),
    "a pool goes behind the convolution": (
        f"{IMAGE}  - max_pool: 2\n{CONV}",
        f"{IMAGE}{CONV}  - max_pool: 2\n",
    ),
    "an even kernel loses a row": (
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 4, padding: same}}\n",
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 3, padding: same}}\n",
    ),
    "a kernel of 2 still looks around with 3": (
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 2, padding: same}}\n",
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 3, padding: same}}\n",
    ),
    "a pool takes its last row": (
        f"{SMALL}  - max_pool: {{kernel_size: 2, stride: 2}}\n",
        f"{SMALL}  - max_pool: {{kernel_size: 2, stride: 2, ceil_mode: true}}\n",
    ),
    "a convolution takes its last row": (
        f"{SMALL}  - conv: {{out_channels: 4, kernel_size: 2, stride: 2}}\n",
        f"{SMALL}  - conv: {{out_channels: 4, kernel_size: 2, stride: 2, padding: same}}\n",
    ),
    "a transposed kernel grows by its output padding": (
        f"{IMAGE}  - conv_transpose: {{out_channels: 4, kernel_size: 5, stride: 2, padding: 2, "
        "output_padding: 1}\n",
        f"{IMAGE}  - conv_transpose: {{out_channels: 4, kernel_size: 6, stride: 2, padding: 2, "
        "output_padding: 0}\n",
    ),
    "a transposed kernel grows by twice its padding": (
        f"{IMAGE}  - conv_transpose: {{out_channels: 4, kernel_size: 4, stride: 3, padding: 1}}\n",
        f"{IMAGE}  - conv_transpose: {{out_channels: 4, kernel_size: 6, stride: 3, padding: 2}}\n",
    ),
    "a kernel of which one tap is of use": (
        f"{POINT}  - conv: {{out_channels: 4, kernel_size: 3, padding: 1}}\n",
        f"{POINT}  - conv: {{out_channels: 4, kernel_size: 1, padding: 0}}\n",
    ),
    "positions that are stepped over are pooled": (
        f"{IMAGE}{SAME}  - relu\n  - conv: {{out_channels: 4, kernel_size: 1, stride: 2}}\n",
        f"{IMAGE}{SAME}  - relu\n  - avg_pool: 2\n"
        "  - conv: {out_channels: 4, kernel_size: 1, stride: 1}\n",
    ),
    "an open size keeps its map from being flattened": (
        f"{IMAGE.replace('32', 'N')}{CONV}  - flatten\n  - linear: 10\n",
        f"{IMAGE.replace('32', 'N')}{CONV}  - global_avg_pool\n  - linear: 10\n",
    ),
    "the start of ResNet on a small image": (
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 7, stride: 2, padding: 3}}\n  - relu\n"
        f"  - max_pool: {{kernel_size: 3, stride: 2, padding: 1}}\n{CONV}",
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 3, stride: 1, padding: 1}}\n  - relu\n"
        f"{CONV}",
    ),
}


@pytest.mark.parametrize(("before", "after"), UNSAFE.values(), ids=UNSAFE)
def test_a_fix_of_sizes_is_made_only_if_asked_for(before: str, after: str) -> None:
    assert fix(before) == before
    assert fix(before, unsafe=True) == after


KEPT = {
    "a transposed kernel whose size would change by one row": (
        f"{IMAGE}  - conv_transpose: {{out_channels: 4, kernel_size: 3, stride: 2}}\n"
    ),
    "a kernel of which half is of use": (
        "cnnspec: 1\nname: net\ninput: {channels: 3, length: 3}\nlayers:\n"
        "  - conv: {out_channels: 4, kernel_size: 6, padding: [2, 1]}\n"
    ),
    "a pool in the place of a start": (
        f"{IMAGE}  - conv: {{out_channels: 4, kernel_size: 1}}\n  - max_pool: 4\n"
    ),
    "sizes that are declared for what comes out": (
        f"{SMALL}  - max_pool: 2\nexpect: {{output: [3, 1, 1]}}\n"
    ),
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_has_no_sure_answer_is_kept(text: str) -> None:
    assert fix(text, unsafe=True) == text
