"""The modules of a ``nn.Sequential``, and how they are laid out: in line, or by statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from cnnspec.backends.pycode import (
    Bracketed,
    Call,
    Code,
    Comprehension,
    Expr,
    Star,
    format_condition,
    format_inline,
    format_statement,
    literal,
)
from cnnspec.naming import attribute_name
from cnnspec.records import dataclass

# What code calls a sequence inside of a sequence.
INNER = "sequence"


@dataclass(frozen=True, slots=True)
class Make:
    """One module, under its name; `label` is the code for a name that has variables in it."""

    name: str
    expr: Expr
    label: Expr | None = None


@dataclass(frozen=True, slots=True)
class When:
    """Modules that are there under a condition only."""

    condition: Expr
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """Modules made in a loop.

    `carried` is the loop's variable for the channels with its value before the loop, None where it
    is right already; `advance` is its value after each turn.
    """

    target: str
    iterable: Expr
    entries: tuple[Entry, ...]
    carried: str = ""
    start: Expr | None = None
    advance: Expr | None = None


@dataclass(frozen=True, slots=True)
class Nest:
    """Modules of a sequence inside of the sequence, which statements fill."""

    entries: tuple[Entry, ...]


Entry = Make | When | Loop | Nest


def add_entries(entries: list[Entry], more: Iterable[Entry]) -> None:
    """Add modules; those under one condition stand together."""
    for entry in more:
        last = entries[-1] if entries else None
        if isinstance(entry, When) and isinstance(last, When) and entry.condition == last.condition:
            entries[-1] = replace(last, entries=(*last.entries, *entry.entries))
        else:
            entries.append(entry)


def is_plain_name(entry: Entry) -> bool:
    """Whether an entry's modules are called by position."""
    if isinstance(entry, Make):
        return entry.label is None and (not entry.name or entry.name.isdecimal())
    if isinstance(entry, Nest):
        return True
    return all(map(is_plain_name, entry.entries))


def is_labelled(entry: Entry) -> bool:
    """Whether a loop makes modules whose names say its turns."""
    return (
        isinstance(entry, Loop)
        and not entry.carried
        and all(isinstance(inner, Make) and inner.label is not None for inner in entry.entries)
    )


def label_entries(entries: Sequence[Entry]) -> tuple[Entry, ...] | None:
    """The entries of a sequence with names, as statements take them; None where they cannot."""
    labelled: list[Entry] = []
    for entry in entries:
        if isinstance(entry, Make):
            name = entry.label or literal(attribute_name(entry.name))
            labelled.append(replace(entry, label=name))
        elif is_labelled(entry):
            labelled.append(entry)
        else:
            return None
    return tuple(labelled)


