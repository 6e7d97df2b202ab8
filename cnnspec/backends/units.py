"""The classes or functions that generated code consists of, and the arguments that they need.

A unit is a block, a stage or the model itself, with all its uses in this network. Each value in its
code is found by guess and check: the author's expression first, then one that data flow makes
true, then a literal; the first that is right for *every* use is printed, and where none is,
the value becomes an argument. All uses are known, so the code cannot be wrong for this network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from cnnspec.backends.base import Fact, UnshareableError
from cnnspec.backends.guesses import (
    CARRIED,
    NOTHING,
    Guess,
    guess_argument,
    guess_expression,
    guess_text,
    guess_word,
)
from cnnspec.backends.header import say_title
from cnnspec.backends.hints import join_hints
from cnnspec.backends.pycode import Bracketed, Code, Expr, literal
from cnnspec.backends.rows import Row, Use
from cnnspec.backends.tables import LoopTable, list_columns
from cnnspec.expressions import Expression, ExpressionError, Value, bind_names, bind_shortly
from cnnspec.graph.arguments import read_given
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import Item
from cnnspec.graph.ir import Value as Flow
from cnnspec.naming import variable_name
from cnnspec.records import dataclass
from cnnspec.spec.model import Argument, Block, Formula, ListArgument, Literal, Step

IN_CHANNELS = "in_channels"
IN_FEATURES = "in_features"
# What that variable is called, and that its loop is over.
CARRIED_NAME = "*name"
AFTER_LOOP = "*after"


@dataclass(slots=True, eq=False)
class Unit:
    """A class or function to write.

    `parameters` are the author's, with their defaults; `used` are those that the code needs, in the
    order of need; `extras` are arguments that the author did not write, with a value for each
    use; `captured` are values from outside that its steps take by name, one for each use, and
    `flows` says whether they take the value above, too.
    `defaults` go before those of the parameters. `aliases` are parameters that no call gives: their
    default stands in their place, as does the value of `settled` ones, which no use changes.
    `computed` are those that some calls give, and whose default is an expression.
    `keeps_received` says that the channels it received are needed after a loop that carries others.
    `fixed` are the network's parameters that no argument changes, in the model itself.
    `tables` are the loops that are being written, outermost first, which can get more variables.
    `words` are the variables that hold kinds of layers, with what the code has for each of the
    author's words; `plain` are those that the code has as the author does, or whose layer it names.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    uses: tuple[Use, ...]
    parameters: Mapping[str, Argument | None]
    source: str = ""
    used: dict[str, None] = field(default_factory=dict)
    extras: dict[str, list[Fact]] = field(default_factory=dict)
    captured: Mapping[str, Sequence[Flow]] = field(default_factory=dict)
    flows: bool = True
    functions: set[str] = field(default_factory=set)
    aliases: Mapping[str, Expression] = field(default_factory=dict)
    settled: Mapping[str, Value] = field(default_factory=dict)
    computed: Mapping[str, Expression] = field(default_factory=dict)
    carries: bool = False
    carried_name: str = IN_CHANNELS
    keeps_received: bool = False
    shadowed: set[str] = field(default_factory=set)
    defaults: Mapping[str, Value] = field(default_factory=dict)
    fixed: Mapping[str, Value] = field(default_factory=dict)
    tables: list[LoopTable] = field(default_factory=list)
    words: dict[str, dict[str, Fact]] = field(default_factory=dict)
    plain: set[str] = field(default_factory=set)

    def save(self) -> tuple[object, ...]:
        """What has been noted so far, to come back to when an attempt fails."""
        extras = {name: list(values) for name, values in self.extras.items()}
        tables = [(table, dict(table.columns)) for table in self.tables]
        return (
            dict(self.used), extras, set(self.functions), set(self.shadowed), self.carries, tables,
            {name: dict(words) for name, words in self.words.items()}, set(self.plain),
        )  # fmt: skip

    def restore(self, saved: tuple[object, ...]) -> None:
        """Forget what was noted since `save`."""
        used, extras, functions, shadowed, carries, tables, words, plain = saved
        self.words, self.plain = dict(words), set(plain)  # type: ignore[call-overload]
        self.used, self.extras = dict(used), dict(extras)  # type: ignore[call-overload]
        self.functions, self.shadowed = set(functions), set(shadowed)  # type: ignore[call-overload]
        self.carries = bool(carries)
        self.tables = [table for table, _ in tables]  # type: ignore[attr-defined]
        for table, columns in tables:  # type: ignore[attr-defined]
            table.columns = dict(columns)

    def list_rows(self) -> list[Row]:
        """A row for each use, at the unit's start."""
        rows = []
        for index, use in enumerate(self.uses):
            item = use.item or Item(self.steps[0], use.region.input, use.region.output)
            rows.append(Row(index, use.variables, item))
        return rows

    def choose(
        self,
        rows: Sequence[Row],
        targets: Sequence[Fact],
        guesses: Iterable[Guess],
        name: str,
        *,
        iterated: bool = False,
    ) -> Expr:
        """The code for a value: the first guess that is always right, a literal, an argument.

        What is only `iterated` over need be no tuple.
        """
        wanted = [normalize(target) for target in targets]
        is_computed = False
        for guess in guesses:
            is_computed = True
            guess = self.resolve(guess)
            guess = guess.bind(rows, self.fixed) or guess
            other = self.words.keys() if guess.words is None else self.plain
            if not guess.names or guess.names & other or not is_right(guess, rows, wanted):
                continue
            # A loop has put other channels into a shadowed variable.
            if guess.names & self.shadowed:
                self.keeps_received = True
                continue
            self.take(guess)
            return Code((iterated and guess.iterated) or guess.text)
        known = (table.find_known(rows, wanted) for table in self.tables if is_computed)
        column = next((name for name in known if name is not None), None)
        if column is not None:
            return Code(column)
        if all(same(target, wanted[0]) for target in wanted):
            return literal(wanted[0])
        # What an author computes has a word of his; how channels grow is told by the flow of data.
        if is_computed and name not in (IN_CHANNELS, IN_FEATURES):
            column = self.add_column(rows, wanted, name)
        return Code(column or self.add_extra(rows, wanted, name))

    def resolve(self, guess: Guess) -> Guess:
        """The guess with defaults in the place of parameters that no call gives."""
        if guess.expression is not None and guess.words is None:
            settled = {name: self.settled[name] for name in guess.names & self.settled.keys()}
            if settled:
                guess = guess_expression(bind_names(guess.expression, settled))
        while guess.expression is not None and guess.names & self.aliases.keys():
            found = {name: self.aliases[name] for name in guess.names & self.aliases.keys()}
            bound = bind_shortly(guess.expression, found)
            if bound is None:
                return NOTHING
            if guess.words is None:
                guess = guess_expression(bound)
            else:
                guess = next(iter(guess_word(bound, guess.words)), NOTHING)
        return guess

    def choose_argument(
        self, rows: Sequence[Row], targets: Sequence[Fact], argument: Argument | None, name: str
    ) -> Expr:
        """The code for an argument that the author wrote."""
        wanted = [normalize(target) for target in targets]
        if isinstance(argument, ListArgument) and not all(
            isinstance(item, Literal) for item in argument.items
        ):
            parts = [target for target in wanted if isinstance(target, tuple)]
            if len(parts) == len(wanted) and {len(part) for part in parts} == {len(argument.items)}:
                items = tuple(
                    self.choose_argument(rows, [part[i] for part in parts], item, f"{name}_{i}")
                    for i, item in enumerate(argument.items)
                )
                return Bracketed(items, "()")
        return self.choose(rows, wanted, guess_argument(argument), name)

    def say_text(self, rows: Sequence[Row], targets: Sequence[str], argument: Argument) -> Expr:
        """The code for a text that the author computes; never a new argument."""
        for guess in guess_text(argument):
            guess = guess.bind(rows, self.fixed) or guess
            free = not guess.names & (self.words.keys() | self.shadowed)
            if free and is_right(guess, rows, targets):
                self.take(guess)
                return Code(guess.text)
        raise UnshareableError("a name cannot be computed from what the code has")

    def take(self, guess: Guess) -> None:
        """Note what a chosen expression needs."""
        for name in sorted(guess.names):
            if name in self.parameters or name == IN_CHANNELS:
                self.used[name] = None
            if guess.words is None:
                self.plain.add(name)
            else:
                self.words.setdefault(name, {}).update(guess.words)
        self.functions |= guess.functions
        self.carries |= CARRIED in guess.names

    def translate(self, name: str, value: object) -> Fact:
        """What a parameter or a loop's variable is in code, where it is that value."""
        if name not in self.words:
            return normalize(value)
        if not isinstance(value, str) or value not in self.words[name]:
            raise UnshareableError(f"{name} is a kind of layer that the code does not use")
        return self.words[name][value]

    def add_column(self, rows: Sequence[Row], wanted: Sequence[Fact], name: str) -> str | None:
        """A variable of a loop around the place, for a value that its turn decides."""
        for table in self.tables:
            column = table.find_column(rows, wanted)
            if column is not None:
                taken = {*self.parameters, *self.extras, *rows[0].variables, IN_CHANNELS}
                taken |= list_columns(self.tables)
                return table.add_column(variable_name(name), column, taken)
        return None

    def add_extra(self, rows: Sequence[Row], wanted: Sequence[Fact], name: str) -> str:
        """An argument for a value that no expression gives; one that exists already is taken."""
        values: list[Fact] = [None] * len(self.uses)
        known = [False] * len(self.uses)
        for row, target in zip(rows, wanted, strict=True):
            if known[row.use] and not same(values[row.use], target):
                raise UnshareableError(f"{name} differs between turns of a loop")
            values[row.use], known[row.use] = target, True
        if not all(known):
            # Uses that never come here still pass something; any value is right for them.
            filler = next(value for value, is_known in zip(values, known, strict=True) if is_known)
            values = [v if k else filler for v, k in zip(values, known, strict=True)]
        for extra, others in self.extras.items():
            if extra not in self.shadowed and all(map(same, others, values)):
                return spell_extra(extra)
        taken = {*self.parameters, *self.extras, IN_CHANNELS}
        fresh, count = name, 2
        while fresh in taken:
            fresh, count = f"{name}{count}", count + 1
        self.extras[fresh] = values
        return spell_extra(fresh)


