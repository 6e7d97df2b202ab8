"""The table of all rules."""

from __future__ import annotations

from cnnspec.lint.base import Rule
from cnnspec.lint.rules import bias_before_norm, unused_defaults, unused_value

RULES: tuple[Rule, ...] = (
    bias_before_norm.RULE,
    unused_defaults.RULE,
    unused_value.RULE,
)
