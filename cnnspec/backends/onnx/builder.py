"""Where a model file is gathered: nodes, initialisers, and the shapes of what flows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper

from cnnspec.backends.base import CannotSayError
from cnnspec.graph.ir import Node
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.windows import Window
from cnnspec.records import dataclass

BATCH = "batch"
# Numbers that are made for a model beside its weights, where an op of few fields needs a table: so
# many take 64 MB, and two seconds.
MAX_MADE = 2**23


def declare(
    name: str, dims: Sequence[int | str | None], kind: int = TensorProto.FLOAT
) -> ValueInfoProto:
    """The declaration of a tensor; None is an axis of unknown size."""
    return helper.make_tensor_value_info(name, kind, dims)


def list_pads(sides: Iterable[tuple[int, int]]) -> list[int]:
    """Pairs of (before, after) in ONNX's order: all befores, then all afters."""
    before, after = zip(*sides, strict=True)
    return [*before, *after]


def describe_windows(windows: Sequence[Window]) -> dict[str, list[int]]:
    """The attributes that sliding windows have in convolutions and pools alike."""
    return {
        "kernel_shape": [window.kernel for window in windows],
        "strides": [window.stride for window in windows],
        "pads": list_pads((window.before, window.after) for window in windows),
    }


class Builder:
    """Collects what goes into one model; every tensor's name is unique.

    `reserved` are the names that are given away already: inputs, outputs and weights. Of a
    weight, `initialisers` has the place in the file alone: its numbers may lie elsewhere.
    """

    def __init__(self, opset: int, reserved: Iterable[str], outer: Builder | None = None) -> None:
        self.opset = opset
        self.nodes: list[NodeProto] = []
        self.declarations: dict[str, ValueInfoProto] = {}
        self.initialisers: dict[str, NDArray[Any] | None] = {}
        # Each name with how many were given away before it.
        self._taken: dict[str, int] = {}
        for name in reserved:
            self._taken.setdefault(name, len(self._taken))
        self.made = 0
        self._outer = outer
        self._seen = 0 if outer is None else len(outer._taken)

    def branch(self) -> Builder:
        """An empty model with the same names given away, to try in it what an op becomes."""
        return Builder(self.opset, (), self)

    def _is_taken(self, name: str) -> bool:
        if name in self._taken or self._outer is None:
            return name in self._taken
        # What the outer one gave away since then is free here.
        return self._outer._taken.get(name, self._seen) < self._seen

    def claim(self, name: str) -> str:
        """A name for a new tensor: this one, or with a number where it is taken."""
        count, free = 1, name
        while self._is_taken(free):
            count += 1
            free = f"{name}_{count}"
        self._taken[free] = len(self._taken)
        return free

    def add_weight(self, name: str) -> str:
        """Put a weight of the network into the model, under its own name."""
        self.initialisers[name] = None
        return name

    def add_constant(self, name: str, array: NDArray[Any]) -> str:
        """Put a constant into the model."""
        name = self.claim(name)
        self.initialisers[name] = array
        return name

    def add_split(
        self,
        name: str,
        inputs: Sequence[str],
        outputs: Sequence[str],
        dims: Sequence[int | str],
        attributes: Mapping[str, Any],
    ) -> None:
        """Append a Split, whose outputs are of the same shape."""
        self.nodes.append(helper.make_node("Split", inputs, outputs, name=name, **attributes))
        self.declarations |= {output: declare(output, dims) for output in outputs}

    def add_node(
        self,
        kind: str,
        name: str,
        inputs: Sequence[str],
        output: str,
        dims: Sequence[int | str],
        attributes: Mapping[str, Any],
    ) -> str:
        """Append a node with one output, and declare that output; gives back its name."""
        self.nodes.append(helper.make_node(kind, inputs, [output], name=name, **attributes))
        self.declarations[output] = declare(output, dims)
        return output


