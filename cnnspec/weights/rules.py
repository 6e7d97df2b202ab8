"""Rules that lead from the names in a foreign file to the names of a network's arrays.

Rules come from anywhere and are matched with RE2, whose time grows with the length of a name alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cnnspec import document
from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.naming import module_name
from cnnspec.records import dataclass
from cnnspec.weights.formats.base import LONGEST_NAME

ORDERS = ("channels_first", "channels_last")

_KEYS = ("rules", "flatten", "fill")
_FORMS = MappingProxyType({"rules": "pattern: template", "fill": "pattern: number"})
_MOST_RULES = 2_000
_LONGEST_PATTERN = 500
# Bytes that RE2 may take for one pattern.
_MOST_MEMORY = 2**20
# What is beyond is no float32.
_LARGEST = 3.4e38


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern for whole names, and what a name that fits becomes; None leaves its array out."""

    pattern: Any
    template: str | None
    span: Span


@dataclass(frozen=True, slots=True)
class Filling:
    """A pattern for whole names of arrays that a file lacks, and the number that they hold."""

    pattern: Any
    number: float
    span: Span


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules in order, of which the first that fits a name counts.

    `flatten` says whether the file's network flattens maps with the channels first or last;
    `fillings` are for arrays that its layers do without.
    """

    rules: tuple[Rule, ...] = ()
    flatten: str = ORDERS[0]
    fillings: tuple[Filling, ...] = ()

    def rename(self, names: Iterable[str]) -> Mapping[str, str | None]:
        """What the names become that a rule fits: None where the array is left out.

        Raises:
            SpecError: a rule fits no name, or two names become one.
        """
        outcome = _Outcome()
        for name in names:
            for rule in self.rules:
                match = rule.pattern.fullmatch(name) if len(name) <= LONGEST_NAME else None
                if match is not None:
                    template = rule.template
                    new = None if template is None else match.expand(template)
                    outcome.note(rule, name, new)
                    break
        outcome.faults += [
            Diagnostic(
                "unused-rule",
                "no name in the file fits this rule that no rule above it fits",
                rule.span,
                help=("'cnnspec weights inspect' lists the names in a file",),
            )
            for rule in self.rules
            if rule.span not in outcome.used
        ]
        if outcome.faults:
            raise SpecError(outcome.faults)
        return outcome.renamed

    def fill(self, missing: Iterable[str]) -> Mapping[str, float]:
        """The numbers of the arrays that a file lacks and a filling fits.

        Raises:
            SpecError: a filling fits none.
        """
        numbers: dict[str, float] = {}
        used = set()
        for name in missing:
            for filling in self.fillings:
                if len(name) <= LONGEST_NAME and filling.pattern.fullmatch(name):
                    numbers[name] = filling.number
                    used.add(filling.span)
                    break
        faults = [
            Diagnostic(
                "unused-rule",
                "the file lacks no array that this fits and nothing above it fits",
                filling.span,
                help=("an array that is in the file is taken from there: leave this out",),
            )
            for filling in self.fillings
            if filling.span not in used
        ]
        if faults:
            raise SpecError(faults)
        return numbers


@dataclass(slots=True)
class _Outcome:
    """What a set of rules made of a file's names so far."""

    renamed: dict[str, str | None] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    used: set[Span] = field(default_factory=set)
    faults: list[Diagnostic] = field(default_factory=list)

    def note(self, rule: Rule, old: str, new: str | None) -> None:
        """Take down that a name becomes another, or is left out."""
        first = rule.span not in self.used
        self.used.add(rule.span)
        if new is not None and len(new) > LONGEST_NAME:
            message = f"{old} becomes a name of {len(new)} characters; the limit is {LONGEST_NAME}"
            self.faults += [Diagnostic("invalid-rule", message, rule.span)] if first else []
            new = None
        self.renamed[old] = new
        if new is not None and (other := self.origins.setdefault(new, old)) != old:
            message = f"{other} and {old} both become {new}"
            self.faults.append(Diagnostic("ambiguous-name", message, rule.span))


def read_rules(data: bytes, file: str) -> Rules:
    """Read a file of rules.

    Raises:
        SpecError: with everything that is wrong with it.
    """
    root = document.read_document(data, file)
    if not isinstance(root, document.Mapping):
        raise _refuse("rules are a mapping with the key 'rules'", root.span)
    faults: list[Diagnostic] = []
    for entry in root.entries:
        if entry.key.value not in _KEYS:
            keys = f"{', '.join(_KEYS[:-1])} and {_KEYS[-1]}"
            message = f"there is no key '{str(entry.key.value)[:80]}': the keys are {keys}"
            faults.append(Diagnostic("invalid-rule", message, entry.key.span))
    flatten = _read_order(root, faults)
    rules = [
        rule
        for item in _list_items(root, "rules", faults)
        if (rule := _read_rule(item, faults)) is not None
    ]
    fillings = [
        filling
        for item in (_list_items(root, "fill", faults) if root.get("fill") is not None else ())
        if (filling := _read_filling(item, faults)) is not None
    ]
    if faults:
        raise SpecError(faults)
    return Rules(tuple(rules), flatten, tuple(fillings))


