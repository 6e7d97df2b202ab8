"""What rules about chains of layers propose, made in the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.lint.options import LintOptions
from cnnspec.network import Network
from cnnspec.sources import Source

MAP = "cnnspec: 1\nname: net\ninput: {channels: 8, height: 32, width: 32}\nlayers:\n"
CONV = "  - conv: {out_channels: 8, kernel_size: 3, padding: 1%s}\n"
PLAIN = CONV % ""
BARE = CONV % ", bias: false"


def fix(rule: str, layers: str, unsafe: bool) -> str:
    network = Network(Source("net.yaml", f"{MAP}{layers}".encode(), Path()))
    fixed = network.fix(LintOptions(select=frozenset({rule})), unsafe=unsafe)
    assert fixed is not None
    return fixed.text.removeprefix(MAP)


SAFE = {
    "bias-before-norm: what the bias starts as goes with it": (
        CONV % ", bias_initializer: zeros" + "  - batch_norm\n",
        f"{BARE}  - batch_norm\n",
    ),
    "duplicate-activation: the second goes": (
        f"{PLAIN}  - relu # one\n  - relu # two\n",
        f"{PLAIN}  - relu # one\n",
    ),
    "duplicate-activation: the first goes": (
        f"{PLAIN}  - leaky_relu\n  - relu\n",
        f"{PLAIN}  - relu\n",
    ),
    "redundant-norm: the second of a kind goes": (
        f"{BARE}  - batch_norm\n  - batch_norm\n  - relu\n",
        f"{BARE}  - batch_norm\n  - relu\n",
    ),
    "batch-norm-order-inconsistent: the norm goes before the activation, and the bias goes": (
        f"{BARE}  - batch_norm\n  - relu\n{PLAIN}  - relu\n  - batch_norm\n",
        f"{BARE}  - batch_norm\n  - relu\n{BARE}  - batch_norm\n  - relu\n",
    ),
    "batch-norm-order-inconsistent: the norm goes behind the activation": (
        f"{BARE}  - batch_norm\n  - relu\n" + f"{PLAIN}  - relu\n  - batch_norm\n" * 2,
        f"{BARE}  - relu\n  - batch_norm\n" + f"{PLAIN}  - relu\n  - batch_norm\n" * 2,
    ),
    "noop-layer: a pool of nothing goes": (
        f"{PLAIN}  - relu\n  - max_pool: 1\n",
        f"{PLAIN}  - relu\n",
    ),
    "relu-before-max-pool: the two change places": (
        f"{PLAIN}  - relu\n  - max_pool: 2\n",
        f"{PLAIN}  - max_pool: 2\n  - relu\n",
    ),
}
UNSAFE = {
    "bias-before-norm: a turn without the norm has use for the bias": (
        "  - for: {n: [false, true]}\n    layers:\n"
        "      - conv: {out_channels: 8, kernel_size: 3}\n"
        "      - batch_norm:\n        when: $n\n      - relu\n",
        "  - for: {n: [false, true]}\n    layers:\n"
        "      - conv: {out_channels: 8, kernel_size: 3, bias: false}\n"
        "      - batch_norm:\n        when: $n\n      - relu\n",
    ),
    "no-nonlinearity: an activation is put behind the norm": (
        f"{BARE}  - batch_norm\n  - dropout: 0.1\n{PLAIN}",
        f"{BARE}  - batch_norm\n  - relu\n  - dropout: 0.1\n{PLAIN}",
    ),
    "duplicate-activation: the second that saturates goes": (
        f"{PLAIN}  - tanh\n  - sigmoid\n",
        f"{PLAIN}  - tanh\n",
    ),
    "redundant-norm: the second of another kind goes": (
        f"{PLAIN}  - layer_norm\n  - batch_norm\n",
        f"{PLAIN}  - layer_norm\n",
    ),
    "local-response-norm-obsolete: it goes": (
        f"{PLAIN}  - local_response_norm: 5\n",
        PLAIN,
    ),
    "flatten-linear-explosion: the map is pooled": (
        "  - flatten\n  - linear: 256\n",
        "  - global_avg_pool\n  - linear: 256\n",
    ),
    "saturating-hidden: relu all along the row": (
        f"{PLAIN}  - tanh\n" * 2 + f"{PLAIN}  - sigmoid\n" * 2 + f"{PLAIN}  - sigmoid\n",
        f"{PLAIN}  - relu\n" * 4 + f"{PLAIN}  - sigmoid\n",
    ),
    "costly-activation: straight lines": (
        f"{PLAIN}  - silu\n",
        f"{PLAIN}  - hard_swish\n",
    ),
}


@pytest.mark.parametrize("case", SAFE)
def test_safe_fixes(case: str) -> None:
    before, after = SAFE[case]
    assert fix(case.partition(":")[0], before, unsafe=False) == after


@pytest.mark.parametrize("case", UNSAFE)
def test_other_fixes_are_made_on_request(case: str) -> None:
    before, after = UNSAFE[case]
    rule = case.partition(":")[0]
    assert fix(rule, before, unsafe=False) == before
    assert fix(rule, before, unsafe=True) == after


def test_a_layer_in_a_block_of_the_library_gets_no_fix() -> None:
    layers = "  - conv_bn: {out_channels: 8, activation: identity}\n" * 2
    assert fix("no-nonlinearity", layers, unsafe=True) == layers


def test_a_bias_that_another_variant_has_use_for_goes_on_request_alone() -> None:
    head = MAP.replace("layers:", "params: {n: false}\nvariants: {a: {}, b: {n: true}}\nlayers:")
    text = f"{head}{PLAIN}  - {{batch_norm: , when: $n}}\n"
    (found,) = Network(Source("net.yaml", text.encode(), Path())).offer()
    assert found.offer is not None
    assert not found.offer.is_safe
