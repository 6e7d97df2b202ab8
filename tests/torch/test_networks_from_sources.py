"""What networks compute that stand a second time in source_networks.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("numpy")

from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from tests.flat import draw_arrays, load_arrays, make_model, measure_gap
from tests.frameworks import Later, nn, torch
from tests.reference_data import build_network, read_figures, read_network

pytestmark = pytest.mark.torch

sources = Later("tests.torch.source_networks")

NETWORKS: dict[str, Callable[[], Any]] = {
    "dcgan_generator": lambda: sources.make_dcgan_generator(),
    "dcgan_discriminator": lambda: sources.make_dcgan_discriminator(),
    "espcn": lambda: sources.make_espcn(),
    "conv_autoencoder": lambda: sources.make_conv_autoencoder(),
    "unet:paper": lambda: sources.PaperUNet(),
    "resnet_cifar:20a": lambda: sources.make_resnet_cifar("20a"),
    "resnet_cifar:20b": lambda: sources.make_resnet_cifar("20b"),
}


@pytest.mark.parametrize("network", NETWORKS)
def test_figures_are_those_of_the_source(network: str) -> None:
    with torch.device("meta"):
        model = NETWORKS[network]().eval()
        macs = 0

        def count(layer: Any, inputs: Any, output: Any) -> None:
            nonlocal macs
            rising = isinstance(layer, nn.ConvTranspose2d)
            macs += (inputs[0] if rising else output).numel() * layer.weight[0].numel()

        for layer in model.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
                layer.register_forward_hook(count)
        output = model(torch.empty(1, *build_network(network).inputs[0].known.dims))
    statistics = [b for name, b in model.named_buffers() if "running" in name]
    figures = read_figures()[network]
    assert sum(parameter.numel() for parameter in model.parameters()) == figures.parameters
    assert macs == figures.macs
    assert sum(buffer.numel() for buffer in statistics) == figures.statistics
    assert tuple(output.shape[1:]) == figures.outputs["output"]


def compare(graph: Graph, theirs: Any) -> None:
    """The same numbers out of the same random weights, which follow each other in both."""
    arrays = draw_arrays(graph, torch.float32)
    ours = load_arrays(make_model(graph), arrays).eval()
    state = theirs.eval().state_dict()
    names = [name for name in state if not name.endswith("num_batches_tracked")]
    assert len(names) == len(arrays)
    theirs.load_state_dict({**state, **dict(zip(names, arrays.values(), strict=True))})
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, *graph.inputs[0].known.dims, generator=generator)
    with torch.no_grad():
        assert measure_gap(ours(x), theirs(x).double()) <= 1e-5


@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "unet:paper"])
def test_network_computes_what_the_source_does(network: str) -> None:
    compare(build_network(network), NETWORKS[network]())


def test_unet_computes_what_the_paper_draws() -> None:
    graph = build_graph(read_network("unet"), "paper", {"widths": [16, 8, 4, 2], "size": 204})
    compare(graph, sources.PaperUNet(2))
