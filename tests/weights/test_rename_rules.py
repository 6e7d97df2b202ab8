"""Rules that lead from foreign names to the network's: what they do, and what is refused."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")
pytest.importorskip("safetensors")
pytest.importorskip("re2")

import numpy as np
import safetensors.numpy

from cnnspec.diagnostics import Span, SpecError
from cnnspec.resources import list_zoo
from cnnspec.weights.rules import find_rules, read_rules
from tests.documents import ROOT, read_fences
from tests.networks import NETS
from tests.weights.files import call, draw_bits, require_equal

LENET = next(net for net in NETS if net.id == "lenet5").build()
RULES = r"""
rules:
  - features\.(?P<layer>conv\d)\.(kernel): \g<layer>.weight
  - features\.(conv\d)\.b: \1.bias
  - head_(\d)/(\w+): fc\1.\2
"""


def name_foreign(name: str) -> str:
    layer, _, last = name.partition(".")
    if layer.startswith("conv"):
        return f"features.{layer}." + ("kernel" if last == "weight" else "b")
    return f"head_{layer[2:]}/{last}"


def write_foreign(folder: Path) -> tuple[Path, dict[str, Any]]:
    arrays = draw_bits(LENET)
    path = folder / "foreign.safetensors"
    renamed = {name_foreign(name): array for name, array in arrays.items()}
    safetensors.numpy.save_file(renamed, path)
    return path, arrays


def convert(capsys: Any, folder: Path, rules: str, *more: str) -> tuple[int, str, str]:
    (folder / "rules.yaml").write_text(rules)
    return call(
        capsys, "convert", folder / "foreign.safetensors", folder / "out.safetensors",
        "--spec", "lenet5", "--rename", folder / "rules.yaml", *more,
    )  # fmt: skip


def test_names_become_what_the_templates_say(tmp_path: Path, capsys: Any) -> None:
    _, arrays = write_foreign(tmp_path)
    code, _, _ = convert(capsys, tmp_path, RULES)
    assert code == 0
    require_equal(tmp_path / "out.safetensors", LENET, arrays)


def test_the_rules_in_the_documentation_are_sound() -> None:
    fences = read_fences(ROOT / "docs" / "weights.md")
    (text,) = (fence.text for fence in fences if fence.language == "yaml")
    rules = read_rules(text.encode(), "rules.yaml")
    assert rules.rename(["backbone.conv1.bias", "head.2.weight"]) == {
        "backbone.conv1.bias": "conv1.bias",
        "head.2.weight": "fc2.weight",
    }


def test_the_first_rule_that_fits_counts(tmp_path: Path, capsys: Any) -> None:
    _, arrays = write_foreign(tmp_path)
    first = r"  - head_3/(\w+): fc3.\1" + "\n"
    code, _, _ = convert(capsys, tmp_path, RULES.replace("rules:\n", f"rules:\n{first}"))
    assert code == 0
    require_equal(tmp_path / "out.safetensors", LENET, arrays)


def test_a_rule_that_fits_nothing_is_shown(tmp_path: Path, capsys: Any) -> None:
    write_foreign(tmp_path)
    code, _, errors = convert(capsys, tmp_path, RULES + "  - conv(\\d): x\\1\n")
    assert code == 1
    assert f"{tmp_path}/rules.yaml:6:5: error[unused-rule]" in errors
    assert "6 |   - conv(\\d): x\\1" in errors
    assert not (tmp_path / "out.safetensors").exists()


def test_two_names_that_become_one_are_shown(tmp_path: Path, capsys: Any) -> None:
    write_foreign(tmp_path)
    code, _, errors = convert(capsys, tmp_path, RULES.replace(r"fc\1.\2", r"fc1.\2"))
    assert code == 1
    assert "error[ambiguous-name]: head_1/bias and head_2/bias both become fc1.bias" in errors
    assert "rules.yaml:5:5" in errors


def test_a_rule_without_a_name_leaves_arrays_out(tmp_path: Path, capsys: Any) -> None:
    _, arrays = write_foreign(tmp_path)
    foreign = safetensors.numpy.load_file(tmp_path / "foreign.safetensors")
    extra = {"helper.weight": np.ones(3, np.float32)}
    safetensors.numpy.save_file(foreign | extra, tmp_path / "foreign.safetensors")
    code, _, errors = convert(capsys, tmp_path, RULES)
    assert code == 1
    assert "the network has no helper.weight" in errors
    code, _, _ = convert(capsys, tmp_path, RULES + "  - helper\\..*: null\n")
    assert code == 0
    require_equal(tmp_path / "out.safetensors", LENET, arrays)
    code, _, errors = convert(capsys, tmp_path, r"rules: ['head_1.*|helper.*': null]", "--force")
    assert code == 1
    assert "the weights lack fc1.weight" in errors


def write_without_biases(folder: Path) -> dict[str, Any]:
    """A file that lacks the biases of the network's linear layers."""
    arrays = draw_bits(LENET)
    held = {name: a for name, a in arrays.items() if not name.startswith("fc") or "weight" in name}
    safetensors.numpy.save_file(held, folder / "foreign.safetensors")
    return arrays


