"""Networks without a public checkpoint, written a second time from their papers."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("numpy")

from tests.flat import draw_arrays, load_arrays, make_model, measure_gap
from tests.frameworks import nn, torch
from tests.reference_data import build_network, read_figures

pytestmark = pytest.mark.torch

# Dai et al., arXiv:1610.00087, table 1: channels of the convolutions, and pools by four.
WAVEFORM = {
    "m3": "256 pool 256 pool",
    "m5": "128 pool 128 pool 256 pool 512 pool",
    "m11": "64 pool 64 64 pool 128 128 pool 256 256 256 pool 512 512",
    "m18": "64 pool 64 64 64 64 pool 128 128 128 128 pool 256 256 256 256 pool 512 512 512 512",
}
# Tran et al., arXiv:1412.0767, figure 3, with a margin at the last pool as in public ports:
# 8192 features are what the paper's fc6 reads.
C3D = "64 pool1 128 pool 256 256 pool 512 512 pool 512 512 pool5"


def pool_to_the_end() -> list[Any]:
    """By four; missing samples are of no account, and the odd one of them comes last."""
    # Of the table's lengths 2000, 500, 125 and 32 only 125 misses any, and 32 does not.
    return [nn.ConstantPad1d((1, 2), -torch.inf), nn.MaxPool1d(4)]


def make_waveform(stack: str) -> Any:
    layers: list[Any] = []
    channels, length = 1, 32000
    for word in stack.split():
        if word == "pool":
            layers += pool_to_the_end() if length % 4 else [nn.MaxPool1d(4)]
            length = -(-length // 4)
            continue
        shape = (3, 1, 1) if layers else (80, 4, 38)
        layers += [nn.Conv1d(channels, int(word), *shape, bias=False)]
        layers += [nn.BatchNorm1d(int(word)), nn.ReLU()]
        channels, length = int(word), length // shape[1]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(channels, 10))


def make_c3d() -> Any:
    pools = {
        "pool": nn.MaxPool3d(2),
        "pool1": nn.MaxPool3d((1, 2, 2)),
        "pool5": nn.MaxPool3d(2, padding=(0, 1, 1)),
    }
    layers: list[Any] = []
    channels = 3
    for word in C3D.split():
        if word in pools:
            layers.append(pools[word])
            continue
        layers += [nn.Conv3d(channels, int(word), 3, padding=1), nn.ReLU()]
        channels = int(word)
    layers.append(nn.Flatten())
    for features in (8192, 4096):
        layers += [nn.Linear(features, 4096), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 487))


def make_network(network: str) -> Any:
    return make_c3d() if network == "c3d" else make_waveform(WAVEFORM[network.partition(":")[2]])


NETWORKS = ("c3d", *(f"waveform_cnn:{variant}" for variant in WAVEFORM))


@pytest.mark.parametrize("network", NETWORKS)
def test_figures_are_those_of_the_paper(network: str) -> None:
    with torch.device("meta"):
        model = make_network(network).eval()
        macs = 0

        def count(layer: Any, _: Any, output: Any) -> None:
            nonlocal macs
            macs += output.numel() * layer.weight[0].numel()

        for layer in model.modules():
            if isinstance(layer, nn.Conv1d | nn.Conv3d | nn.Linear):
                layer.register_forward_hook(count)
        output = model(torch.empty(1, *build_network(network).inputs[0].known.dims))
    statistics = [b for name, b in model.named_buffers() if "running" in name]
    figures = read_figures()[network]
    assert sum(parameter.numel() for parameter in model.parameters()) == figures.parameters
    assert macs == figures.macs
    assert sum(buffer.numel() for buffer in statistics) == figures.statistics
    assert tuple(output.shape[1:]) == figures.outputs["output"]


@pytest.mark.parametrize("network", ["waveform_cnn:m5", "waveform_cnn:m11"])
def test_network_computes_what_the_paper_describes(network: str) -> None:
    graph = build_network(network)
    arrays = draw_arrays(graph, torch.float32)
    ours = load_arrays(make_model(graph), arrays).eval()
    theirs = make_network(network).eval()
    state = theirs.state_dict()
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    assert len(names) == len(arrays)
    theirs.load_state_dict({**state, **dict(zip(names, arrays.values(), strict=True))})
    x = torch.randn(2, 1, 32000, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert measure_gap(ours(x), theirs(x).double()) <= 1e-5