def list_entries(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries and all that stand inside of them."""
    for entry in entries:
        yield entry
        if not isinstance(entry, Make):
            yield from list_entries(entry.entries)


def find_carried(entry: Entry) -> str:
    """The variable that a loop at the end of an entry leaves with the channels; empty if none."""
    if isinstance(entry, Nest):
        return find_carried(entry.entries[-1])
    return entry.carried if isinstance(entry, Loop) else ""


def holds_carrying(entries: Iterable[Entry]) -> bool:
    """Whether a loop among some entries puts channels into a variable."""
    return any(isinstance(entry, Loop) and entry.carried for entry in list_entries(entries))


def write_inline(entries: Sequence[Entry], named: bool) -> Expr | None:
    """The sequence as one expression; None where it needs statements."""
    if named:
        if not all(isinstance(entry, Make) for entry in entries):
            return None
        pairs = tuple(
            Bracketed((entry.label or literal(attribute_name(entry.name)), entry.expr), "()")
            for entry in entries
            if isinstance(entry, Make)
        )
        return Call(
            "nn.Sequential", (Call("OrderedDict", (Bracketed(pairs, split=len(pairs) > 1),)),)
        )
    items = write_items(entries)
    return None if items is None else Call("nn.Sequential", items, split=len(items) > 1)


def write_items(entries: Sequence[Entry]) -> tuple[Expr, ...] | None:
    """The arguments of a sequence, where all can be said without statements."""
    items: list[Expr] = []
    for entry in entries:
        match entry:
            case Make():
                items.append(entry.expr)
            case Loop(entries=(Make() as body,), carried=""):
                items.append(Star(Comprehension(body.expr, entry.target, entry.iterable)))
            case _:
                return None
    return tuple(items)


def write_builder(entries: Sequence[Entry], declaration: str, indent: int) -> list[str]:
    """Statements of a constructor that make a list and fill it."""
    plain = list(takewhile(lambda entry: isinstance(entry, Make), entries))
    first = Bracketed(tuple(entry.expr for entry in plain if isinstance(entry, Make)))
    lines = format_statement(f"{declaration} = ", first, indent=indent)
    variable = declaration.partition(":")[0]
    return lines + write_statements(entries[len(plain) :], variable, indent)


def write_named(entries: Sequence[Entry], declaration: str, indent: int) -> list[str]:
    """Statements of a constructor that make a mapping from names to modules and fill it."""
    lines = format_statement(f"{declaration} = ", Call("OrderedDict"), indent=indent)
    return lines + write_statements(entries, declaration.partition(":")[0], indent)


def write_nest(nest: Nest, indent: int) -> list[str]:
    """Statements that make a sequence and fill it."""
    plain = list(takewhile(lambda entry: isinstance(entry, Make), nest.entries))
    first = Call("nn.Sequential", tuple(e.expr for e in plain if isinstance(e, Make)))
    lines = format_statement(f"{INNER} = ", first, indent=indent)
    return lines + write_statements(nest.entries[len(plain) :], INNER, indent)


def write_statements(entries: Sequence[Entry], variable: str, indent: int) -> list[str]:
    """Statements that append the modules to a list."""
    lines: list[str] = []
    pending: list[Expr] = []

    def flush() -> None:
        if len(pending) == 1:
            lines.extend(
                format_statement("", Call(f"{variable}.append", tuple(pending)), indent=indent)
            )
        elif pending:
            more = Bracketed(tuple(pending))
            if variable == INNER:
                lines.extend(format_statement("", Call(f"{INNER}.extend", (more,)), indent=indent))
            else:
                lines.extend(format_statement(f"{variable} += ", more, indent=indent))
        pending.clear()

    for entry in entries:
        if isinstance(entry, Make) and entry.label is None:
            pending.append(entry.expr)
            continue
        flush()
        if isinstance(entry, Make):
            assert entry.label is not None
            target = f"{variable}[{format_inline(entry.label)}]"
            lines += format_statement(f"{target} = ", entry.expr, indent=indent)
            continue
        if isinstance(entry, Nest):
            lines += write_nest(entry, indent)
            pending.append(Code(INNER))
            continue
        if isinstance(entry, When):
            lines += format_condition("if", entry.condition, indent)
            lines += write_statements(entry.entries, variable, indent + 4)
            continue
        if entry.start is not None:
            lines += format_statement(f"{entry.carried} = ", entry.start, indent=indent)
        lines += format_statement(f"for {entry.target} in ", entry.iterable, ":", indent)
        lines += write_statements(entry.entries, variable, indent + 4)
        if entry.advance is not None:
            lines += write_advance(entry.carried, entry.advance, indent + 4)
    flush()
    return lines


def write_advance(name: str, advance: Expr, indent: int) -> list[str]:
    """The carried variable's next value: a sum is added to it."""
    start = f"{name} + "
    if isinstance(advance, Code) and advance.text.startswith(start):
        return format_statement(
            f"{name} += ", Code(advance.text.removeprefix(start)), indent=indent
        )
    return format_statement(f"{name} = ", advance, indent=indent)


def spell(entries: Sequence[Entry]) -> str:
    """The entries as text, to see which names they use."""
    return "\n".join(write_statements(entries, "layers", 0))


def contains_name(text: str, name: str) -> bool:
    """Whether a name occurs in code as a word of its own."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None
