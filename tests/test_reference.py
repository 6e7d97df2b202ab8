"""The reference is what the code says: every page is written again and compared."""

from __future__ import annotations

import math
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cnnspec.graph.library import load_library
from cnnspec.ops.base import Op
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.conv import Conv
from cnnspec.ops.describe import read_docstring
from cnnspec.ops.pool import AvgPool
from cnnspec.ops.shapes import Shape
from reference.commands import describe_parser
from reference.console import EXAMPLES, Session, show_session
from reference.examples import Example, show_block, show_op
from reference.levelled import SEMANTICS, list_remarks
from reference.ops import write_op
from reference.pages import FOLDER, list_writers, write_pages
from tests.documents import UPDATE, list_reference
from tests.op_cases import CASES, OpCase

FORMULA = re.compile(r"along each axis `([^`]+)`")


def list_examples() -> list[object]:
    ops = [pytest.param(show_op(op), id=op.op) for op in ALL_OPS]
    return ops + [pytest.param(show_block(b), id=b.name) for b in load_library().values()]


def list_pages() -> Iterator[object]:
    for path, write in list_writers().items():
        # Pages of ops and blocks show what the ONNX backend writes, which needs its package.
        needs_onnx = path.startswith(("ops/", "blocks/")) and not path.endswith("index.md")
        # The list of the zoo has the figures of all variants.
        mark = pytest.mark.slow if path == "zoo/index.md" else ()
        mark = pytest.mark.onnx if needs_onnx else mark
        yield pytest.param(path, write, id=path, marks=mark)


@pytest.mark.parametrize(("path", "write"), list(list_pages()))
def test_page_is_up_to_date(path: str, write: Callable[[], str]) -> None:
    file, text = FOLDER / path, write()
    if UPDATE:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == text, "make docs writes it again"


def test_no_page_is_left_over() -> None:
    left = {page.relative_to(FOLDER).as_posix() for page in list_reference()}
    left -= list_writers().keys()
    if UPDATE:
        for path in left:
            (FOLDER / path).unlink()
    assert UPDATE or not left, "make docs removes it"


def test_writing_removes_pages_of_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reference.pages.FOLDER", tmp_path)
    monkeypatch.setattr("reference.pages.list_writers", lambda: {"ops/conv.md": lambda: "new"})
    (tmp_path / "ops").mkdir()
    (tmp_path / "ops" / "convolution.md").write_text("old")
    write_pages()
    assert [page.name for page in tmp_path.rglob("*.md")] == ["conv.md"]
    assert (tmp_path / "ops" / "conv.md").read_text() == "new"


def list_formulas() -> Iterator[object]:
    for op in ALL_OPS:
        found = FORMULA.search(read_docstring(op)[1].get("Shape", ""))
        if found is not None:
            yield pytest.param(op, found[1], id=op.op)


@pytest.mark.parametrize(("op", "formula"), list(list_formulas()))
def test_formula_gives_the_shape(op: type[Op], formula: str) -> None:
    cases = [case for case in CASES if case.op == op.op and is_plain(case.fields)]
    assert cases
    for case in cases:
        (shape,) = case.inputs
        sizes = [evaluate(formula, case, shape, axis) for axis in range(shape.rank)]
        assert case.build().infer_shape(case.inputs).sizes == tuple(sizes), case.id


def is_plain(fields: dict[str, object]) -> bool:
    """Whether a case is what the formula is about, and not what the text beside it says."""
    return fields.get("padding") not in ("same", "valid") and not fields.get("ceil_mode")


def evaluate(formula: str, case: OpCase, shape: Shape, axis: int) -> float:
    """A formula of a docstring with the numbers of one axis; padding is that of both sides."""
    known: dict[str, float] = {"padding": 0, "dilation": 1}
    op = case.build()
    fields = {name: getattr(op, name) for name in type(op).model_fields}
    if "stride" in fields and fields["stride"] is None:
        fields["stride"] = fields["kernel_size"]
    for name, value in fields.items():
        sides = name in ("padding", "margins")
        if isinstance(value, tuple) and len(value) == 2 * shape.rank:
            known[name] = sum(value[2 * axis : 2 * axis + 2])
        elif isinstance(value, tuple | int):
            known[name] = (1 + sides) * (value[axis] if isinstance(value, tuple) else value)
    text = re.sub(r"\bin\b", "size", formula)
    result: float = eval(text, {"floor": math.floor, "size": shape.sizes[axis], **known})
    return result


def test_a_wrong_formula_is_found() -> None:
    case = next(case for case in CASES if case.op == "conv" and is_plain(case.fields))
    (shape,) = case.inputs
    assert evaluate("in + padding", case, shape, 0) != case.build().infer_shape((shape,)).sizes[0]


def test_rule_of_an_op_must_be_told() -> None:
    class Halved(Op):
        """Every second row."""

        op = "halved"

        def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
            return inputs[0].resize(tuple(size // 2 for size in inputs[0].sizes))

    with pytest.raises(ValueError, match=r"halved has infer_shape of its own; .* lacks 'Shape:'"):
        write_op(Halved)


def test_facts_of_a_base_are_told_once() -> None:
    assert "Shape:" not in (Conv.__doc__ or "")
    assert read_docstring(Conv)[1]["Shape"].startswith("the output's channels")
    assert read_docstring(AvgPool)[0].startswith("The mean of each window.")


def test_remarks_about_an_op_are_seen_from_its_page() -> None:
    (remark,) = list_remarks("flatten")
    assert remark.heading == "Layout"
    assert remark.text.startswith("[`flatten`](flatten.md) runs over channels")
    (dropout,) = list_remarks("dropout")
    assert "[`spatial_dropout`](spatial_dropout.md)" in dropout.text
    assert list_remarks("relu") == []


def test_links_of_a_remark_keep_their_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / SEMANTICS.name
    text = "- [add] is in [a guide](verify.md#x), [above](#part)."
    page.write_text(f"## Part\n\n{text}\n\n[add]: reference/ops/add.md\n")
    monkeypatch.setattr("reference.levelled.SEMANTICS", page)
    (remark,) = list_remarks("add")
    assert remark.text == (
        "[`add`](add.md) is in [a guide](../../verify.md#x), [above](../../semantics.md#part)."
    )


def test_commands_inside_of_a_command_have_their_own_options() -> None:
    parser = ArgumentParser(prog="cnnspec weights", description="Work with weights.")
    inner = parser.add_subparsers(dest="subcommand")
    below = inner.add_parser("diff", description="Compare two files.")
    below.add_argument("--tolerance", type=float, default=1e-5, help="what counts as equal")
    text = "\n".join(describe_parser(parser, 2))
    assert text.startswith("Work with weights.\n") and "\n## Options" not in text
    assert "\n## cnnspec weights diff\nCompare two files.\n" in text
    assert "| `--tolerance` | what counts as equal | `TOLERANCE` | `1e-05` |" in text


@pytest.mark.torch
@pytest.mark.onnx
@pytest.mark.parametrize("example", list_examples())
def test_example_computes_the_same(example: Example) -> None:
    from cnnspec.verify.run import verify

    assert verify(example.load().graph, ("torch", "onnx"), 0).passed


def test_examples_show_what_fails() -> None:
    shown = show_session(Session("", ("cnnspec zoo lenet6",)))
    assert shown.endswith("did you mean 'lenet5'?\n$ echo $?\n2\n")
    assert {"check", "compile", "verify", "summary", "zoo", "init"} <= EXAMPLES.keys()
