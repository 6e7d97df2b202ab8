"""What a step can see while the graph is built, and where a finding about it belongs."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Span
from cnnspec.expressions import Value as Scalar
from cnnspec.graph.evaluate import view_shape
from cnnspec.graph.ir import Item, LoopItem, SkipItem, Value
from cnnspec.graph.library import LIBRARY
from cnnspec.graph.scope import Scope, list_direct
from cnnspec.records import dataclass
from cnnspec.spec.model import Literal, Step

if TYPE_CHECKING:
    from cnnspec.graph.home import Home

# The calls around a step, outermost first, by the names of their blocks. What a spec that is taken
# as a part is called begins with what no block's name has.
Calls = tuple[tuple[str, Span], ...]
PART_CALL = ":"

# The innermost calls and the outermost one say where a step is; more would hide the message.
MAX_CALLS = 5


class Environment(Mapping[str, Scalar]):
    """The variables, and the sizes of the named values that they do not hide.

    Sizes are looked up when they are asked for: a loop may name thousands of values.
    """

    def __init__(self, variables: Mapping[str, Scalar], named: Mapping[str, Value]) -> None:
        self.variables = variables
        self.named = named

    def __getitem__(self, name: str) -> Scalar:
        if name in self.variables:
            return self.variables[name]
        shape = self.named[name].shape
        if shape is None:
            raise KeyError(name)
        return view_shape(shape)

    def __iter__(self) -> Iterator[str]:
        yield from self.variables
        for name, value in self.named.items():
            if name not in self.variables and value.shape is not None:
                yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Names(ChainMap[str, Value]):
    """The values that can be taken by name, and by name the steps that gave them."""

    holders: ChainMap[str, Item]

    def __init__(self, values: dict[str, Value] | None = None, around: Names | None = None) -> None:
        super().__init__({} if values is None else values, *(around.maps if around else ()))
        self.holders = ChainMap({}, *(around.holders.maps if around else ()))

    def keep(self, name: str, item: Item) -> None:
        """Let a name stand for the value of a step."""
        self.maps[0][name] = item.output
        self.holders.maps[0][name] = item

    def enter(self) -> Names:
        """The names in a list of steps inside of this one."""
        return Names({}, self)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a step can see: variables, named values, the current value, and where it stands."""

    variables: dict[str, Scalar]
    values: Names
    flow: Value | None
    scope: Scope
    home: Home
    calls: Calls = ()
    depth: int = 0
    # Set inside of a step that was put in another's place, which must not be replaced again.
    patched: bool = False

    def move(self, flow: Value | None, values: Names) -> Frame:
        """The same place with another current value and other named values."""
        return Frame(
            self.variables, values, flow, self.scope, self.home, self.calls, self.depth,
            self.patched,
        )  # fmt: skip

    def turn(self, row: dict[str, Scalar], flow: Value | None) -> Frame:
        """One level deeper, with a loop's variables for one turn."""
        variables = {**self.variables, **row} if row else self.variables
        return Frame(
            variables, self.values, flow, self.scope, self.home, self.calls, self.depth + 1,
            self.patched,
        )  # fmt: skip

    def enter(self, patched: bool) -> Frame:
        """One level deeper, inside of a step."""
        return Frame(
            self.variables, self.values, self.flow, self.scope, self.home, self.calls,
            self.depth + 1, self.patched or patched,
        )  # fmt: skip

    def receive(self) -> int:
        """Let a block's first step know its channels; gives them back, 0 where none are known."""
        shape = self.flow.shape if self.flow is not None else None
        self.variables.pop("in_channels", None)
        if shape is not None:
            self.variables["in_channels"] = shape.channels
        return shape.channels if shape is not None else 0

    @property
    def environment(self) -> Environment:
        """Everything that an expression may name."""
        return Environment(self.variables, self.values)


def keep_name(step: Step, item: Item, values: Names) -> None:
    """Let later steps take a step's result by the name that it has."""
    if type(item) is Item:
        # What stands inside of a step that failed has no values, and no errors for that.
        for inner in list_direct((step,)):
            if isinstance(inner.name, Literal):
                values.setdefault(str(inner.name.value), item.output)
    if step.name is None or isinstance(item, SkipItem):
        return
    name = item.name
    # A step that failed before it had a path still has the name that its author gave.
    if not name and isinstance(step.name, Literal) and not isinstance(item, LoopItem):
        name = str(step.name.value)
    if name:
        values.keep(name, item)


def list_open_blocks(calls: Calls) -> list[str]:
    """The blocks that are being carried out; those around a part are of another spec."""
    names = [name for name, _ in calls]
    parts = [place for place, name in enumerate(names) if name.startswith(PART_CALL)]
    return names[parts[-1] + 1 :] if parts else names


def is_library(span: Span) -> bool:
    """Whether a place is in the library, which a user does not see."""
    return span.file.startswith(LIBRARY)


def find_shown(span: Span, calls: Calls) -> Span:
    """Where a finding is shown: of the library, where the user's own file calls it."""
    shown, hidden = span, is_library(span)
    for _, call in reversed(calls):
        within, hidden = hidden, is_library(call)
        if within and not hidden:
            shown = call
    return shown


def place_finding(span: Span, calls: Calls) -> tuple[Span, tuple[str, ...]]:
    """Where a finding is shown, with the chain of block calls that led there, innermost first."""
    shown, inner = find_shown(span, calls), span
    notes: list[str] = []
    for name, call in reversed(calls):
        if is_library(inner) and not is_library(call):
            notes.append(f"in block '{name}' of the library, at {describe_line(inner)}")
        else:
            kind = "spec '{}', taken" if name.startswith(PART_CALL) else "block '{}', called"
            place = describe_line(call, shown)
            notes.append(f"in {kind.format(name.removeprefix(PART_CALL))} at {place}")
        inner = call
    if len(notes) > MAX_CALLS:
        left_out = f"in {len(notes) - MAX_CALLS} more blocks around these"
        notes = [*notes[: MAX_CALLS - 1], left_out, notes[-1]]
    return shown, tuple(notes)


def describe_line(span: Span, beside: Span | None = None) -> str:
    """The line of a place, with its file where that is another than the one beside it."""
    if is_library(span) or (beside is not None and span.file != beside.file):
        return f"line {span.line} of {span.file}"
    return f"line {span.line}"
