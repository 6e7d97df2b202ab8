"""How many steps a window makes, for every small size, padding and stride."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from cnnspec.ops.windows import Window

SIZES = range(1, 7)


def list_windows() -> Iterator[Window]:
    for kernel, stride, dilation in product(range(1, 5), range(1, 5), range(1, 4)):
        for before, after in product(range(0, 6), repeat=2):
            yield Window(kernel, stride, dilation, before, after, ceil=True)


def test_rounding_up_takes_no_window_away() -> None:
    """A padding so wide that a window fits behind the map is refused, with ceil_mode as without."""
    for window in list_windows():
        plain = replace(window, ceil=False)
        assert all(window.count_steps(size) >= plain.count_steps(size) for size in SIZES), window


def test_the_formula_for_all_sizes_gives_the_number_of_steps() -> None:
    for window in list_windows():
        growth = window.find_growth()
        for size in SIZES:
            steps = window.count_steps(size)
            if steps >= 1 and window.touches_map(size, steps):
                assert (growth.factor * size + growth.offset) // growth.divisor == steps, window