@dataclass(frozen=True, slots=True)
class Place:
    """One op's place in the model: the tensors that come in, and what the op may write.

    `result` is the name that the op's own output gets, and `label` the op's own. `others` are the
    same op for other sizes of an input that is open: what is written must hold for all of them.
    `known` says which facts differ between all of these, whichever of them is being written.
    """

    builder: Builder
    node: Node
    inputs: tuple[str, ...]
    result: str
    label: str
    others: tuple[Node, ...] = ()
    known: dict[Callable[[Node], object], bool] = field(default_factory=dict)

    def varies(self, fact: Callable[[Node], object]) -> bool:
        """Whether a fact about the op depends on a size of the input that is open."""
        if fact not in self.known:
            own = fact(self.node)
            self.known[fact] = any(fact(other) != own for other in self.others)
        return self.known[fact]

    @property
    def is_open(self) -> bool:
        """Whether the op's sizes are different for different inputs."""
        return bool(self.others)

    @property
    def input(self) -> str:
        """The tensor of the first input."""
        return self.inputs[0]

    @property
    def shape(self) -> Shape:
        """The shape of the first input."""
        return self.node.shapes[0]

    @property
    def opset(self) -> int:
        """The version of ONNX's operators to write in."""
        return self.builder.opset

    def weights(self) -> tuple[str, ...]:
        """All arrays of the op, as initialisers, in the op's order."""
        node = self.node
        return tuple(self.builder.add_weight(node.name_weight(own)) for own in node.weights)

    def require_room(self, count: int) -> None:
        """Raise CannotSayError where the model would come to hold too many numbers of our own."""
        self.builder.made += count
        if self.builder.made > MAX_MADE:
            raise CannotSayError(
                f"it needs a table of {count:,} numbers, and a model holds {MAX_MADE:,} of such"
            )

    def floats(self, role: str, values: ArrayLike) -> str:
        """A constant of the op; a bare number stays without axes."""
        return self.builder.add_constant(f"{self.label}/{role}", np.asarray(values, np.float32))

    def integers(self, role: str, values: Sequence[int] | NDArray[np.int64]) -> str:
        """A list of sizes, axes or the like."""
        return self.builder.add_constant(f"{self.label}/{role}", np.asarray(values, np.int64))

    def integer(self, role: str, value: int) -> str:
        """A whole number without axes."""
        return self.builder.add_constant(f"{self.label}/{role}", np.asarray(value, np.int64))

    def add(
        self, role: str, kind: str, inputs: Sequence[str], dims: Sequence[int], **attributes: Any
    ) -> str:
        """An auxiliary node on batches; `dims` are its output's axes after the batch."""
        name = f"{self.label}/{role}"
        output = self.builder.claim(name)
        return self.builder.add_node(kind, name, inputs, output, (BATCH, *dims), attributes)

    def fold(
        self, role: str, kind: str, inputs: Sequence[str], dims: Sequence[int], **attributes: Any
    ) -> str:
        """An auxiliary node on constants and weights alone; `dims` are all its output's axes."""
        name = f"{self.label}/{role}"
        output = self.builder.claim(name)
        return self.builder.add_node(kind, name, inputs, output, dims, attributes)

    def count(
        self, role: str, kind: str, inputs: Sequence[str], length: int | None, **attributes: Any
    ) -> str:
        """An auxiliary node whose output is a list of whole numbers, or one without a length."""
        name = f"{self.label}/{role}"
        output = self.builder.claim(name)
        self.builder.add_node(kind, name, inputs, output, (), attributes)
        dims = () if length is None else (length,)
        self.builder.declarations[output] = declare(output, dims, TensorProto.INT64)
        return output

    def measure(self, role: str, source: str, rank: int) -> str:
        """The sizes of a map as it comes in, without batch and channels."""
        whole = self.count(f"{role}_shape", "Shape", (source,), 2 + rank)
        ends = (self.integers(f"{role}_from", [2]), self.integers(f"{role}_to", [2 + rank]))
        return self.count(f"{role}_sizes", "Slice", (whole, *ends), rank)

    def split(
        self, roles: Sequence[str], inputs: Sequence[str], dims: Sequence[int], **attributes: Any
    ) -> list[str]:
        """An auxiliary Split of a batch into parts of equal shape."""
        outputs = [self.builder.claim(f"{self.label}/{role}") for role in roles]
        name = f"{self.label}/split"
        self.builder.add_split(name, inputs, outputs, (BATCH, *dims), attributes)
        return outputs

    def reshape(
        self, role: str, source: str, dims: Sequence[int], known: Sequence[int] | None = None
    ) -> str:
        """An auxiliary Reshape that keeps the batch; `known` are the axes where one is -1."""
        shape = self.integers(f"{role}_shape", (0, *dims))
        return self.add(role, "Reshape", (source, shape), known or dims)

    def stretch(self, weight: str) -> str:
        """A weight with a number for each output channel, turned so that it meets a map's."""
        shape = self.node.shape
        if shape.kind is not Kind.MAP:
            return weight
        role = f"{weight.rpartition('.')[2]}_map"
        axes = self.integers(f"{role}_axes", range(1, 1 + shape.rank))
        dims = (shape.channels, *(1 for _ in shape.sizes))
        return self.fold(role, "Unsqueeze", (weight, axes), dims)

    def list_padding(
        self, source: str, sides: Sequence[tuple[int, int]], value: float
    ) -> tuple[str, ...]:
        """The inputs of a Pad of the axes after the channels.

        Where a Pad of zeros does not name its axes, ONNX Runtime (1.31 at least) merges it into
        a pool behind it: into a MaxPool, whose own padding is minus infinity, and into pools that
        then refuse so much padding. Axes can be named from opset 18 on. All are: where it moves a
        transposition across a Pad, it takes the sides for those of all axes.
        """
        if self.opset < 18 and value == 0:
            raise CannotSayError(f"its zeros need opset 18 or later, not {self.opset}")
        every = [(0, 0), (0, 0), *sides]
        inputs = (source, self.integers("pads", list_pads(every)), self.floats("fill", value))
        return inputs if self.opset < 18 else (*inputs, self.integers("axes", range(len(every))))

    def give(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """The node whose output is the op's own."""
        dims: tuple[int | str, ...] = (BATCH, *self.node.shape.dims)
        return self.builder.add_node(kind, self.label, inputs, self.result, dims, attributes)


# The first argument is the op itself, of the class that a table gives for the writer.
Writer = Callable[[Any, Place], str]
