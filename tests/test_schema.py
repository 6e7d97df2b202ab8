"""The JSON Schema takes every sound spec, refuses what is ill-formed, and is what the code says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from cnnspec.cli.main import run
from cnnspec.document import Mapping, Node, Scalar, read_document
from cnnspec.graph.library import load_library
from cnnspec.ops.catalog import OPS
from cnnspec.resources import SCHEMA, list_blocks, read_blocks, read_schema
from cnnspec.schema.build import write_schema
from cnnspec.spec.keys import BESIDE, BLOCK_PARTS, FIGURES, INPUT_SIZES, KEYS, PART, STRUCTURES
from cnnspec.spec.read import read_spec
from tests.documents import ROOT, UPDATE, list_pages, read_fences
from tests.random_specs import write_random_spec

FILE = ROOT / "cnnspec" / "schema" / SCHEMA
HEAD = "cnnspec: 1\nname: part\ninput: {channels: 64, height: 32, width: 32}\n"


@cache
def load_validator() -> Draft7Validator:
    return Draft7Validator(json.loads(FILE.read_bytes()))


def find_errors(text: str | bytes) -> list[str]:
    """Where a spec differs from the schema: the path in the file, and what is said of it."""
    found = load_validator().iter_errors(as_json(read_document(text, "spec.yaml")))
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def as_json(node: Node) -> object:
    """A document as JSON has it: its keys are texts."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Mapping):
        return {str(entry.key.value): as_json(entry.value) for entry in node.entries}
    return [as_json(item) for item in node.items]


def list_sound() -> Iterator[object]:
    folders = ("specs", "tests/specs", "tests/sizes", "tests/seeds", "tests/golden", "templates")
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.yaml")):
            yield pytest.param(path.read_text(encoding="utf-8"), id=str(path.relative_to(ROOT)))
    for page in list_pages():
        fences = read_fences(page)
        shown = "".join(fence.text for fence in fences if fence.language in ("console", "text"))
        for fence in fences:
            if fence.is_fragment:
                yield pytest.param(f"{HEAD}layers:\n{fence.text}", id=f"{page.name}:{fence.line}")
            elif fence.is_spec and f"{fence.file}:" not in shown:
                yield pytest.param(fence.text, id=f"{page.name}:{fence.line}")
    for name in list_blocks():
        blocks = read_blocks(name).decode().replace("\n", "\n  ")
        yield pytest.param(f"{HEAD}layers: []\nblocks:\n  {blocks}", id=f"blocks/{name}")


# Sound as far as their form goes, however strange.
ODD = {
    "stages called like ops": "layers: {conv: {relu: relu, linear: {batch_norm: }}, add: relu}",
    "stages called like modifiers": "layers: {a: {name: relu, merge: [relu], x: [tanh]}}",
    "one stage of one stage": "layers: {a: {b: {max_pool: {kernel_size: 2}}}}",
    "a step in a stage": "layers: {a: {max_pool: {kernel_size: 2}, repeat: 2}}",
    "a merge in a stage": "layers: {a: relu, b: {add: [a, _]}, c: {concat: [a, _], when: true}}",
    "expressions": "params: {n: 3}\nlayers: [max_pool: $n, conv: {out_channels: $(n * 2), "
    "kernel_size: [$n, 3], padding: $('same'), bias: $(n > 2)}]",
    "needs given by defaults": "defaults: {conv: {out_channels: 3, kernel_size: 1}}\n"
    "layers: [conv]",
    "a block that hides one": "blocks: {bottleneck: {params: [a], layers: [relu]}}\n"
    "layers: [bottleneck: {a: 3}]",
    "a block called like a word": "blocks: {dense: {params: [units], layers: [relu]}}\n"
    "layers: [dense: 3, {dense: {units: 3}, repeat: 2}, dense]",
    "ops and blocks as values": "params: {act: relu}\nblocks: {b: {params: [c], layers: [$act]}}\n"
    "layers: [$act, $act: , {$act: {a: 3}, name: x}, {$(act): 2, repeat: 2}]",
    "values without blocks": "params: {act: relu}\nlayers: {a: $act, b: [$act], c: {$act: 0.1}}",
    "a loop over a table": "layers: [{for: {rows: [[1, 2], [3, 4]], as: [rows, b]}, dropout: $b}]",
    "a merge key": "layers: [max_pool: &p {kernel_size: 2}, max_pool: {<<: *p, stride: 1}]",
    "a target of any size": "params: {s: [3, 9]}\nlayers: [relu]\n"
    "task: {kind: restoration, loss: huber, target: {shape: [3, 'H//2', '$(s[1])']}}",
    "a target of one number": "layers: [relu]\ntask: {kind: classification, target: {shape: []}}",
    "nothing to lint": "layers: [relu]\nlint:\nlimits:",
    "a variant by number": "variants: {50: {}, 101: }\n"
    "expect: {50: {macs: 3}, 101: {output: [3]}}\nlayers: [relu]",
}


