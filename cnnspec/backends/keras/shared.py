"""Layers that several steps call: each is made once, before the first of its calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.columns import last_name
from cnnspec.backends.keras.draft import Draft
from cnnspec.backends.keras.table import count_inputs
from cnnspec.backends.pycode import Call, Code, Expr, format_statement, literal
from cnnspec.backends.rows import Row
from cnnspec.graph.ir import OpItem, Region
from cnnspec.graph.walk import walk_items
from cnnspec.ops.shapes import Kind

# The layers of a step, in the order of their calls, each with what its name adds to the step's.
MakeLayers = Callable[[], Sequence[tuple[str, Expr]]]


def call_shared(draft: Draft, rows: Sequence[Row], make: MakeLayers) -> None:
    """Call the layers of a step on the value so far; they are made unless an earlier step did."""
    if draft.conditions or rows[0].numbers:
        raise UnshareableError("shared layers are made under a condition, or in a loop")
    name = last_name(rows)
    if not name:
        raise UnshareableError("shared layers have different names in different uses")
    if name not in draft.shared:
        variables = []
        for suffix, layer in make():
            word = f"shared_{name}" if name in draft.functions else name
            variables.append(draft.pick(f"{word}{suffix}"))
            draft.begin_line()
            draft.lines += format_statement(f"{variables[-1]} = ", layer, indent=draft.indent)
            draft.shared[name] = tuple(variables)
    item = rows[0].item
    times = count_inputs(item.node.op) if isinstance(item, OpItem) else 1
    for variable in draft.shared[name]:
        draft.assign(Call(variable, (Code(draft.current),) * times))


def make_model(
    draft: Draft, rows: Sequence[Row], call: Callable[[Sequence[Row], str], Expr]
) -> Expr:
    """A model of a block's function, which can be called several times with one set of weights."""
    name = draft.namer.say([row.item.path for row in rows], rows)
    inputs = draft.pick(f"{last_name(rows)}_input")
    shape = say_shape(draft, rows)
    draft.begin_line()
    draft.lines += format_statement(
        f"{inputs} = ", Call("keras.Input", (shape,)), indent=draft.indent
    )
    return Call("keras.Model", (Code(inputs), call(rows, inputs)), (("name", name),))


def say_shape(draft: Draft, rows: Sequence[Row]) -> Expr:
    """The shape that a block receives in all of its uses, with None for sizes that differ."""
    value = draft.current
    columns = [draft.sharing[row.use][row.item.path] for row in rows]
    shapes = [[item.input.known for item in column] for column in columns]
    first = shapes[0][0]
    if all(shape == column[0] for column in shapes for shape in column):
        return Code(f"{value}.shape[1:]")
    every = [shape for column in shapes for shape in column]
    if first.kind is not Kind.MAP:
        sizes: tuple[int | None, ...] = (None,)
    else:
        sizes = tuple(
            size if len({shape.sizes[axis] for shape in every}) == 1 else None
            for axis, size in enumerate(first.sizes)
        )
    if len({shape.channels for shape in every}) == 1:
        return literal((*sizes, first.channels))
    return Code(f"({', '.join(map(str, sizes))}, {value}.shape[-1])")


def holds_shared(rows: Sequence[Row]) -> bool:
    """Whether steps in branches share weights: their calls stay in the order of the steps."""
    items = tuple(row.item for row in rows)
    region = Region(items, items[0].input, items[0].output, False, "")
    return any(item.step.shared is not None for item in walk_items(region))