def _list_items(
    root: document.Mapping, key: str, faults: list[Diagnostic]
) -> Sequence[document.Node]:
    """The entries of a list of rules; none with a fault added where it is no such list."""
    listed = root.get(key)
    if listed is None or not isinstance(listed.value, document.Sequence):
        message = f"'{key}' must be a list with an entry '{_FORMS[key]}' for each rule"
        span = root.span if listed is None else listed.value.span
        faults.append(Diagnostic("invalid-rule", message, span))
        return ()
    items = listed.value.items
    if len(items) > _MOST_RULES:
        message = f"{len(items)} rules; the limit is {_MOST_RULES}"
        faults.append(Diagnostic("invalid-rule", message, listed.value.span))
        return ()
    return items


def _read_order(root: document.Mapping, faults: list[Diagnostic]) -> str:
    entry = root.get("flatten")
    if entry is None:
        return ORDERS[0]
    value = document.as_plain(entry.value)
    if value not in ORDERS:
        message = f"flatten is {' or '.join(ORDERS)}"
        faults.append(Diagnostic("invalid-rule", message, entry.value.span))
    return str(value)


def _read_rule(item: document.Node, faults: list[Diagnostic]) -> Rule | None:
    """One rule, or None with a fault added."""
    if not isinstance(item, document.Mapping) or len(item.entries) != 1:
        faults.append(Diagnostic("invalid-rule", "a rule is one 'pattern: template'", item.span))
        return None
    (entry,) = item.entries
    pattern, template = entry.key.value, document.as_plain(entry.value)
    if not isinstance(pattern, str) or not isinstance(template, str | None):
        message = "a pattern and a template are texts: quote what YAML reads as numbers"
        faults.append(Diagnostic("invalid-rule", message, item.span))
        return None
    if max(len(pattern), len(template or "")) > _LONGEST_PATTERN:
        message = f"a pattern and a template have at most {_LONGEST_PATTERN} characters"
        faults.append(Diagnostic("invalid-rule", message, entry.key.span))
        return None
    compiled = _compile(pattern, entry.key.span, faults)
    if compiled is None:
        return None
    rule = Rule(compiled, template, entry.key.span)
    return rule if _fits(rule, entry.value.span, faults) else None


def _read_filling(item: document.Node, faults: list[Diagnostic]) -> Filling | None:
    """One number for arrays that the file lacks, or None with a fault added."""
    if not isinstance(item, document.Mapping) or len(item.entries) != 1:
        faults.append(Diagnostic("invalid-rule", "fill has one 'pattern: number'", item.span))
        return None
    (entry,) = item.entries
    pattern, number = entry.key.value, document.as_plain(entry.value)
    if not isinstance(pattern, str) or len(pattern) > _LONGEST_PATTERN:
        message = f"a pattern is a text of at most {_LONGEST_PATTERN} characters"
        faults.append(Diagnostic("invalid-rule", message, entry.key.span))
        return None
    if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > _LARGEST:
        message = f"what arrays are filled with is a number of at most {_LARGEST:g}"
        faults.append(Diagnostic("invalid-rule", message, entry.value.span))
        return None
    compiled = _compile(pattern, entry.key.span, faults)
    return None if compiled is None else Filling(compiled, float(number), entry.key.span)


def _compile(pattern: str, span: Span, faults: list[Diagnostic]) -> Any:
    """A pattern of RE2's, or None with a fault added."""
    # Only rules need this package.
    import re2

    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = (
            error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error
        )
        message = f"this is no regular expression of RE2's: {reason}"
        faults.append(Diagnostic("invalid-rule", message, span))
        return None


def _fits(rule: Rule, span: Span, faults: list[Diagnostic]) -> bool:
    """Whether the groups that a template names are in its pattern."""
    import re2

    if rule.template is None:
        return True

    # An alternative that matches nothing gives a match to expand the template with.
    probe = re2.compile(f"(?:{rule.pattern.pattern})|")
    try:
        plain = bool(probe.fullmatch("").expand(rule.template).isprintable())
    except UnicodeDecodeError:
        plain = False
    except (IndexError, KeyError, re2.error):
        message = f"the pattern has {rule.pattern.groups} groups, and the template asks for another"
        faults.append(Diagnostic("invalid-rule", message, span))
        return False
    if not plain:
        message = "a backslash in the template stands for nothing that a name can hold"
        help = "it stands before the number of a group, as in \\1"
        faults.append(Diagnostic("invalid-rule", message, span, help=(help,)))
    return plain


def _refuse(message: str, span: Span) -> SpecError:
    return SpecError([Diagnostic("invalid-rule", message, span)])


def find_rules(name: str, network: str) -> Path | None:
    """The file of the rules that ship with the tool for a network, by the rules' name."""
    for path in (Path(__file__).parent / "renaming").glob("*/*.yaml"):
        if (path.parent.name, path.stem) == (name, module_name(network)):
            return path
    return None