def is_right(guess: Guess, rows: Sequence[Row], wanted: Sequence[Fact]) -> bool:
    """Whether a guess gives the wanted value in every row."""
    for row, target in zip(rows, wanted, strict=True):
        if not guess.names <= row.variables.keys():
            return False
        try:
            value = guess.compute(row.variables)
        except ExpressionError:
            return False
        if not same(normalize(value), target):
            return False
    return True


def normalize(value: object) -> Fact:
    """Lists as tuples, so that values compare by what they hold."""
    if isinstance(value, list | tuple):
        return tuple(normalize(item) for item in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UnshareableError(f"{value!r} cannot be written as an argument")


def same(left: Fact, right: Fact) -> bool:
    """Whether two values are equal and of one kind; 1 and 1.0 are, 1 and true are not."""
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument of a unit in generated code, with its default where it has one."""

    name: str
    code_name: str
    hint: str
    default: Fact | None = None
    has_default: bool = False


def list_parameters(unit: Unit, with_channels: bool = True) -> tuple[Parameter, ...]:
    """The arguments that a unit's code needs: those without defaults come first."""
    required: list[Parameter] = []
    optional: list[Parameter] = []
    if with_channels and IN_CHANNELS in unit.used:
        required.append(Parameter(IN_CHANNELS, IN_CHANNELS, "int"))
    for name, default in unit.parameters.items():
        if name not in unit.used or name in unit.aliases:
            continue
        values = [unit.translate(name, use.variables[name]) for use in unit.uses]
        hint = join_hints(values)
        if name in unit.computed and name not in unit.words:
            optional.append(Parameter(name, variable_name(name), f"{hint} | None", None, True))
        elif isinstance(default, Literal) or name in unit.defaults:
            stated = default.value if isinstance(default, Literal) else None
            if name in unit.words and stated not in unit.words[name]:
                required.append(Parameter(name, variable_name(name), hint))
                continue
            value = unit.translate(name, unit.defaults.get(name, stated))
            optional.append(Parameter(name, variable_name(name), hint, value, True))
        else:
            required.append(Parameter(name, variable_name(name), hint))
    for name, extras in unit.extras.items():
        required.append(Parameter(name, spell_extra(name), join_hints(extras)))
    return (*required, *optional)


def spell_extra(name: str) -> str:
    """The name of an argument that the author did not write; authors' names are kept apart."""
    return name if name == IN_FEATURES else variable_name(name)


def make_unit(
    code_name: str, name: str, block: Block, uses: tuple[Use, ...], params: Mapping[str, Value]
) -> Unit:
    """The unit of a block; parameters with computed defaults depend on who gives them."""
    title = say_title(block.summary, f"The block '{name}'")
    aliases: dict[str, Expression] = {}
    computed: dict[str, Expression] = {}
    given = [list_given_names(use) for use in uses]
    for parameter, default in block.parameters.items():
        if not isinstance(default, Formula) or all(parameter in names for names in given):
            continue
        if default.expression.names - {*block.parameters, IN_CHANNELS}:
            continue
        # What is too long to be read becomes an argument that all calls give.
        expression = bind_shortly(default.expression, aliases)
        if expression is not None:
            found = computed if any(parameter in names for names in given) else aliases
            found[parameter] = expression
    return Unit(
        code_name, title, block.steps, uses, block.parameters, aliases=aliases,
        settled=dict(list_settled(block, uses, params)), computed=computed,
    )  # fmt: skip


def list_settled(
    block: Block, uses: Sequence[Use], params: Mapping[str, Value]
) -> Iterator[tuple[str, Value]]:
    """The parameters of a library block that this network leaves as they are, with their values.

    The library's blocks serve many networks; an author's own have the parameters that he wants.
    What a call takes from one of the network's `params` stays: it may be the model's argument.
    """
    chosen = {name for name, value in params.items() if not isinstance(value, list)}
    taken = {name for use in uses for name, given in _list_given(use) if needs(given) & chosen}
    for name, default in block.parameters.items():
        if not block.library or name in taken or not isinstance(default, Literal):
            continue
        usual = normalize(default.value)
        if all(same(normalize(use.variables[name]), usual) for use in uses):
            yield name, default.value


def list_given_names(use: Use) -> set[str]:
    """The parameters that a block's call gives."""
    return {name for name, _ in _list_given(use)}


def _list_given(use: Use) -> list[tuple[str, Argument]]:
    assert use.item is not None
    first = next(iter(use.calls[-1].block.parameters), None)
    return [(name, given) for name, _, given in read_given(use.item.step, first) or ()]


def say_computed(unit: Unit) -> list[tuple[str, str]]:
    """The parameters whose default is computed, by their names in code, with what computes them."""
    lines = []
    for name, expression in unit.computed.items():
        if name in unit.used and name not in unit.words:
            guess = unit.resolve(guess_expression(expression))
            if guess.names & unit.words.keys():
                raise UnshareableError("a default is computed from a kind of layer")
            unit.take(guess)
            lines.append((variable_name(name), guess.text))
    return lines


def spell_parameter(parameter: Parameter) -> str:
    """A parameter as a signature has it: ``stride: int = 1``."""
    text = f"{parameter.code_name}: {parameter.hint}"
    if parameter.has_default:
        default = literal(parameter.default)
        return f"{text} = {default.text}"
    return text
