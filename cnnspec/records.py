"""Data classes that are made quickly.

The standard library writes and compiles six functions for each class, and a command makes a hundred
classes before it does anything. Here each class gets a constructor when it is first called, which
most never are, and all share the rest.
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
            has_text, has_init = "__repr__" in vars(cls), "__init__" in vars(cls)
            made = dataclasses.dataclass(init=False, slots=slots, repr=False, eq=False)(cls)
            if not has_init:
                _defer_init(made)
            if not has_text:
                made.__repr__ = _show
            if eq:
                names = [field.name for field in dataclasses.fields(made) if field.compare]
                made._get_compared = staticmethod(attrgetter(*names) if names else _get_nothing)
                made.__eq__ = _equal
                made.__hash__ = _hash if frozen else None
            return made

        return make

    def _defer_init(cls):
        """Let the first call write the constructor that all calls then have."""

        def construct(self, *args, **kwargs):
            cls.__init__ = _make_init(cls)
            cls.__init__(self, *args, **kwargs)

        cls.__init__ = construct

    def _make_init(cls):
        """A constructor as `dataclasses` writes it."""
        known, lines = {"_missing": dataclasses.MISSING}, []
        parameters, named = ["self"], []
        for place, field in enumerate(dataclasses.fields(cls)):
            parameter = value = field.name
            default = f"_{place}"
            if field.default_factory is not dataclasses.MISSING:
                known[default] = field.default_factory
                parameter = f"{field.name}=_missing"
                value = f"{default}()"
                if field.init:
                    value += f" if {field.name} is _missing else {field.name}"
            elif field.default is not dataclasses.MISSING:
                known[default] = field.default
                parameter = f"{field.name}={default}"
                value = field.name if field.init else default
            elif not field.init:
                continue
            if field.init:
                (named if field.kw_only else parameters).append(parameter)
            lines.append(f" self.{field.name} = {value}")
        if hasattr(cls, "__post_init__"):
            lines.append(" self.__post_init__()")
        heading = ", ".join([*parameters, *(["*"] if named else []), *named])
        # The names are those of fields in this package.
        exec(f"def __init__({heading}):\n" + "\n".join(lines or [" ..."]), known)
        return known["__init__"]

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
