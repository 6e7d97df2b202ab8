"""Reads what a spec says to the linter: ``lint`` and ``limits``."""

from __future__ import annotations

from cnnspec.diagnostics import Severity
from cnnspec.document import Entry, Mapping, Scalar
from cnnspec.naming import nearest
from cnnspec.spec.keys import LIMITS, LINT_PARTS, SEVERITIES
from cnnspec.spec.model import Limit, LintSetting
from cnnspec.spec.steps import StepReader


def read_lint(steps: StepReader, document: Mapping) -> dict[str, LintSetting]:
    """How bad findings are, by the names of rules, which are not looked up here."""
    entry = document.get("lint")
    found: dict[str, LintSetting] = {}
    for each in _list_entries(steps, entry, "lint must name rules", "{bias-before-norm: off}"):
        setting = _read_setting(steps, each)
        if setting is not None:
            found[str(each.key.value)] = setting
    return found


def read_limits(steps: StepReader, document: Mapping) -> dict[str, Limit]:
    """The figures that may not be exceeded."""
    entry = document.get("limits")
    found: dict[str, Limit] = {}
    for each in _list_entries(steps, entry, "limits must name figures", "{parameters: 5000000}"):
        name = str(each.key.value)
        value = each.value.value if isinstance(each.value, Scalar) else None
        if name not in LIMITS:
            hint = nearest(name, LIMITS)
            steps.report(
                "unknown-field", f"limits has no figure '{name[:80]}'", each.key.span,
                f"did you mean '{hint}'?" if hint else f"figures are {', '.join(LIMITS)}",
            )  # fmt: skip
        elif isinstance(value, bool) or not isinstance(value, int) or value < 1:
            message = f"the limit of {name} must be a whole number from 1 on"
            steps.report("invalid-spec", message, each.value.span)
        else:
            found[name] = Limit(value, each.value.span)
    return found


def _list_entries(
    steps: StepReader, entry: Entry | None, message: str, example: str
) -> tuple[Entry, ...]:
    if entry is None:
        return ()
    if isinstance(entry.value, Mapping):
        steps.limit(entry.value.entries, str(entry.key.value), entry.key.span)
        return entry.value.entries
    if isinstance(entry.value, Scalar) and entry.value.value is None:
        return ()
    help = f"write for example {entry.key.value}: {example}"
    steps.report("invalid-spec", message, entry.value.span, help)
    return ()


def _read_setting(steps: StepReader, entry: Entry) -> LintSetting | None:
    """What holds for one rule: a severity, or one with a reason."""
    rule, node, reason = str(entry.key.value), entry.value, ""
    if isinstance(node, Mapping):
        for part in node.entries:
            key = str(part.key.value)
            if key not in LINT_PARTS:
                hint = nearest(key, LINT_PARTS)
                help = f"did you mean '{hint}'?" if hint else f"it has {', '.join(LINT_PARTS)}"
                message = f"the setting of a rule has no '{key[:80]}'"
                steps.report("unknown-field", message, part.key.span, help)
        given, severity = node.get("reason"), node.get("severity")
        if severity is None:
            message = f"the setting of '{rule[:80]}' must say its severity"
            help = f"write for example {{severity: off, reason: TEXT}}; it is {_list_words()}"
            steps.report("invalid-spec", message, node.span, help)
            return None
        if given is not None:
            text = given.value.value if isinstance(given.value, Scalar) else None
            if not isinstance(text, str) or not text.strip():
                steps.report("invalid-spec", "reason must be text", given.value.span)
                return None
            reason = " ".join(text.split())
        node = severity.value
    word = node.value if isinstance(node, Scalar) else None
    if isinstance(word, str) and word in SEVERITIES:
        level = None if word == "off" else Severity(word)
        return LintSetting(level, reason, entry.key.span, node.span)
    hint = "off" if word is False else nearest(word, SEVERITIES) if isinstance(word, str) else None
    steps.report(
        "unknown-severity",
        f"there is no severity '{word[:80]}'" if isinstance(word, str) else "a severity is a word",
        node.span,
        f"did you mean '{hint}'?" if hint else f"it is {_list_words()}",
    )
    return None


def _list_words() -> str:
    *words, last = SEVERITIES
    return f"{', '.join(words)} or {last}"
