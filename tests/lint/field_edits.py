"""Edits of fields: what stands before, the edits, what stands after."""

from __future__ import annotations

from cnnspec.lint.edits import DropField, SetField
from tests.lint.editing import case

SETS = [
    case(
        "a field joins those of a mapping in braces",
        "- conv: {out_channels: 8, kernel_size: 3} # wide\n",
        lambda find: [SetField(find("conv"), "bias", "false")],
        "- conv: {out_channels: 8, kernel_size: 3, bias: false} # wide\n",
    ),
    case(
        "a field that is there gets another value",
        "- conv: {out_channels: 8, kernel_size: [3, 3], stride: 2}\n",
        lambda find: [SetField(find("conv"), "kernel_size", "1")],
        "- conv: {out_channels: 8, kernel_size: 1, stride: 2}\n",
    ),
    case(
        "a bare argument becomes the principal field of a mapping",
        "- dropout: 0.5 # much\n- linear: $(2 * 5)\n",
        lambda find: [SetField(find("linear"), "bias", "false")],
        "- dropout: 0.5 # much\n- linear: {out_features: $(2 * 5), bias: false}\n",
    ),
    case(
        "the principal field of a bare argument is the argument",
        "- dropout: 0.5 # much\n",
        lambda find: [SetField(find("dropout"), "p", "0.1")],
        "- dropout: 0.1 # much\n",
    ),
    case(
        "a word gets a mapping",
        "- batch_norm # first\n- relu\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "- batch_norm: {eps: 1e-3} # first\n- relu\n",
    ),
    case(
        "a word in brackets gets a mapping",
        "- residual: [relu, batch_norm, linear: 3]\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "- residual: [relu, {batch_norm: {eps: 1e-3}}, linear: 3]\n",
    ),
    case(
        "a key without a value gets a mapping",
        "- batch_norm:\n  name: norm\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "- batch_norm: {eps: 1e-3}\n  name: norm\n",
    ),
    case(
        "a key without a value in braces gets a mapping",
        "- {batch_norm: , name: norm}\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "- {batch_norm: {eps: 1e-3}, name: norm}\n",
    ),
    case(
        "a key without a colon gets a mapping",
        "- {batch_norm, name: norm}\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "- {batch_norm: {eps: 1e-3}, name: norm}\n",
    ),
    case(
        "a stage that is a word becomes a step in braces",
        "bn: batch_norm # norm\nrelu: relu\n",
        lambda find: [SetField(find("batch_norm"), "eps", "1e-3")],
        "bn: {batch_norm: {eps: 1e-3}} # norm\nrelu: relu\n",
    ),
    case(
        "a stage with a bare argument",
        "fc: {linear: 10}\n",
        lambda find: [SetField(find("linear"), "bias", "false")],
        "fc: {linear: {out_features: 10, bias: false}}\n",
    ),
    case(
        "a field joins those on lines of their own",
        """\
        - conv:
            out_channels: 8 # wide
            kernel_size: 3  # odd
          name: first
        """,
        lambda find: [SetField(find("conv"), "bias", "false")],
        """\
        - conv:
            out_channels: 8 # wide
            kernel_size: 3  # odd
            bias: false
          name: first
        """,
    ),
    case(
        "a field joins those on lines of their own in braces",
        """\
        - conv: {
            out_channels: 8, # wide
            kernel_size: 3 # odd
          }
        """,
        lambda find: [SetField(find("conv"), "bias", "false")],
        """\
        - conv: {
            out_channels: 8, # wide
            kernel_size: 3, # odd
            bias: false
          }
        """,
    ),
    case(
        "a comma at the end stays at the end",
        "- conv: {\n    out_channels: 8,\n    kernel_size: 3, # odd\n  }\n",
        lambda find: [SetField(find("conv"), "bias", "false")],
        "- conv: {\n    out_channels: 8,\n    kernel_size: 3, # odd\n    bias: false,\n  }\n",
    ),
    case(
        "modifiers beside the head stay",
        "- {linear: 8, name: first, when: true, repeat: 2}\n",
        lambda find: [SetField(find("linear"), "bias", "false")],
        "- {linear: {out_features: 8, bias: false}, name: first, when: true, repeat: 2}\n",
    ),
    case(
        "two fields of one step",
        "- linear: 8\n",
        lambda find: [SetField(find("linear"), "b", "3"), SetField(find("linear"), "a", "1")],
        "- linear: {out_features: 8, b: 3, a: 1}\n",
    ),
    case(
        "quotes and odd spaces stay",
        "- conv: { \"out_channels\": '$(4 * 2)',kernel_size : 3 }\n",
        lambda find: [SetField(find("conv"), "bias", "false")],
        "- conv: { \"out_channels\": '$(4 * 2)',kernel_size : 3, bias: false }\n",
    ),
]

DROPS = [
    case(
        "the first field",
        "- conv: {bias: true, out_channels: 8, kernel_size: 3} # c\n",
        lambda find: [DropField(find("conv"), "bias")],
        "- conv: {out_channels: 8, kernel_size: 3} # c\n",
    ),
    case(
        "the last field",
        "- conv: {out_channels: 8, kernel_size: 3, bias: true}\n",
        lambda find: [DropField(find("conv"), "bias")],
        "- conv: {out_channels: 8, kernel_size: 3}\n",
    ),
    case(
        "the only field leaves the word",
        "- batch_norm: {eps: 1} # c\n- relu\n",
        lambda find: [DropField(find("batch_norm"), "eps")],
        "- batch_norm # c\n- relu\n",
    ),
    case(
        "the only field beside a name leaves the key",
        "- {batch_norm: {eps: 1}, name: x}\n",
        lambda find: [DropField(find("batch_norm"), "eps")],
        "- {batch_norm: , name: x}\n",
    ),
    case(
        "a bare argument leaves the word",
        "- residual: [dropout: 0.9, relu]\n",
        lambda find: [DropField(find("dropout"), "p")],
        "- residual: [dropout, relu]\n",
    ),
    case(
        "the only field of a single stage leaves braces",
        "stem: {bn: {batch_norm: {eps: 1}}}\n",
        lambda find: [DropField(find("batch_norm"), "eps")],
        "stem: {bn: {batch_norm: {}}}\n",
    ),
    case(
        "a field on a line of its own goes with its comment",
        "- conv:\n    out_channels: 8 # wide\n    bias: true # no need\n    kernel_size: 3\n",
        lambda find: [DropField(find("conv"), "bias")],
        "- conv:\n    out_channels: 8 # wide\n    kernel_size: 3\n",
    ),
    case(
        "the only field on a line of its own leaves the word",
        "- batch_norm:\n    eps: 1\n- relu\n",
        lambda find: [DropField(find("batch_norm"), "eps")],
        "- batch_norm\n- relu\n",
    ),
    case(
        "two fields that follow each other, with another in their place",
        "- conv: {out_channels: 8, kernel_size: 3, bias: true, stride: 1}\n",
        lambda find: [
            DropField(find("conv"), "bias"),
            DropField(find("conv"), "stride"),
            SetField(find("conv"), "padding", "same"),
        ],
        "- conv: {out_channels: 8, kernel_size: 3, padding: same}\n",
    ),
    case(
        "the last line in braces",
        "- conv: {\n    out_channels: 8,\n    bias: true # no need\n  }\n",
        lambda find: [DropField(find("conv"), "bias")],
        "- conv: {\n    out_channels: 8\n  }\n",
    ),
]
