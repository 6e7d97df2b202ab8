"""The modules of a ``nn.Sequential``, and how they are laid out: in line, or by statements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile

from cnnspec.backends.base import UnshareableError
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
# What it calls a mapping of modules that have names.
NAMED = "modules"


@dataclass(frozen=True, slots=True)
class Make:
    """One module, under its name, or under the one that `key` computes in a loop."""

    name: str
    expr: Expr
    key: Expr | None = None


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
        return entry.key is None and (not entry.name or entry.name.isdecimal())
    if isinstance(entry, Nest):
        return True
    return all(map(is_plain_name, entry.entries))


def has_keys(entries: Iterable[Entry]) -> bool:
    """Whether names of some modules are computed."""
    return any(isinstance(e, Make) and e.key is not None for e in list_entries(entries))


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
        if not all(isinstance(entry, Make) and entry.name for entry in entries):
            raise UnshareableError("a module has different names in different uses")
        pairs = tuple(
            Bracketed((literal(attribute_name(entry.name)), entry.expr), "()")
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
        if isinstance(entry, Make):
            pending.append(entry.expr)
            continue
        flush()
        if isinstance(entry, Nest):
            lines += write_nest(entry, indent)
            pending.append(Code(INNER))
            continue
        if isinstance(entry, When):
            lines += format_condition("if", entry.condition, indent)
            lines += write_statements(entry.entries, variable, indent + 4)
            continue
        lines += write_loop(entry, indent, write_statements(entry.entries, variable, indent + 4))
    flush()
    return lines


def write_named(entries: Sequence[Entry], indent: int, declared: bool) -> list[str]:
    """Statements of a constructor that make a mapping of named modules and fill it."""
    hint = "" if declared else ": OrderedDict[str, nn.Module]"
    lines = format_statement(f"{NAMED}{hint} = ", Call("OrderedDict"), indent=indent)
    return lines + write_keyed(entries, indent)


def can_be_keyed(entries: Sequence[Entry]) -> bool:
    """Whether every module has a name that it can be put under."""
    try:
        write_keyed(entries, 0)
    except UnshareableError:
        return False
    return True


def write_keyed(entries: Sequence[Entry], indent: int) -> list[str]:
    """Statements that put modules under their names."""
    lines: list[str] = []
    for entry in entries:
        match entry:
            case Make(name=name, key=key):
                if key is None and (not name or name.isdecimal()):
                    raise UnshareableError("a module has different names in different uses")
                text = format_inline(literal(attribute_name(name)) if key is None else key)
                lines += format_statement(f"{NAMED}[{text}] = ", entry.expr, indent=indent)
            case When():
                lines += format_condition("if", entry.condition, indent)
                lines += write_keyed(entry.entries, indent + 4)
            case Loop():
                lines += write_loop(entry, indent, write_keyed(entry.entries, indent + 4))
            case Nest():
                raise UnshareableError("a sequence in a sequence is filled by position")
    return lines


def write_loop(entry: Loop, indent: int, body: list[str]) -> list[str]:
    """A loop around statements, with the channels that it carries."""
    lines: list[str] = []
    if entry.start is not None:
        lines += format_statement(f"{entry.carried} = ", entry.start, indent=indent)
    lines += format_statement(f"for {entry.target} in ", entry.iterable, ":", indent)
    lines += body
    if entry.advance is not None:
        lines += write_advance(entry.carried, entry.advance, indent + 4)
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
    if has_keys(entries):
        return "\n".join(write_keyed(entries, 0))
    return "\n".join(write_statements(entries, "layers", 0))


def contains_name(text: str, name: str) -> bool:
    """Whether a name occurs in code as a word of its own."""
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", text) is not None
