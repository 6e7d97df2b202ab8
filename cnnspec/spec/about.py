"""Reads what a spec says of itself: its version, name, summary, paper, year and task."""

from __future__ import annotations

from cnnspec.diagnostics import Span
from cnnspec.document import Mapping, Node, Scalar
from cnnspec.naming import is_name, nearest
from cnnspec.records import dataclass
from cnnspec.spec.keys import FORMAT_VERSION, SCORED_TASKS, TASK_PARTS, TASKS, YEARS
from cnnspec.spec.model import Task
from cnnspec.spec.steps import StepReader


@dataclass(frozen=True, slots=True)
class AboutReader:
    """Reads the head of one document; problems go to the reader of its steps."""

    document: Mapping
    steps: StepReader

    def check_version(self) -> None:
        """Report a missing or an unknown format version."""
        entry = self.document.get("cnnspec")
        if entry is None:
            first = (
                self.document.entries[0].key.span if self.document.entries else self.document.span
            )
            self.steps.report(
                "missing-key", "a spec must say its format version", first,
                f"add 'cnnspec: {FORMAT_VERSION}' as the first line",
            )  # fmt: skip
        elif not isinstance(entry.value, Scalar) or entry.value.value is not FORMAT_VERSION:
            self.steps.report(
                "unknown-version",
                f"this tool reads format version {FORMAT_VERSION}",
                entry.value.span,
                f"write 'cnnspec: {FORMAT_VERSION}'",
            )

    def read_name(self) -> tuple[str, Span]:
        """The model's name, which becomes the names of its class and file."""
        entry = self.document.get("name")
        if entry is None:
            self.steps.report("missing-key", "a spec needs a name", self.document.span)
            return "model", self.document.span
        value = entry.value.value if isinstance(entry.value, Scalar) else None
        if not isinstance(value, str) or not is_name(value):
            self.steps.report(
                "invalid-name",
                f"name '{str(value)[:80]}' must be letters, digits and underscores, beginning with "
                "a letter",
                entry.value.span,
            )
            return "model", entry.value.span
        return value, entry.value.span

    def read_text(self, key: str) -> str:
        """A line of prose."""
        entry = self.document.get(key)
        if entry is None:
            return ""
        if isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
            return " ".join(entry.value.value.split())
        self.steps.report("invalid-spec", f"{key} must be text", entry.value.span)
        return ""

    def read_year(self) -> int | None:
        """The year that it was published in."""
        entry = self.document.get("year")
        if entry is None:
            return None
        year = entry.value.value if isinstance(entry.value, Scalar) else None
        first, last = YEARS
        if isinstance(year, bool) or not isinstance(year, int) or not first <= year <= last:
            message = f"year must be a whole number from {first} to {last}"
            self.steps.report("invalid-spec", message, entry.value.span)
            return None
        return year

    def read_task(self) -> Task | None:
        """What the output is for: a word, or a mapping with the number of classes."""
        entry = self.document.get("task")
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
        for part in entry.value.entries:
            if part.key.value not in TASK_PARTS:
                self.refuse_part(str(part.key.value), part.key.span)
        task = self.read_kind(kind.value)
        classes = entry.value.get("classes")
        if task is None or classes is None:
            return task
        if task.kind not in SCORED_TASKS:
            message = f"the output of {task.kind} is not one number for each class"
            self.steps.report("invalid-spec", message, classes.key.span, "leave 'classes' out")
        return Task(task.kind, task.span, self.steps.read_argument(classes.value))

    def read_kind(self, value: Node) -> Task | None:
        """The word for what the output is for."""
        word = value.value if isinstance(value, Scalar) else None
        if isinstance(word, str) and word in TASKS:
            return Task(word, value.span)
        hint = nearest(str(word), TASKS)
        self.steps.report(
            "unknown-task",
            f"there is no task '{str(word)[:80]}'" if isinstance(word, str)
            else "a task is a word",
            value.span,
            f"did you mean '{hint}'?" if hint else f"tasks are {', '.join(TASKS)}",
        )  # fmt: skip
        return None

    def refuse_part(self, part: str, span: Span) -> None:
        """Report what a task cannot say."""
        if part == "loss":
            help = "a spec says what a network computes; the loss stands where it is trained"
        else:
            hint = nearest(part, TASK_PARTS)
            help = f"did you mean '{hint}'?" if hint else f"its parts are {', '.join(TASK_PARTS)}"
        self.steps.report("unknown-field", f"a task has no '{part[:80]}'", span, help)
