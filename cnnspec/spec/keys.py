"""The words that the language itself has, each with what it means; ops and blocks add theirs."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, Literal

from cnnspec.records import dataclass

FORMAT_VERSION: Final = 1

# What a file may hold.
KEYS: Final = MappingProxyType(
    {
        "cnnspec": f"the format's version: {FORMAT_VERSION}",
        "name": "the model's name, which becomes the names of its class and of its file",
        "summary": "what the network is, for readers and for the head of generated files",
        "paper": "where the network comes from, such as arXiv:1512.03385",
        "year": "when it was published",
        "task": "what the output is for, and trained with: a word, or {kind: classification, "
        "classes: $classes, loss: cross_entropy}",
        "extends": "a file in the same folder or below, or a zoo spec, that this one starts from",
        "input": "the sizes of one sample, without the batch",
        "inputs": "several inputs by name, each with its sizes",
        "params": "what a caller may change, with defaults: --set classes=100",
        "variants": "named sets of values for the parameters",
        "defaults": "fields that all uses of an op get unless they say otherwise",
        "blocks": "blocks of your own, which steps can call by name",
        "layers": "the steps of the network; each takes the value of the one above it",
        "outputs": "the values that the network gives, by name; without it the last one",
        "expect": "figures that the network must come to, for the spec or for each variant",
        "limits": "figures that no variant of the network may exceed",
        "lint": "how bad the findings of a rule are in this spec, by the rule's name",
    }
)
# Where a file starts from another, the mappings behind these join entry by entry.
JOINED: Final = (
    "input", "inputs", "params", "variants", "defaults", "blocks", "layers", "outputs", "limits",
    "lint",
)  # fmt: skip
# What the output of a network is for.
TASKS: Final = MappingProxyType(
    {
        "classification": "one score for each class",
        "segmentation": "one score for each class at each place of a map",
        "detection": "what tells boxes and their classes",
        "regression": "numbers that are measured, not chosen from",
        "features": "maps or vectors that another network takes",
        "generation": "new samples, made from noise",
        "reconstruction": "the input again, from fewer numbers",
        "restoration": "the input again, with more detail or less noise",
    }
)
# Those whose output has one number for each class, as the channels or the features.
SCORED_TASKS: Final = ("classification", "segmentation")
TASK_PARTS: Final = MappingProxyType(
    {
        "kind": f"what the output is for: {', '.join(TASKS)}",
        "classes": "how many classes it has scores for, which the output is held against",
        "loss": "what training minimises: a word, or {name: WORD, from_logits: true}",
        "target": "what the output is compared with: a word, or {encoding: WORD, shape: [1, H, W]}",
    }
)
# How the targets of a batch are written down.
TARGETS: Final = MappingProxyType(
    {
        "labels": "the number of the class, from 0 on",
        "one_hot": "a number for each class: one for the right one, zero for the others",
        "multi_hot": "a number for each class: one for each that holds, of which there may be many",
        "binary": "one number: one or zero",
        "values": "numbers that are measured",
    }
)


@dataclass(frozen=True, slots=True)
class LossKind:
    """What a loss takes: the output of the network, and the targets beside it.

    Where it `may_choose`, a spec says by ``from_logits`` whether its output is logits or
    probabilities; `takes` is what holds where it does not. `squasher` is the op that makes its
    probabilities of logits.
    """

    meaning: str
    takes: Literal["logits", "probabilities", "values"]
    targets: tuple[str, ...]
    squasher: Literal["softmax", "sigmoid", ""] = ""
    may_choose: bool = False


# What stands for a measured number: zeroes and ones do too, the number of a class does not.
_NUMBERS = ("values", "binary", "one_hot", "multi_hot")
# What says of each probability by itself whether it holds.
_TRUTHS = ("binary", "multi_hot", "one_hot")


# Names and defaults of PyTorch where it has the loss for logits alone, else those of Keras.
LOSSES: Final = MappingProxyType(
    {
        "cross_entropy": LossKind(
            "that of softmax over logits with labels, or with a number for each class",
            "logits", ("labels", "one_hot"), "softmax",
        ),
        "categorical_cross_entropy": LossKind(
            "that of probabilities with a number for each class",
            "probabilities", ("one_hot",), "softmax", may_choose=True,
        ),
        "sparse_categorical_cross_entropy": LossKind(
            "that of probabilities with labels",
            "probabilities", ("labels",), "softmax", may_choose=True,
        ),
        "binary_cross_entropy": LossKind(
            "that of each probability by itself, with zero or one",
            "probabilities", _TRUTHS, "sigmoid", may_choose=True,
        ),
        "binary_cross_entropy_with_logits": LossKind(
            "that of the sigmoid of each logit by itself, with zero or one",
            "logits", _TRUTHS, "sigmoid",
        ),
        "mean_squared_error": LossKind("the mean of squared differences", "values", _NUMBERS),
        "mean_absolute_error": LossKind("the mean of absolute differences", "values", _NUMBERS),
        "huber": LossKind(
            "squared for small differences, absolute for large ones", "values", _NUMBERS
        ),
    }
)  # fmt: skip
# What else these are called, in small letters without "loss" and anything between the letters.
LOSS_WORDS: Final = MappingProxyType(
    {
        "bce": "binary_cross_entropy",
        "bcewithlogits": "binary_cross_entropy_with_logits",
        "cce": "categorical_cross_entropy",
        "l1": "mean_absolute_error",
        "l2": "mean_squared_error",
        "mae": "mean_absolute_error",
        "mse": "mean_squared_error",
        "smoothl1": "huber",
        "softmaxcrossentropy": "cross_entropy",
    }
)
LOSS_PARTS: Final = MappingProxyType(
    {
        "name": f"what training minimises: {', '.join(LOSSES)}",
        "from_logits": "whether it takes scores that no softmax or sigmoid went over",
    }
)
TARGET_PARTS: Final = MappingProxyType(
    {
        "encoding": f"how targets are written down: {', '.join(TARGETS)}",
        "shape": "the shape of one sample's target, channels first; [] for a single number",
    }
)
# The first is that of the oldest network that a spec could be of.
YEARS: Final = (1943, 2100)
INPUT_SIZES: Final = MappingProxyType(
    {
        "channels": "channels of a map, or numbers in each token",
        "length": "size of a map with one axis",
        "depth": "size of the first of three axes",
        "height": "rows of a map",
        "width": "columns of a map",
        "features": "numbers in a vector",
        "tokens": "number of tokens",
    }
)
# What a size of the input that stays open may say of itself.
OPEN_SIZE: Final = MappingProxyType(
    {
        "min": "the least size that the network is for",
        "max": "the largest size that the network is for",
        "multiple_of": "sizes are multiples of this",
        "default": "the size at which figures are given, and models verified",
    }
)
FIGURES: Final = MappingProxyType(
    {
        "parameters": "trainable parameters",
        "macs": "multiply-accumulates of convolution and linear layers for one sample",
        "training_macs": "the same with what only serves outputs that are there in training only",
        "attention_macs": "multiply-accumulates of attention's products between tokens",
        "output": "the output's shape without the batch, channels first, or each output's by name",
    }
)
# What `limits` may bound.
LIMITS: Final = MappingProxyType(
    {
        "parameters": "trainable parameters",
        "macs": "multiply-accumulates of convolution and linear layers for one sample",
        "layers": "ops of the network, those in blocks and loops once for each time",
        "activation_bytes": "bytes of the largest value between two ops, for one sample in float32",
    }
)
# How bad `lint` says that the findings of a rule are.
SEVERITIES: Final = MappingProxyType(
    {
        "off": "not reported",
        "hint": "worth a thought; fails nothing",
        "warning": "most likely wrong; fails a check with --strict",
        "error": "fails a check",
    }
)
LINT_PARTS: Final = MappingProxyType(
    {
        "severity": f"how bad findings of this rule are: {', '.join(SEVERITIES)}",
        "reason": "why, for those who read the spec",
    }
)
# What an output may say of itself.
OUTPUT_PARTS: Final = MappingProxyType(
    {
        "value": "the name of a value of the network's own list, else the output's; _ for the last",
        "training": "whether the output is there in training only",
        "when": "leave the output out unless this is true",
    }
)
BLOCK_PARTS: Final = MappingProxyType(
    {
        "params": "the block's parameters: [channels, stride=1]",
        "layers": "the block's steps",
        "summary": "what the block is, which becomes its docstring",
    }
)
# The heads of steps that hold other steps.
STRUCTURES: Final = MappingProxyType(
    {
        "layers": "a list of steps in place of one step, so that modifiers apply to all of them",
        "residual": "a body added to a shortcut, which is the value itself unless given",
        "parallel": "two branches or more that take the same value, and are then merged",
    }
)
# The head of a step that is a whole spec.
PART: Final = "spec"
# What may stand beside it alone.
PART_KEYS: Final = MappingProxyType(
    {
        "set": "values for parameters of the spec that is taken",
        "until": "the name of the last step of the spec that is taken; those after it are left out",
    }
)
RESIDUAL_PARTS: Final = MappingProxyType(
    {
        "body": "the steps whose result is added",
        "shortcut": "the steps on the other way; without any, the value itself",
        "shortcut_when": "whether the shortcut is added",
    }
)
MODIFIERS: Final = MappingProxyType(
    {
        "name": "the step's name, by which later steps take its result",
        "from": "the name of the value to take instead of the one above",
        "repeat": "carry the step out so many times, each on the result of the last",
        "for": "carry the step out once for each entry of the lists, which are walked together",
        "when": "leave the step out unless this is true",
        "shared": "a name for the step's weights: all steps of a part with it have the same ones",
    }
)
# The parts of ``for`` over a table.
TABLE_PARTS: Final = MappingProxyType(
    {
        "rows": "the table: a list of rows, one for each turn",
        "as": "the names of a row's entries, in order",
    }
)
# All that may stand beside a step's head.
BESIDE: Final = MappingProxyType(
    {
        **MODIFIERS,
        **PART_KEYS,
        "merge": "how the branches of parallel become one value: concat unless given",
    }
)
MERGES: Final = ("concat", "add", "multiply")
# Ops that take another value's size, by the name in their field `like`.
REFERRING: Final = ("resize_like", "crop_like")
# The ops that are arrays of the part that they stand in.
PARAMETERS: Final = ("class_token", "position_embedding", "parameter", "constant")
# The fields of ops that may hold a mapping.
MAPPING_FIELDS: Final = ("initializer", "bias_initializer")
