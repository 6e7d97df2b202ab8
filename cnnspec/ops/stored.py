"""Values that a network has of its own: learned ones, and given ones."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic_core import PydanticCustomError

from cnnspec.ops.base import Op, ShapeFault, Weight
from cnnspec.ops.fields import Count, is_number
from cnnspec.ops.initializers import Start
from cnnspec.ops.model import Check, Field
from cnnspec.ops.shapes import SIZE_FORMS, SIZE_NAMES, Kind, Shape, arrange

Nested: TypeAlias = "float | tuple[Nested, ...]"

# More numbers are weights, and belong into a file of weights.
MAX_VALUES = 1024
_MAX_DEPTH = 4
# The largest number of the 32 bits that networks compute in.
_MOST = 3.4e38


def _check_values(value: Any) -> Nested:
    try:
        nested = _read(value, _MAX_DEPTH)
    except ValueError:
        nested = ()
    if nested == () or len(flatten(nested)) > MAX_VALUES:
        text = f"must be a number, or lists of {MAX_VALUES:,} numbers at most, for each axis"
        raise PydanticCustomError("field", "{text}", {"text": text})
    return nested


def _read(value: Any, depth: int) -> Nested:
    if isinstance(value, list | tuple) and value and depth:
        return tuple(_read(entry, depth - 1) for entry in value)
    if not is_number(value) or abs(value) > _MOST:
        raise ValueError("no number")
    return float(value)


def flatten(values: Nested) -> tuple[float, ...]:
    """All numbers of nested lists, in order."""
    if not isinstance(values, tuple):
        return (values,)
    return tuple(number for entry in values for number in flatten(entry))


def _measure(values: Nested) -> tuple[int, ...] | None:
    """How many entries the lists have at each level; None where these are not alike."""
    if not isinstance(values, tuple):
        return ()
    inner = {_measure(entry) for entry in values}
    first = inner.pop()
    return None if inner or first is None else (len(values), *first)


Values = Annotated[
    Nested,
    Check(_check_values, {"type": ["number", "array"], "minItems": 1, "maxItems": MAX_VALUES}),
]


class Stored(Op):
    """What values of the network's own share: they name their sizes as an input does."""

    starts: ClassVar[bool] = True
    is_parameter: ClassVar[bool] = True

    channels: Count | None = Field(None, description="channels of a map or of tokens")
    length: Count | None = Field(None, description="length of a map with one axis")
    depth: Count | None = Field(None, description="depth of a map with three axes")
    height: Count | None = Field(None, description="height of a map")
    width: Count | None = Field(None, description="width of a map")
    features: Count | None = Field(None, description="numbers of a vector")
    tokens: Count | None = Field(None, description="how many tokens there are")

    def list_sizes(self) -> dict[str, int]:
        """The sizes that are given, by name."""
        named = ((name, getattr(self, name)) for name in SIZE_NAMES)
        return {name: size for name, size in named if size is not None}

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        sizes = self.list_sizes()
        shape = arrange(sizes)
        if shape is None:
            told = f"cannot have the sizes {', '.join(sizes)}" if sizes else "needs sizes"
            raise ShapeFault("invalid-field", f"a {self.op} {told}", help=(SIZE_FORMS,))
        return shape

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


class Parameter(Stored):
    """A learned value, the same for every sample.

    It takes nothing from the value above but how many samples there are. Its sizes are given as
    those of an input. In `add` and `multiply` it stretches along axes of size 1.

    Shape: the sizes given.
    Weights: one array under the op's own path, of 1 and the sizes.
    """

    op: ClassVar[str] = "parameter"

    initializer: Start = Field("zeros", description="what it starts as")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("", (1, *self.infer_shape(inputs).dims)),)


class Constant(Stored):
    """Given numbers, the same for every sample: no weights.

    It takes nothing from the value above but how many samples there are. Its sizes are given as
    those of an input. In `add` and `multiply` it stretches along axes of size 1.

    Shape: the sizes given.
    """

    op: ClassVar[str] = "constant"

    values: Values = Field(
        description="one number for all, a list of all in order, or lists within lists"
    )

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        shape = super().infer_shape(inputs)
        if not isinstance(self.values, tuple):
            return shape
        found = _measure(self.values)
        if found not in ((shape.elements,), shape.dims):
            shown = "lists of different lengths" if found is None else "x".join(map(str, found))
            raise ShapeFault(
                "invalid-field",
                f"values must be {shape.elements} numbers, or lists of {shape}, got {shown}",
                field="values",
            )
        return shape

    def list_values(self, channels_last: bool = False) -> tuple[float, ...]:
        """All numbers in the order of the axes; of a single number that one."""
        numbers, shape = flatten(self.values), arrange(self.list_sizes())
        assert shape is not None
        if len(numbers) == 1 or not channels_last or shape.kind is not Kind.MAP:
            return numbers
        places = shape.elements // shape.channels
        return tuple(number for place in range(places) for number in numbers[place::places])
