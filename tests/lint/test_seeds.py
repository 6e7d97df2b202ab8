"""The networks of the first lesson and their repaired forms get what is true of them, no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnspec.diagnostics import Diagnostic
from cnnspec.lint.engine import find_problems
from cnnspec.spec.read import read_spec

SEEDS = Path(__file__).parents[1] / "seeds"

# The rule, and the line that it stands at.
Found = tuple[str, int]

EXPECTED: dict[str, list[Found]] = {
    # A stem that is aggressive has a jump of 8 after one convolution: here it is 2.
    "p1": [("pool-before-conv", 6), ("tiny-receptive-field", 11)],
    # The lesson's own repair leaves the larger fault: 10 rows of 224 are seen.
    "p1_repaired": [("tiny-receptive-field", 12)],
    "p2": [("kind-mismatch", 12)],
    "p2_repaired": [("small-receptive-field", 11)],
    "p3": [("kernel-exceeds-input", 11)],
    # Its last 3x3 kernel slides over a map of 2x2, on which every tap meets data.
    "p3_repaired": [],
    "p4": [("kind-mismatch", 10)],
    "p4_repaired": [("unread-input-border", 11)],
    "p5": [("kind-mismatch", 11)],
    "p5_repaired": [("flatten-linear-explosion", 11)],
    "p6": [
        ("bias-before-norm", 6),
        ("batch-norm-order-inconsistent", 12),
        ("small-receptive-field", 13),
    ],
    "p6_repaired": [
        ("bias-before-norm", 6),
        ("bias-before-norm", 10),
        ("small-receptive-field", 13),
    ],
    # Rows are 4 apart behind two convolutions, so that it is no stem of large images; nothing
    # convolves the single position at the end, no tap falls on padding alone, and what each
    # convolution leaves out of its map is the border alone.
    "p7": [("unread-input-border", 6), ("global-pool-noop", 12)],
    "p7_repaired": [],
    # The dropout is on a map between convolutions too: of one fault the graver finding is told.
    # Its rate is neither above 0.5 nor from 0.8 on.
    "p8": [
        ("dropout-early-strong", 8),
        ("unread-input-border", 12),
        ("small-receptive-field", 13),
    ],
    "p8_repaired": [("unread-input-border", 12), ("small-receptive-field", 13)],
}


def find(text: str, name: str = "net.yaml") -> tuple[Diagnostic, ...]:
    return find_problems(read_spec(text, name))


def place(diagnostic: Diagnostic) -> Found:
    return diagnostic.rule, diagnostic.span.line if diagnostic.span else 0


def test_every_network_of_the_lesson_is_here() -> None:
    assert EXPECTED.keys() == {path.stem for path in SEEDS.glob("*.yaml")}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_network_of_the_lesson_gets_exactly_what_is_true_of_it(name: str) -> None:
    found = find((SEEDS / f"{name}.yaml").read_text(), f"{name}.yaml")
    assert [place(diagnostic) for diagnostic in found] == EXPECTED[name]


# The figures that the lesson lacks, or has wrong.
FIGURES = {
    ("p1", "tiny-receptive-field"): "10x10 of the 224x224 image",
    ("p1_repaired", "tiny-receptive-field"): "10x10 of the 224x224 image",
    ("p4_repaired", "unread-input-border"): "12.1%",
    ("p7", "unread-input-border"): "12.1%",
    ("p8", "unread-input-border"): "12.1%",
    ("p8_repaired", "unread-input-border"): "12.1%",
}


@pytest.mark.parametrize(("name", "rule"), FIGURES)
def test_a_finding_says_the_figure(name: str, rule: str) -> None:
    found = find((SEEDS / f"{name}.yaml").read_text(), f"{name}.yaml")
    (message,) = (diagnostic.message for diagnostic in found if diagnostic.rule == rule)
    assert FIGURES[name, rule] in message


CONV = "conv: {out_channels: 8, kernel_size: 3}"
LARGE = "conv: {out_channels: 8, kernel_size: 15}"
# The lesson's table of rules: for each a network that breaks it, the finding, and how many layers
# stand above that.
TABLE: dict[str, tuple[list[str], Found]] = {
    "convolve before pooling": (["max_pool: 2", CONV, "relu"], ("pool-before-conv", 0)),
    "no convolution behind global pooling": (
        [CONV, "relu", "global_avg_pool", CONV],
        ("kind-mismatch", 3),
    ),
    "no pool behind global pooling": (
        [CONV, "relu", "global_avg_pool", "max_pool: 2"],
        ("kind-mismatch", 3),
    ),
    "no convolution behind flatten": ([CONV, "relu", "flatten", CONV], ("kind-mismatch", 3)),
    "no pool behind flatten": ([CONV, "relu", "flatten", "avg_pool: 2"], ("kind-mismatch", 3)),
    "flatten or pool before a linear layer": ([CONV, "relu", "linear: 10"], ("kind-mismatch", 2)),
    "no more halvings than the size has": (
        [CONV, "relu", "max_pool: 4", "max_pool: 4", "max_pool: 4"],
        ("kernel-exceeds-input", 4),
    ),
    # Which order is better is disputed; that there are two of them is not.
    "norm before activation": (
        [
            CONV.replace("}", ", bias: false}"),
            "batch_norm",
            "relu",
            CONV,
            "relu",
            "batch_norm",
            CONV,
        ],
        ("batch-norm-order-inconsistent", 5),
    ),
    "dropout behind linear layers, not between convolutions": (
        [CONV, "relu", CONV, "relu", "dropout: 0.3", CONV],
        ("dropout-on-conv-map", 4),
    ),
    # Kernels without padding are as common as those with it: it is said where a map runs out.
    "padding for the size": ([LARGE, "relu", LARGE, "relu", LARGE], ("kernel-exceeds-input", 4)),
}


@pytest.mark.parametrize("row", TABLE)
def test_a_row_of_the_lessons_table_is_found(row: str) -> None:
    steps, (rule, above) = TABLE[row]
    text = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\nlayers:\n"
    found = find(text + "".join(f"  - {step}\n" for step in steps))
    assert [place(diagnostic) for diagnostic in found] == [(rule, 5 + above)]
