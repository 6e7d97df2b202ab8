"""Edits of whole steps: what stands before, the edits, what stands after."""

from __future__ import annotations

from cnnspec.lint.edits import InsertAfter, InsertBefore, RemoveStep, ReplaceStep, SwapSteps
from tests.lint.editing import case

REMOVES = [
    case(
        "a step goes with the comment on its line",
        "# before\n- relu # no need\n# behind\n- linear: 3\n",
        lambda find: [RemoveStep(find("relu"))],
        "# before\n# behind\n- linear: 3\n",
    ),
    case(
        "a step on several lines",
        "- relu\n- conv:\n    out_channels: 8\n    kernel_size: 3 # odd\n  repeat: 2\n- relu\n",
        lambda find: [RemoveStep(find("conv"))],
        "- relu\n- relu\n",
    ),
    case(
        "the first in brackets",
        "- residual: [relu, conv: 3, batch_norm]\n",
        lambda find: [RemoveStep(find("relu"))],
        "- residual: [conv: 3, batch_norm]\n",
    ),
    case(
        "a pair without braces",
        "- residual: [relu, conv: 3 , batch_norm]\n",
        lambda find: [RemoveStep(find("conv"))],
        "- residual: [relu, batch_norm]\n",
    ),
    case(
        "the last in brackets",
        "- residual: [relu, conv: 3, batch_norm] # sum\n",
        lambda find: [RemoveStep(find("batch_norm"))],
        "- residual: [relu, conv: 3] # sum\n",
    ),
    case(
        "the only one in brackets",
        "- residual: [relu] # sum\n",
        lambda find: [RemoveStep(find("relu"))],
        "- residual: [] # sum\n",
    ),
    case(
        "the only one of a list",
        "- residual:\n    body:\n      - relu\n    shortcut:\n      - linear: 3\n",
        lambda find: [RemoveStep(find("relu"))],
        "- residual:\n    body: []\n    shortcut:\n      - linear: 3\n",
    ),
    case(
        "the only one of a list in a list",
        "- - relu\n- linear: 3\n",
        lambda find: [RemoveStep(find("relu"))],
        "- []\n- linear: 3\n",
    ),
    case(
        "the first of a list in a list",
        "- - relu\n  - conv: 3\n- linear: 3\n",
        lambda find: [RemoveStep(find("relu"))],
        "- - conv: 3\n- linear: 3\n",
    ),
    case(
        "a stage",
        "conv: {conv: 8}\nact: relu # no need\nfc: {linear: 3}\n",
        lambda find: [RemoveStep(find("relu"))],
        "conv: {conv: 8}\nfc: {linear: 3}\n",
    ),
    case(
        "a stage of several steps",
        "stem: # first\n  - relu\n  - conv: 8\nfc: {linear: 3}\n",
        lambda find: [RemoveStep(find("layers"))],
        "fc: {linear: 3}\n",
    ),
    case(
        "a branch stays, and gives the value itself",
        "- parallel:\n    one: {conv: 8}\n    two: [{linear: 3}, relu]\n",
        lambda find: [RemoveStep(find("conv"))],
        "- parallel:\n    one: []\n    two: [{linear: 3}, relu]\n",
    ),
    case(
        "the last line without a line break",
        "- relu\n- linear: 3",
        lambda find: [RemoveStep(find("linear"))],
        "- relu\n",
    ),
    case(
        "one of several lines in brackets",
        "- residual: [\n    relu, # a\n    conv: 3, # b\n    batch_norm # c\n  ]\n",
        lambda find: [RemoveStep(find("batch_norm"))],
        "- residual: [\n    relu, # a\n    conv: 3 # b\n  ]\n",
    ),
]

