"""Generated PyTorch modules trained by several processes."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("numpy")

from cnnspec.naming import class_name
from tests.flat import compile_source, draw_inputs, run_source
from tests.frameworks import torch
from tests.networks import NETS
from tests.torch.test_generated import silence

pytestmark = pytest.mark.torch

PROCESSES = 2
NAMES = ("resnet:18", "mobile")


def make(source: str, name: str) -> torch.nn.Module:
    """The generated model, with the same first weights in every process."""
    torch.manual_seed(0)
    return silence(getattr(run_source(source), name)()).double().train()


def run_step(model: torch.nn.Module, share: torch.Tensor) -> None:
    model.zero_grad()
    model(share).square().mean().backward()


def train_shares(rank: int, models: list[tuple[str, str, torch.Tensor]], folder: str) -> None:
    """What each process does: two steps of every model on its share of the batch."""
    from torch.nn.parallel import DistributedDataParallel

    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/group", rank=rank, world_size=PROCESSES
    )
    try:
        for source, name, batch in models:
            model = make(source, name)
            wrapped = DistributedDataParallel(model)
            # The second step fails if a parameter had no gradient in the first.
            for _ in range(2):
                run_step(wrapped, batch.chunk(PROCESSES)[rank])
            gradients = {key: parameter.grad for key, parameter in model.named_parameters()}
            torch.save(gradients, f"{folder}/{name}{rank}.pt")
    finally:
        torch.distributed.destroy_process_group()


def test_gradients_are_the_mean_over_processes(tmp_path: Path) -> None:
    if not torch.distributed.is_available():
        pytest.skip("PyTorch without torch.distributed")
    models = []
    for net in (net for net in NETS if net.id in NAMES):
        graph = net.build()
        (batch,) = draw_inputs(graph, torch.float64, batch=2 * PROCESSES)
        models.append((compile_source(graph), class_name(net.spec.name), batch))
    torch.multiprocessing.spawn(train_shares, (models, str(tmp_path)), nprocs=PROCESSES)
    assert len(models) == len(NAMES)
    for source, name, batch in models:
        shares = []
        for share in batch.chunk(PROCESSES):
            model = make(source, name)
            for _ in range(2):
                run_step(model, share)
            shares.append({key: parameter.grad for key, parameter in model.named_parameters()})
        for rank in range(PROCESSES):
            found = torch.load(tmp_path / f"{name}{rank}.pt", weights_only=True)
            assert found.keys() == shares[0].keys()
            for key, gradient in found.items():
                wanted = torch.stack([share[key] for share in shares]).mean(0)
                torch.testing.assert_close(gradient, wanted, rtol=1e-9, atol=1e-12)
