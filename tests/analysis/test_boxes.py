"""Sets of rows, and unions of products of them, against sets of single positions."""

from __future__ import annotations

import random
from itertools import product
from math import prod

import pytest

from cnnspec.analysis.boxes import (
    MAX_BOXES,
    Box,
    Boxes,
    count_positions,
    lay_out,
    line_up,
    unite,
)
from cnnspec.analysis.masks import fill, find_read
from cnnspec.ops.rows import Gather, Rows, Scatter, Spans

Positions = set[tuple[int, ...]]


def list_bits(mask: int) -> list[int]:
    return [row for row in range(mask.bit_length()) if mask >> row & 1]


def list_positions(boxes: Boxes, sizes: tuple[int, ...]) -> Positions:
    """The positions of a union one by one."""
    if boxes is None:
        boxes = (tuple(map(fill, sizes)),)
    return {place for box in boxes for place in product(*map(list_bits, box))}


def draw_boxes(source: random.Random, sizes: tuple[int, ...], most: int) -> Boxes:
    found: Boxes = ()
    for _ in range(source.randint(1, most)):
        box = tuple(source.randint(1, fill(size)) for size in sizes)
        found = unite(found, (box,), sizes)
    return found


def draw_rows(source: random.Random) -> Gather | Scatter:
    kind = source.choice((Gather, Scatter))
    least = -4 if kind is Gather else 0
    fields = source.randint(1, 6), source.randint(1, 5), source.randint(1, 4)
    return kind(*fields, source.randint(least, 6))


def reads(rows: Rows, step: int, row: int) -> bool:
    """Whether one row of the output reads one of the input."""
    match rows:
        case Gather(kernel, stride, dilation, before):
            return any(step * stride - before + tap * dilation == row for tap in range(kernel))
        case Scatter(kernel, stride, dilation, before):
            return any(row * stride - before + tap * dilation == step for tap in range(kernel))
        case Spans(find):
            return row in find(step)


def test_what_rows_read_is_what_a_search_finds() -> None:
    source = random.Random(0)
    cases: list[Rows] = [draw_rows(source) for _ in range(1500)]
    cases += [Spans(lambda row: range(row // 2, row + 1)), Spans(lambda row: range(row, row + 1))]
    for rows in cases:
        steps, size = source.randint(1, 9), source.randint(9, 14)
        mask = source.randint(0, fill(steps))
        wanted = {row for row in range(size) if any(reads(rows, s, row) for s in list_bits(mask))}
        assert set(list_bits(find_read(rows, mask, size))) == wanted, (rows, mask, size)


@pytest.mark.parametrize("sizes", [(7,), (4, 3), (3, 2, 4)])
def test_a_union_holds_what_its_parts_hold(sizes: tuple[int, ...]) -> None:
    source = random.Random(1)
    exact = 0
    for _ in range(500):
        one, other = draw_boxes(source, sizes, 4), draw_boxes(source, sizes, 4)
        both = unite(one, other, sizes)
        wanted = list_positions(one, sizes) | list_positions(other, sizes)
        assert list_positions(both, sizes) == wanted
        if both is not None:
            assert len(both) <= MAX_BOXES
            assert count_positions(both) == len(wanted)
            exact += len(both) > 1
    assert exact > 100 or len(sizes) == 1


def test_one_product_takes_in_another_and_those_that_differ_along_one_axis() -> None:
    sizes = (4, 4)
    assert unite(((0b0011, 0b0011),), ((0b0001, 0b0001),), sizes) == ((0b0011, 0b0011),)
    assert unite(((0b0011, 0b0011),), ((0b1000, 0b0011),), sizes) == ((0b1011, 0b0011),)
    assert unite(((0b0011, 0b1111),), ((0b1100, 0b1111),), sizes) is None


def test_too_many_products_become_one_around_them() -> None:
    sizes = (16, 16)
    diagonal: Boxes = ()
    for row in range(MAX_BOXES + 1):
        diagonal = unite(diagonal, ((1 << row, 1 << row),), sizes)
    assert diagonal == ((fill(MAX_BOXES + 1), fill(MAX_BOXES + 1)),)


@pytest.mark.parametrize("sizes", [(6,), (4, 3), (3, 2, 4)])
def test_positions_and_places_in_a_sequence_are_the_same(sizes: tuple[int, ...]) -> None:
    source = random.Random(2)
    order = list(product(*map(range, sizes)))
    for _ in range(200):
        boxes: Box = (source.randint(1, fill(prod(sizes))),)
        spread = lay_out((boxes,), sizes)
        wanted = {order[place] for place in list_bits(boxes[0])}
        assert list_positions(spread, sizes) >= wanted
        if spread is not None and len(spread) < MAX_BOXES:
            assert list_positions(spread, sizes) == wanted
        drawn = draw_boxes(source, sizes, 3)
        places = {
            order[place] for (place,) in list_positions(line_up(drawn, sizes), (prod(sizes),))
        }
        assert places == list_positions(drawn, sizes)