def test_arrays_that_a_file_lacks_are_filled(tmp_path: Path, capsys: Any) -> None:
    arrays = write_without_biases(tmp_path)
    code, _, errors = convert(capsys, tmp_path, "rules: []")
    assert code == 1
    assert errors.count("the weights lack fc") == 3
    # The first that fits counts, and what is in the file stays.
    rules = r"{rules: [], fill: [fc2\..*: -2.5, '.*\.bias': 1]}"
    assert convert(capsys, tmp_path, rules)[0] == 0
    numbers = {"fc1.bias": 1, "fc2.bias": -2.5, "fc3.bias": 1}
    filled = {name: np.full_like(arrays[name], number) for name, number in numbers.items()}
    require_equal(tmp_path / "out.safetensors", LENET, arrays | filled)
    code, printed, _ = call(
        capsys, "inspect", tmp_path / "foreign.safetensors",
        "--spec", "lenet5", "--rename", tmp_path / "rules.yaml",
    )  # fmt: skip
    assert code == 0
    (row,) = (line.split() for line in printed.splitlines() if line.startswith("fc2.bias"))
    assert row[2:5] == ["F32", "-2.5", "0"]


def test_what_fills_no_array_is_shown(tmp_path: Path, capsys: Any) -> None:
    write_without_biases(tmp_path)
    rules = "rules: []\nfill:\n  - .*bias: 0\n  - conv1.bias: 1\n"
    code, _, errors = convert(capsys, tmp_path, rules)
    assert code == 1
    assert "rules.yaml:4:5: error[unused-rule]: the file lacks no array that this fits" in errors
    assert not (tmp_path / "out.safetensors").exists()


