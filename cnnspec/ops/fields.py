"""The field types of ops: what a value in a spec may be, in words that a message can use."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic_core import PydanticCustomError

from cnnspec.naming import NAME_PATTERN, is_name
from cnnspec.ops.model import Check

# No axis, kernel or channel count of a network that fits in memory comes near this.
MAX_SIZE = 2**24


def _fail(expected: str, value: object) -> PydanticCustomError:
    shown = "true" if value is True else "false" if value is False else repr(value)
    return PydanticCustomError("field", "{text}", {"text": f"must be {expected}, got {shown[:60]}"})


def _is_int(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_SIZE


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value


def is_number(value: object) -> bool:
    """Whether something is a finite number."""
    return _number(value) is not None


def _integer(least: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if not _is_int(value, least):
            raise _fail(f"a whole number from {least} to {MAX_SIZE}", value)
        return int(value)

    return check


def _integers(least: int) -> Callable[[Any], int | tuple[int, ...]]:
    def check(value: Any) -> int | tuple[int, ...]:
        if _is_int(value, least):
            return int(value)
        if isinstance(value, list | tuple) and 1 <= len(value) <= 6:
            entries = tuple(value)
            if all(_is_int(entry, least) for entry in entries):
                return entries
        raise _fail(f"a whole number of at least {least}, or a list with one for each axis", value)

    return check


def _check_padding(value: Any) -> int | tuple[int, ...] | str:
    if value in ("same", "valid"):
        return str(value)
    try:
        return _integers(0)(value)
    except PydanticCustomError:
        raise _fail(
            "'same', 'valid', a whole number, or a list with one for each axis or each side", value
        ) from None


def _check_sides(value: Any) -> int | tuple[int, ...]:
    numbers = _integers(0)(value)
    if not isinstance(numbers, int) and len(numbers) != 2:
        raise _fail("a whole number of at least 0, or a list of two", value)
    return numbers


def _check_offset(value: Any) -> int | tuple[int, ...] | str:
    if value == "center":
        return "center"
    try:
        return _integers(0)(value)
    except PydanticCustomError:
        raise _fail("'center', a whole number, or a list with one for each axis", value) from None


def _check_reference(value: Any) -> str:
    # `_` is the value that the op takes already.
    if not isinstance(value, str) or not all(map(is_name, value.split("."))):
        raise _fail("the name of another value", value)
    return value


def _float(expected: str, accept: Callable[[float], bool]) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        number = _number(value)
        if number is None or not accept(number):
            raise _fail(expected, value)
        return float(number)

    return check


def _check_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _fail("true or false", value)
    return value


def words(*choices: str) -> Check:
    """The check of a field that takes one of a few words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise _fail(f"{', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}", value)
        return str(value)

    return Check(check, {"enum": list(choices)})


def _describe_sizes(least: int, *words: str) -> dict[str, Any]:
    """The JSON Schema of a number, of a list with one for each axis or side, or of some words."""
    number = {"type": "integer", "minimum": least, "maximum": MAX_SIZE}
    described: dict[str, Any] = {
        **number,
        "type": ["integer", "array"],
        "items": number,
        "minItems": 1,
        "maxItems": 6,
    }
    if words:
        described["type"] = ["integer", "array", "string"]
        described |= {"pattern": f"^({'|'.join(words)})$", "examples": list(words)}
    return described


Count = Annotated[int, Check(_integer(1), {"type": "integer", "minimum": 1, "maximum": MAX_SIZE})]
Index = Annotated[
    int,
    Check(_integer(-MAX_SIZE), {"type": "integer", "minimum": -MAX_SIZE, "maximum": MAX_SIZE}),
]
CountFromZero = Annotated[
    int, Check(_integer(0), {"type": "integer", "minimum": 0, "maximum": MAX_SIZE})
]
PerSideFromZero = Annotated[
    int | tuple[int, ...],
    Check(_check_sides, {**_describe_sizes(0), "minItems": 2, "maxItems": 2}),
]
PerAxis = Annotated[int | tuple[int, ...], Check(_integers(1), _describe_sizes(1))]
PerAxisFromZero = Annotated[int | tuple[int, ...], Check(_integers(0), _describe_sizes(0))]
Padding = Annotated[
    int | tuple[int, ...] | Literal["same", "valid"],
    Check(_check_padding, _describe_sizes(0, "same", "valid")),
]
_DOTTED = f"^{NAME_PATTERN}([.]{NAME_PATTERN})*$"
Offset = Annotated[
    int | tuple[int, ...] | Literal["center"],
    Check(_check_offset, _describe_sizes(0, "center")),
]
Reference = Annotated[str, Check(_check_reference, {"type": "string", "pattern": _DOTTED})]
Flag = Annotated[bool, Check(_check_flag, {"type": "boolean"})]
Rate = Annotated[
    float,
    Check(
        _float("a number from 0 to below 1", lambda v: 0 <= v < 1),
        {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
    ),
]
Fraction = Annotated[
    float,
    Check(
        _float("a number above 0 and at most 1", lambda v: 0 < v <= 1),
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    ),
]
Positive = Annotated[
    float,
    Check(_float("a number above 0", lambda v: v > 0), {"type": "number", "exclusiveMinimum": 0}),
]
Number = Annotated[float, Check(_float("a number", lambda v: True), {"type": "number"})]