@pytest.mark.parametrize("text", list(list_sound()))
def test_sound_specs_fit(text: str) -> None:
    assert find_errors(text) == []


@pytest.mark.parametrize("name", ODD)
def test_odd_specs_fit(name: str) -> None:
    text = f"{HEAD}{ODD[name]}\n"
    assert read_spec(text, "spec.yaml").steps
    assert find_errors(text) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_specs_fit(seed: int) -> None:
    assert find_errors(write_random_spec(seed)) == []


ILL_FORMED = {
    "about", "expectation_types", "header_form", "input_kind", "input_sizes", "keras_words",
    "lint", "lint_form", "missing_keys", "misspelt", "modifiers", "shortcut_when", "steps_form",
    "task_from_logits", "task_loss", "task_loss_nameless", "task_loss_unknown", "task_loss_word",
    "task_without_classes", "unknown_keys", "unknown_values", "wrong_values",
    "wrong_values_uncalled",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ILL_FORMED))
def test_ill_formed_specs_do_not_fit(name: str) -> None:
    assert find_errors((ROOT / "tests" / "bad" / f"{name}.yaml").read_bytes())


def test_the_file_is_up_to_date() -> None:
    if UPDATE:
        FILE.write_text(write_schema(), encoding="utf-8")
    assert read_schema().decode() == write_schema(), "make docs writes it again"
    Draft7Validator.check_schema(json.loads(read_schema()))


def test_no_alternatives_stand_for_ops() -> None:
    """Of alternatives the language server completes few, and says of all that they do not hold."""

    def walk(schema: object, key: str = "") -> Iterator[str]:
        if isinstance(schema, dict):
            for name, value in schema.items():
                # A condition neither completes nor reports anything.
                if name not in ("if", "not"):
                    yield from (name, *walk(value, name))
        elif isinstance(schema, list):
            for value in schema:
                yield from walk(value, key)

    schema = json.loads(read_schema())
    conditions = {"lone", "deep"}
    shown = {n: s for n, s in schema["definitions"].items() if n not in conditions}
    assert not {"anyOf", "oneOf"} & set(walk({**schema, "definitions": shown}))


def test_every_word_of_the_language_is_described() -> None:
    schema = json.loads(read_schema())
    definitions = schema["definitions"]
    assert set(schema["properties"]) == set(KEYS)
    assert set(schema["properties"]["input"]["properties"]) == set(INPUT_SIZES)
    assert set(schema["properties"]["expect"]["else"]["properties"]) == set(FIGURES)
    assert set(definitions["block"]["properties"]) == set(BLOCK_PARTS)
    heads = {*OPS, *STRUCTURES, PART, *load_library()}
    assert set(definitions["head"]["properties"]) == heads | set(BESIDE)
    assert all(definitions[head]["description"] for head in heads)
    for op in OPS.values():
        fields = {} if op.merges else definitions[f"{op.op}.fields"]["properties"]
        assert set(fields) == set(op.model_fields)
        assert all(field["description"] for field in fields.values())


def test_the_reference_lists_the_keys() -> None:
    page = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
    table = page.partition("## The file")[2].partition("\n## ")[0]
    listed = [word for line in table.split("\n| `")[1:] for word in line.split("|")[0].split("`")]
    assert {word for word in listed if word.strip(", or")} >= set(KEYS)


def test_the_command_prints_and_writes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["schema"]) == 0
    assert capfdbinary.readouterr().out == read_schema()
    assert run(["schema", "-o", SCHEMA]) == 0
    assert capfdbinary.readouterr().out == b"wrote cnnspec.schema.json\n"
    written = tmp_path / SCHEMA
    assert written.read_bytes() == read_schema()
    # Our own file is written again, and somebody's changes to it are not lost.
    assert run(["schema", "-o", "./"]) == 0
    written.write_text(written.read_text().replace("cnnspec", "mine"))
    assert run(["schema", "-o", SCHEMA]) == 2
    assert b"was changed since" in capfdbinary.readouterr().err
    assert run(["schema", "-o", SCHEMA, "--force"]) == 0
