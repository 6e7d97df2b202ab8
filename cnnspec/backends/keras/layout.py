"""How a layer's call is laid out, and the short name of a layer that a file makes often."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from cnnspec.backends.pycode import Call, Code, Expr, format_inline, format_statement

_LAYER, _SHORT = "layers.BatchNormalization", "BatchNorm"
_SETTINGS = ("momentum", "epsilon")
# Where a layer stands this often, its settings deserve a place of their own.
_OFTEN = 3


def format_assignment(target: str, expr: Expr, indent: int) -> list[str]:
    """Lay out a statement; of a layer's two brackets the constructor's break, not the call's."""
    lines = format_statement(f"{target} = ", expr, indent=indent)
    layer = expr.function if isinstance(expr, Call) else None
    if len(lines) == 3 and lines[0].endswith(")(") and isinstance(layer, Call):
        if not isinstance(expr, Call) or not isinstance(expr.arguments[0], Code):
            return lines
        split = replace(expr, function=replace(layer, split=True))
        return format_statement(f"{target} = ", split, indent=indent)
    return lines


@dataclass(slots=True)
class Shorthand:
    """``BatchNorm``, for batch normalisation with the settings that all of a file's have.

    Which those are shows only when the file was written once: `seen` holds all settings, and
    `settings` those that the short name stands for, when there is one.
    """

    settings: tuple[tuple[str, Expr], ...] = ()
    seen: set[tuple[str, ...]] = field(default_factory=set)

    def shorten(self, layer: Expr) -> Expr:
        """A layer, under its short name if it has one."""
        if not isinstance(layer, Call) or layer.function != _LAYER:
            return layer
        own = tuple(pair for pair in layer.keywords if pair[0] in _SETTINGS)
        self.seen.add(tuple(format_inline(value) for _, value in own))
        if not self.settings:
            return layer
        rest = tuple(pair for pair in layer.keywords if pair[0] not in _SETTINGS)
        return Call(_SHORT, layer.arguments, rest)

    def choose(self, functions: Iterable[str]) -> Shorthand | None:
        """The short name for a file that was written without one, if it should have it."""
        text = "\n".join(functions)
        if len(self.seen) != 1 or text.count(f"{_LAYER}(") < _OFTEN:
            return None
        values = next(iter(self.seen))
        plain = all(re.fullmatch(r"[0-9.e-]+", value) for value in values)
        if not plain or re.search(rf"\b({_SHORT}|partial)\b", text):
            return None
        return Shorthand(tuple(zip(_SETTINGS, map(Code, values), strict=True)))

    def define(self) -> list[str]:
        """The statement that gives the short name its meaning."""
        made = Call("partial", (Code(_LAYER),), self.settings)
        return format_statement(f"{_SHORT} = ", made) if self.settings else []