def test_arrays_that_rules_send_nowhere_are_named(tmp_path: Path, capsys: Any) -> None:
    write_foreign(tmp_path)
    code, _, errors = convert(capsys, tmp_path, RULES.replace(r"\1.bias", r"\1.bais"))
    assert code == 1
    assert "the weights lack conv1.bias (6)" in errors
    assert "the network has no conv1.bais (from features.conv1.b), which the weights have" in errors


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("[a, b]", "rules are a mapping", 1),
        ("rules: 3", "must be a list", 1),
        ("rules: []\nmore: 1", "there is no key 'more': the keys are rules, flatten and fill", 2),
        ("rules: []\nflatten: last", "flatten is channels_first or channels_last", 2),
        ("rules:\n  - a", "a rule is one 'pattern: template'", 2),
        ("rules:\n  - {a: b, c: d}", "a rule is one 'pattern: template'", 2),
        ("rules:\n  - 1: b", "quote what YAML reads as numbers", 2),
        ("rules:\n  - a: [b]", "quote what YAML reads as numbers", 2),
        ("rules:\n  - '(a': b", "missing ): (a", 2),
        ("rules:\n  - (?=a): b", "this is no regular expression of RE2's", 2),
        ("rules:\n  - (a): \\2", "the template asks for another", 2),
        ("rules:\n  - (a): \\g<b>", "the template asks for another", 2),
        ("rules:\n  - a: \\x", "a backslash in the template stands for nothing", 2),
        ("rules:\n  - a: \\ud800", "a backslash in the template stands for nothing", 2),
        ("rules:\n  - a: \\0", "a backslash in the template stands for nothing", 2),
        (f"rules: []\n{'a' * 900}: 1", f"there is no key '{'a' * 80}': the keys are", 2),
        ("rules:\n  - (a): b\\", "a backslash in the template stands for nothing", 2),
        ("rules:\n  - " + "a" * 501 + ": b", "at most 500 characters", 2),
        ("rules:\n  - (a{1000}){1000}: b", "this is no regular expression of RE2's", 2),
        ("rules: []\nfill: 1", "'fill' must be a list with an entry 'pattern: number'", 2),
        ("rules: []\nfill:\n  - a", "fill has one 'pattern: number'", 3),
        ("rules: []\nfill:\n  - a: b", "a number of at most 3.4e+38", 3),
        ("rules: []\nfill:\n  - a: true", "a number of at most 3.4e+38", 3),
        ("rules: []\nfill:\n  - a: .nan", ".nan is not a finite number", 3),
        ("rules: []\nfill:\n  - a: -1e39", "a number of at most 3.4e+38", 3),
        ("rules: []\nfill:\n  - 1: 1", "a pattern is a text", 3),
        ("rules: []\nfill:\n  - '(a': 1", "missing ): (a", 3),
        ("fill: [" + "a: 1," * 2001 + "]\nrules: []", "2001 rules; the limit is 2000", 1),
        ("rules: [" + "a: b," * 2001 + "]", "2001 rules; the limit is 2000", 1),
    ],
)
def test_wrong_rules_are_refused_where_they_stand(text: str, message: str, line: int) -> None:
    with pytest.raises(SpecError) as caught:
        read_rules(text.encode(), "rules.yaml")
    (finding,) = caught.value.diagnostics
    assert message in finding.message
    assert isinstance(finding.span, Span)
    assert finding.span.line == line


def test_no_pattern_takes_long() -> None:
    rules = read_rules(rb"rules: ['(a*)*b': x, '(a|aa)+$': y, '(.*)(.*)(.*)(.*)c': z]", "r.yaml")
    began = time.process_time()
    with pytest.raises(SpecError):
        rules.rename(f"{'a' * 900}{i}" for i in range(1000))
    assert time.process_time() - began < 5


def test_rules_that_ship_with_the_tool_are_found_by_name_alone() -> None:
    found = find_rules("keras_applications", "VGG_16")
    assert found is not None
    assert read_rules(found.read_bytes(), found.name).flatten == "channels_last"
    assert "vgg" in list_zoo()
    for name in ("", ".", "..", "../renaming/keras_applications", "keras_applications/vgg_16"):
        assert find_rules(name, "VGG_16") is None
    assert find_rules("keras_applications", "../keras_applications/vgg_16") is None


def test_ready_rules_for_another_network_are_a_wrong_option(tmp_path: Path, capsys: Any) -> None:
    write_foreign(tmp_path)
    code, _, errors = call(
        capsys, "convert", tmp_path / "foreign.safetensors", tmp_path / "out.pt",
        "--spec", "lenet5", "--rename", "keras_applications",
    )  # fmt: skip
    assert code == 2
    assert "no rules of that name that ship with the tool for LeNet5" in errors


def test_flatten_can_be_said_without_rules(tmp_path: Path, capsys: Any) -> None:
    arrays = draw_bits(LENET)
    path = tmp_path / "net.safetensors"
    safetensors.numpy.save_file(arrays, path)
    code, _, _ = call(
        capsys, "convert", path, tmp_path / "out.safetensors",
        "--spec", "lenet5", "--flatten", "channels_last",
    )  # fmt: skip
    assert code == 0
    grid = np.moveaxis(np.arange(256).reshape(4, 4, 16), -1, 0).ravel()
    arrays["fc1.weight"] = arrays["fc1.weight"][:, grid]
    require_equal(tmp_path / "out.safetensors", LENET, arrays)


def test_published_densenets_have_dots_that_rules_take_out() -> None:
    found = find_rules("torchvision_old", "DenseNet")
    assert found is not None
    old = ["features.denseblock4.denselayer16.norm.1.running_var", "features.conv0.weight"]
    renamed = read_rules(found.read_bytes(), found.name).rename(old)
    assert renamed == {old[0]: "features.denseblock4.denselayer16.norm1.running_var"}
