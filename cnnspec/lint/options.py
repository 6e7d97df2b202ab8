"""What a caller wants of the linter: which rules, and how bad each is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from cnnspec.diagnostics import Severity
from cnnspec.lint.base import Rule
from cnnspec.lint.rules import RULES
from cnnspec.records import dataclass

PROFILES: Mapping[str, str] = MappingProxyType(
    {
        "default": "what is worth a look in any network",
        "pedantic": "also what is a matter of taste",
        "gpu": "also what slows a network down on a graphics processor",
        "mobile": "also what slows a network down on a telephone",
        "teaching": "as default, with the reason for each finding",
    }
)


@dataclass(frozen=True, slots=True)
class LintOptions:
    """Which rules are asked, and how bad each is; severities of the spec itself come after.

    `select` are the only rules, whatever their profiles; a severity of None turns one off, any
    other turns it on.
    """

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    severities: Mapping[str, Severity | None] = field(default_factory=dict)
    profile: str = "default"

    def choose_severity(self, rule: Rule) -> Severity | None:
        """How bad a rule's findings are; None where it is not asked."""
        if rule.severity is Severity.ERROR:
            return rule.severity
        if self.leaves_out(rule):
            return None
        if rule.name in self.severities:
            return self.severities[rule.name]
        asked = self.select or not rule.profiles or self.profile in rule.profiles
        return rule.severity if asked else None

    def leaves_out(self, rule: Rule) -> bool:
        """Whether a rule is not asked, whatever a spec says."""
        if rule.severity is Severity.ERROR:
            return False
        return rule.name in self.ignore or bool(self.select and rule.name not in self.select)


def find_rule(name: str) -> Rule | None:
    """The rule of the linter of that name."""
    return next((rule for rule in RULES if rule.name == name), None)
