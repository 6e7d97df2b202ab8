"""What every op has: strict fields, a shape rule, weights, multiply-accumulates and reach."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from cnnspec.ops.model import Model
from cnnspec.ops.rows import OWN, Rows
from cnnspec.ops.shapes import AXIS_NAMES, Kind, Shape
from cnnspec.records import dataclass

ALL_KINDS = frozenset(Kind)
MAPS = frozenset({Kind.MAP})


class ShapeFault(Exception):
    """An op cannot take its inputs: the rule broken, the field or axis to blame, the numbers.

    `field` names the op's field that the fault is about; `short_by` says, for each axis, how many
    rows are missing, where a map ran out.
    """

    def __init__(
        self,
        rule: str,
        message: str,
        *,
        field: str | None = None,
        notes: tuple[str, ...] = (),
        help: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.field = field
        self.notes = notes
        self.help = help


@dataclass(frozen=True, slots=True)
class Weight:
    """One array that an op owns, in PyTorch's layout; statistics are not trainable.

    The weight of a parameter has no name of its own.
    """

    name: str
    shape: tuple[int, ...]
    trainable: bool = True


@dataclass(frozen=True, slots=True)
class Kernel:
    """How a weight connects values, as initializers need it.

    `fan_in` is how many products are summed into one output value, `fan_out` into how many output
    values an input value goes, both as if the stride were 1; `enlarges` are the strides of an op
    that enlarges a map, and `dilated` says that its taps are apart. `stacked` matrices stand one
    above the other in the first weight.
    """

    fan_in: int
    fan_out: int
    groups: int = 1
    enlarges: tuple[int, ...] = ()
    dilated: bool = False
    stacked: int = 1


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one axis of an output looks into its input.

    `extent` rows of the input are read by one output row, and moving one output row moves
    `stride` input rows (below 1 where the op enlarges the map).
    """

    extent: int
    stride: Fraction = Fraction(1)


# Each row of an output reads the row of its input that stands where it stands.
OWN_ROW = Reach(1)


@dataclass(frozen=True, slots=True)
class Growth:
    """How one axis of an output follows from its input: (factor * in + offset) // divisor."""

    factor: int = 1
    offset: int = 0
    divisor: int = 1


class Op(Model):
    """The meaning of one kind of layer; subclasses add fields and override the rules below.

    Class attributes:
        op: the word for it in a spec.
        principal: the field that a bare argument fills (``linear: 10``).
        kinds: the kinds of value it takes.
        merges: whether it takes several values by name instead of the current one.
        refers: whether it takes a second value, named in its field `like`, for its size alone.
        acts_in_training: whether it does something in training only (dropout).
        starts: whether it takes nothing from its value but how many samples there are.
        is_parameter: whether it is an array of the part that it stands in, not a layer there.
    """

    op: ClassVar[str] = ""
    principal: ClassVar[str | None] = None
    kinds: ClassVar[frozenset[Kind]] = ALL_KINDS
    merges: ClassVar[bool] = False
    refers: ClassVar[bool] = False
    acts_in_training: ClassVar[bool] = False
    starts: ClassVar[bool] = False
    is_parameter: ClassVar[bool] = False

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        """The output's shape; raises ShapeFault where the inputs do not fit."""
        return inputs[0]

    def check_sources(self, inputs: tuple[Shape, ...], stored: tuple[bool, ...]) -> None:
        """Raise ShapeFault where inputs must be the network's own to fit; `stored` says which are.

        It is asked of ops that merge.
        """

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """The arrays it owns, in a fixed order."""
        return ()

    def describe_kernel(self, inputs: tuple[Shape, ...]) -> Kernel | None:
        """What its `weight` connects; None where that scales or shifts single values."""
        return None

    def count_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Multiply-accumulates of convolution and linear layers for one sample, without biases."""
        return 0

    def count_attention_macs(self, inputs: tuple[Shape, ...], output: Shape) -> int:
        """Multiply-accumulates of products between the values themselves, for one sample."""
        return 0

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...] | None:
        """The reach along each spatial axis; None when every output reads the whole map."""
        return (OWN_ROW,) * inputs[0].rank

    def find_padded(self, inputs: tuple[Shape, ...]) -> Shape | None:
        """The largest value on the way from its input to its output: a padded input, mostly."""
        return None

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Rows, ...] | None:
        """Which rows of the first input each row of the output reads, along the input's axes.

        None when every output reads the whole input. An output without axes has one row. Ops that
        merge, and those that lay positions out as tokens or tokens as positions, are not asked.
        """
        return None if self.find_reach(inputs) is None else (OWN,) * inputs[0].rank

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...] | None:
        """How each axis of the output follows from the input's; None where none does.

        It holds for every size of the input; ops that merge follow the largest of theirs.
        """
        return tuple(Growth() for _ in max(inputs, key=lambda shape: shape.rank).sizes)

    def count_unread(self, inputs: tuple[Shape, ...]) -> tuple[int, ...]:
        """The rows at the end of each axis that no window gets to."""
        return (0,) * inputs[0].rank


def spread(value: int | tuple[int, ...], rank: int, field: str) -> tuple[int, ...]:
    """One number for each of `rank` axes; raises ShapeFault for a list of another length."""
    if isinstance(value, int):
        return (value,) * rank
    if len(value) != rank:
        raise _refuse_length(value, rank, field, f"or as a list of {rank}")
    return value


def _refuse_length(value: tuple[int, ...], rank: int, field: str, forms: str) -> ShapeFault:
    axes = f"{rank} {'axis' if rank == 1 else 'axes'}: {', '.join(AXIS_NAMES[rank])}"
    return ShapeFault(
        "wrong-rank",
        f"{field} has {len(value)} entries, but the map has {axes}",
        field=field,
        help=(f"write {field} as one number, {forms}",),
    )


def spread_sides(
    value: int | tuple[int, ...], rank: int, field: str
) -> tuple[tuple[int, int], ...]:
    """The (before, after) pair of each axis from a number, one per axis, or one per side."""
    if not isinstance(value, int) and len(value) == 2 * rank:
        return tuple((value[2 * axis], value[2 * axis + 1]) for axis in range(rank))
    if not isinstance(value, int) and len(value) != rank:
        raise _refuse_length(value, rank, field, f"a list of {rank}, or a list of {2 * rank}")
    return tuple((entry, entry) for entry in spread(value, rank, field))
