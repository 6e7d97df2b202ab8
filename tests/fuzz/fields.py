"""Values for the fields of ops: of each field, in each of its classes.

A class is what a backend may treat in a way of its own: a field that is not written, its
default written out, the least value, an everyday one, a large one, a number for each axis, a word.
Which classes were tried of which field is counted, so that a gap is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from cnnspec.ops import fields
from cnnspec.ops.base import Op
from cnnspec.ops.initializers import Initial, Start
from cnnspec.ops.model import Check, list_checks
from cnnspec.ops.shapes import SIZE_NAMES, Shape

Draw = Callable[[st.SearchStrategy[Any]], Any]
Strategy = st.SearchStrategy[Any]
# How a value of a class comes about, given the shape that the op takes.
Make = Callable[[Shape], Strategy]
ABSENT, DEFAULT, NULL, GIVEN = "absent", "default", "null", "given"


def _always(*values: Any) -> Make:
    return lambda shape: st.sampled_from(values)


def _whole(least: int, most: int) -> Make:
    return lambda shape: st.integers(least, most)


def _per_axis(least: int, most: int, times: int = 1) -> Make:
    def make(shape: Shape) -> Strategy:
        count = times * max(1, shape.rank)
        return st.lists(st.integers(least, most), min_size=count, max_size=count)

    return make


def _divisors(shape: Shape) -> list[int]:
    return [n for n in range(1, shape.channels + 1) if shape.channels % n == 0]


def _inner_divisors(shape: Shape) -> Strategy:
    """Numbers between one and all that divide the channels; one where there are none."""
    return st.sampled_from(_divisors(shape)[1:-1] or [1])


def _all_channels(shape: Shape) -> Strategy:
    return st.just(shape.channels)


def _count(least: int, everyday: tuple[int, int], large: tuple[int, int]) -> dict[str, Make]:
    return {"least": _always(least), "everyday": _whole(*everyday), "large": _whole(*large)}


_SHARES: dict[str, Make] = {
    "least": _always(1), "everyday": _inner_divisors, "large": _all_channels,
}  # fmt: skip
_PADDING: dict[str, Make] = {
    **_count(0, (1, 1), (2, 3)),
    "per axis": _per_axis(0, 2),
    "per side": _per_axis(0, 2, times=2),
}
_KERNELS: dict[str, Make] = {
    "scaled": _always(
        "he_normal", {"he_uniform": {"mode": "fan_out", "negative_slope": 0.2}}, "glorot_normal",
        {"glorot_uniform": {"gain": 2}}, "lecun_normal", {"lecun_uniform": {"mode": "fan_out"}},
    ),
    "orthogonal": _always("orthogonal", {"orthogonal": {"gain": 0.5}}),
    "dirac": _always("dirac", "identity"),
}  # fmt: skip
_STARTS: dict[str, Make] = {
    "random": _always(
        "normal", {"normal": {"std": 0.3, "mean": 1}}, "truncated_normal", "uniform",
        {"uniform": {"low": -1, "high": 0.5}},
    ),
    "given": _always("zeros", "ones", {"constant": 0.5}, {"constant": -2}),
}  # fmt: skip
_MODES: dict[str, Make] = {
    "nearest": _always("nearest"),
    "linear": lambda shape: st.just(("linear", "bilinear", "trilinear")[shape.rank - 1]),
}

# What the check of a field says about its values.
_BY_CHECK: Mapping[Any, dict[str, Make]] = MappingProxyType(
    {
        fields.PerAxis: {**_count(1, (2, 3), (4, 5)), "per axis": _per_axis(1, 3)},
        fields.PerAxisFromZero: {**_count(0, (1, 1), (2, 3)), "per axis": _per_axis(0, 2)},
        fields.Padding: {**_PADDING, "same": _always("same"), "valid": _always("valid")},
        fields.Offset: {
            **_count(0, (1, 1), (2, 3)),
            "per axis": _per_axis(0, 2),
            "center": _always("center"),
        },
        fields.PerSideFromZero: {**_count(0, (1, 1), (2, 3)), "per side": _per_axis(0, 3, times=2)},
        fields.Flag: {"true": _always(True), "false": _always(False)},
        fields.Rate: {"least": _always(0), "everyday": _always(0.1, 0.5), "large": _always(0.9)},
        fields.Fraction: {
            "least": _always(1e-3), "everyday": _always(0.1, 0.25), "large": _always(1, 1.0),
        },
        fields.Positive: {
            "least": _always(1e-5), "everyday": _always(1e-3, 0.5), "large": _always(1, 2, 3.0),
        },
        fields.Number: {
            "zero": _always(0), "everyday": _always(0.01, 0.2), "large": _always(1, 1.5),
            "negative": _always(-0.5),
        },
        fields.Count: _count(1, (2, 3), (5, 9)),
        fields.CountFromZero: _count(0, (1, 2), (3, 4)),
        Initial: {**_KERNELS, **_STARTS},
        Start: _STARTS,
    }
)  # fmt: skip

# Fields whose values must fit a shape, or that few kinds of value have: (op or any op, field).
_BY_NAME: Mapping[tuple[str, str], dict[str, Make]] = MappingProxyType(
    {
        ("*", "out_channels"): {**_count(1, (2, 4), (7, 9)), "as before": _all_channels},
        ("*", "out_features"): {**_count(1, (2, 6), (13, 19)), "as before": _all_channels},
        ("*", "groups"): _SHARES,
        ("*", "num_groups"): _SHARES,
        ("*", "num_heads"): _SHARES,
        ("*", "parts"): _SHARES,
        ("split", "index"): {"first": _always(0), "later": _whole(1, 3)},
        ("select_token", "index"): {
            "first": _always(0),
            "later": lambda shape: st.integers(0, max(0, *shape.sizes, 0)),
            "from the end": lambda shape: st.integers(-max(1, *shape.sizes, 1), -1),
        },
        ("to_map", "sizes"): {
            "number": lambda shape: st.just(shape.sizes[0]),
            "two": lambda shape: _factor(shape.sizes[0], 2),
            "three": lambda shape: _factor(shape.sizes[0], 3),
        },
        ("*", "factor"): _count(1, (2, 2), (3, 3)),
        ("*", "scale_factor"): {**_count(1, (2, 2), (3, 4)), "per axis": _per_axis(1, 3)},
        ("*", "mode"): _MODES,
        ("zero_pad", "padding"): _PADDING,
        ("crop", "margins"): _PADDING,
        ("local_response_norm", "size"): {
            "least": _always(1), "everyday": _always(3), "large": _always(5, 7),
        },
        ("lp_pool", "norm_type"): {"one": _always(1), "two": _always(2), "odd": _always(1.5, 3)},
        # What stands in these, steps.py finds from the values around.
        ("constant", "values"): {"number": _always(0), "flat": _always(0), "nested": _always(0)},
        ("*", "like"): {GIVEN: _always(GIVEN)},
        **{("*", name): {"one": _always(1), "many": _always(2)} for name in SIZE_NAMES},
        ("slice", "stop"): {
            "everyday": lambda shape: st.integers(1, max(1, *shape.dims)),
            "whole": lambda shape: st.sampled_from(shape.dims),
        },
        ("slice", "axis"): {
            "channels": _always("channels"),
            "spatial": _always("spatial"),
            "one axis": lambda shape: st.sampled_from(shape.axes or ("channels",)),
        },
    }
)  # fmt: skip
# Ops whose weights are no kernels, and those with kernels that some words mean nothing for.
_SINGLE = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "scale", "prelu"})
_NO_MEANING = MappingProxyType(
    {"depthwise_conv": ("orthogonal",), "attention": ("orthogonal", "dirac")}
)


def _factor(count: int, parts: int) -> Strategy:
    """Sizes of so many axes that a number of tokens fills."""
    divisors = [n for n in range(1, count + 1) if count % n == 0]
    if parts == 2:
        return st.sampled_from([[n, count // n] for n in divisors])
    return st.sampled_from(
        [[n, m, count // n // m] for n in divisors for m in divisors if count // n % m == 0]
    )


def list_classes(kind: type[Op], name: str) -> dict[str, Make | None]:
    """All classes of a field's values; those that are written of themselves have no strategy."""
    check, optional = next((c, o) for n, c, o in list_checks(kind) if n == name)
    info = kind.model_fields[name]
    found: dict[str, Make | None] = {}
    if not info.is_required():
        found[ABSENT] = None
        if info.default is not None:
            found[DEFAULT] = _always(info.default)
        elif optional and name not in SIZE_NAMES:
            found[NULL] = _always(None)
    return {**found, **_find(kind, name, check)}


def _find(kind: type[Op], name: str, check: Check) -> Mapping[str, Make]:
    if name == "bias_initializer" or (name == "initializer" and kind.op in _SINGLE):
        return _STARTS
    for key in ((kind.op, name), ("*", name)):
        if key in _BY_NAME:
            return _BY_NAME[key]
    if "enum" in check.json_schema:
        return {word: _always(word) for word in check.json_schema["enum"]}
    for annotated, classes in _BY_CHECK.items():
        if check in annotated.__metadata__:
            left_out = _NO_MEANING.get(kind.op, ()) if name == "initializer" else ()
            more = (
                {"bilinear": _always("bilinear")}
                if (kind.op, name) == ("conv_transpose", "initializer")
                else {}
            )
            return {
                **{label: make for label, make in classes.items() if label not in left_out},
                **more,
            }
    raise LookupError(f"no values are known for {kind.op}.{name}")
