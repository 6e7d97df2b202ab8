"""What a backend cannot say is a finding at its step, whatever else is in the network."""

from __future__ import annotations

import pytest

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec

ATTENTION = "attention: {num_heads: 1, bias: true, initializer: normal}"
SPEC = f"""\
cnnspec: 1
name: net
input: {{tokens: 4, channels: 6}}
layers:
- attention: {{num_heads: 1, initializer: uniform}}
- position_embedding
- attention: {{num_heads: 1, initializer: truncated_normal}}
- linear: 5
- parallel:
  - [selu, {ATTENTION}]
  - [selu, {ATTENTION}, softmax, hard_swish]
  - [selu, {ATTENTION}, silu, stochastic_depth]
  merge: add
"""


def test_a_refusal_does_not_depend_on_what_is_no_module() -> None:
    with pytest.raises(SpecError, match="attentions without names") as refused:
        compile_torch(build_graph(read_spec(SPEC, "net.yaml")), "cnnspec compile")
    assert [found.rule for found in refused.value.diagnostics] == ["backend-unsupported"]
