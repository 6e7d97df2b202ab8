"""Reads steps, their arguments and their branches from a document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cnnspec.diagnostics import Span
from cnnspec.document import Entry, Mapping, Node, Scalar, Sequence
from cnnspec.expressions import Expression, ExpressionError, parse_scalar
from cnnspec.naming import explain_name, is_name, is_variable, nearest
from cnnspec.spec.forms import is_step, show_node
from cnnspec.spec.keys import (
    BESIDE,
    MERGES,
    PART,
    PART_KEYS,
    RESIDUAL_PARTS,
    STRUCTURES,
)
from cnnspec.spec.model import (
    Argument,
    Branch,
    Column,
    Formula,
    ListArgument,
    Literal,
    MapArgument,
    Part,
    Pattern,
    Step,
)
from cnnspec.spec.parts import PartReader, split_reference
from cnnspec.spec.problems import Problems

Report = Callable[..., None]


class StepReader(Problems):
    """Turns document nodes into steps, and collects what is wrong with them."""

    def __init__(self, parts: PartReader | None = None) -> None:
        super().__init__()
        self.parts = parts

    def read_argument(self, node: Node) -> Argument:
        """An argument with its expressions parsed; a bad expression is reported and left out."""
        if isinstance(node, Sequence):
            return ListArgument(tuple(map(self.read_argument, node.items)), node.span)
        if isinstance(node, Mapping):
            entries = ((e.key, self.read_argument(e.value)) for e in node.entries)
            return MapArgument(
                tuple((str(key.value), key.span, value) for key, value in entries), node.span
            )
        if not isinstance(node.value, str):
            return Literal(node.value, node.span)
        # Offsets in expressions count from the text inside the quotes.
        span = node.span.shift(1, len(node.value) + 1) if node.quoted else node.span
        try:
            parsed = parse_scalar(node.value)
        except ExpressionError as error:
            place = span.shift(error.start, error.end)
            self.report("invalid-expression", error.message, place, *filter(None, [error.help]))
            return Literal(None, node.span)
        if isinstance(parsed, str):
            return Literal(parsed, node.span)
        return Formula(parsed, span) if isinstance(parsed, Expression) else Pattern(parsed, span)

    def read_entries(self, node: Node, what: str) -> list[tuple[str, Span, Argument]]:
        """The named arguments of a mapping, or none where it is empty."""
        if isinstance(node, Scalar) and node.value is None:
            return []
        if not isinstance(node, Mapping):
            self.report("invalid-spec", f"{what} must be a mapping", node.span)
            return []
        self.limit(node.entries, what, node.span)
        for entry in node.entries:
            key = str(entry.key.value)
            if not is_variable(key):
                self.report(
                    "invalid-name",
                    f"'{key[:80]}' is a word of expressions and cannot be a name here"
                    if is_name(key)
                    else f"'{key[:80]}' must be {explain_name(key)}",
                    entry.key.span,
                    *suggest_name(key),
                )
        return [(str(e.key.value), e.key.span, self.read_argument(e.value)) for e in node.entries]

    def read_list(self, node: Node, what: str) -> tuple[Step, ...]:
        """Steps from a list, from a mapping of named stages, or from nothing."""
        if isinstance(node, Scalar) and node.value is None:
            return ()
        if isinstance(node, Sequence):
            steps = (self.read_step(item) for item in node.items)
            return tuple(step for step in steps if step is not None)
        if isinstance(node, Mapping):
            stages = (self.read_stage(entry) for entry in node.entries)
            return tuple(step for step in stages if step is not None)
        self.report(
            "invalid-step", f"{what} must be a list of steps, got {show_node(node)}", node.span
        )
        return ()

    def read_stage(self, entry: Entry) -> Step | None:
        """A named stage: a list of steps, a mapping of stages, or one step."""
        name = self.read_argument(entry.key)
        if isinstance(name, Literal) and not is_name(str(name.value)):
            text = str(name.value)
            message = f"stage name '{text[:80]}' must be {explain_name(text)}"
            self.report("invalid-name", message, entry.key.span)
            return None
        node = entry.value
        if (isinstance(node, Scalar) and node.value is not None) or is_step(node):
            step = self.read_step(node)
            if step is None:
                return None
            if step.name is not None:
                self.report(
                    "invalid-step",
                    "a step that is a stage has its name already",
                    step.name.span,
                    "drop this name, or the stage's key",
                )
            return self.name_step(step, name, entry.key.span)
        branch = Branch("layers", self.read_list(node, "a stage"), entry.key.span)
        return Step("layers", entry.key.span, branches=(branch,), name=name)

    def name_step(self, step: Step, name: Argument, span: Span) -> Step:
        """The step under a name; branches under a name become a part of their own."""
        if step.head not in ("residual", "parallel"):
            return replace(step, name=name)
        bare = replace(step, name=None, source=None, repeat=None, loop=(), when=None)
        return replace(
            step, head="layers", branches=(Branch("layers", (bare,), span),), merge="", name=name
        )

    def read_step(self, node: Node) -> Step | None:
        """One step: a word, or a mapping with one key that is not a modifier."""
        if isinstance(node, Scalar) and isinstance(node.value, str):
            if "$" in node.value:
                return self.read_choice(node)
            if node.value in (*STRUCTURES, PART):
                what = "the name of a spec" if node.value == PART else "steps"
                self.report("invalid-step", f"{node.value} needs {what}", node.span)
                return None
            return Step(node.value, node.span)
        if isinstance(node, Sequence):
            branch = Branch("layers", self.read_list(node, "a part"), node.span)
            return Step("layers", node.span, branches=(branch,), is_part=True)
        if not isinstance(node, Mapping):
            self.report(
                "invalid-step", f"a step must be an op or a block, got {show_node(node)}", node.span
            )
            return None
        heads = [e for e in node.entries if e.key.value not in BESIDE]
        if len(heads) != 1:
            names = ", ".join(f"'{str(e.key.value)[:80]}'" for e in heads[:6])
            self.report(
                "invalid-step",
                f"a step has one op or block, this one has {names or 'none'}",
                heads[1].key.span if heads else node.span,
                "start a new step with '-', or indent the fields under their op"
                if heads
                else "write the op or block beside its modifiers",
            )
            return None
        is_part = heads[0].key.value == PART
        step = self.read_part(heads[0], node) if is_part else self.read_head(heads[0])
        return self.read_modifiers(step, node) if step is not None else None

    def read_head(self, entry: Entry) -> Step | None:
        """The op, block or structure of a step."""
        head, span = str(entry.key.value), entry.key.span
        if head not in STRUCTURES:
            empty = isinstance(entry.value, Scalar) and entry.value.value is None
            argument = None if empty else self.read_argument(entry.value)
            if "$" not in head:
                return Step(head, span, argument)
            step = self.read_choice(entry.key)
            return step and replace(step, argument=argument)
        if head == "layers":
            branch = Branch("layers", self.read_list(entry.value, "layers"), span)
            return Step(head, span, branches=(branch,))
        if head == "residual":
            return self.read_residual(entry)
        return self.read_parallel(entry)

    def read_choice(self, node: Scalar) -> Step | None:
        """A step whose op or block is the value of an expression."""
        before = len(self.diagnostics)
        argument = self.read_argument(node)
        if isinstance(argument, Formula):
            return Step(str(node.value), node.span, choice=argument)
        if len(self.diagnostics) == before:
            self.report(
                "invalid-step", "a step is an op or a block, or one expression that gives it",
                node.span, "write $name or $(...) and nothing around it",
            )  # fmt: skip
        return None

    def read_part(self, entry: Entry, node: Mapping) -> Step | None:
        """``spec``: a spec as a step, with what stands beside it."""
        span, argument = entry.value.span, self.read_argument(entry.value)
        reference = split_reference(argument)
        settings, until = node.get("set"), node.get("until")
        given = self.read_entries(settings.value, "set") if settings is not None else []
        if reference is None or self.parts is None:
            self.report(
                "invalid-path", "spec must name a file or a spec of the zoo", span,
                "write for example spec: resnet:50; an expression may stand behind the colon only",
            )  # fmt: skip
            return None
        spec = self.parts.read(reference[0], span, self.diagnostics.append)
        if spec is None:
            return None
        end = self.read_argument(until.value) if until is not None else None
        part = Part(spec, tuple(given), end)
        return Step(PART, entry.key.span, argument, part=part)

    def read_residual(self, entry: Entry) -> Step | None:
        """``residual``: a body, and a shortcut that is the value itself unless given."""
        span = entry.key.span
        if not isinstance(entry.value, Mapping):
            body = Branch("body", self.read_list(entry.value, "the body of a residual"), span)
            return Step(
                "residual", span, branches=(body, Branch("shortcut", (), span)), merge="add"
            )
        for part in entry.value.entries:
            if part.key.value not in RESIDUAL_PARTS:
                self.report(
                    "unknown-field",
                    f"residual has no part '{str(part.key.value)[:80]}'",
                    part.key.span,
                    "its parts are body, shortcut and shortcut_when",
                )
        body_entry, shortcut, condition = map(entry.value.get, RESIDUAL_PARTS)
        if body_entry is None:
            self.report("missing-field", "residual needs a body", span)
            return None
        branches = [
            Branch(label, self.read_list(part.value, f"the {label} of a residual"), part.key.span)
            if part
            else Branch(label, (), span)
            for label, part in (("body", body_entry), ("shortcut", shortcut))
        ]
        when = self.read_argument(condition.value) if condition is not None else None
        return Step("residual", span, branches=tuple(branches), merge="add", shortcut_when=when)

    def read_parallel(self, entry: Entry) -> Step | None:
        """``parallel``: a list or mapping of branches."""
        node, span = entry.value, entry.key.span
        parts: list[tuple[str, Node]]
        if isinstance(node, Mapping):
            parts = [(str(e.key.value), e.value) for e in node.entries]
            for part in node.entries:
                if not is_name(str(part.key.value)):
                    self.report(
                        "invalid-name",
                        f"'{str(part.key.value)[:80]}' cannot name a branch",
                        part.key.span,
                    )
        elif isinstance(node, Sequence):
            parts = [(f"branch{i}", item) for i, item in enumerate(node.items, 1)]
        else:
            parts = []
        if len(parts) < 2:
            self.report("invalid-step", "parallel needs two branches or more", span)
            return None
        branches = []
        for label, content in parts:
            steps: tuple[Step, ...]
            if (isinstance(content, Scalar) and content.value is not None) or is_step(content):
                step = self.read_step(content)
                steps = (step,) if step is not None else ()
            else:
                steps = self.read_list(content, "a branch")
            branches.append(Branch(label, steps, content.span))
        return Step("parallel", span, branches=tuple(branches), merge="concat")

    def read_modifiers(self, step: Step, node: Mapping) -> Step:
        """The step with what stands beside its head."""
        found = {str(e.key.value): e for e in node.entries}
        if (merge := found.get("merge")) is not None:
            word = merge.value.value if isinstance(merge.value, Scalar) else None
            if step.head != "parallel" or word not in MERGES:
                hint = nearest(str(word), MERGES)
                self.report(
                    "invalid-step",
                    f"merge must be one of {', '.join(MERGES)} and stand beside parallel",
                    merge.key.span if step.head != "parallel" else merge.value.span,
                    *([f"did you mean '{hint}'?"] if hint else []),
                )
            else:
                step = replace(step, merge=str(word))
        for key in PART_KEYS:
            if key in found and step.part is None:
                message = f"{key} is for specs that are taken as parts: spec: resnet:50"
                self.report("invalid-step", message, found[key].key.span)
        values = {
            field: self.read_argument(found[key].value)
            for key, field in (("from", "source"), ("repeat", "repeat"), ("when", "when"))
            if key in found
        }
        if (shared := found.get("shared")) is not None:
            values |= self.read_shared(step, shared)
        step = replace(step, **values)  # type: ignore[arg-type]
        if (loop := found.get("for")) is not None:
            step = replace(step, loop=self.read_loop(loop))
        if (name := found.get("name")) is not None:
            argument = self.read_argument(name.value)
            if isinstance(argument, Literal) and not is_name(str(argument.value)):
                text = str(argument.value)
                message = f"name '{text[:80]}' must be {explain_name(text)}"
                self.report("invalid-name", message, name.value.span)
            else:
                step = self.name_step(step, argument, name.value.span)
        return step

    def read_shared(self, step: Step, entry: Entry) -> dict[str, Argument]:
        """What a step's weights are called, as a field of the step."""
        if step.is_structure:
            self.report(
                "invalid-step", f"{step.head} cannot be shared: an op can, and a block",
                entry.key.span, "make a block of its steps, and share calls of the block",
            )  # fmt: skip
            return {}
        argument = self.read_argument(entry.value)
        if isinstance(argument, Literal) and not is_name(str(argument.value)):
            text = str(argument.value)
            message = f"shared '{text[:80]}' must be {explain_name(text)}"
            self.report("invalid-name", message, entry.value.span)
            return {}
        return {"shared": argument}

    def read_loop(self, entry: Entry) -> tuple[tuple[str, Argument], ...]:
        """The variables of ``for`` with their lists."""
        if not isinstance(entry.value, Mapping) or not entry.value.entries:
            self.report(
                "invalid-step",
                "for needs variables with lists, such as {channels: [64, 128]}",
                entry.value.span,
            )
            return ()
        if (names := entry.value.get("as")) is not None:
            return self.read_table(entry.value, names)
        pairs = []
        for variable in entry.value.entries:
            if not is_variable(str(variable.key.value)):
                self.report(
                    "invalid-name",
                    f"'{str(variable.key.value)[:80]}' cannot name a variable",
                    variable.key.span,
                    *suggest_name(str(variable.key.value)),
                )
                continue
            pairs.append((str(variable.key.value), self.read_argument(variable.value)))
        return tuple(pairs)

    def read_table(self, node: Mapping, names: Entry) -> tuple[tuple[str, Argument], ...]:
        """The variables of ``{rows: TABLE, as: [...]}`` with their columns."""
        rows = node.get("rows")
        items = names.value.items if isinstance(names.value, Sequence) else ()
        words = [str(item.value) if isinstance(item, Scalar) else "" for item in items]
        for place, (item, word) in enumerate(zip(items, words, strict=True)):
            if not is_variable(word):
                self.report(
                    "invalid-name", f"'{word[:80]}' cannot name a variable", item.span,
                    *suggest_name(word),
                )  # fmt: skip
            elif words.index(word) < place:
                self.report("duplicate-key", f"variable '{word}' twice", item.span)
        if rows is None or len(node.entries) != 2 or not items:
            self.report(
                "invalid-step", "for over a table has its rows, and names as many as a row holds",
                names.key.span, "write for: {rows: $table, as: [channels, stride]}",
            )  # fmt: skip
            return ()
        table = self.read_argument(rows.value)
        return tuple((w, Column(table, tuple(words), place)) for place, w in enumerate(words))


def suggest_name(word: str) -> tuple[str, ...]:
    """What to write instead of a word that expressions have taken."""
    return (f"choose another name, such as '{word}_'",) if is_name(word) else ()
