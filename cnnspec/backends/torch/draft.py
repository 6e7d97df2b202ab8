"""A class as far as it is written: its attributes, the statements of forward, its variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import chain, count

from cnnspec.backends.base import UnshareableError
from cnnspec.backends.pycode import (
    Binary,
    Bracketed,
    Call,
    Code,
    Expr,
    format_inline,
    format_statement,
    literal,
)
from cnnspec.backends.taken import find_words
from cnnspec.backends.torch.holders import Holders
from cnnspec.backends.torch.statements import (
    Assign,
    Guard,
    Lay,
    Setup,
    Statement,
    add_guard,
    drop_unused,
    find_names,
    lay_out,
)
from cnnspec.backends.units import Unit
from cnnspec.graph.ir import Value as Flow
from cnnspec.graph.walk import walk_items
from cnnspec.naming import attribute_name, variable_name

_VARIABLES = ("x", "out", "y", "z")
# So many characters are one line: longer tuples stand in brackets.
_LONG_RESULT = 72


class Draft:
    """What has been written of one unit.

    `setup` are the statements that make its attributes, `body` those of forward, which ends with
    `result`. `known` are the values that later steps take by name, and `held` the variables that
    are still needed. `shared` are the attributes that several steps call, and `guards` those that
    hold the conditions of what is being written. `condition` is that of a module which does nothing
    where it does not hold.
    """

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self.setup = Setup()
        self.body: list[Statement] = []
        self.result: Expr = Code("x")
        self.known = Holders()
        self.held: list[str] = []
        self.attributes: set[str] = set()
        self.shared: set[str] = set()
        self.flags: dict[tuple[Expr, ...], Expr] = {}
        self.guards: list[Expr] = []
        self.condition: Expr | None = None
        self.has_layers = False
        self.has_named = False
        self.referenced = set(map(variable_name, find_words(use.region for use in unit.uses)))

    def end(self, result: Expr, start: Expr) -> None:
        """End forward with a value; what nothing uses is left out."""
        self.body = drop_unused(self.body, find_names(result))
        last = self.body[-1] if self.body else None
        if isinstance(last, Assign) and result == Code(last.target):
            # The last assignment is what is returned.
            self.body.pop()
            result = last.value if last.sign == "=" else Binary(result, "+", last.value)
        # What a module returns has no type until a variable gives it one.
        typed = isinstance(result, Call) and str(result.function).startswith(("F.", "torch."))
        if not typed and result != start:
            single = isinstance(start, Code) and start.text == "x"
            name, hint = ("x", "") if single else ("output", ": Tensor")
            self.body.append(Assign(f"{name}{hint}", result))
            result = Code(name)
        self.result = result

    def end_several(self, values: Sequence[Expr]) -> None:
        """End forward with several values."""
        names = [format_inline(value) for value in values]
        self.body = drop_unused(self.body, set(names))
        text = ", ".join(names)
        self.result = Code(text) if len(text) < _LONG_RESULT else Bracketed(tuple(values), "()")

    def lay_out(self) -> tuple[list[str], list[str]]:
        """The lines of the constructor and of forward."""
        end = format_statement("return ", self.result, indent=8)
        return [*self.setup.lay(8)], [*lay_out(self.body, 8), *end]

    # Attributes and conditions

    def add_attribute(self, name: str, expr: Expr) -> None:
        """The statement that makes an attribute."""
        self.claim_attribute(name)
        self.add_setup(
            lambda indent: format_statement(f"self.{name} = ", expr, indent=indent),
            f"self.{name}: nn.Module = nn.Identity()",
        )

    def add_buffer(self, name: str, expr: Expr) -> None:
        """The statements that make an attribute which moves with the weights and is none."""
        self.claim_attribute(name)
        more = (("persistent", literal(False)),)
        call = Call("self.register_buffer", (literal(name), expr), more)
        self.add_setup(
            # Without a type of its own the attribute may be a module.
            lambda indent: [
                f"{' ' * indent}self.{name}: Tensor",
                *format_statement("", call, indent=indent),
            ]
        )

    def claim_attribute(self, name: str) -> None:
        """Take a name for an attribute."""
        if name in self.attributes:
            raise UnshareableError(f"two modules are called {name}")
        self.attributes.add(name)

    def is_made(self, name: str) -> bool:
        """Whether a module that several steps call is there; else the next one is to be it."""
        if self.guards or self.condition is not None:
            raise UnshareableError("a shared module is there under a condition")
        known = name in self.shared
        self.shared.add(name)
        return known

    def add_setup(self, lay: Lay, default: str = "") -> None:
        """A statement of the constructor, under the conditions that there are."""
        setup = self.setup
        for guard in self.guards:
            setup = setup.enter(guard)
        if self.condition is not None:
            setup = setup.enter(self.condition)
            if default:
                setup.defaults.append(lambda indent: [f"{' ' * indent}{default}"])
        setup.parts.append(lay)

    def add_flag(self, condition: Expr, word: str) -> Expr:
        """The attribute that holds a condition."""
        key = (*self.guards, condition)
        if key not in self.flags:
            name, count = word, 2
            while name in self.attributes or name in self.names:
                name, count = f"{word}{count}", count + 1
            self.add_attribute(name, condition)
            self.flags[key] = Code(f"self.{name}")
        return self.flags[key]

    @cached_property
    def names(self) -> set[str]:
        """The names that the unit's modules may get."""
        names: set[str] = set()
        for use in self.unit.uses:
            for item in walk_items(use.region):
                names.add(attribute_name(item.path.rpartition(".")[2]))
                names |= {branch.label for branch in item.step.branches}
        return names

    def guard(self, flag: Expr, value: Expr, write: Callable[[Expr], Expr]) -> Expr:
        """Steps under a condition: they change a variable, or leave it."""
        variable = self.assign(value)
        assert isinstance(variable, Code)
        if not self.is_free(variable.text):
            variable = Code(self.pick_variable())
            self.body.append(Assign(variable.text, value))
        before, self.body = self.body, []
        self.guards.append(flag)
        result = write(variable)
        if result != variable:
            self.body.append(Assign(variable.text, result))
        self.guards.pop()
        add_guard(before, Guard(flag, self.body))
        self.body = before
        return variable

    # Variables

    def assign(self, value: Expr, comment: str = "", name: str = "") -> Expr:
        """Put a value into the variable of that name, or into one that nothing still needs."""
        variable = variable_name(name) if name else self.pick_variable()
        held = isinstance(value, Code) and value.text.isidentifier()
        if held and isinstance(value, Code) and (not name or value.text == variable):
            return value
        self.body.append(Assign(variable, value, comment))
        return Code(variable)

    def is_free(self, variable: str) -> bool:
        """Whether nothing still needs what a variable holds, and no name of the author's is its."""
        return variable.isidentifier() and not self.is_needed(variable)

    def is_needed(self, variable: str) -> bool:
        """Whether a variable is still needed, or has one of the author's names."""
        return variable in self.known.texts or variable in self.referenced or variable in self.held

    def pick_variable(self) -> str:
        """A variable that nothing still needs."""
        words = chain(_VARIABLES, (f"x{i}" for i in count(2)))
        return next(name for name in words if not self.is_needed(name))

    def keep(self, values: Sequence[Flow], value: Expr, word: str) -> Expr:
        """Keep a value, one for each row, in a variable called by a word."""
        if all(one in self.known for one in values):
            return self.find_known(values)
        text = format_inline(value)
        if text.startswith("self.") and text.removeprefix("self.").isidentifier():
            result = value
        else:
            result = self.assign(value, name=self.pick_kept(word))
        self.known.hold(values, result)
        return result

    def pick_kept(self, word: str) -> str:
        """A variable called by a word that holds none of the values that are kept."""
        words = chain([word], (f"{word}{i}" for i in count(2)))
        return next(name for name in words if variable_name(name) not in self.known.texts)

    def find_known(self, values: Sequence[Flow]) -> Expr:
        """The variable that holds a value, one for each row."""
        if any(value not in self.known for value in values):
            raise UnshareableError("a value is taken that only some uses have")
        found = {self.known.spell(value): self.known[value] for value in values}
        if len(found) != 1:
            raise UnshareableError("different values are taken in different uses")
        return found.popitem()[1]

    def pick_name(self, word: str) -> str:
        """A variable called by a word."""
        names = chain([word], (f"{word}{i}" for i in count(2)))
        return next(name for name in names if not self.is_needed(name))
