"""What rules propose is tried on the whole spec, and made until nothing is left to make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cnnspec.diagnostics import Severity
from cnnspec.lint import engine, fixes
from cnnspec.lint.base import Finding, Fix, Rule, Subject
from cnnspec.lint.edits import DropField, Edit, InsertAfter, RemoveStep, ReplaceStep, SetField
from cnnspec.lint.rules import bias_before_norm
from cnnspec.network import Network
from cnnspec.ops.activation import Relu, Tanh
from cnnspec.ops.regularize import Dropout
from cnnspec.sources import Source
from tests.lint.editing import HEADER

BIASED = f"""\
{HEADER}layers:
  - conv: {{out_channels: 4, kernel_size: 3}} # odd
  - batch_norm
  - relu
  - conv:
      out_channels: 4
      kernel_size: 3
  - batch_norm
"""
UNBIASED = BIASED.replace("3}", "3, bias: false}").replace(
    "size: 3\n", "size: 3\n      bias: false\n"
)


@pytest.fixture(autouse=True)
def few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule that proposes something, whatever others there are."""
    monkeypatch.setattr(engine, "RULES", (bias_before_norm.RULE,))


def load(text: str, **overrides: int) -> Network:
    return Network(Source("net.yaml", text.encode(), Path()), overrides)


def list_offers(text: str) -> list[str]:
    return [found.offer.message for found in load(text).offer() if found.offer]


def fix(text: str, unsafe: bool = False) -> str:
    fixed = load(text).fix(unsafe=unsafe)
    assert fixed is not None
    again = load(fixed.text).fix(unsafe=unsafe)
    assert again is not None
    assert (again.text, again.count) == (fixed.text, 0)
    assert again.problems == fixed.problems
    return fixed.text


def use(monkeypatch: pytest.MonkeyPatch, *rules: Rule) -> None:
    """Let the linter have these rules too."""
    monkeypatch.setattr(engine, "RULES", (*engine.RULES, *rules))


def make_rule(name: str, kind: type, *proposals: tuple[bool, type, tuple[str, ...]]) -> Rule:
    """A rule against an op, with proposals: whether they are safe, and an edit of its step."""

    def check(subject: Subject) -> Iterator[Finding]:
        for node in subject.list(kind):
            edits: list[Edit] = [edit(node.origin.step, *more) for _, edit, more in proposals]
            made = [
                Fix(f"{name} {place}", (edit,), safe)
                for place, (edit, (safe, _, _)) in enumerate(zip(edits, proposals, strict=True), 1)
            ]
            yield Finding(f"there is a {node.op.op}", node, fixes=tuple(made))

    return Rule(name, Severity.WARNING, check)


def test_a_fix_is_offered_with_its_edits_in_the_text() -> None:
    first, second = load(BIASED).offer()
    assert first.offer is not None
    assert first.offer.is_safe
    (edit,) = first.offer.edits
    assert (str(edit.span), edit.text) == ("net.yaml:5:43", ", bias: false")
    assert second.offer is not None


def test_all_fixes_are_made_and_the_rest_of_the_text_stays() -> None:
    assert fix(BIASED) == UNBIASED
    assert fix(UNBIASED) == UNBIASED


def test_line_ends_and_a_byte_order_mark_stay() -> None:
    windows = "\ufeff" + BIASED.replace("\n", "\r\n")
    assert fix(windows) == "\ufeff" + UNBIASED.replace("\n", "\r\n")


def test_a_fix_that_makes_a_figure_wrong_is_not_offered() -> None:
    text = f"{BIASED}expect: {{parameters: 276}}\n"
    assert list_offers(text) == []
    assert fix(text) == text


def test_a_fix_is_tried_in_all_variants() -> None:
    text = f"{BIASED}params: {{n: 1}}\nvariants: {{a: {{}}}}\nexpect: {{a: {{parameters: 276}}}}\n"
    assert list_offers(text) == []


def test_a_step_in_a_block_is_fixed_once() -> None:
    text = (
        f"{HEADER}blocks:\n  unit:\n    layers:\n"
        "      - conv: {out_channels: 3, kernel_size: 1}\n      - batch_norm\n"
        "layers:\n  - unit\n  - unit\n  - {unit: , repeat: 3}\n"
    )
    assert len(list_offers(text)) == 1
    assert fix(text) == text.replace("size: 1}", "size: 1, bias: false}")


def test_steps_of_the_library_and_of_extended_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(BIASED)
    text = b"cnnspec: 1\nname: top\nextends: base.yaml\n"
    network = Network(Source("top.yaml", text, tmp_path))
    assert [found.offer for found in network.offer()] == [None, None]
    fixed = network.fix()
    assert fixed is not None
    assert (fixed.text, fixed.count) == (text.decode(), 0)


