"""Source that comes from hostile specs is imported, and runs nothing but its own classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from cnnspec.network import Network
from tests.attacks.harness import Held, list_tree
from tests.attacks.places import EVERYTHING, SMALL, rename, spell
from tests.attacks.texts import CANARY, PYTHON

# Names that would be called, or would hide what is, if they were taken for what they look like.
NAMES = ("torch", "nn", "keras", "layers", "super", "self", "print", "exec", "type", "forward")


def list_networks() -> Iterator[Network]:
    """Sound networks whose texts are code, and some whose names are words of the code."""
    texts = [text for text in PYTHON if CANARY in text and "\f" not in text and "$" not in text]
    for text in (EVERYTHING, *texts[:24:3]):
        yield Held({"net.yaml": SMALL.replace("TEXT", spell(text))}, "net.yaml")
    for old, new in zip(("unit", "first", "word", "body", "left") * 2, NAMES, strict=True):
        yield Held(rename(old, new), "classifier.yaml")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which nothing may appear but what is put there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path


def execute(network: Network, target: str) -> ModuleType:
    """Import the source; what it runs then would leave a file, or a word in the builtins."""
    ((_, data),) = network.compile(target).files.items()
    module = ModuleType("net")
    sys.modules["net"] = module
    exec(compile(data, "net.py", "exec"), vars(module))
    return module


@pytest.mark.torch
def test_pytorch_source_runs_nothing_of_the_spec_s(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    for network in list_networks():
        module = execute(network, "torch")
        model = vars(module)["Victim"]()
        assert isinstance(model, torch.nn.Module)
    assert list_tree(folder) == {}


@pytest.mark.keras
def test_keras_source_runs_nothing_of_the_spec_s(folder: Path) -> None:
    keras = pytest.importorskip("keras")
    for network in list_networks():
        module = execute(network, "keras")
        assert isinstance(vars(module)["victim"](), keras.Model)
    assert list_tree(folder) == {}


@pytest.mark.onnx
def test_an_onnx_model_holds_the_spec_s_texts_as_texts() -> None:
    onnx = pytest.importorskip("onnx")
    for network in list_networks():
        (data, *others) = network.compile("onnx").files.values()
        assert not others
        model = onnx.load_from_string(data)
        onnx.checker.check_model(model)
        assert model.doc_string == network.spec.summary
        assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
        assert not model.functions
        names = [name for node in model.graph.node for name in (*node.input, *node.output)]
        assert all(name.isascii() and name.isprintable() for name in names)
        # No tensor is to be read from another file.
        assert not any(array.external_data for array in model.graph.initializer)
