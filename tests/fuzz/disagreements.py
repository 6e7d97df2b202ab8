"""Where a check and a framework disagree, and why that is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind
from tests.fuzz.boundaries import Use
from tests.op_rows import fmap, tokens, vector

_FLAGS = ("bias", "ceil_mode", "count_include_pad", "keepdims", "affine", "per_channel",
          "align_corners")  # fmt: skip
_POOLS = ("max_pool", "min_pool", "avg_pool")
_MAP = fmap(4, 6, 5)
MOST = 2**24


@dataclass(frozen=True)
class Disagreement:
    """One disagreement: the use of an op that shows it, and which other uses are of its kind.

    `rule` is the error with which a check refuses what runs; where it is empty, the check accepts
    what a framework's own layer refuses. `idle` says that the result, or some numbers of it, are
    the same whatever goes in.
    """

    name: str
    reason: str
    example: Use
    is_met: Callable[[Use], bool]
    rule: str = ""
    ops: tuple[str, ...] = ()
    runners: tuple[str, ...] = ("torch",)
    idle: bool = field(default=False)

    def fits(self, use: Use, rules: tuple[str, ...]) -> bool:
        """Whether it explains one of the rules that refuse a use; none for one that is accepted."""
        named = self.rule in rules if self.rule else not rules
        return named and (not self.ops or use.op in self.ops) and self.is_met(use)


def _has(check: Callable[[Any], bool], *names: str) -> Callable[[Use], bool]:
    """Whether one of some fields, or any field, is such a value."""

    def look(use: Use) -> bool:
        found = [value for name, value in use.fields.items() if not names or name in names]
        return any(check(entry) for value in found for entry in _list(value))

    return look


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_odd_flag(use: Use) -> bool:
    return any(not isinstance(v, bool) for k, v in use.fields.items() if k in _FLAGS)


def _has_true_number(use: Use) -> bool:
    return any(
        any(isinstance(entry, bool) for entry in _list(v))
        for k, v in use.fields.items()
        if k not in _FLAGS
    )


def _below(least: float, *names: str) -> Callable[[Use], bool]:
    return _has(lambda value: _is_number(value) and value < least, *names)


def _at_most(most: float, *names: str) -> Callable[[Use], bool]:
    return _has(lambda value: _is_number(value) and value <= most, *names)


def _slices_past(use: Use) -> bool:
    """Whether it goes up to an entry that some axis does not have."""
    stop = use.fields.get("stop")
    return _is_number(stop) and stop > min(use.shape.dims)


STRICTER = (
    Disagreement(
        "numbers for flags",
        "0 and 1 in place of true and false are more often numbers in the wrong field",
        Use("global_avg_pool", {"keepdims": 1}, (_MAP,)),
        _has_odd_flag,
        "invalid-field",
        runners=("keras",),
    ),
    Disagreement(
        "true for a number",
        "Python counts true as 1; in a spec it is more often a value in the wrong field",
        Use("crop", {"margins": True}, (_MAP,)),
        _has_true_number,
        "invalid-field",
    ),
    Disagreement(
        "far too large",
        "numbers above 2 ** 24 are refused before memory is taken for them",
        Use("max_pool", {"kernel_size": 2, "stride": 2 * MOST}, (_MAP,)),
        _has(lambda value: _is_number(value) and value > MOST),
        "invalid-field",
    ),
    Disagreement(
        "one entry for several axes",
        "PyTorch's pools and Keras's paddings spread a list of one, other layers refuse it",
        Use("max_pool", {"kernel_size": [2]}, (_MAP,)),
        lambda use: any(isinstance(v, list) and len(v) == 1 for v in use.fields.values()),
        "wrong-rank",
    ),
    Disagreement(
        "nothing added to a variance",
        "without an eps above zero a constant map is divided by zero, and one below gives NaN",
        Use("group_norm", {"num_groups": 2, "eps": 0}, (_MAP,)),
        _at_most(0, "eps"),
        "invalid-field",
    ),
    Disagreement(
        "statistics that do not follow",
        "a share of 0 leaves running statistics as they began, and one outside of 0 to 1 makes "
        "no mean of them",
        Use("batch_norm", {"momentum": 0}, (_MAP,)),
        _has(lambda value: _is_number(value) and not 0 < value <= 1, "momentum"),
        "invalid-field",
        ("batch_norm",),
    ),
    Disagreement(
        "all dropped",
        "what is left is scaled by 1 / (1 - p), of which there is none at 1",
        Use("dropout", {"p": 1.0}, (_MAP,)),
        _has(lambda value: value == 1, "p", "dropout"),
        "invalid-field",
    ),
    Disagreement(
        "an ELU without a bend",
        "at 0 it is a ReLU, below it rises again towards minus infinity: not what the op is for",
        Use("elu", {"alpha": 0}, (_MAP,)),
        _at_most(0, "alpha"),
        "invalid-field",
        ("elu",),
    ),
    Disagreement(
        "a response that is no divisor",
        "with a constant, weight or exponent of 0 or below, it divides by zero or by nothing",
        Use("local_response_norm", {"size": 3, "k": 0}, (_MAP,)),
        _at_most(0, "alpha", "beta", "k"),
        "invalid-field",
        ("local_response_norm",),
    ),
    Disagreement(
        "an even window of channels",
        "PyTorch and ONNX have its odd channel on different sides",
        Use("local_response_norm", {"size": 2}, (_MAP,)),
        _has(lambda value: _is_number(value) and value % 2 == 0, "size"),
        "invalid-field",
        ("local_response_norm",),
    ),
    Disagreement(
        "no power",
        "the root of 0 is none, and a power below 0 divides by the zeros of the map",
        Use("lp_pool", {"kernel_size": 2, "norm_type": -1}, (_MAP,)),
        _at_most(0, "norm_type"),
        "invalid-field",
        ("lp_pool",),
    ),
    Disagreement(
        "a constant in other lists",
        "lists within lists say which axis is which, so they must be those of the shape",
        Use(
            "constant",
            {"channels": 2, "height": 1, "width": 2, "values": [[1.0, 2.0], [3.0, 4.0]]},
            (_MAP,),
        ),
        lambda use: isinstance(use.fields["values"], list),
        "invalid-field",
        ("constant",),
    ),
    Disagreement(
        "a margin below zero",
        "a crop of less than nothing is a padding, for which there is an op; Keras refuses it",
        Use("crop", {"margins": -1}, (_MAP,)),
        _below(0, "margins", "padding"),
        "invalid-field",
        ("crop", "zero_pad", "pad_channels"),
    ),
    Disagreement(
        "counted from the end",
        "parts and entries are counted from the start; what Python counts from the end is another "
        "part for each size of the map",
        Use("split", {"parts": 2, "index": -1}, (_MAP,)),
        _below(0, "index", "start", "stop"),
        "invalid-field",
        ("split", "slice"),
    ),
    Disagreement(
        "a slice past the end",
        "Python stops at the end and says nothing, so that the result is smaller than asked for",
        Use("slice", {"axis": "height", "start": 2, "stop": 9}, (_MAP,)),
        _slices_past,
        "crop-exceeds-input",
        ("slice",),
    ),
    Disagreement(
        "a factor with a point",
        "frameworks round the size that comes out in different ways; resize says it in numbers",
        Use("upsample", {"scale_factor": 2.0}, (_MAP,)),
        _has(lambda value: isinstance(value, float), "scale_factor"),
        "invalid-field",
        ("upsample",),
    ),
    Disagreement(
        "taps on top of each other",
        "PyTorch does not look at the dilation of a transposed convolution; others refuse one of 0",
        Use("conv_transpose", {"out_channels": 2, "kernel_size": 1, "dilation": 0}, (_MAP,)),
        _at_most(0, "dilation"),
        "invalid-field",
        ("conv_transpose",),
    ),
    Disagreement(
        "windows of padding alone",
        "they hold minus infinity, NaN or zero, whatever the map holds",
        Use("max_pool", {"kernel_size": 2, "stride": 1, "padding": 2}, (_MAP,)),
        lambda use: use.fields.get("padding", 0) != 0,
        "invalid-field",
        _POOLS,
        runners=(),
        idle=True,
    ),
    Disagreement(
        "a norm over one number",
        "a number less its own mean is zero",
        Use("layer_norm", {"axes": "channels"}, (vector(1),)),
        lambda use: True,
        "norm-degenerate",
        ("layer_norm", "group_norm", "instance_norm"),
        idle=True,
    ),
    Disagreement(
        "a softmax over one number",
        "its share of itself is one",
        Use("softmax", {}, (fmap(1, 4, 4),)),
        lambda use: use.shape.channels == 1,
        "softmax-one-unit",
        ("softmax",),
        idle=True,
    ),
    Disagreement(
        "another kind of value",
        "frameworks go by the number of axes and not by what they mean: tokens pass for a map of "
        "one axis, and a linear layer takes the width of a map for its features",
        Use("max_pool", {"kernel_size": 2}, (tokens(4, 6),)),
        lambda use: (
            use.shape.kind not in OPS[use.op].kinds
            or (len(use.inputs) > 1 and use.inputs[1].kind is not Kind.MAP)
        ),
        "kind-mismatch",
    ),
    Disagreement(
        "a sum that stretches",
        "maps that repeat along an axis are more often a mistake than meant, and Keras stretches "
        "others than PyTorch; gates are for multiply, and learned values may stretch",
        Use("add", {}, (_MAP, fmap(4, 1, 1))),
        lambda use: len(set(use.inputs)) > 1,
        "shape-mismatch",
        ("add",),
    ),
    Disagreement(
        "factors that stretch over each other",
        "one of them must be as large as the product, so that a gate is told from a mistake",
        Use("multiply", {}, (fmap(4, 6, 1), fmap(4, 1, 5))),
        lambda use: len(set(use.inputs)) > 1,
        "shape-mismatch",
        ("multiply",),
    ),
    Disagreement(
        "tokens beside a map",
        "they have as many axes as a map with one, but not in that order",
        Use("concat", {}, (tokens(4, 6), fmap(4, 3))),
        lambda use: len({shape.kind for shape in use.inputs}) > 1,
        "shape-mismatch",
        ("concat",),
    ),
    Disagreement(
        "a map with four axes",
        "there are maps with one to three axes",
        Use("to_map", {"sizes": [1, 2, 1, 3]}, (tokens(6, 2),)),
        lambda use: len(_list(use.fields["sizes"])) > 3,
        "wrong-rank",
        ("to_map",),
    ),
    Disagreement(
        "heads that leave channels over",
        "Keras makes them narrower without a word, PyTorch and ONNX refuse them",
        Use("attention", {"num_heads": 3}, (tokens(4, 8),)),
        lambda use: use.shape.channels % use.fields["num_heads"] != 0,
        "groups-not-dividing",
        ("attention",),
        runners=("keras",),
    ),
)

LOOSER = (
    Disagreement(
        "same with a stride",
        "PyTorch knows it without a stride alone; a padding before says it",
        Use("conv", {"out_channels": 2, "kernel_size": 3, "stride": 2, "padding": "same"}, (_MAP,)),
        lambda use: use.fields["padding"] == "same",
        ops=("conv", "depthwise_conv"),
    ),
    Disagreement(
        "padding above half a kernel",
        "PyTorch refuses it, though each window may still reach the map; a padding before says it",
        Use("max_pool", {"kernel_size": 3, "stride": 2, "padding": 2}, (_MAP,)),
        lambda use: use.fields.get("padding", 0) not in (0, "valid"),
        ops=_POOLS,
    ),
    Disagreement(
        "slopes of tokens",
        "PyTorch has the channels on the second axis always; the axes change places",
        Use("prelu", {"per_channel": True}, (tokens(3, 4),)),
        lambda use: use.shape.kind is Kind.TOKENS,
        ops=("prelu",),
    ),
    Disagreement(
        "a list of one",
        "PyTorch's LPPool1d takes a number alone",
        Use("lp_pool", {"kernel_size": [2]}, (fmap(2, 6),)),
        lambda use: use.shape.rank == 1,
        ops=("lp_pool",),
    ),
    Disagreement(
        "a window over the end of a small map",
        "PyTorch refuses it over three axes, not over one and two; rows behind the map say it",
        Use("lp_pool", {"kernel_size": 4, "ceil_mode": True}, (fmap(2, 3, 8, 2),)),
        lambda use: use.shape.rank == 3 and use.fields["ceil_mode"] is True,
        ops=("lp_pool", "avg_pool"),
    ),
)
