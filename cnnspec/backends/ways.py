"""From where ops hand a value's channels on: the way back to the op that decided them.

Ways are as long as a network is deep, and asked for at each of its ops: so each value knows its
place on its way, and two steps back from it, a short one and a long one.
"""

from __future__ import annotations

from dataclasses import field

from cnnspec.graph.ir import Node, Value
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.linear import Linear
from cnnspec.ops.merge import Concat
from cnnspec.ops.rearrange import PadChannels, PixelShuffle, PixelUnshuffle, Slice, Split
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.stored import Stored
from cnnspec.records import dataclass

# The field that says how many channels an op gives.
SETTERS: dict[type[Op], str] = {
    Conv: "out_channels",
    ConvTranspose: "out_channels",
    Linear: "out_features",
}

# Ops whose channels follow from several numbers.
REARRANGING: tuple[type[Op], ...] = (Slice, Split, PadChannels, PixelShuffle, PixelUnshuffle)


@dataclass(slots=True, eq=False)
class _Place:
    """A value on its way: how far it is from the way's start, and what lies before it."""

    start: Value
    depth: int = 0
    before: _Place | None = None
    leap: _Place | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of all values that were asked for."""

    places: dict[Value, _Place] = field(default_factory=dict)

    def find_setter(self, value: Value) -> Node | None:
        """The op that decided a value's channels; None for an input of the network."""
        return self._find(value).start.producer

    def comes_from(self, value: Value, start: Value | None) -> bool:
        """Whether a value has the channels of another because no op between them sets any."""
        if start is None:
            return False
        place: _Place | None = self._find(value)
        wanted = self._find(start)
        if place is None or place.start is not wanted.start:
            return False
        while place is not None and place.depth > wanted.depth:
            leap = place.leap
            place = leap if leap is not None and leap.depth >= wanted.depth else place.before
        return place is wanted

    def _find(self, value: Value) -> _Place:
        unknown: list[Value] = []
        while value not in self.places:
            unknown.append(value)
            if value.producer is None or _sets_channels(value.producer):
                self.places[value] = _Place(unknown.pop())
                break
            value = _main_input(value.producer)
        place = self.places[value]
        for behind in reversed(unknown):
            place = self.places[behind] = _place_behind(place)
        return place


def _place_behind(before: _Place) -> _Place:
    """The next place on a way; leaps are such that any place is reached in few of them."""
    far = before.leap
    further = far.leap if far is not None else None
    even = far and further and before.depth - far.depth == far.depth - further.depth
    return _Place(before.start, before.depth + 1, before, further if even else before)


def _sets_channels(node: Node) -> bool:
    op = node.op
    if isinstance(op, Flatten):
        return node.shape.channels != node.shapes[0].channels
    if isinstance(op, DepthwiseConv):
        return op.multiplier > 1
    return isinstance(op, (Concat, Stored, *REARRANGING)) or type(op) in SETTERS


def _main_input(node: Node) -> Value:
    """The input whose channels are the output's, for an op that sets none."""
    return max(node.flows, key=lambda value: value.known.rank)
