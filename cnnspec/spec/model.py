"""A spec as it was written: steps, blocks and parameters, with their places in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, replace

from cnnspec.diagnostics import Severity, Span
from cnnspec.expressions import Expression, Template, Value
from cnnspec.records import dataclass
from cnnspec.spec.keys import LOSSES, STRUCTURES


@dataclass(frozen=True, slots=True)
class Literal:
    """A plain scalar in an argument."""

    value: bool | int | float | str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Formula:
    """A whole-value expression: ``$name`` or ``$(...)``."""

    expression: Expression
    span: Span


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string with expressions inside: ``layer$(i + 1)``."""

    template: Template
    span: Span


@dataclass(frozen=True, slots=True)
class ListArgument:
    """A list whose entries may be expressions."""

    items: tuple[Argument, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class MapArgument:
    """The named arguments of a call, in order, with the span of each key."""

    entries: tuple[tuple[str, Span, Argument], ...]
    span: Span

    def get(self, key: str) -> Argument | None:
        """The argument of that name."""
        return next((value for name, _, value in self.entries if name == key), None)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table of rows: what a loop's variable goes through, one entry a row.

    `variables` are the names of all columns, and `position` is this one's.
    """

    rows: Argument
    variables: tuple[str, ...]
    position: int

    @property
    def span(self) -> Span:
        """Where the rows stand."""
        return self.rows.span


Argument = Literal | Formula | Pattern | ListArgument | MapArgument | Column


def list_formulas(argument: Argument) -> Iterator[Formula | Pattern]:
    """Every expression inside an argument."""
    if isinstance(argument, Formula | Pattern):
        yield argument
    elif isinstance(argument, ListArgument):
        for item in argument.items:
            yield from list_formulas(item)
    elif isinstance(argument, MapArgument):
        for _, _, value in argument.entries:
            yield from list_formulas(value)
    elif isinstance(argument, Column):
        yield from list_formulas(argument.rows)


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A list of steps inside a step; `label` is what its path is called when it needs one."""

    label: str
    steps: tuple[Step, ...]
    span: Span


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A spec as a step: what of it is set, and the step after which it stops."""

    spec: ModelSpec
    settings: tuple[tuple[str, Span, Argument], ...] = ()
    until: Argument | None = None

    @property
    def word(self) -> str:
        """What the step is called where it has no name."""
        return self.spec.name.lower()


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step as written: a call of an op or block (`argument`), or a structure (`branches`).

    `loop` holds the variables of ``for`` with their lists, which are walked together; `span` is
    the head's. `shortcut_when` says whether a residual adds its shortcut. `is_part` is set for a
    list in the place of a step, which is a part of the path without a name. `choice` is the
    expression whose value is the op or block; the head is then what it chose, once it is known.
    `shared` is what the step's weights are called, which all steps of that name share.
    `part` is what ``spec`` takes; its `argument` is the name of the spec, with its variant.
    """

    head: str
    span: Span
    argument: Argument | None = None
    branches: tuple[Branch, ...] = ()
    merge: str = ""
    name: Argument | None = None
    source: Argument | None = None
    repeat: Argument | None = None
    loop: tuple[tuple[str, Argument], ...] = ()
    when: Argument | None = None
    shortcut_when: Argument | None = None
    is_part: bool = False
    choice: Formula | None = None
    shared: Argument | None = None
    part: Part | None = None

    @property
    def label(self) -> str:
        """What the step is called where it has no name, whatever it chooses."""
        if self.part is not None:
            return self.part.word
        if self.choice is None:
            return self.head
        text = self.choice.expression.text
        return text if text.isidentifier() else "choice"

    @property
    def is_structure(self) -> bool:
        """Whether it holds steps instead of calling an op or a block."""
        return self.head in STRUCTURES

    @property
    def modifiers(self) -> tuple[Argument, ...]:
        """What may depend on variables beside the step's own arguments, without its loop."""
        every = [
            self.when, self.shortcut_when, self.repeat, self.source, self.name, self.choice,
            self.shared,
        ]  # fmt: skip
        if self.part is not None:
            every += [self.part.until, *(value for _, _, value in self.part.settings)]
        return tuple([argument for argument in every if argument is not None])

    def strip(self, **changes: object) -> Step:
        """The same step without some of its modifiers."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A named function from a value to a value, with parameters and defaults.

    A parameter without a default has None in `parameters`. `home` is the spec that a block is
    which is taken as a part.
    """

    name: str
    parameters: dict[str, Argument | None]
    steps: tuple[Step, ...]
    span: Span
    summary: str = ""
    library: bool = False
    home: ModelSpec | None = None


@dataclass(frozen=True, slots=True)
class InputSpec:
    """One input: its kind follows from the sizes that it names."""

    name: str
    sizes: dict[str, Argument]
    span: Span


@dataclass(frozen=True, slots=True)
class Loss:
    """What training minimises; `span` is where its name stands."""

    name: str
    from_logits: bool
    span: Span

    @property
    def takes(self) -> str:
        """What the network's output must be: ``logits``, ``probabilities`` or ``values``."""
        kind = LOSSES[self.name]
        if not kind.may_choose:
            return kind.takes
        return "logits" if self.from_logits else "probabilities"


@dataclass(frozen=True, slots=True)
class Target:
    """What the output is compared with, as far as the author said it.

    `span` is where the encoding stands, else the shape. The shape is a list whose entries may be
    expressions, or one expression: `find_target_shape` gives it for a network.
    """

    encoding: str | None
    shape: Argument | None
    span: Span


@dataclass(frozen=True, slots=True)
class Task:
    """What the output is for, and what is known of its training where the author said so."""

    kind: str
    span: Span
    classes: Argument | None = None
    loss: Loss | None = None
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """A figure that the network may not exceed; `span` is that of the number."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class LintSetting:
    """How bad the findings of a rule are; None where they are not reported.

    `span` is that of the rule's name, `severity_span` that of the word.
    """

    severity: Severity | None
    reason: str
    span: Span
    severity_span: Span


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One named output: the value that it gives, and whether it is there."""

    name: str
    value: Argument
    span: Span
    training: Argument | None = None
    when: Argument | None = None

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """All that the model's parameters may decide."""
        every = (self.value, self.training, self.when)
        return tuple(argument for argument in every if argument is not None)


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a variant must come to, checked with the rest: figures by name."""

    variant: str
    figures: dict[str, Argument]
    spans: dict[str, Span]
    span: Span


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A whole file, read: all parts are syntactically sound, none is evaluated.

    Whether the rules in `lint` exist is for the linter to say.
    """

    file: str
    name: str
    span: Span
    inputs: tuple[InputSpec, ...]
    steps: tuple[Step, ...]
    summary: str = ""
    paper: str = ""
    year: int | None = None
    task: Task | None = None
    params: dict[str, Argument] = field(default_factory=dict)
    param_spans: dict[str, Span] = field(default_factory=dict)
    variants: dict[str, dict[str, Argument]] = field(default_factory=dict)
    variant_spans: dict[str, dict[str, Span]] = field(default_factory=dict)
    defaults: dict[str, MapArgument] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    outputs: tuple[OutputSpec, ...] = ()
    expect: tuple[Expectation, ...] = ()
    limits: dict[str, Limit] = field(default_factory=dict)
    lint: dict[str, LintSetting] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What generated files say that they were made from: the text, so that any edit shows."""
        import hashlib

        return hashlib.sha256("\0".join(self.sources.values()).encode()).hexdigest()[:16]


Variables = dict[str, Value]
