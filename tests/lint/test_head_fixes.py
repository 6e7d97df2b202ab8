"""What rules about heads and dropout propose, made in the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.network import Network
from cnnspec.sources import Source

VECTOR = "cnnspec: 1\nname: net\ninput: {features: 16}\n"
MAP = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"


def task(**parts: str) -> str:
    """The line of a task of classes."""
    said = {"kind": "classification", **parts}
    return f"task: {{{', '.join(f'{name}: {value}' for name, value in said.items())}}}\n"


def fix(text: str, unsafe: bool = False) -> str:
    fixed = Network(Source("net.yaml", text.encode(), Path()), {}).fix(unsafe=unsafe)
    assert fixed is not None
    return fixed.text


SAFE = {
    "a softmax over one number becomes a sigmoid": (
        f"{VECTOR}layers:\n  - linear: 1\n  - softmax # odds\n",
        f"{VECTOR}layers:\n  - linear: 1\n  - sigmoid # odds\n",
    ),
    "dropout behind the last layer goes before it": (
        f"{VECTOR}layers:\n  - linear: 8\n  - relu\n  - linear: 4\n  - dropout: 0.5\n  - softmax\n",
        f"{VECTOR}layers:\n  - linear: 8\n  - relu\n  - dropout: 0.5\n  - linear: 4\n  - softmax\n",
    ),
    "dropout far behind the last layer goes before it": (
        f"{MAP}layers:\n  - relu\n  - conv: {{out_channels: 4, kernel_size: 1}}\n"
        "  - global_avg_pool\n  - dropout: 0.25\n",
        f"{MAP}layers:\n  - relu\n  - dropout: 0.25\n"
        "  - conv: {out_channels: 4, kernel_size: 1}\n  - global_avg_pool\n",
    ),
    "an extreme rate": (
        f"{VECTOR}layers:\n  - dropout: {{p: 0.9}}\n  - linear: 4\n",
        f"{VECTOR}layers:\n  - dropout: {{p: 0.5}}\n  - linear: 4\n",
    ),
    "strong and early dropout": (
        f"{MAP}layers:\n  - dropout\n  - conv: {{out_channels: 4, kernel_size: 3}}\n",
        f"{MAP}layers:\n  - spatial_dropout: 0.1\n  - conv: {{out_channels: 4, kernel_size: 3}}\n",
    ),
    "dropout on a map keeps its rate": (
        f"{MAP}layers:\n  - dropout: 0.25\n  - conv: {{out_channels: 4, kernel_size: 3}}\n",
        f"{MAP}layers:\n  - spatial_dropout: 0.25\n  - conv: {{out_channels: 4, kernel_size: 3}}\n",
    ),
    "several dropouts on maps at once": (
        f"{MAP}layers:\n  - dropout: 0.25\n  - conv: {{out_channels: 4, kernel_size: 3}}\n"
        "  - relu\n  - dropout: 0.3\n  - conv: {out_channels: 4, kernel_size: 3}\n",
        f"{MAP}layers:\n  - spatial_dropout: 0.25\n  - conv: {{out_channels: 4, kernel_size: 3}}\n"
        "  - relu\n  - spatial_dropout: 0.3\n  - conv: {out_channels: 4, kernel_size: 3}\n",
    ),
    "dropout goes behind the activation": (
        f"{VECTOR}layers:\n  - linear: 8\n  - dropout: 0.5 # some\n  - tanh\n  - linear: 4\n",
        f"{VECTOR}layers:\n  - linear: 8\n  - tanh\n  - dropout: 0.5 # some\n  - linear: 4\n",
    ),
    "dropout goes behind the norm": (
        f"{VECTOR}layers:\n  - relu\n  - dropout: 0.5\n  - batch_norm\n  - linear: 4\n",
        f"{VECTOR}layers:\n  - relu\n  - batch_norm\n  - dropout: 0.5\n  - linear: 4\n",
    ),
    "a norm of scores goes": (
        f"{VECTOR}{task()}layers:\n  - linear: {{out_features: 4, bias: false}}\n  - batch_norm\n",
        f"{VECTOR}{task()}layers:\n  - linear: {{out_features: 4, bias: false}}\n",
    ),
    "a relu of scores goes": (
        f"{VECTOR}layers:\n  - linear: 4\n  - relu\n  - softmax\n",
        f"{VECTOR}layers:\n  - linear: 4\n  - softmax\n",
    ),
    "the loss that takes labels": (
        f"{VECTOR}{task(loss='categorical_cross_entropy', target='labels')}"
        "layers:\n  - linear: 4\n  - softmax\n",
        f"{VECTOR}{task(loss='sparse_categorical_cross_entropy', target='labels')}"
        "layers:\n  - linear: 4\n  - softmax\n",
    ),
    "a softmax goes that the loss applies": (
        f"{VECTOR}{task(loss='cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
        f"{VECTOR}{task(loss='cross_entropy')}layers:\n  - linear: 4\n",
    ),
    "the second of two goes": (
        f"{VECTOR}layers:\n  - linear: 4\n  - softmax\n  - softmax\n",
        f"{VECTOR}layers:\n  - linear: 4\n  - softmax\n",
    ),
    "a sigmoid for classes of which one is right": (
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - sigmoid\n",
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
    ),
    "a softmax for truths by themselves": (
        f"{VECTOR}{task(loss='binary_cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
        f"{VECTOR}{task(loss='binary_cross_entropy')}layers:\n  - linear: 4\n  - sigmoid\n",
    ),
    "a tanh where logits are taken": (
        f"{VECTOR}{task(loss='binary_cross_entropy_with_logits')}"
        "layers:\n  - linear: 4\n  - tanh\n",
        f"{VECTOR}{task(loss='binary_cross_entropy_with_logits')}layers:\n  - linear: 4\n",
    ),
    "a tanh where shares are taken": (
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - tanh\n",
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
    ),
    "no probabilities behind pooled scores": (
        f"{MAP}{task(loss='categorical_cross_entropy')}layers:\n"
        "  - conv: {out_channels: 4, kernel_size: 16}\n  - global_avg_pool\n",
        f"{MAP}{task(loss='categorical_cross_entropy')}layers:\n"
        "  - conv: {out_channels: 4, kernel_size: 16}\n  - global_avg_pool\n  - softmax\n",
    ),
    "no probabilities where a loss takes them": (
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n",
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
    ),
    "a relu in the place of a softmax": (
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - relu\n",
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n  - linear: 4\n  - softmax\n",
    ),
}
UNSAFE = {
    "a relu before scores are pooled": (
        f"{MAP}{task()}layers:\n  - conv: {{out_channels: 4, kernel_size: 30}}\n  - relu\n"
        "  - global_avg_pool\n",
        f"{MAP}{task()}layers:\n  - conv: {{out_channels: 4, kernel_size: 30}}\n"
        "  - global_avg_pool\n",
    ),
    "as many numbers as are measured": (
        f"{VECTOR}task: {{kind: regression, target: {{encoding: values, shape: [4]}}}}\n"
        "layers:\n  - linear: 5\n",
        f"{VECTOR}task: {{kind: regression, target: {{encoding: values, shape: [4]}}}}\n"
        "layers:\n  - linear: 4\n",
    ),
    "masks of the input's size": (
        f"{MAP}task: segmentation\nlayers:\n  - conv: {{out_channels: 4, kernel_size: 3}}\n",
        f"{MAP}task: segmentation\nlayers:\n  - conv: {{out_channels: 4, kernel_size: 3}}\n"
        "  - resize_like: input\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), SAFE.values(), ids=SAFE)
def test_a_safe_fix_is_made(before: str, after: str) -> None:
    assert fix(before) == after


@pytest.mark.parametrize(("before", "after"), UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_fix_is_made_only_if_asked_for(before: str, after: str) -> None:
    assert fix(before) == before
    assert fix(before, unsafe=True) == after


KEPT = {
    "a rate that a parameter gives": (
        f"{MAP}params: {{rate: 0.25}}\nlayers:\n  - dropout: $rate\n"
        "  - conv: {out_channels: 4, kernel_size: 3}\n"
    ),
    "one number for several classes": (
        f"{VECTOR}{task(loss='cross_entropy')}layers:\n  - linear: 1\n"
    ),
    "scores whose name is that of the output": (
        f"{VECTOR}{task(loss='categorical_cross_entropy')}layers:\n"
        "  - linear: 4\n    name: scores\noutputs: {scores: scores}\n"
    ),
    "a sigmoid before a softmax": (
        f"{VECTOR}layers:\n  - linear: 4\n  - sigmoid\n  - softmax\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_has_no_sure_answer_is_kept(text: str) -> None:
    assert fix(text, unsafe=True) == text
