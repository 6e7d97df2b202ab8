"""State dicts: what the generated module takes, and what other tools save."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import pytest

pytest.importorskip("numpy")

import numpy as np

pytest.importorskip("safetensors")

from cnnspec.diagnostics import SpecError
from cnnspec.weights.read import open_weights
from tests.flat import make_model
from tests.frameworks import torch
from tests.networks import FEW, Net
from tests.weights.files import draw_bits, read_weights, require_equal, write

pytestmark = pytest.mark.torch

RESNET = next(net for net in FEW if net.id == "resnet:18")


@pytest.mark.parametrize("net", FEW, ids=lambda net: net.id)
def test_the_generated_module_takes_and_gives_back_every_bit(net: Net, tmp_path: Path) -> None:
    graph = net.build()
    arrays = draw_bits(graph)
    module = make_model(graph)
    path = write(tmp_path / "net.pt", graph, arrays)
    module.load_state_dict(torch.load(path, weights_only=True), strict=True)
    torch.save(module.state_dict(), tmp_path / "own.pth")
    require_equal(tmp_path / "own.pth", graph, arrays)
    # PyTorch's own names in a safetensors file are understood as well.
    import safetensors.torch

    safetensors.torch.save_file(module.state_dict(), tmp_path / "own.safetensors")
    require_equal(tmp_path / "own.safetensors", graph, arrays)


def test_files_of_old_versions_are_read(tmp_path: Path) -> None:
    graph = RESNET.build()
    arrays = draw_bits(graph)
    state = OrderedDict((name, torch.from_numpy(array)) for name, array in arrays.items())
    torch.save(state, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    require_equal(tmp_path / "old.pth", graph, arrays)


def test_counters_of_batches_are_written_and_may_be_absent(tmp_path: Path) -> None:
    graph = RESNET.build()
    path = write(tmp_path / "net.pt", graph, draw_bits(graph))
    state = torch.load(path, weights_only=True)
    counters = {name: tensor for name, tensor in state.items() if name.endswith("tracked")}
    assert len(counters) == 20
    assert all(tensor.dtype == torch.int64 and tensor == 0 for tensor in counters.values())
    torch.save({k: v for k, v in state.items() if k not in counters}, tmp_path / "few.pt")
    require_equal(tmp_path / "few.pt", graph, read_weights(path, graph))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_numbers_that_float32_has_are_taken_from_other_types(dtype: str, tmp_path: Path) -> None:
    graph = RESNET.build()
    source = torch.Generator().manual_seed(0)
    state = {
        name: torch.randn(weight.shape, generator=source).to(getattr(torch, dtype)).float()
        for name, weight in graph.list_weights()
    }
    state = {name: tensor.to(getattr(torch, dtype)) for name, tensor in state.items()}
    wanted = {name: tensor.float().numpy() for name, tensor in state.items()}
    torch.save(state, tmp_path / "net.pt")
    require_equal(tmp_path / "net.pt", graph, wanted)
    import safetensors.torch

    safetensors.torch.save_file(state, tmp_path / "net.safetensors")
    require_equal(tmp_path / "net.safetensors", graph, wanted)


def test_float64_is_rounded_when_asked_alone(tmp_path: Path) -> None:
    graph = RESNET.build()
    state = {
        name: torch.full(weight.shape, 0.1, dtype=torch.float64)
        for name, weight in graph.list_weights()
    }
    path = tmp_path / "net.pt"
    torch.save(state, path)
    with pytest.raises(SpecError) as caught:
        read_weights(path, graph)
    assert len(caught.value.diagnostics) == len(state)
    first = caught.value.diagnostics[0]
    assert first.rule == "wrong-dtype"
    assert first.message.endswith("numbers of conv1.weight are float64 and no float32")
    with open_weights(path, graph, rounds=True) as weights:
        assert all((array == np.float32(0.1)).all() for _, array in weights.read_all())
    state["fc.bias"][3] = 1e300
    torch.save(state, path)
    with (
        pytest.raises(SpecError, match="too large for float32"),
        open_weights(path, graph, rounds=True),
    ):
        pytest.fail("numbers became infinite")
