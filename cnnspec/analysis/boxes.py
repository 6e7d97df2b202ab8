"""Parts of a value as unions of products: sets of rows times sets of columns.

`None` is the whole value, the empty tuple nothing of it.
"""

from __future__ import annotations

from math import prod

from cnnspec.analysis.masks import fill, spread

# The rows of a set along each axis; a vector has none, and is read or not.
Box = tuple[int, ...]
Boxes = tuple[Box, ...] | None

NOTHING: Boxes = ()
WHOLE: Boxes = None

# Past so many products a union is taken for the product of their unions, which is larger.
MAX_BOXES = 8


def unite(one: Boxes, other: Boxes, sizes: tuple[int, ...]) -> Boxes:
    """What is in one part or in the other; past MAX_BOXES more than that."""
    if one is None or other is None:
        return WHOLE
    if one == other:
        return one
    found = list(one)
    for box in other:
        _add(found, box)
        if len(found) > MAX_BOXES:
            found = [_surround(found)]
    return simplify(found, sizes)


def simplify(found: list[Box], sizes: tuple[int, ...]) -> Boxes:
    """The same with the sign for the whole."""
    whole = tuple([fill(size) for size in sizes])
    return WHOLE if whole in found else tuple(found)


def _add(found: list[Box], box: Box) -> None:
    """Add a product to a list of which none holds another, nor could be one with another."""
    place = 0
    while place < len(found):
        other = found[place]
        joined = tuple([own | more for own, more in zip(other, box, strict=True)])
        if joined == other:
            return
        unlike = sum(own != more for own, more in zip(other, box, strict=True))
        if joined == box or unlike == 1:
            # The larger one may hold others, or fit them.
            del found[place]
            box, place = joined, 0
        else:
            place += 1
    found.append(box)


def _surround(found: list[Box]) -> Box:
    around = found[0]
    for box in found[1:]:
        around = tuple([own | more for own, more in zip(around, box, strict=True)])
    return around


def count_positions(boxes: tuple[Box, ...]) -> int:
    """How many positions are in a union of products."""
    if not boxes or not boxes[0]:
        return len(boxes[:1])
    if len(boxes) == 1:
        return prod([rows.bit_count() for rows in boxes[0]])
    cells: list[tuple[int, list[Box]]] = []
    for first, *rest in boxes:
        cells = _cut(cells, first, tuple(rest))
    return sum(rows.bit_count() * count_positions(tuple(inner)) for rows, inner in cells)


def _cut(cells: list[tuple[int, list[Box]]], rows: int, inner: Box) -> list[tuple[int, list[Box]]]:
    """Sets of rows with what stands behind each, and one more put among them."""
    found = []
    for own, held in cells:
        if both := own & rows:
            found.append((both, [*held, inner]))
        if apart := own & ~rows:
            found.append((apart, held))
        rows &= ~own
    return [*found, (rows, [inner])] if rows else found


def line_up(boxes: Boxes, sizes: tuple[int, ...]) -> Boxes:
    """The positions of a map as places in the sequence that they stand in, row by row."""
    if boxes is None or not boxes:
        return boxes
    tokens = 0
    for box in boxes:
        places, width = 1, 1
        for rows, size in zip(reversed(box), reversed(sizes), strict=True):
            places *= spread(rows, width)
            width *= size
        tokens |= places
    return simplify([(tokens,)], (prod(sizes),))


def lay_out(boxes: Boxes, sizes: tuple[int, ...]) -> Boxes:
    """Places in a sequence as the positions of a map, whose rows stand one behind the other."""
    if boxes is None or not boxes:
        return boxes
    ((tokens,),) = boxes
    found: Boxes = NOTHING
    for box in _list_products(tokens, sizes):
        found = unite(found, (box,), sizes)
    return found


def _list_products(tokens: int, sizes: tuple[int, ...]) -> list[Box]:
    if len(sizes) == 1:
        return [(tokens,)]
    size, *rest = sizes
    width = prod(rest)
    digits = f"{tokens:0{size * width}b}"
    alike: dict[str, int] = {}
    for row in range(size):
        part = digits[(size - 1 - row) * width : (size - row) * width]
        alike[part] = alike.get(part, 0) | 1 << row
    return [
        (rows, *inner)
        for part, rows in alike.items()
        if "1" in part
        for inner in _list_products(int(part, 2), tuple(rest))
    ]
