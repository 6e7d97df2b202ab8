"""A network's summary as text, JSON, Markdown or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from types import MappingProxyType

from cnnspec.analysis.receptive import Field, Fields, Number
from cnnspec.graph.dims import write_dims
from cnnspec.graph.size_sets import spell_sizes
from cnnspec.report.json_text import write_object
from cnnspec.report.sizes import describe_axis
from cnnspec.report.summary import Row, Summary, list_sizes
from cnnspec.report.tables import Column, draw_markdown, draw_text

_COLUMNS = (
    Column("Layer"),
    Column("Op"),
    Column("Output", numeric=True),
    Column("Parameters", numeric=True),
    Column("MACs", numeric=True),
    Column("Reads", numeric=True),
)

_LEGEND = "Reads: the receptive field in input rows, fewest-most over all paths, then /its stride."


def format_text(summary: Summary) -> str:
    """Draw the summary as an aligned table with the totals below."""
    macs = _draw_macs(summary.macs, summary.training_macs)
    total = ["Total", "", "", f"{summary.parameters:,}", macs, ""]
    rows = [*map(_list_cells, summary.layers), total]
    lines = [
        f"{summary.name}: input {_describe_inputs(summary)}",
        *(f"outputs: {text}" for text in _describe_outputs(summary)),
        "",
        draw_text(_COLUMNS, rows, rule=1),
        "",
        *_describe_totals(summary),
        _LEGEND,
    ]
    return "\n".join(lines) + "\n"


def format_markdown(summary: Summary) -> str:
    """Write the summary as a Markdown table with the totals below."""
    lines = [
        f"## {summary.name}",
        "",
        f"Input: {_describe_inputs(summary)}",
        *(f"Outputs: {text}" for text in _describe_outputs(summary)),
        "",
        draw_markdown(_COLUMNS, [_list_cells(row) for row in summary.layers]),
        "",
        *(f"- {line}" for line in _describe_totals(summary)),
        "",
        _LEGEND,
    ]
    return "\n".join(lines) + "\n"


def format_json(summary: Summary) -> str:
    """Write the summary as one JSON object, with a line for each layer.

    A receptive field holds the rows read at least (`min`) and at most (`max`) along each axis of
    the input, and the `stride`, null where the axis is gone; `whole` says that some path reads
    the whole input. A network with one input has its shape as `input`, one with several
    has a mapping. Outputs that have names are there by them; where some are for training,
    `training_macs` are the MACs in training beside those of the trained network. Where sizes are
    open, `input` and `output_shape` are for one of them, and `input_formula` and `output_formula`
    say them all. Layers with attention have its products as `attention_macs`.
    """
    inputs = {name: list(shape.dims) for name, shape in summary.inputs}
    whole, has_training = _whole(summary), summary.has_training
    layers = [
        {
            "path": row.path,
            "op": row.op,
            "output_shape": list(row.output.dims),
            "parameters": row.parameters,
            "macs": row.macs,
            **({"training_macs": row.training_macs} if has_training else {}),
            **({"attention_macs": row.attention_macs} if row.attention_macs else {}),
            "receptive_field": _describe_fields(row.fields, whole),
            **({"output_formula": list(row.dims)} if summary.sizes else {}),
        }
        for row in summary.layers
    ]
    outputs = {
        output.name: {"shape": list(dims), "training": output.training}
        for output, dims in summary.outputs
    }
    opened = {name: list(dims) for name, dims in summary.open_inputs}
    sizes = {
        "input_formula": next(iter(opened.values())) if len(opened) == 1 else opened,
        "sizes": [describe_axis(axis) for axis in summary.sizes],
    }
    shown = {
        "name": summary.name,
        "input": next(iter(inputs.values())) if len(inputs) == 1 else inputs,
        **({"outputs": outputs} if summary.is_named else {}),
        "layers": layers,
        "totals": summary.totals,
        **(sizes if summary.sizes else {}),
    }
    return write_object(shown)


def format_csv(summary: Summary) -> str:
    """Write one line for each layer, under a header."""
    text = io.StringIO()
    whole, has_training = _whole(summary), summary.has_training
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            *("path", "op", "output_shape", "parameters", "macs"),
            *("receptive_field_min", "receptive_field_max", "receptive_field_stride"),
            *(["training_macs"] if has_training else []),
        ]
    )
    for row in summary.layers:
        low, high = list_sizes(row.fields, whole)
        strides = [field.stride for field in row.fields]
        writer.writerow(
            [
                *(row.path, row.op, str(row.output), row.parameters, row.macs),
                *("x".join(map(str, low)), "x".join(map(str, high))),
                "" if None in strides else "x".join(map(str, strides)),
                *([row.training_macs] if has_training else []),
            ]
        )
    return text.getvalue()


FORMATS: MappingProxyType[str, Callable[[Summary], str]] = MappingProxyType(
    {
        "text": format_text,
        "json": format_json,
        "markdown": format_markdown,
        "csv": format_csv,
    }
)


def _list_cells(row: Row) -> list[str]:
    return [
        row.path,
        row.op,
        write_dims(row.dims),
        f"{row.parameters:,}" if row.parameters else "",
        _draw_macs(row.macs, row.training_macs),
        _draw_fields(row.fields),
    ]


def _draw_macs(macs: int, training_macs: int) -> str:
    """MACs of a trained network, and in brackets those in training where they are more."""
    trained = f"{macs:,}" if macs else ""
    return trained if macs == training_macs else f"{trained} ({training_macs:,})".lstrip()


def _draw_fields(fields: Fields) -> str:
    """The receptive field in a few characters; axes that agree are shown once."""
    if not fields:
        return ""
    shown = [_draw_field(field) for field in dict.fromkeys(fields)]
    return shown[0] if len(shown) == 1 else " x ".join(map(_draw_field, fields))


def _draw_field(field: Field) -> str:
    low, high = ("all" if side is None else str(side) for side in field.rows)
    stride = "" if field.stride is None else f" /{field.stride}"
    return f"{low if low == high else f'{low}-{high}'}{stride}"


def _describe_fields(fields: Fields, whole: tuple[int, ...]) -> dict[str, object] | None:
    if not fields:
        return None
    low, high = list_sizes(fields, whole)
    return {
        "min": list(low),
        "max": list(high),
        "stride": [None if field.stride is None else _number(field.stride) for field in fields],
        "whole": any(field.high is None for field in fields),
    }


def _number(value: Number) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)


def _whole(summary: Summary) -> tuple[int, ...]:
    """The sizes of the input; of the one with the most axes, where there are several."""
    return max((shape.sizes for _, shape in summary.inputs), key=len)


def _describe_inputs(summary: Summary) -> str:
    if summary.open_inputs:
        several = len(summary.open_inputs) > 1
        shown = [
            f"{name} {write_dims(dims)}" if several else write_dims(dims)
            for name, dims in summary.open_inputs
        ]
        return ", ".join(shown)
    return _describe_nominal(summary)


def _describe_outputs(summary: Summary) -> list[str]:
    """The outputs, where they have names."""
    shown = [
        f"{output.name} {write_dims(dims)}{' in training' if output.training else ''}"
        for output, dims in summary.outputs
    ]
    return [", ".join(shown)] if summary.is_named else []


def _describe_nominal(summary: Summary) -> str:
    if len(summary.inputs) == 1:
        return str(summary.inputs[0][1])
    return ", ".join(f"{name} {shape}" for name, shape in summary.inputs)


def _describe_totals(summary: Summary) -> list[str]:
    opened = [
        f"{axis.size.letter} ({' and '.join(axis.axes)}): {spell_sizes(axis.usable)}"
        for axis in summary.sizes
    ]
    figures = [f"Figures are for an input of {_describe_nominal(summary)}"] if opened else []
    more = f"; {summary.training_macs:,} in training" if summary.has_training else ""
    kept = f", and {summary.statistics:,} running statistics" if summary.statistics else ""
    return [
        *opened,
        *figures,
        f"Parameters: {summary.parameters:,}, all trainable{kept}",
        f"MACs: {summary.macs:,} for one sample, in convolution and linear layers{more}",
        *_describe_attention(summary),
        f"Memory in float32: weights {draw_bytes(summary.weight_bytes)}, "
        f"activations {draw_bytes(summary.activation_bytes)} for one sample",
    ]


def _describe_attention(summary: Summary) -> list[str]:
    if not summary.attention_macs:
        return []
    return [f"Attention: {summary.attention_macs:,} MACs more, in products between tokens"]


def draw_bytes(count: int) -> str:
    """A number of bytes in the unit that keeps it short."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.1f} {unit}" if unit != "B" else f"{count} B"
        size /= 1024
    return f"{size:.1f} TiB"
