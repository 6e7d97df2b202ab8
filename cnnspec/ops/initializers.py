"""What weights start as: the distributions that a spec can ask for, without any framework.

An initializer is a word, or a word with arguments: ``{normal: {std: 0.01}}``. Backends match on
the classes below, and take the fans from `Op.describe_kernel`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic_core import PydanticCustomError

from cnnspec.ops.base import Kernel, Op, ShapeFault, Weight
from cnnspec.ops.model import Check
from cnnspec.ops.shapes import Shape
from cnnspec.records import dataclass

Mode: TypeAlias = Literal["fan_in", "fan_out", "fan_avg"]

# Standard deviations beyond which a truncated normal variable is drawn again.
CUT = 2.0
# Larger numbers than this are no start for any weight, and float32 ends somewhere.
_MOST = 1e6


@dataclass(frozen=True, slots=True)
class Scaled:
    """A mean of 0, and a variance of `scale` / fan: a normal variable, or an even one.

    Sources: "he", arXiv:1502.01852, for a leaky ReLU of that slope behind the layer; "glorot",
    Glorot and Bengio 2010; "lecun", arXiv:1706.02515.
    """

    rule: Literal["he", "glorot", "lecun"]
    even: bool
    mode: Mode
    negative_slope: float = 0.0
    gain: float = 1.0

    @property
    def scale(self) -> float:
        """The variance times the fan."""
        return 2 / (1 + self.negative_slope**2) if self.rule == "he" else self.gain**2

    def find_fan(self, kernel: Kernel) -> float:
        """The fan that the variance is divided by."""
        fans = {"fan_in": kernel.fan_in, "fan_out": kernel.fan_out}
        return fans.get(self.mode, (kernel.fan_in + kernel.fan_out) / 2)

    def find_deviation(self, kernel: Kernel) -> float:
        """The standard deviation."""
        return math.sqrt(self.scale / self.find_fan(kernel))


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal variable; `std` is its standard deviation before it is truncated, if it is."""

    mean: float
    std: float
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Uniform:
    """Any number from `low` to `high` alike."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Constant:
    """One number everywhere."""

    value: float


@dataclass(frozen=True, slots=True)
class Orthogonal:
    """A random matrix with a row for each entry of the weight's first axis.

    Its rows are at right angles, or its columns where these are fewer, and `gain` long.
    Source: Saxe et al., arXiv:1312.6120.
    """

    gain: float


@dataclass(frozen=True, slots=True)
class Dirac:
    """One in the middle of the window that leads from each channel to itself, zero elsewhere.

    In each group of channels of its own. The middle of `kernel_size` rows is row kernel_size // 2.
    """


@dataclass(frozen=True, slots=True)
class Bilinear:
    """From each channel to itself, the window by which a map is enlarged linearly.

    Along an axis of stride s it is 1 - |distance from the middle| / s.
    Source: Long et al., arXiv:1411.4038.
    """


Initializer: TypeAlias = Scaled | Normal | Uniform | Constant | Orthogonal | Dirac | Bilinear

# What a field of an op says about which of its weights.
INITIALIZED: Mapping[str, str] = MappingProxyType(
    {
        "weight": "initializer",
        "bias": "bias_initializer",
        "in_proj_weight": "initializer",
        "in_proj_bias": "bias_initializer",
        "out_proj.weight": "initializer",
        "out_proj.bias": "bias_initializer",
        "": "initializer",
    }
)
FIELDS = tuple(dict.fromkeys(INITIALIZED.values()))

ONES, ZEROS = Constant(1.0), Constant(0.0)


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument of a word: its default, and what it may be."""

    default: float | str
    expected: str
    accept: Callable[[Any], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST


def _number(default: float) -> _Argument:
    return _Argument(default, f"a number, at most {_MOST:,.0f} either way", _is_number)


def _positive(default: float) -> _Argument:
    expected = f"a number above 0, at most {_MOST:,.0f}"
    return _Argument(default, expected, lambda value: _is_number(value) and value > 0)


_MODE = _Argument("fan_in", "'fan_in' or 'fan_out'", lambda value: value in ("fan_in", "fan_out"))
_SLOPE = _number(0.0)


@dataclass(frozen=True, slots=True)
class _Word:
    """What a word makes of its arguments."""

    make: Callable[..., Initializer]
    arguments: Mapping[str, _Argument]


def _scaled(rule: Literal["he", "glorot", "lecun"], even: bool) -> _Word:
    if rule == "glorot":
        return _Word(lambda gain: Scaled(rule, even, "fan_avg", gain=gain), {"gain": _positive(1)})
    if rule == "lecun":
        return _Word(lambda mode: Scaled(rule, even, mode), {"mode": _MODE})
    return _Word(
        lambda mode, negative_slope: Scaled(rule, even, mode, negative_slope),
        {"mode": _MODE, "negative_slope": _SLOPE},
    )


_WORDS: Mapping[str, _Word] = MappingProxyType(
    {
        "he_normal": _scaled("he", even=False),
        "he_uniform": _scaled("he", even=True),
        "glorot_normal": _scaled("glorot", even=False),
        "glorot_uniform": _scaled("glorot", even=True),
        "lecun_normal": _scaled("lecun", even=False),
        "lecun_uniform": _scaled("lecun", even=True),
        "orthogonal": _Word(Orthogonal, {"gain": _positive(1.0)}),
        "normal": _Word(Normal, {"std": _positive(0.01), "mean": _number(0.0)}),
        "truncated_normal": _Word(
            lambda std, mean: Normal(mean, std, truncated=True),
            {"std": _positive(0.02), "mean": _number(0.0)},
        ),
        "uniform": _Word(Uniform, {"low": _number(-0.05), "high": _number(0.05)}),
        "zeros": _Word(lambda: ZEROS, {}),
        "ones": _Word(lambda: ONES, {}),
        "dirac": _Word(Dirac, {}),
        "identity": _Word(Dirac, {}),
        "bilinear": _Word(Bilinear, {}),
    }
)
_CONSTANT = "constant"

WORDS: tuple[str, ...] = (*_WORDS, _CONSTANT)


def read_initializer(value: object) -> Initializer | None:
    """The initializer that a value in a spec means; None leaves it to the framework.

    Raises:
        PydanticCustomError: of the type that fields have, in words for the message.
    """
    if value is None or isinstance(value, Initializer):
        return value
    word, given = value, None
    if isinstance(value, dict) and len(value) == 1:
        word, given = next(iter(value.items()))
    if not isinstance(word, str) or word not in WORDS:
        expected = "an initializer, such as he_normal or {normal: {std: 0.01}}"
        raise _fail(f"must be {expected}, got {_show(word)}")
    if word == _CONSTANT:
        if not _is_number(given):
            raise _fail(f"constant needs {_number(0).expected}, such as {{constant: 0.5}}")
        return Constant(float(given))  # type: ignore[arg-type]
    return _make(word, {} if given is None else given)


def _make(word: str, given: object) -> Initializer:
    known = _WORDS[word].arguments
    if not isinstance(given, dict):
        example = next((f": {{{word}: {{{n}: {a.default}}}}}" for n, a in known.items()), "")
        raise _fail(f"{word} takes its arguments by name{example}, got {_show(given)}" if known
                    else f"{word} has no arguments, got {_show(given)}")  # fmt: skip
    for name in given:
        if name not in known:
            listed = f"its arguments are {' and '.join(known)}" if known else "it has none"
            raise _fail(f"{word} has no argument {_show(name)}; {listed}")
    values: dict[str, float | str] = {}
    for name, argument in known.items():
        value = given.get(name, argument.default)
        if not argument.accept(value):
            raise _fail(f"{word} needs {name} to be {argument.expected}, got {_show(value)}")
        values[name] = value if isinstance(value, str) else float(value)
    made = _WORDS[word].make(**values)
    if isinstance(made, Uniform) and made.low >= made.high:
        raise _fail(f"{word} needs low to be below high, got {made.low:g} and {made.high:g}")
    return made


def _show(value: object) -> str:
    shown = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    return (shown or repr(value))[:60]


def _fail(text: str) -> PydanticCustomError:
    return PydanticCustomError("field", "{text}", {"text": text})


def _describe_schema() -> dict[str, Any]:
    """The words, and the words with their arguments, for editors."""
    properties: dict[str, Any] = {_CONSTANT: {"type": "number"}}
    closed = {"additionalProperties": False}
    for name, word in _WORDS.items():
        arguments = {
            key: {"type": "number", "default": argument.default}
            if not isinstance(argument.default, str)
            else {"enum": ["fan_in", "fan_out"], "default": argument.default}
            for key, argument in word.arguments.items()
        }
        properties[name] = {"type": "object", "properties": arguments, **closed}
    words = [word for word in WORDS if word != _CONSTANT]
    return {
        "type": ["string", "object", "null"],
        "pattern": f"^({'|'.join(words)})$",
        "examples": words,
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        **closed,
    }


def _read_start(value: object) -> Initializer:
    found = read_initializer(value)
    if found is None:
        raise _fail("must be an initializer, such as zeros or {normal: {std: 0.02}}, got null")
    return found


Initial = Annotated[Initializer | None, Check(read_initializer, _describe_schema())]
# For what no framework has a start of its own.
Start = Annotated[
    Initializer, Check(_read_start, {**_describe_schema(), "type": ["string", "object"]})
]


def find_initializer(op: Op, weight: str) -> Initializer | None:
    """What a spec says that a weight of an op starts as; None where it leaves it open."""
    found: Initializer | None = getattr(op, INITIALIZED.get(weight, ""), None)
    return found


def find_form(
    initializer: Initializer, unwritten: Mapping[str, float] = MappingProxyType({})
) -> tuple[object, ...]:
    """What code for an initializer depends on beside its numbers.

    `unwritten` are those that are left out, where they are a framework's own.
    """
    if initializer in (ONES, ZEROS):
        return (initializer,)
    arguments = {each.name: getattr(initializer, each.name) for each in fields(initializer)}
    written = (
        value if isinstance(value, bool | str) else value == unwritten.get(name)
        for name, value in arguments.items()
    )
    return (name_initializer(initializer), *written)


def list_words(op: Op) -> tuple[str, ...]:
    """The words of an op's initializers."""
    found = (getattr(op, field, None) for field in FIELDS)
    return tuple(name_initializer(each) if each is not None else "" for each in found)


def check_initializers(
    op: Op, inputs: tuple[Shape, ...], weights: Sequence[Weight], given: Collection[str]
) -> None:
    """Raise ShapeFault for an initializer that means nothing for its weight.

    `given` are the fields that the step itself has: a default for biases does not concern
    a layer without one.
    """
    for field in FIELDS:
        initializer: Initializer | None = getattr(op, field, None)
        if initializer is None:
            continue
        filled = [weight for weight in weights if INITIALIZED.get(weight.name) == field]
        for weight in filled:
            kernel = op.describe_kernel(inputs) if field == "initializer" else None
            _check_meaning(initializer, op, field, weight.shape, kernel)
        if not filled and field in given:
            flag = "bias" if "bias" in type(op).model_fields else "affine"
            name = "bias" if field == "bias_initializer" else "weight"
            raise ShapeFault(
                "invalid-field",
                f"{field} has nothing to fill: this {op.op} has no {name}",
                field=field,
                help=(f"leave it out, or set {flag}: true",),
            )


def _check_meaning(
    initializer: Initializer, op: Op, field: str, shape: tuple[int, ...], kernel: Kernel | None
) -> None:
    def refuse(message: str, help: str) -> ShapeFault:
        return ShapeFault("invalid-field", message, field=field, help=(help,))

    word = name_initializer(initializer)
    if isinstance(initializer, Normal | Uniform | Constant):
        return
    if kernel is None:
        count = math.prod(shape)
        numbers = "a single number" if count == 1 else f"{count} single numbers"
        raise refuse(
            f"{word} is for kernels, which connect channels; this {field} fills {numbers}",
            "use zeros, ones, constant, normal, truncated_normal or uniform",
        )
    if isinstance(initializer, Orthogonal) and kernel.groups > 1:
        raise refuse(
            f"{word} has no meaning for {kernel.groups} groups, which share no channels",
            "use he_normal or another word for this layer",
        )
    if isinstance(initializer, Orthogonal | Dirac) and kernel.stacked > 1:
        raise refuse(
            f"{word} is for single matrices; {op.op} has {kernel.stacked} in one weight",
            "use glorot_uniform or another word for this layer",
        )
    if isinstance(initializer, Bilinear):
        if not kernel.enlarges:
            raise refuse(
                f"{word} enlarges a map, which {op.op} does not", "use it on a conv_transpose"
            )
        if kernel.dilated:
            raise refuse(f"{word} needs neighbouring taps", "use a dilation of 1")
        for size, stride in zip(shape[2:], kernel.enlarges, strict=True):
            if size not in (2 * stride - 1, 2 * stride):
                raise refuse(
                    f"{word} needs a kernel of 2 * stride or 2 * stride - 1 rows, "
                    f"got {size} for a stride of {stride}",
                    f"use a kernel_size of {2 * stride}",
                )


def name_initializer(initializer: Initializer) -> str:
    """The word for it in a spec."""
    match initializer:
        case Scaled(rule=rule, even=even):
            return f"{rule}_{'uniform' if even else 'normal'}"
        case Normal(truncated=truncated):
            return "truncated_normal" if truncated else "normal"
        case Constant():
            return _CONSTANT
    return type(initializer).__name__.lower()
