"""Which variables hold the values that later steps take by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cnnspec.backends.pycode import Expr, format_inline
from cnnspec.graph.ir import Value


class Holders:
    """The expression for each value; `texts` counts the values by what their expressions say."""

    def __init__(self) -> None:
        self.texts: Counter[str] = Counter()
        self._found: dict[Value, tuple[Expr, str]] = {}

    def __contains__(self, value: Value) -> bool:
        return value in self._found

    def __getitem__(self, value: Value) -> Expr:
        return self._found[value][0]

    def hold(self, values: Iterable[Value], expr: Expr) -> None:
        """Have an expression stand for some values from now on."""
        text = format_inline(expr)
        for value in dict.fromkeys(values):
            if value in self._found:
                before = self._found[value][1]
                self.texts[before] -= 1
                if not self.texts[before]:
                    del self.texts[before]
            self._found[value] = expr, text
            self.texts[text] += 1

    def spell(self, value: Value) -> str:
        """What stands for a value, on one line."""
        return self._found[value][1]
