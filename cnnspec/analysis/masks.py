"""Sets of rows as whole numbers: bit `i` says whether row `i` is in the set."""

from __future__ import annotations

from dataclasses import field

from cnnspec.ops.rows import Gather, Rows, Scatter, Spans
from cnnspec.records import dataclass

# The work, in bits, after which everything is said to be read: a hundred times what large networks
# need, and about two seconds.
MAX_WORK = 2**26


@dataclass(slots=True)
class Effort:
    """The work, in bits, that may still be done for some networks together."""

    left: int = field(default_factory=lambda: MAX_WORK)


def fill(size: int) -> int:
    """All of `size` rows."""
    return (1 << size) - 1


def find_read(rows: Rows, mask: int, size: int) -> int:
    """The rows of an axis of `size` that some rows of the output read."""
    match rows:
        case Gather(kernel, stride, dilation, before):
            reached = _smear(spread(mask, stride), kernel, dilation)
            return _lower(reached, before) & fill(size)
        case Scatter(kernel, stride, dilation, before):
            reached = _smear(_lower(mask, -before), kernel, dilation, down=True)
            return _thin(reached, stride) & fill(size)
        case Spans():
            return _collect(rows, mask, size)


def measure_work(rows: Rows, size: int, steps: int) -> int:
    """How many bits it takes about to find what `steps` rows read of `size`."""
    if isinstance(rows, Spans):
        return 32 * (size + steps)
    return size + abs(rows.before) + steps * rows.stride + rows.kernel * rows.dilation


def spread(mask: int, stride: int) -> int:
    """Every row at `stride` times its place."""
    if stride == 1 or mask <= 1:
        return mask
    # Python reads and writes binary digits faster than it moves single bits.
    return int(("0" * (stride - 1)).join(f"{mask:b}"), 2)


def _thin(mask: int, stride: int) -> int:
    """The rows at multiples of `stride`, each at its quotient."""
    return mask if stride == 1 else int(f"{mask:b}"[::-stride][::-1], 2)


def _smear(mask: int, taps: int, distance: int, *, down: bool = False) -> int:
    """Every row, and those that the other taps of a kernel are at."""
    done = 1
    while done < taps and mask:
        more = min(done, taps - done)
        mask |= mask >> more * distance if down else mask << more * distance
        done += more
    return mask


def _lower(mask: int, rows: int) -> int:
    return mask >> rows if rows >= 0 else mask << -rows


def _collect(spans: Spans, mask: int, size: int) -> int:
    digits = bytearray(b"0" * size)
    for row, digit in enumerate(reversed(f"{mask:b}")):
        if digit == "1":
            read = spans.find(row)
            digits[read.start : read.stop] = b"1" * len(read)
    return int(digits[::-1], 2)
