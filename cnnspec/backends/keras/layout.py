"""How a layer's call is laid out, and the short names of what a file makes often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from cnnspec.backends.pycode import (
    Call,
    Code,
    Expr,
    format_inline,
    format_results,
    format_statement,
)
from cnnspec.records import dataclass

_LAYER, _SHORT = "layers.BatchNormalization", "BatchNorm"
_SETTINGS = ("momentum", "epsilon")
_STARTS = "initializers."
# How scales begin that have words.
_RULES = {"2.0,": "he", '1.0, "fan_avg"': "glorot", "1.0,": "lecun"}
# Where a layer stands this often, its settings deserve a place of their own.
_OFTEN = 3


def format_assignment(target: str, expr: Expr, indent: int) -> list[str]:
    """Lay out a statement; of a layer's two brackets the constructor's break, not the call's."""
    lines = format_results(target, expr, indent)
    layer = expr.function if isinstance(expr, Call) else None
    if len(lines) == 3 and lines[0].endswith(")(") and isinstance(layer, Call):
        if not isinstance(expr, Call) or not isinstance(expr.arguments[0], Code):
            return lines
        split = replace(expr, function=replace(layer, split=True))
        return format_statement(f"{target} = ", split, indent=indent)
    return lines


@dataclass(slots=True)
class Shorthand:
    """Short names for what all of a file's layers of a kind have, and for what many start as.

    Which those are shows only when the file was written once. `seen` holds all settings of batch
    normalisation, and `settings` those that ``BatchNorm`` stands for, when there is one; `starts`
    are the initializers that have names.
    """

    settings: tuple[tuple[str, Expr], ...] = ()
    starts: Mapping[Call, str] = field(default_factory=dict)
    seen: set[tuple[str, ...]] = field(default_factory=set)
    seen_starts: dict[Call, None] = field(default_factory=dict)

    def shorten(self, layer: Expr) -> Expr:
        """A layer, under its short name if it has one."""
        if not isinstance(layer, Call):
            return layer
        keywords = tuple((key, self.shorten_start(value)) for key, value in layer.keywords)
        if layer.function != _LAYER:
            return replace(layer, keywords=keywords)
        own = tuple(pair for pair in keywords if pair[0] in _SETTINGS)
        self.seen.add(tuple(format_inline(value) for _, value in own))
        if not self.settings:
            return replace(layer, keywords=keywords)
        rest = tuple(pair for pair in keywords if pair[0] not in _SETTINGS)
        return Call(_SHORT, layer.arguments, rest)

    def shorten_start(self, value: Expr) -> Expr:
        """An initializer, made under its short name if it has one.

        Each layer gets one of its own: layers that share one would start with the same numbers.
        """
        if not isinstance(value, Call) or not str(value.function).startswith(_STARTS):
            return value
        self.seen_starts[value] = None
        return Call(self.starts[value]) if value in self.starts else value

    def choose(self, functions: Iterable[str]) -> Shorthand | None:
        """The short names for a file that was written without them, if it should have any."""
        text = "\n".join(functions)
        if re.search(r"\bpartial\b", text):
            return None
        settings = self.choose_settings(text)
        # A call may stand on several lines.
        flat = re.sub(r"\s+|,(?=\s*\))", "", text)
        starts: dict[Call, str] = {}
        for start in self.seen_starts:
            plain = format_inline(start)
            name, count = name_start(start), 2
            while re.search(rf"\b{name}\b", text) or name in starts.values():
                name, count = f"{name_start(start)}_{count}", count + 1
            # What has no chance in it is short, and may be shared.
            often = (
                not plain.startswith(f"{_STARTS}Constant(")
                and flat.count(plain.replace(" ", "")) >= _OFTEN
            )
            if often and not re.search(r"\(\)|[(=-]\s*[a-z]", plain):
                starts[start] = name
        return Shorthand(settings, starts) if settings or starts else None

    def choose_settings(self, text: str) -> tuple[tuple[str, Expr], ...]:
        """What the short name of batch normalisation stands for."""
        if len(self.seen) != 1 or text.count(f"{_LAYER}(") < _OFTEN:
            return ()
        values = next(iter(self.seen))
        plain = all(re.fullmatch(r"[0-9.e-]+", value) for value in values)
        if not plain or re.search(rf"\b{_SHORT}\b", text):
            return ()
        return tuple(zip(_SETTINGS, map(Code, values), strict=True))

    def define(self) -> list[str]:
        """The statements that give the short names their meaning."""
        lines: list[str] = []
        if self.settings:
            made = Call("partial", (Code(_LAYER),), self.settings)
            lines += format_statement(f"{_SHORT} = ", made)
        for start, name in self.starts.items():
            made = Call("partial", (Code(str(start.function)), *start.arguments), start.keywords)
            lines += format_statement(f"{name} = ", made)
        return lines


def name_start(start: Call) -> str:
    """A short name for an initializer: the word for its rule, or its class's in snake case."""
    for beginning, word in _RULES.items():
        if format_inline(start).startswith(f"{_STARTS}VarianceScaling({beginning}"):
            even = format_inline(start).endswith('"uniform")')
            return f"{word}_{'uniform' if even else 'normal'}"
    kind = str(start.function).removeprefix(_STARTS)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