def test_a_text_under_an_anchor_is_left_alone() -> None:
    text = (
        f"{HEADER}layers:\n  - &a {{conv: {{out_channels: 3, kernel_size: 1}}}}\n  - batch_norm\n"
    )
    assert list_offers(f"{text}  - *a\n") == []


def test_what_is_no_spec_is_left_alone() -> None:
    assert load("cnnspec: 2").fix() is None


def test_a_variant_or_other_parameters_get_no_offers() -> None:
    text = f"params: {{n: 1}}\nvariants: {{a: {{}}}}\n{BIASED.replace('3}', '$n}')}"
    assert len(list_offers(text)) == 2
    network = load(text, n=3)
    assert [found.offer for found in network.offer()] == [None, None]
    with pytest.raises(ValueError, match="as it is written"):
        network.fix()


def test_unsafe_fixes_are_offered_and_made_on_request_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, make_rule("relu-there", Relu, (False, ReplaceStep, ("flatten",))))
    text = f"{HEADER}layers:\n  - relu\n  - flatten\n  - linear: 3\n"
    (found,) = load(text).offer()
    assert found.offer is not None
    assert not found.offer.is_safe
    assert fix(text) == text
    assert fix(text, unsafe=True) == text.replace("- relu", "- flatten")


@pytest.mark.parametrize(
    ("edit", "more"),
    [
        (RemoveStep, ()),
        (SetField, ("inplace", "true")),
        (ReplaceStep, ("conv: 3",)),
        (DropField, ("a",)),
    ],
    ids=["the step is no rest", "an unknown field", "a missing field", "a field that is not there"],
)
def test_a_proposal_that_brings_an_error_is_dropped(
    monkeypatch: pytest.MonkeyPatch, edit: type, more: tuple[str, ...]
) -> None:
    use(monkeypatch, make_rule("relu-there", Relu, (True, edit, more)))
    text = f"{HEADER}layers:\n  - relu\n"
    (found,) = load(text).offer()
    assert found.offer is None
    assert fix(text) == text


def test_a_proposal_that_brings_another_warning_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    use(
        monkeypatch,
        make_rule("relu-there", Relu, (True, ReplaceStep, ("tanh",))),
        make_rule("tanh-there", Tanh, (True, ReplaceStep, ("relu",))),
    )
    text = f"{HEADER}layers:\n  - relu\n"
    assert list_offers(text) == []
    assert fix(text) == text


def test_the_first_proposal_that_holds_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = make_rule(
        "relu-there",
        Relu,
        (True, DropField, ("a",)),
        (True, RemoveStep, ()),
        (True, ReplaceStep, ("tanh",)),
    )
    use(monkeypatch, rule)
    text = f"{HEADER}layers:\n  - relu\n"
    assert list_offers(text) == ["relu-there 3"]
    assert fix(text) == f"{HEADER}layers:\n  - tanh\n"


def test_fixes_of_one_place_are_made_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    use(
        monkeypatch,
        make_rule("dropout-there", Dropout, (True, ReplaceStep, ("relu",))),
        make_rule("dropout-too", Dropout, (True, ReplaceStep, ("elu",))),
        make_rule("relu-there", Relu, (True, ReplaceStep, ("sigmoid",))),
    )
    assert fix(f"{HEADER}layers:\n  - dropout: 0.5\n").endswith("- elu\n")


def test_one_fix_that_does_not_hold_does_not_keep_the_others_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(
        monkeypatch,
        make_rule("relu-there", Relu, (True, InsertAfter, ("linear: 3",))),
    )
    text = BIASED.replace("  - conv:\n", "  - relu\n  - conv:\n")
    assert fix(text) == UNBIASED.replace("  - conv:\n", "  - relu\n  - conv:\n")


def test_the_number_of_checks_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = 0
    look = Network._look

    def count(self: Network, *arguments: object) -> object:
        nonlocal checks
        checks += 1
        return look(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Network, "_look", count)
    layers = "  - conv: {out_channels: 3, kernel_size: 1}\n  - batch_norm\n" * 24
    text = f"{HEADER}layers:\n{layers}"
    assert len(list_offers(text)) == 24
    assert fixes.MAX_TRIALS < checks <= 2 * fixes.MAX_TRIALS
    wrong = f"{text}expect: {{parameters: {24 * 18}}}\n"
    checks = 0
    fixed = load(wrong).fix()
    assert fixed is not None
    assert fixed.text == wrong
    assert checks <= fixes.MAX_CHECKS + 2 * fixes.MAX_TRIALS + 1
