"""Sizes of the input that stay open: a letter, or a range with bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from cnnspec.diagnostics import Diagnostic
from cnnspec.expressions import Value as Scalar
from cnnspec.expressions.syntax import show
from cnnspec.graph.evaluate import UnknownValue, evaluate
from cnnspec.graph.ir import OpenSize
from cnnspec.naming import is_variable, nearest
from cnnspec.spec.keys import OPEN_SIZE
from cnnspec.spec.model import Argument, Literal, MapArgument, ModelSpec

# Figures need some size. This one is small enough to run anywhere, and large enough that a
# network which halves its input five times has something left.
USUAL_SIZE = 64
# Larger than any image, and few enough to go through one by one.
MAX_OPEN = 2**16
# Formulas of shapes are full of them.
MAX_LETTER = 16
# What an axis whose author gave no letter is called.
LETTERS = MappingProxyType({"length": "L", "depth": "D", "height": "H", "width": "W"})

Report = Callable[[Diagnostic], None]


def read_open_size(
    axis: str, argument: Argument, variables: Mapping[str, Scalar], report: Report
) -> OpenSize | None:
    """The open size that a letter or a range means; None for any other argument.

    Raises BadArgument or UnknownValue where an expression in it cannot be evaluated. Something
    that is wrong with it is reported, and an open size without bounds stands in for it.
    """
    if isinstance(argument, MapArgument):
        size = _read_range(axis, argument, variables, report)
    elif isinstance(argument, Literal) and _is_letter(argument.value):
        letter = str(argument.value)
        size = OpenSize(letter, (), argument.span)
        if letter in variables:
            message = f"'{letter}' is a parameter, and stands for its value as ${letter} only"
            help = (f"write ${letter}, or choose another letter for a size that stays open",)
            report(Diagnostic("invalid-input", message, argument.span, help=help))
    else:
        return None
    if axis not in LETTERS:
        message = f"{axis} cannot stay open: the sizes of weights depend on it"
        if axis == "tokens":
            message = "tokens cannot stay open: only the axes of a map can"
        help = ("write a number, or $NAME for a parameter",)
        report(Diagnostic("invalid-input", message, argument.span, help=help))
        raise UnknownValue
    return size


def _is_letter(value: object) -> bool:
    return isinstance(value, str) and is_variable(value) and len(value) <= MAX_LETTER


def _read_range(
    axis: str, argument: MapArgument, variables: Mapping[str, Scalar], report: Report
) -> OpenSize:
    """A size between bounds."""
    numbers: dict[str, int] = {}
    sound = True
    for name, span, value in argument.entries:
        number = evaluate(value, variables) if name in OPEN_SIZE else None
        if name not in OPEN_SIZE:
            hint = nearest(name, OPEN_SIZE)
            help = f"did you mean '{hint}'?" if hint else f"its fields are {', '.join(OPEN_SIZE)}"
            message = f"a range of sizes has no field '{name[:80]}'"
            report(Diagnostic("unknown-field", message, span, help=(help,)))
            sound = False
        elif isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_OPEN:
            message = f"{name} must be a whole number from 1 to {MAX_OPEN}, got {show(number)}"
            report(Diagnostic("invalid-input", message, value.span))
            sound = False
        else:
            numbers[name] = number
    size = OpenSize(
        "", (), argument.span, numbers.get("min", 1), numbers.get("max"),
        numbers.get("multiple_of", 1), numbers.get("default"),
        is_range=bool(numbers.keys() - {"default"}), has_least="min" in numbers,
    )  # fmt: skip
    if sound:
        problem = _find_problem(axis, size, argument)
        if problem is not None:
            report(problem)
            return OpenSize("", (), argument.span)
        return size
    return OpenSize("", (), argument.span)


def _find_problem(axis: str, size: OpenSize, argument: MapArgument) -> Diagnostic | None:
    """What is wrong with a range whose numbers are numbers."""
    if not argument.entries:
        help = f"write a letter for any size, as in {axis}: {LETTERS.get(axis, 'N')}"
        message = f"the range of {axis} is empty; its fields are {', '.join(OPEN_SIZE)}"
        return Diagnostic("invalid-input", message, argument.span, help=(help,))
    if next(list_admitted(size, size.least), None) is None:
        return Diagnostic(
            "invalid-input",
            f"no size of {axis} is in the range: {describe_range(size)}",
            argument.span,
        )
    if size.default is not None and not size.admits(size.default):
        entry = argument.get("default")
        message = f"the default {size.default} is not in the range: {describe_range(size)}"
        return Diagnostic("invalid-input", message, entry.span if entry else argument.span)
    return None


def describe_range(size: OpenSize) -> str:
    """A declared range in words."""
    bounds = f"at least {size.least}" if size.most is None else f"{size.least} to {size.most}"
    return bounds if size.multiple_of == 1 else f"{bounds}, multiples of {size.multiple_of}"


def list_admitted(size: OpenSize, start: int, end: int = MAX_OPEN) -> Iterator[int]:
    """The declared sizes from one on, in order."""
    first = -(-max(start, size.least) // size.multiple_of) * size.multiple_of
    last = end if size.most is None else min(size.most, end)
    return iter(range(first, last + 1, size.multiple_of))


def guess_size(size: OpenSize) -> int:
    """The size that figures are for, if the network takes it: the default, or a usual one."""
    if size.default is not None:
        return size.default
    found = next(list_admitted(size, USUAL_SIZE), None)
    return found if found is not None else max(list_admitted(size, 1, USUAL_SIZE), default=1)


def join_open_sizes(
    found: Iterable[tuple[int, str, int, str, OpenSize]],
) -> tuple[OpenSize, ...]:
    """The open sizes of all inputs: one for each letter, and one for each range.

    Each comes as the input's position and name, the axis's position and name, and the size.
    """
    joined: dict[str, OpenSize] = {}
    every = list(found)
    taken = {size.letter for *_, size in every}
    several = len({position for position, *_ in every}) > 1
    for position, name, place, axis, size in every:
        letter = size.letter
        if not letter:
            base = f"{LETTERS[axis]}_{name}" if several else LETTERS[axis]
            letter, count = base, 2
            while letter in taken:
                letter, count = f"{base}{count}", count + 1
            taken.add(letter)
        known = joined.get(letter)
        places = (*(known.places if known else ()), (position, place))
        joined[letter] = replace(known or size, letter=letter, places=places)
    return tuple(joined.values())


def list_letters(spec: ModelSpec) -> set[str]:
    """The letters that a spec gives to sizes of its inputs."""
    return {
        str(argument.value)
        for source in spec.inputs
        for axis, argument in source.sizes.items()
        if axis in LETTERS and isinstance(argument, Literal) and _is_letter(argument.value)
    }
