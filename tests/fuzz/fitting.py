"""Makes the fields of one op fit each other, so that few draws are in vain."""

from __future__ import annotations

from typing import Any

from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Shape
from tests.fuzz.fields import ABSENT, NULL


def fit_fields(
    kind: type[Op], given: dict[str, Any], labels: dict[str, str], shape: Shape, wanted: str
) -> None:
    """Change fields other than the wanted one, and their classes, where the rest asks for it."""

    def change(name: str, value: Any, label: str) -> None:
        if name != wanted:
            given[name], labels[name] = value, label

    def leave_out(name: str) -> None:
        if name != wanted and name in given:
            del given[name]
            labels[name] = ABSENT

    groups = given.get("groups", 1)
    if "out_channels" in given and given["out_channels"] % groups:
        change("out_channels", 2 * groups, _name_count(2 * groups))
        if given["out_channels"] % groups:
            leave_out("groups")
    for name in ("initializer", "bias_initializer"):
        if given.get(name) is None:
            continue
        if "affine" in kind.model_fields:
            change("affine", True, "true")
        elif name == "bias_initializer":
            leave_out("bias")
    if labels.get("initializer") == "orthogonal":
        leave_out("groups")
    if given.get("initializer") == "bilinear":
        leave_out("dilation")
        stride = given.get("stride", 1)
        kernel = 2 * stride if isinstance(stride, int) else [2 * s for s in stride]
        label = _name_count(kernel) if isinstance(kernel, int) else "per axis"
        change("kernel_size", kernel, label)
        if wanted == "kernel_size":
            leave_out("initializer")
    _fit_windows(kind, given, labels, change)
    if given.get("align_corners") and labels.get("mode") != "linear":
        change("mode", ("linear", "bilinear", "trilinear")[shape.rank - 1], "linear")
        if wanted == "mode":
            leave_out("align_corners")
    _fit_parts(kind, given, shape, change)


def _fit_windows(
    kind: type[Op], given: dict[str, Any], labels: dict[str, str], change: Any
) -> None:
    """Windows that hold more than padding, and rows added to what strides leave open."""
    extra = _largest(given.get("output_padding"))
    if extra and extra >= max(_largest(given.get("stride")), _largest(given.get("dilation"))):
        change("stride", extra + 1, _name_count(extra + 1))
    padding = _largest(given.get("padding"))
    if kind.op.endswith("_pool") and padding and padding * 2 > _largest(given["kernel_size"]):
        change("kernel_size", 2 * padding, _name_count(2 * padding))
    if labels.get("stride") == NULL and not kind.op.endswith("_pool"):
        change("stride", 1, "least")


def _fit_parts(kind: type[Op], given: dict[str, Any], shape: Shape, change: Any) -> None:
    if kind.op == "split":
        if given["index"] and given["parts"] == 1 and shape.channels > 1:
            change("parts", shape.channels, "large")
        if given["index"] >= given["parts"]:
            change("index", given["parts"] - 1, "later" if given["parts"] > 1 else "first")
    if kind.op == "slice" and given.get("stop") is not None:
        start = given.get("start", 0)
        if start >= given["stop"]:
            change("start", given["stop"] - 1, "least" if given["stop"] == 1 else "everyday")


def _largest(value: Any) -> int:
    if isinstance(value, list):
        return max(value)
    return value if isinstance(value, int) else 0


def _name_count(value: int) -> str:
    """The class of a count."""
    return "least" if value == 1 else "everyday" if value < 4 else "large"
