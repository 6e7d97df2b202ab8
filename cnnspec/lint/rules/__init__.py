"""The table of all rules."""

from __future__ import annotations

from cnnspec.lint.base import Rule
from cnnspec.lint.rules import (
    bias_before_norm,
    budget_exceeded,
    dropout_before_activation,
    dropout_before_batch_norm,
    dropout_early_strong,
    dropout_on_conv_map,
    dropout_on_output,
    dropout_rate_extreme,
    head_activation_loss,
    head_target_mismatch,
    high_dropout,
    norm_on_output,
    output_not_input_size,
    relu_on_logits,
    relu_on_logits_pooled,
    softmax_before_logits_loss,
    softmax_one_unit,
    target_encoding,
    unused_defaults,
    unused_value,
)

RULES: tuple[Rule, ...] = (
    bias_before_norm.RULE,
    budget_exceeded.RULE,
    dropout_before_activation.RULE,
    dropout_before_batch_norm.RULE,
    dropout_early_strong.RULE,
    dropout_on_conv_map.RULE,
    dropout_on_output.RULE,
    dropout_rate_extreme.RULE,
    head_activation_loss.RULE,
    head_target_mismatch.RULE,
    high_dropout.RULE,
    norm_on_output.RULE,
    output_not_input_size.RULE,
    relu_on_logits.RULE,
    relu_on_logits_pooled.RULE,
    softmax_before_logits_loss.RULE,
    softmax_one_unit.RULE,
    target_encoding.RULE,
    unused_defaults.RULE,
    unused_value.RULE,
)
