"""What specs are made of: words of the language, and texts to start from."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from cnnspec.lint.rules import RULES
from cnnspec.ops.catalog import ALL_OPS, OPS
from cnnspec.ops.shapes import Shape
from cnnspec.resources import list_zoo, read_zoo
from cnnspec.schema.build import build_schema
from tests.documents import list_pages, read_fences
from tests.op_cases import CASES, OpCase

TESTS = Path(__file__).parents[1]

NUMBERS = (
    "0", "1", "2", "3", "7", "8", "16", "64", "-1", "1.5", "0.0", "-0.0", "1e-3", "1e308", "0x10",
    "0o17", "007", "4294967296", "9223372036854775807", "999999999999999999", "1e-400", "1_000",
)  # fmt: skip
SCALARS = (
    "null", "~", "true", "false", "yes", "[]", "{}", "''", '""', "a", "_", "input", "same", "all",
    ".inf", ".nan", "2020-01-01", "[1, 2]", "[[1]]", "{a: 1}", "$x", "$$", "$", "$(", "'$n'", "é",
    '"\\u2028"', '"\\0"', '"\\ud800"', '"a\\nb"', "''''", "K", "\ufb01", "\u2028", "\x85",
    "|\n  a", ">-\n  a",
)  # fmt: skip
MARKS = (
    "&a ", "*a", "<<: *a", "<<: [*a, *b]", "? ", "!!int ", "!!str ", "!x ", "%YAML 1.2\n", "---\n",
    "...\n", "\t", "\ufeff", "\r\n", "\r", "\u2028", "#", " # x", ": ", "- ", ",", "[", "]", "{",
    "}", "'", '"', "|", ">", "\x00", "\x7f", "@", "`", "\n\n", "- - ", "\\",
)  # fmt: skip
FORMS = (
    "{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} / {1}", "{0} // {1}", "{0} % {1}", "{0} ** {1}",
    "-{0}", "not {0}", "{0} and {1}", "{0} or {1}", "{0} < {1}", "{0} == {1} != {0}", "{0} in {1}",
    "{0} if {1} else {0}", "{0}[{1}]", "{0}[{1}:]", "{0}[::{1}]", "max({0}, {1})", "int({0})",
    "round({0}, {1})", "range({0})", "range({0}, {1})", "[{0}, {1}]", "sum({0})", "len({0})",
    "({0})", "[{0} for k in {1}]", "divisible_by({0}, {1})", "{0}.channels", "{0}.height",
    "ceil({0})",
)  # fmt: skip
LEAVES = (
    "n", "k", "i", "in_channels", "channels", "units", "x", "x.height", "classes", "table", "1",
    "2", "0", "0.5", "-1", "'a'", "true", "null", "[1, 2]", "[]", "big", "ratio", "kind",
    "nothing", "1e308",
)  # fmt: skip
MODIFIERS = (
    "name: a", "name: b", "from: a", "from: _", "from: input", "when: $(in_channels > 4)",
    "when: false", "when: true", "repeat: 2", "repeat: 0", "repeat: $n", "for: {i: [1, 2]}",
    "for: {n: [1, 2], k: [3, 4]}", "for: {rows: [[1, 2], [3, 4]], as: [n, k]}", "shared: w",
    "merge: add", "until: a", "set: {classes: 3}", "name: a$(i)", "layers: [relu]",
)  # fmt: skip
SECTIONS = (
    "params: {n: 2, channels: 8, units: [4, 8], classes: 10}",
    "variants: {small: {n: 1}, large: {n: 3, channels: 16}}",
    "defaults: {conv: {bias: false}}",
    "blocks:\n  unit:\n    params: [channels, stride=1]\n    layers:\n"
    "      - conv: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}\n"
    "      - relu",
    "      - conv: {out_channels: $channels, kernel_size: 3, stride: $stride, padding: 1}\n"
    "      - relu",
    "outputs: {a: _, b: {value: a, training: true}}",
    "expect: {parameters: 10, macs: 10, output: [10]}",
    "limits: {parameters: 10, layers: 2, activation_bytes: 9}",
    "lint: {relu-on-logits: off, large-kernel: {severity: error, reason: so}}",
    "task: {kind: classification, classes: 10, loss: cross_entropy, target: labels}",
    "task: {kind: segmentation, loss: {name: huber, from_logits: true}, target: {shape: [H, 1]}}",
    "extends: lenet5", "extends: other.yaml", "summary: |\n  a text\n  of lines", "year: 2020",
    "inputs:\n  a: {channels: 3, height: 8, width: 8}\n  b: {features: 4}",
    "input: {channels: 3, height: {min: 4, max: 64, multiple_of: 2, default: 8}, width: W}",
    "input: {tokens: 5, channels: 8}", "input: {channels: 4, length: L}",
    "input: {channels: 2, depth: 5, height: 6, width: 7}", "input: {features: 12}",
)  # fmt: skip


@cache
def list_names() -> tuple[str, ...]:
    """The keys, fields and words that the schema knows, and the names of rules."""
    names: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            names.update(node["properties"] if isinstance(node.get("properties"), dict) else ())
            names.update(str(word) for word in (*node.get("enum", ()), node.get("const", "")))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(build_schema())
    return tuple(sorted({*names, *(rule.name for rule in RULES)} - {""}))


@cache
def list_fields() -> dict[str, tuple[str, ...]]:
    """The fields of each op."""
    return {op.op: tuple(op.model_fields) for op in ALL_OPS}


@cache
def list_specs() -> tuple[str, ...]:
    """Specs to start from, short ones first: of tests, of the documentation and of the zoo."""
    texts = [path.read_text() for path in TESTS.glob("*/*.yaml") if path.parent.name != "cases"]
    for path in (TESTS / "lint" / "cases").glob("*.yaml"):
        texts += [case["spec"] for case in yaml.safe_load(path.read_text())]
    texts += [fence.text for page in list_pages() for fence in read_fences(page) if fence.is_spec]
    texts += [read_zoo(name).decode() for name in list_zoo()]
    texts += map(_write_case, CASES)
    return tuple(sorted(set(texts), key=lambda text: (len(text), text)))


def _write_case(case: OpCase) -> str:
    """A spec of one op."""
    names = "abcdefgh"[: len(case.inputs)]
    sizes = {name: _write_sizes(shape) for name, shape in zip(names, case.inputs, strict=True)}
    given, step = f"inputs: {json.dumps(sizes)}", f"{case.op}: {json.dumps(case.fields)}"
    if len(names) == 1:
        given = f"input: {json.dumps(sizes['a'])}"
    elif OPS[case.op].merges:
        step = f"{case.op}: [{', '.join(names)}]"
    else:
        step = f"{case.op}: {json.dumps({**case.fields, 'like': 'b'})}\n    from: a"
    return f"cnnspec: 1\nname: net\n{given}\nlayers:\n  - {step}\n"


def _write_sizes(shape: Shape) -> dict[str, int]:
    first = "features" if not shape.sizes else "channels"
    return {first: shape.channels, **dict(zip(shape.axes, shape.sizes, strict=True))}
