"""What a backend cannot say is a finding at its step, whatever else is in the network."""

from __future__ import annotations

import pytest

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.limits import MAX_DIAGNOSTICS
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


def refuse(layers: str) -> tuple[Diagnostic, ...]:
    text = f"cnnspec: 1\nname: net\ninput: {{features: 4}}\nlayers:\n{layers}"
    with pytest.raises(SpecError) as refused:
        compile_keras(build_graph(read_spec(text, "net.yaml")), "cnnspec compile")
    return refused.value.diagnostics


def test_uses_of_a_place_are_refused_together() -> None:
    # Nothing takes what is computed above a constant.
    found = refuse(
        "- repeat: 3\n  layers:\n  - constant: {features: 4, values: 1}\n  - linear: 4\n"
    )
    assert [(each.span.line, each.notes) for each in found if each.span] == [
        (7, ("the same in 2 uses",)),
        (8, ("the same in 2 uses",)),
    ]


def test_refusals_end_at_their_limit() -> None:
    step = "- constant: {features: 4, values: 1}\n"
    found = refuse(step * (MAX_DIAGNOSTICS + 1))
    assert len(found) == MAX_DIAGNOSTICS
    assert found[-1].notes == ()
    assert refuse(step * (MAX_DIAGNOSTICS + 3))[-1].notes == ("2 more places are not listed",)
