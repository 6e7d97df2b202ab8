"""Data classes that are made quickly.

The standard library writes and compiles six functions for each class, and a command makes a hundred
classes before it does anything. Here each class gets a constructor, and all share the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["dataclass"]

if TYPE_CHECKING:
    # What mypy reads: it is mypy that holds that nobody changes the frozen ones.
    from dataclasses import dataclass
else:
    import dataclasses
    from operator import attrgetter

    def dataclass(*, frozen=False, slots=False, eq=True):
        """Make a class of its annotations, as the function of this name in `dataclasses` does."""

        def make(cls):
            has_text = "__repr__" in vars(cls)
            made = dataclasses.dataclass(slots=slots, repr=False, eq=False)(cls)
            if not has_text:
                made.__repr__ = _show
            if eq:
                names = [field.name for field in dataclasses.fields(made) if field.compare]
                made._get_compared = staticmethod(attrgetter(*names) if names else _get_nothing)
                made.__eq__ = _equal
                made.__hash__ = _hash if frozen else None
            return made

        return make

    def _get_nothing(_):
        return ()

    def _show(self):
        shown = [field.name for field in dataclasses.fields(self) if field.repr]
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__qualname__}({values})"

    def _equal(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return self._get_compared(self) == self._get_compared(other)

    def _hash(self):
        return hash(self._get_compared(self))
