"""Taps that fall on padding alone, against a search through all places of a window."""

from __future__ import annotations

import random
from fractions import Fraction

from cnnspec.analysis.taps import Taps, find_alive, find_taps
from cnnspec.ops.windows import Window, pad_same
from tests.analysis.specs import build


def find_slowly(window: Window, size: int) -> int:
    """The same by trying every tap at every step."""
    return sum(
        1 << tap
        for tap in range(window.kernel)
        if any(
            0 <= step * window.stride - window.before + tap * window.dilation < size
            for step in range(window.count_steps(size))
        )
    )


def find_first(layers: str, height: int = 16, width: int = 16) -> Taps:
    (found, *_) = find_taps(build(layers, height, width)).values()
    return found


def test_a_kernel_of_nine_taps_on_one_position_has_one_that_works() -> None:
    for word in ("conv: {out_channels: 2, ", "depthwise_conv: {", "avg_pool: {stride: 1, "):
        found = find_first(f"  - {word}kernel_size: 3, padding: 1}}\n", 1, 1)
        assert (found.dead, found.dead_share) == (8, Fraction(8, 9))
        assert found.alive == (0b010, 0b010)


def test_axes_have_taps_of_their_own() -> None:
    found = find_first("  - conv: {out_channels: 2, kernel_size: [3, 5], padding: same}\n", 1, 2)
    assert found.alive == (0b010, 0b01110)
    assert (found.sizes, found.dead_share) == ((3, 5), Fraction(12, 15))


def test_a_rate_as_large_as_the_map_leaves_the_middle() -> None:
    layer = "  - conv: {{out_channels: 2, kernel_size: 3, dilation: {0}, padding: {0}}}\n"
    assert find_first(layer.format(16)).dead_share == Fraction(8, 9)
    assert find_first(layer.format(15)).dead == 0


def test_a_stride_past_the_map_leaves_out_taps_between_others() -> None:
    # The taps come to the only row at rows 4, 2 and 0 of the window.
    assert find_alive(Window(5, 2, 1, before=4, after=4), 1) == 0b10101


def test_networks_at_their_own_sizes_have_no_dead_taps() -> None:
    layers = "  - conv: {out_channels: 2, kernel_size: 7, stride: 2, padding: 3}\n" + (
        "  - max_pool: {kernel_size: 3, stride: 2, padding: 1}\n"
        "  - conv_transpose: {out_channels: 2, kernel_size: 3}\n"
    )
    assert [taps.dead for taps in find_taps(build(layers)).values()] == [0, 0]


def test_every_window_has_the_taps_of_a_search() -> None:
    source = random.Random(0)
    seen = 0
    for _ in range(4000):
        window = Window(
            source.randint(1, 6), source.randint(1, 7), source.randint(1, 5),
            source.randint(0, 9), source.randint(0, 9), ceil=source.random() < 0.3,
        )  # fmt: skip
        size = source.randint(1, 12)
        if source.random() < 0.2:
            window = pad_same(size, window)
        if window.count_steps(size) < 1:
            continue
        assert find_alive(window, size) == find_slowly(window, size), (window, size)
        seen += find_alive(window, size) != (1 << window.kernel) - 1
    assert seen > 500
