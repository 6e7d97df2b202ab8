"""Public checkpoints load into the generated modules by name, with ``strict=True``."""

from __future__ import annotations

from typing import Any

import pytest

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.naming import class_name
from tests.frameworks import torch
from tests.reference_data import (
    build_network,
    list_networks,
    read_figures,
    read_weights,
)

pytestmark = pytest.mark.torch


def make_module(network: str) -> Any:
    """The generated module, on a device that holds shapes alone."""
    graph = build_network(network)
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    namespace: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, f"{network}.py", "exec"), namespace)
    with torch.device("meta"):
        return namespace[class_name(graph.spec.name)]()


def make_state(network: str) -> dict[str, Any]:
    """A state dict with the names, shapes and types of the reference."""
    return {
        name: torch.zeros(
            shape,
            dtype=torch.int64 if name.endswith("num_batches_tracked") else torch.float32,
            device="meta",
        )
        for name, shape in read_weights(network).items()
    }


@pytest.mark.parametrize("network", list_networks("state_dicts"))
def test_reference_loads_strictly(network: str) -> None:
    module, state = make_module(network), make_state(network)
    module.load_state_dict(state, strict=True)
    own = module.state_dict()
    assert {name: tensor.dtype for name, tensor in own.items()} == {
        name: tensor.dtype for name, tensor in state.items()
    }
    # Optimisers keep their state by position, so the order counts as well.
    assert list(own) == list(state)
    parameters = sum(parameter.numel() for parameter in module.parameters())
    assert parameters == read_figures()[network].parameters


def test_wrong_shape_is_refused() -> None:
    module, state = make_module("lenet5"), make_state("lenet5")
    state["fc3.bias"] = torch.zeros(11, device="meta")
    with pytest.raises(RuntimeError, match=r"size mismatch for fc3\.bias"):
        module.load_state_dict(state, strict=True)