INSERTS = [
    case(
        "before a step, below the comment above it",
        "# head\n- linear: 3 # scores\n",
        lambda find: [InsertBefore(find("linear"), "global_avg_pool")],
        "# head\n- global_avg_pool\n- linear: 3 # scores\n",
    ),
    case(
        "behind a step on several lines",
        "- conv:\n    out_channels: 8 # wide\n  name: first # one\n# two\n- relu\n",
        lambda find: [InsertAfter(find("conv"), "batch_norm: {eps: 1e-3}")],
        "- conv:\n    out_channels: 8 # wide\n  name: first # one\n"
        "- batch_norm: {eps: 1e-3}\n# two\n- relu\n",
    ),
    case(
        "behind the last line without a line break",
        "- conv: 8",
        lambda find: [InsertAfter(find("conv"), "relu")],
        "- conv: 8\n- relu",
    ),
    case(
        "two behind one step, in order",
        "- conv: 8\n",
        lambda find: [InsertAfter(find("conv"), "batch_norm"), InsertAfter(find("conv"), "relu")],
        "- conv: 8\n- batch_norm\n- relu\n",
    ),
    case(
        "in brackets",
        "- residual: [relu, conv: 3]\n",
        lambda find: [
            InsertBefore(find("conv"), "dropout: 0.1"),
            InsertAfter(find("conv"), "batch_norm"),
        ],
        "- residual: [relu, {dropout: 0.1}, conv: 3, batch_norm]\n",
    ),
    case(
        "in brackets on several lines",
        "- residual: [\n    relu, # a\n    conv: 3 # b\n  ]\n",
        lambda find: [
            InsertAfter(find("relu"), "batch_norm"),
            InsertAfter(find("conv"), "batch_norm"),
        ],
        "- residual: [\n    relu, # a\n    batch_norm,\n    conv: 3, # b\n    batch_norm\n  ]\n",
    ),
    case(
        "before the first of a list in a list",
        "- - relu\n  - conv: 3\n",
        lambda find: [InsertBefore(find("relu"), "batch_norm")],
        "- - batch_norm\n  - relu\n  - conv: 3\n",
    ),
    case(
        "a stage, under a name that is free",
        "relu: relu\nfc: {linear: 3}\n",
        lambda find: [InsertBefore(find("linear"), "flatten"), InsertAfter(find("linear"), "relu")],
        "relu: relu\nflatten: flatten\nfc: {linear: 3}\nrelu2: relu\n",
    ),
    case(
        "beside a branch of one step",
        "- parallel:\n    one: {conv: 8}\n    two: relu\n",
        lambda find: [InsertAfter(find("conv"), "relu"), InsertBefore(find("relu"), "conv: 8")],
        "- parallel:\n    one: [{conv: 8}, relu]\n    two: [{conv: 8}, relu]\n",
    ),
]

REPLACES = [
    case(
        "a word by a word",
        "- softmax # scores\n",
        lambda find: [ReplaceStep(find("softmax"), "sigmoid")],
        "- sigmoid # scores\n",
    ),
    case(
        "a step by a word",
        "- conv:\n    out_channels: 8\n    kernel_size: 3\n- relu\n",
        lambda find: [ReplaceStep(find("conv"), "flatten")],
        "- flatten\n- relu\n",
    ),
    case(
        "a word in brackets by a step",
        "- residual: [relu, conv: 3]\n",
        lambda find: [
            ReplaceStep(find("relu"), "leaky_relu: 0.1"),
            ReplaceStep(find("conv"), "relu"),
        ],
        "- residual: [{leaky_relu: 0.1}, relu]\n",
    ),
    case(
        "beside a name in braces",
        "- {relu: , name: one}\n- {conv: 8, name: two}\n",
        lambda find: [
            ReplaceStep(find("relu"), "leaky_relu: 0.1"),
            ReplaceStep(find("conv"), "relu"),
        ],
        "- {leaky_relu: 0.1, name: one}\n- {relu: , name: two}\n",
    ),
    case(
        "beside a name on lines",
        "- relu:\n  name: one\n- conv: 8\n  name: two\n",
        lambda find: [
            ReplaceStep(find("relu"), "tanh"),
            ReplaceStep(find("conv"), "linear: {out_features: 8}"),
        ],
        "- tanh:\n  name: one\n- linear: {out_features: 8}\n  name: two\n",
    ),
    case(
        "a stage keeps its name",
        "act: relu\nfc: {linear: 3}\n",
        lambda find: [
            ReplaceStep(find("relu"), "leaky_relu: 0.1"),
            ReplaceStep(find("linear"), "flatten"),
        ],
        "act: {leaky_relu: 0.1}\nfc: flatten\n",
    ),
]

SWAPS = [
    case(
        "two lines with their comments",
        "- relu # a\n- batch_norm: {eps: 1} # b\n- conv: 8\n",
        lambda find: [SwapSteps(find("relu"), find("batch_norm"))],
        "- batch_norm: {eps: 1} # b\n- relu # a\n- conv: 8\n",
    ),
    case(
        "several lines",
        "- relu\n# between\n- conv:\n    out_channels: 8 # wide\n",
        lambda find: [SwapSteps(find("conv"), find("relu"))],
        "- conv:\n    out_channels: 8 # wide\n# between\n- relu\n",
    ),
    case(
        "in brackets",
        "- residual: [relu, batch_norm, conv: 3]\n",
        lambda find: [SwapSteps(find("relu"), find("conv"))],
        "- residual: [conv: 3, batch_norm, relu]\n",
    ),
    case(
        "stages with their names",
        "act: relu\nbn: batch_norm # n\n",
        lambda find: [SwapSteps(find("relu"), find("batch_norm"))],
        "bn: batch_norm # n\nact: relu\n",
    ),
]
