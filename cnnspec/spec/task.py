"""Reads what a spec says of its output: what it is for, and what it is trained with."""

from __future__ import annotations

import re
from collections.abc import Mapping as Words

from cnnspec.diagnostics import Span
from cnnspec.document import Entry, Mapping, Node, Scalar
from cnnspec.naming import nearest
from cnnspec.records import dataclass
from cnnspec.spec.keys import (
    LOSS_PARTS,
    LOSS_WORDS,
    LOSSES,
    SCORED_TASKS,
    TARGET_PARTS,
    TARGETS,
    TASK_PARTS,
    TASKS,
)
from cnnspec.spec.model import Argument, Formula, ListArgument, Loss, Target, Task
from cnnspec.spec.steps import StepReader


@dataclass(frozen=True, slots=True)
class TaskReader:
    """Reads the task of a document; problems go to the reader of its steps."""

    steps: StepReader

    def read(self, document: Mapping) -> Task | None:
        """What the output is for: a word, or a mapping with more about it."""
        entry = document.get("task")
        if entry is None:
            return None
        if isinstance(entry.value, Scalar):
            return self.read_kind(entry.value)
        if not isinstance(entry.value, Mapping) or (kind := entry.value.get("kind")) is None:
            self.steps.report(
                "invalid-spec", "task must be a word, or say its kind", entry.value.span,
                "write for example 'task: classification'",
            )  # fmt: skip
            return None
        self.refuse_parts("a task", entry.value, TASK_PARTS)
        task = self.read_kind(kind.value)
        classes, loss, target = map(entry.value.get, ("classes", "loss", "target"))
        wanted = self.read_loss(loss) if loss is not None else None
        compared = self.read_target(target) if target is not None else None
        if task is None:
            return None
        if classes is not None and task.kind not in SCORED_TASKS:
            message = f"the output of {task.kind} is not one number for each class"
            self.steps.report("invalid-spec", message, classes.key.span, "leave 'classes' out")
        count = self.steps.read_argument(classes.value) if classes is not None else None
        return Task(task.kind, task.span, count, wanted, compared)

    def read_kind(self, value: Node) -> Task | None:
        """The word for what the output is for."""
        word = self.read_word("unknown-task", value, TASKS)
        return Task(word, value.span) if word is not None else None

    def read_loss(self, entry: Entry) -> Loss | None:
        """What training minimises: a word, or its name and what it takes."""
        node = entry.value
        if not isinstance(node, Mapping):
            word = self.read_word("unknown-loss", node, LOSSES)
            return self.make_loss(word, node.span) if word is not None else None
        self.refuse_parts("a loss", node, LOSS_PARTS)
        name, logits = node.get("name"), node.get("from_logits")
        if name is None:
            self.steps.report(
                "invalid-spec", "loss must be a word, or say its name", node.span,
                "write for example 'loss: cross_entropy'",
            )  # fmt: skip
            return None
        word = self.read_word("unknown-loss", name.value, LOSSES)
        if word is None or logits is None:
            return self.make_loss(word, name.value.span) if word is not None else None
        if not LOSSES[word].may_choose:
            takes = LOSSES[word].takes
            others = ", ".join(name for name, kind in LOSSES.items() if kind.may_choose)
            self.steps.report(
                "invalid-spec", f"{word} always takes {takes}", logits.key.span,
                f"leave 'from_logits' out, which is for {others}",
            )  # fmt: skip
            return None
        if not isinstance(logits.value, Scalar) or not isinstance(logits.value.value, bool):
            message = "from_logits must be true or false"
            self.steps.report("invalid-spec", message, logits.value.span)
            return None
        return Loss(word, logits.value.value, name.value.span)

    def make_loss(self, word: str, span: Span) -> Loss:
        """A loss that says no more than its name."""
        return Loss(word, LOSSES[word].takes == "logits", span)

    def read_target(self, entry: Entry) -> Target | None:
        """What the output is compared with: a word, or an encoding, a shape or both."""
        node = entry.value
        if not isinstance(node, Mapping):
            word = self.read_word("unknown-target", node, TARGETS)
            return Target(word, None, node.span) if word is not None else None
        self.refuse_parts("a target", node, TARGET_PARTS)
        encoding, shape = node.get("encoding"), node.get("shape")
        if encoding is None and shape is None:
            self.steps.report(
                "invalid-spec", "target must be a word, or say its encoding or shape", node.span,
                "write for example 'target: labels'",
            )  # fmt: skip
            return None
        sizes = self.read_shape(shape) if shape is not None else None
        if encoding is None:
            return Target(None, sizes, sizes.span) if sizes is not None else None
        word = self.read_word("unknown-target", encoding.value, TARGETS)
        return Target(word, sizes, encoding.value.span) if word is not None else None

    def read_shape(self, entry: Entry) -> Argument | None:
        """The sizes of one sample's target, as they are written."""
        argument = self.steps.read_argument(entry.value)
        if isinstance(argument, ListArgument | Formula):
            return argument
        self.steps.report(
            "invalid-spec", "shape must be a list such as [1, 64, 64]", entry.value.span,
            "write [] where the target of a sample is a single number",
        )  # fmt: skip
        return None

    def read_word(self, rule: str, value: Node, words: Words[str, object]) -> str | None:
        """A word of a list, or None after an error by the rule ``unknown-WHAT``."""
        what = rule.removeprefix("unknown-")
        word = value.value if isinstance(value, Scalar) else None
        if isinstance(word, str) and word in words:
            return word
        if not isinstance(word, str) or "$" in word:
            message = f"a {what} is a word{', not an expression' * isinstance(word, str)}"
            hint = None
        else:
            message = f"there is no {what} '{word[:80]}'"
            hint = _suggest(word, words)
        # The plural of loss has two letters more.
        several = f"{what}es" if what.endswith("s") else f"{what}s"
        help = f"did you mean '{hint}'?" if hint else f"{several} are {', '.join(words)}"
        self.steps.report(rule, message, value.span, help)
        return None

    def refuse_parts(self, what: str, node: Mapping, parts: Words[str, str]) -> None:
        """Report what a mapping cannot say."""
        for entry in node.entries:
            key = str(entry.key.value)
            if key in parts:
                continue
            hint = nearest(key, parts)
            self.steps.report(
                "unknown-field", f"{what} has no '{key[:80]}'", entry.key.span,
                f"did you mean '{hint}'?" if hint else f"its parts are {', '.join(parts)}",
            )  # fmt: skip


def _suggest(word: str, words: Words[str, object]) -> str | None:
    """The word that was meant: the same in another spelling, another name of a loss, or near."""
    squashed = _squash(word)
    known = {_squash(each): each for each in words}
    if words is LOSSES:
        known = {**LOSS_WORDS, **known}
    return known.get(squashed) or nearest(word, words)


def _squash(word: str) -> str:
    return re.sub("[^a-z0-9]", "", word.lower()).removesuffix("loss")
