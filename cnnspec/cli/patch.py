"""Differences between two texts, as a unified diff.

Python's `difflib` takes time in proportion to the lines times the changes. Lines that both texts
have once, in the same order, are taken to be the same first, as in Bram Cohen's patience diff;
`difflib` compares what lies between them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal, TypeAlias

# What becomes of a stretch of lines, and where it is in the old text and in the new one.
Code: TypeAlias = tuple[Literal["replace", "delete", "insert", "equal"], int, int, int, int]

# A stretch of more lines without any that both texts have once is replaced as a whole.
_MOST_COMPARED = 500


def write_patch(old: Sequence[str], new: Sequence[str], file: str) -> Iterator[str]:
    """The lines of a unified diff of two lists of lines, each with its end; none where equal."""
    matcher = _Matcher(old, new)
    for number, group in enumerate(matcher.get_grouped_opcodes()):
        if not number:
            yield from (f"--- {file}\n", f"+++ {file}\n")
        (_, start, _, begin, _), (_, _, stop, _, end) = group[0], group[-1]
        yield f"@@ -{_spell_range(start, stop)} +{_spell_range(begin, end)} @@\n"
        for tag, first, last, left, right in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[first:last])
            else:
                yield from (f"-{line}" for line in old[first:last])
                yield from (f"+{line}" for line in new[left:right])


class _Matcher(SequenceMatcher[str]):
    """Groups changes that were found by other means."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__()
        self.codes = _join(_list_codes(old, new))

    def get_opcodes(self) -> list[Code]:
        """The changes."""
        return self.codes


def _list_codes(old: Sequence[str], new: Sequence[str]) -> Iterator[Code]:
    """What is equal, and what is not, in order."""
    ends = (-1, -1), (len(old), len(new))
    for (before, left), (after, right) in pairwise([ends[0], *_find_anchors(old, new), ends[1]]):
        if before >= 0:
            yield "equal", before, before + 1, left, left + 1
        own, other = old[before + 1 : after], new[left + 1 : right]
        if max(len(own), len(other)) > _MOST_COMPARED:
            # What is at the ends alike is no change, however much there is.
            yield from _list_middle(own, other, before + 1, left + 1)
            continue
        for tag, first, last, start, stop in SequenceMatcher(
            None, own, other, autojunk=False
        ).get_opcodes():
            yield tag, first + before + 1, last + before + 1, start + left + 1, stop + left + 1


def _list_middle(own: Sequence[str], other: Sequence[str], row: int, column: int) -> Iterator[Code]:
    """Long stretches as equal, different, and equal again; they begin at a row and a column."""
    most = min(len(own), len(other))
    head = next((n for n in range(most) if own[n] != other[n]), most)
    tail = next((n for n in range(most - head) if own[-1 - n] != other[-1 - n]), most - head)
    last, stop = len(own) - tail, len(other) - tail
    yield "equal", row, row + head, column, column + head
    yield "replace", row + head, row + last, column + head, column + stop
    yield "equal", row + last, row + len(own), column + stop, column + len(other)


def _find_anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """The lines that both have once, as many as stand in the same order."""
    counts, others = Counter(old), Counter(new)
    places = {line: place for place, line in enumerate(new) if others[line] == 1}
    pairs = [
        (n, places[line]) for n, line in enumerate(old) if counts[line] == 1 and line in places
    ]
    # The longest row of rising places: of each length the one that ends lowest.
    ends: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        before.append(chosen[length - 1] if length else -1)
        ends[length : length + 1] = [place]
        chosen[length : length + 1] = [number]
    found = []
    number = chosen[-1] if chosen else -1
    while number >= 0:
        found.append(pairs[number])
        number = before[number]
    return found[::-1]


def _join(codes: Iterable[Code]) -> list[Code]:
    """The same with what is alike side by side put together, and without what is empty."""
    joined: list[Code] = []
    for tag, first, last, start, stop in codes:
        if first == last and start == stop:
            continue
        if joined and tag == "equal" == joined[-1][0]:
            joined[-1] = (tag, joined[-1][1], last, joined[-1][3], stop)
        else:
            joined.append((tag, first, last, start, stop))
    return joined


def _spell_range(first: int, last: int) -> str:
    """Some lines as patches have them; none are named by the line before."""
    count = last - first
    return f"{first + 1}" if count == 1 else f"{first + (count > 0)},{count}"
