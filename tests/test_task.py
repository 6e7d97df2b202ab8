"""What a spec says of its training and to the linter: read as written, and without effect."""

from __future__ import annotations

import pytest

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import Severity, SpecError
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.graph.task import find_classes, find_target_shape
from cnnspec.spec.keys import LOSSES, TARGETS
from cnnspec.spec.model import Loss, ModelSpec
from cnnspec.spec.read import read_spec

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: H, width: 8}\n"
LAYERS = "layers: [{conv: {out_channels: $classes, kernel_size: 1}}]\n"
BODY = f"params: {{classes: 2}}\n{LAYERS}"
BASE = f"""{HEAD}{BODY}
task: {{kind: segmentation, classes: $classes, loss: cross_entropy}}
limits: {{parameters: 100, macs: 1000000}}
lint: {{linear-on-map: off, dead-kernel-taps: {{severity: hint, reason: a  sketch}}}}
"""


def read(text: str, base: str = "") -> ModelSpec:
    return read_spec(text, "net.yaml", open_file={"base": ("base.yaml", base.encode())}.__getitem__)


def read_loss(text: str) -> Loss:
    task = read(f"{HEAD}{BODY}task: {{kind: regression, loss: {text}}}").task
    assert task is not None
    assert task.loss is not None
    return task.loss


def build(text: str, **params: object) -> Graph:
    return build_graph(read(text), overrides=params)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("cross_entropy", "logits"),
        ("{name: cross_entropy}", "logits"),
        ("binary_cross_entropy_with_logits", "logits"),
        ("binary_cross_entropy", "probabilities"),
        ("{name: binary_cross_entropy}", "probabilities"),
        ("{name: binary_cross_entropy, from_logits: false}", "probabilities"),
        ("{name: binary_cross_entropy, from_logits: true}", "logits"),
        ("categorical_cross_entropy", "probabilities"),
        ("{name: sparse_categorical_cross_entropy, from_logits: true}", "logits"),
        ("huber", "values"),
    ],
)
def test_a_loss_takes_what_it_says_or_what_it_does_alone(text: str, takes: str) -> None:
    loss = read_loss(text)
    assert (loss.takes, loss.from_logits) == (takes, takes == "logits")


def test_the_place_of_a_loss_is_its_name() -> None:
    span = read_loss("{from_logits: true, name: categorical_cross_entropy}").span
    assert (span.line, span.column, span.end_column) == (6, 58, 83)


def test_losses_take_targets_that_there_are() -> None:
    assert {target for kind in LOSSES.values() for target in kind.targets} == set(TARGETS)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("crossentropy", "cross_entropy"),
        ("CategoricalCrossentropy", "categorical_cross_entropy"),
        ("SmoothL1Loss", "huber"),
        ("MSE", "mean_squared_error"),
        ("mean_square_error", "mean_squared_error"),
    ],
)
def test_other_words_for_a_loss_lead_to_ours(word: str, meant: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_loss(word)
    (found,) = caught.value.diagnostics
    assert found.help == (f"did you mean '{meant}'?",)


@pytest.mark.parametrize(
    ("target", "encoding", "shape"),
    [
        ("labels", "labels", None),
        ("{encoding: labels}", "labels", None),
        ("{shape: []}", None, ()),
        ("{encoding: one_hot, shape: [$classes, H, 8]}", "one_hot", (5, "H", 8)),
        ("{encoding: one_hot, shape: '$([classes] * 2)'}", "one_hot", (5, 5)),
    ],
)
def test_a_target_has_what_it_says_of_itself(
    target: str, encoding: str | None, shape: tuple[int | str, ...] | None
) -> None:
    text = f"{HEAD}{BODY}task: {{kind: segmentation, classes: $classes, target: {target}}}"
    graph = build(text, classes=5)
    task = graph.spec.task
    assert task is not None
    assert task.target is not None
    assert task.target.encoding == encoding
    assert find_target_shape(graph) == shape
    assert find_classes(graph) == 5


def test_what_cannot_be_a_shape_or_a_count_of_classes_is_none() -> None:
    text = (
        f"{HEAD}{BODY}task: {{kind: segmentation, classes: $(classes / 4), target: {{shape: [V]}}}}"
    )
    graph = build(text)
    assert find_target_shape(graph) is None
    assert find_classes(graph) is None


def test_settings_keep_their_places_and_words() -> None:
    spec = read(BASE)
    off, hint = spec.lint["linear-on-map"], spec.lint["dead-kernel-taps"]
    assert (off.severity, off.reason) == (None, "")
    assert (hint.severity, hint.reason) == (Severity.HINT, "a sketch")
    text = BASE.splitlines()
    for name, setting in spec.lint.items():
        span, word = setting.span, setting.severity_span
        assert text[span.line - 1][span.column - 1 : span.end_column - 1] == name
        assert text[word.line - 1][word.column - 1 : word.end_column - 1] in ("off", "hint")
    assert {name: limit.value for name, limit in spec.limits.items()} == {
        "parameters": 100,
        "macs": 1_000_000,
    }


def test_a_child_overrides_single_limits_and_settings() -> None:
    child = "extends: base\nlimits: {macs: 7}\nlint: {dead-kernel-taps: error, new-rule: off}\n"
    spec = read(child, BASE)
    assert {name: limit.value for name, limit in spec.limits.items()} == {
        "parameters": 100,
        "macs": 7,
    }
    assert {name: setting.severity for name, setting in spec.lint.items()} == {
        "linear-on-map": None,
        "dead-kernel-taps": Severity.ERROR,
        "new-rule": None,
    }
    assert spec.lint["linear-on-map"].span.file == "base.yaml"
    assert spec.lint["dead-kernel-taps"].span.file == "net.yaml"


def test_a_child_says_its_whole_task() -> None:
    task = read("extends: base\ntask: {kind: restoration, loss: huber}\n", BASE).task
    assert task is not None
    assert (task.kind, task.classes) == ("restoration", None)
    inherited = read("extends: base\nname: same\n", BASE).task
    assert inherited is not None
    assert inherited.loss is not None


def test_a_part_keeps_its_settings_to_itself() -> None:
    text = f"{HEAD}lint: {{new-rule: error}}\nlayers: [{{spec: base}}]\n"
    spec = read(text, BASE.replace("height: H", "height: 8"))
    assert list(spec.lint) == ["new-rule"]
    assert spec.limits == {}
    (node,) = build_graph(spec).nodes
    assert list(node.origin.spec.lint) == ["linear-on-map", "dead-kernel-taps"]


def test_generated_code_is_the_same_but_for_the_name_of_its_source() -> None:
    def generate(text: str) -> list[str]:
        graph = build(text)
        source = compile_torch(graph, "cnnspec compile net.yaml").files["net.py"].decode()
        assert graph.spec.fingerprint in source
        lines = source.replace(graph.spec.fingerprint, "").splitlines()
        return [line for line in lines if not line.startswith("# cnnspec: digest")]

    assert generate(BASE) == generate(HEAD + BODY)
