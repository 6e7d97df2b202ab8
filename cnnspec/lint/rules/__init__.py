"""The table of all rules."""

from __future__ import annotations

from cnnspec.lint.base import Rule
from cnnspec.lint.rules import (
    bias_before_norm,
    dropout_before_activation,
    dropout_before_batch_norm,
    dropout_early_strong,
    dropout_on_conv_map,
    dropout_on_output,
    dropout_rate_extreme,
    high_dropout,
    norm_on_output,
    output_not_input_size,
    relu_on_logits,
    relu_on_logits_pooled,
    softmax_one_unit,
    unused_defaults,
    unused_value,
)

RULES: tuple[Rule, ...] = (
    bias_before_norm.RULE,
    dropout_before_activation.RULE,
    dropout_before_batch_norm.RULE,
    dropout_early_strong.RULE,
    dropout_on_conv_map.RULE,
    dropout_on_output.RULE,
    dropout_rate_extreme.RULE,
    high_dropout.RULE,
    norm_on_output.RULE,
    output_not_input_size.RULE,
    relu_on_logits.RULE,
    relu_on_logits_pooled.RULE,
    softmax_one_unit.RULE,
    unused_defaults.RULE,
    unused_value.RULE,
)
