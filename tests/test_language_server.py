"""What an editor shows: the YAML language server with our schema, asked as editors ask it.

`npm ci --prefix tests/editor` installs the server; CNNSPEC_LANGUAGE_SERVER names another one.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cnnspec.cli.main import run
from cnnspec.graph.library import load_library
from cnnspec.ops.catalog import OPS
from cnnspec.resources import SCHEMA, list_zoo, read_zoo
from cnnspec.spec.keys import BESIDE, LIMITS, LOSSES, SEVERITIES, STRUCTURES, TARGETS, TASKS
from tests.documents import ROOT
from tests.language_server import LanguageServer, run_server

INSTALLED = ROOT / "tests" / "editor" / "node_modules" / ".bin" / "yaml-language-server"
COMMAND = Path(os.environ.get("CNNSPEC_LANGUAGE_SERVER", INSTALLED))
HEADS = {*OPS, *STRUCTURES, *load_library()}
HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"
CURSOR = "|"

pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(not COMMAND.exists(), reason="npm ci --prefix tests/editor was not run"),
]
Ask = Callable[[str, str], Any]


@pytest.fixture(scope="module")
def server() -> Iterator[LanguageServer]:
    schema = ROOT / "cnnspec" / "schema" / SCHEMA
    with run_server(COMMAND, {schema.as_uri(): "*.yaml"}) as running:
        yield running


@pytest.fixture
def ask(server: LanguageServer, tmp_path: Path) -> Ask:
    """Ask about the place of the cursor in a spec, of which the layers are given."""

    def ask(what: str, layers: str) -> Any:
        before, _, after = f"{HEAD}layers:\n{layers}".partition(CURSOR)
        path = tmp_path / "net.yaml"
        server.open(path, before + after)
        line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
        return server.ask(what, path, line, character)

    return ask


def list_labels(completion: Any) -> set[str]:
    return {item["label"] for item in completion["items"]}


@pytest.mark.parametrize(
    "layers",
    [
        "  - |",
        "  - relu\n  - |\n  - flatten\n",
        "  - co|",
        "  - when: true\n    co|",
        "  stem:\n    - |",
        "  stem:\n    re|",
        "  stem:\n    |",
        "  stem: {ma|}\n",
        "  layer$(i):\n    for: {i: [1, 2]}\n    la|\n",
        "  - residual:\n      body:\n        - |",
        "  - parallel:\n      - - |",
        "  - repeat: 2\n    layers:\n      - |",
        "  - relu\nblocks:\n  mine:\n    layers:\n      - |",
    ],
)
def test_every_op_and_block_is_offered_where_a_step_begins(ask: Ask, layers: str) -> None:
    assert HEADS - list_labels(ask("completion", layers)) == set()


def test_what_an_op_needs_is_written_with_it(ask: Ask) -> None:
    written = {item["label"]: item["insertText"] for item in ask("completion", "  - |")["items"]}
    assert written["conv"] == (
        "conv:\n  kernel_size: ${1:kernel_size}\n  out_channels: ${2:out_channels}"
    )
    assert written["linear"] == "linear: ${1:out_features}"
    assert written["relu"] == "relu"


@pytest.mark.parametrize("op", [name for name, op in OPS.items() if op.model_fields])
def test_every_field_of_an_op_is_offered(ask: Ask, op: str) -> None:
    assert set(OPS[op].model_fields) <= list_labels(ask("completion", f"  - {op}:\n      |"))


def test_modifiers_alone_are_offered_behind_a_head(ask: Ask) -> None:
    assert list_labels(ask("completion", "  - max_pool: 2\n    |\n")) == set(BESIDE)
    assert list_labels(ask("completion", "  - max_pool: 2\n    wh|\n")) == set(BESIDE)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ("  - conv: {padding: |}", {"same", "valid"}),
        ("  - layer_norm: {axes: |}", {"channels", "all"}),
        ("  - conv: {bias: |}", {"true", "false"}),
        ("  - parallel: [relu, tanh]\n    merge: |", {"concat", "add", "multiply"}),
        ("  - residual:\n      |", {"body", "shortcut", "shortcut_when"}),
        ("  - bottleneck:\n      |", {"channels", "stride"}),
    ],
)
def test_words_are_offered_where_they_belong(ask: Ask, layers: str, words: set[str]) -> None:
    assert words <= list_labels(ask("completion", layers))


@pytest.mark.parametrize(
    ("layers", "texts"),
    [
        ("  - co|nv: {out_channels: 3, kernel_size: 3}", ["#### conv", "A convolution: each"]),
        ("  - conv: {str|ide: 2}", ["Rows that the kernel moves at a step", "Default: 1."]),
        ("  - conv: {kernel|_size: 2}", ["Must be given.", "a list with one for each axis"]),
        ("  - max_|pool: 2", ["The largest value", "A bare argument is its kernel"]),
        ("  - re|lu", ["max(x, 0)"]),
        ("  - bottle|neck: 64", ["A 3x3 convolution between two 1x1 ones"]),
        ("  - bottleneck: {channels: 3, stri|de: 2}", ["Default: 1."]),
        ("  - relu:\n    re|peat: 2", ["Carry the step out so many times"]),
        ("  pool: {max_|pool: 2}", ["The largest value"]),
    ],
)
def test_words_are_explained(ask: Ask, layers: str, texts: list[str]) -> None:
    shown = ask("hover", layers)["contents"]["value"].replace("\\", "")
    assert all(text in shown for text in texts), shown


FAULTS = {
    "- conv: {out_channels: 8, <kernal>: 3}": "Property kernal is not allowed.",
    "- max_pool: {kernel_size: 2, <strides>: 3}": "write 'stride'",
    "- conv: {<filters>: 8}": "write 'out_channels'",
    "- linear: {out_features: 8, <activation>: relu}": "an activation is a step of its own, after "
    "linear",
    "- <cov>: {out_channels: 8}": "Property cov is not allowed.",
    "- <rleu>": "there is no op or library block of this name",
    "- <conv>": "this cannot stand alone: write a colon, and its fields behind it",
    "- <conv>: {out_channels: 8}": 'Missing property "kernel_size".',
    "- conv: <64>": "conv takes its fields by name: kernel_size, stride, padding, dilation, bias, "
    "initializer, bias_initializer, out_channels, groups",
    "- linear: <abc>": "out_features must be a whole number from 1 to 16777216, or an expression "
    "such as $name",
    "- linear: <-3>": "Value is below the minimum of 1.",
    "- relu: <3>": "relu takes no fields",
    "- conv: {out_channels: 8, kernel_size: 3, padding: <smae>}": "padding must be 'same', "
    "'valid', a whole number, or a list with one for each axis or each side, or an expression "
    "such as $name",
    "- dropout: <1.5>": "Value is above the exclusive maximum of 1.",
    "- max_pool: 2\n    <kernel_size>: 2": "a step has one op or block: start a new step with '-', "
    "or indent the fields under their op",
    "- max_pool: 2\n    <wen>: true": "a step has one op or block: start a new step with '-', "
    "or indent the fields under their op",
    "- bottleneck: {<chanels>: 64}": "Property chanels is not allowed.",
    "- concat: <left>": "concat needs a list of two values or more, such as [shortcut, _]",
    "- residual: {<bdy>: [relu]}": "Property bdy is not allowed.",
    "- for: {i: <3>}\n    relu:": "for needs a list, or an expression such as $(range(3))",
    "- relu:\n    repeat: <two>": "repeat must be a whole number from 0, or an expression such as "
    "$(n - 1)",
}


@pytest.mark.parametrize("marked", FAULTS)
def test_a_fault_is_told_once_and_where_it_is(
    server: LanguageServer, tmp_path: Path, marked: str
) -> None:
    before, fault, after = re.split("[<>]", f"{HEAD}layers:\n  {marked}\n")
    (found,) = server.open(tmp_path / "net.yaml", before + fault + after)
    line, character = before.count("\n"), len(before) - before.rfind("\n") - 1
    assert found["message"] == FAULTS[marked]
    assert found["range"] == {
        "start": {"line": line, "character": character},
        "end": {"line": line, "character": character + len(fault)},
    }


REST = "layers: [relu]\n"


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("task: |", set(TASKS)),
        ("task:\n  kind: |", set(TASKS)),
        ("task:\n  kind: regression\n  |", {"classes", "loss", "target"}),
        ("task:\n  kind: regression\n  loss: |", set(LOSSES)),
        ("task:\n  kind: regression\n  loss:\n    name: |", set(LOSSES)),
        ("task:\n  kind: regression\n  loss:\n    name: huber\n    |", {"from_logits"}),
        ("task:\n  kind: regression\n  target: |", set(TARGETS)),
        ("task:\n  kind: regression\n  target:\n    encoding: |", set(TARGETS)),
        ("limits:\n  |", set(LIMITS)),
        ("lint:\n  some-rule: |", set(SEVERITIES)),
        ("lint:\n  some-rule:\n    severity: |", set(SEVERITIES)),
    ],
)
def test_words_for_the_linter_are_offered(
    server: LanguageServer, tmp_path: Path, marked: str, words: set[str]
) -> None:
    before, _, after = f"{HEAD}{REST}{marked}\n".partition(CURSOR)
    path = tmp_path / "net.yaml"
    server.open(path, before + after)
    place = before.count("\n"), len(before) - before.rfind("\n") - 1
    labels = list_labels(server.ask("completion", path, *place))
    # The server takes off for YAML 1.1's false, and quotes it.
    assert words <= {label.strip('"') for label in labels}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task: {kind: regression, loss: hubber}", "Value is not accepted. Valid values: "),
        ("task: {kind: regression, loss: {nam: huber}}", 'Missing property "name".'),
        ("task: {kind: regression, target: {shape: 3}}", "shape must be a list such as"),
        ("limits: {parameter: 3}", "Property parameter is not allowed."),
        ("lint: {some-rule: of}", "Value is not accepted. Valid values: "),
    ],
)
def test_faults_in_what_the_linter_is_told_are_shown(
    server: LanguageServer, tmp_path: Path, text: str, message: str
) -> None:
    found = server.open(tmp_path / "net.yaml", f"{HEAD}{REST}{text}\n")
    assert any(each["message"].startswith(message) for each in found), found


def test_a_block_of_the_spec_s_own_is_no_fault(server: LanguageServer, tmp_path: Path) -> None:
    blocks = "blocks: {mine: {params: [width], layers: [linear: $width]}}\n"
    calls = "layers: [mine: 3, {mine: {width: 3}, repeat: 2}, conv: {kernal: 3}]\n"
    (found,) = server.open(tmp_path / "net.yaml", HEAD + blocks + calls)
    assert found["message"] == "Property kernal is not allowed."


@pytest.mark.parametrize("name", list_zoo())
def test_the_zoo_is_without_fault(server: LanguageServer, tmp_path: Path, name: str) -> None:
    assert server.open(tmp_path / f"{name}.yaml", read_zoo(name).decode()) == []


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "specs").glob("*.yaml")), ids=str)
def test_other_specs_are_without_fault(server: LanguageServer, tmp_path: Path, path: Path) -> None:
    assert server.open(tmp_path / path.name, path.read_text(encoding="utf-8")) == []


def test_a_new_spec_brings_its_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    spec = tmp_path / "model.yaml"
    text = spec.read_text(encoding="utf-8")
    with run_server(COMMAND, {}) as server:
        assert server.open(spec, text) == []
        (found,) = server.open(tmp_path / "typo.yaml", text.replace("padding: same", "pading: 1"))
        assert found["message"] == "Property pading is not allowed."
