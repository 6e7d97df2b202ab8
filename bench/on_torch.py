"""Generated PyTorch models beside torchvision's."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bench.memory import Row, measure_memory
from bench.models import draw_batch, load_network, make_torch
from bench.pairs import Contest, Maker, Step
from bench.vision import import_models

LIMIT = 1.02
MEMORY_BATCH = 4
CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Subject:
    """A network that both have: our spec, torchvision's function, and the batch to time it with."""

    title: str
    spec: str
    function: str
    batch: tuple[int, ...]


SUBJECTS = (
    Subject("ResNet-50", "resnet:50", "resnet50", (1, 3, 160, 160)),
    Subject("VGG-16", "vgg:16", "vgg16", (1, 3, 96, 96)),
    Subject("MobileNetV2", "mobilenet_v2", "mobilenet_v2", (2, 3, 160, 160)),
)


def list_contests() -> Iterator[Contest]:
    """Forward and one training step of every network; first torchvision's against itself."""
    torch.set_num_threads(1)
    # The second has weights that fill the caches many times over, and far more noise.
    for subject in SUBJECTS[:2]:
        _, theirs = make_both(subject)
        x = torch.from_numpy(draw_batch(*subject.batch))
        title = f"{subject.title}, torchvision's twice"
        for work, make in WORKS.items():
            yield Contest(title, work, make(theirs, x), make(theirs, x))
    for subject in SUBJECTS:
        ours, theirs = make_both(subject)
        x = torch.from_numpy(draw_batch(*subject.batch))
        assert_same(ours, theirs, x)
        title = f"{subject.title}, {'x'.join(map(str, subject.batch))}"
        for work, make in WORKS.items():
            yield Contest(title, work, make(ours, x), make(theirs, x), LIMIT)


def list_memory() -> Iterator[Row]:
    """The activations of every network, ours and torchvision's, for images of full size."""
    for subject in SUBJECTS:
        x = torch.from_numpy(draw_batch(MEMORY_BATCH, 3, 224, 224))
        ours, theirs = make_both(subject)
        title = f"{subject.title}, {'x'.join(map(str, x.shape))}"
        yield Row(title, measure_memory(ours, x), measure_memory(theirs, x))


def make_both(subject: Subject) -> tuple[nn.Module, nn.Module]:
    """Our model and torchvision's, with torchvision's first weights in both."""
    torch.manual_seed(0)
    theirs: nn.Module = getattr(import_models(), subject.function)()
    ours: nn.Module = make_torch(load_network(subject.spec))
    # The order is that of the layers in both, so that names need not be the same.
    state = zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True)
    ours.load_state_dict({name: array for (name, _), array in state})
    return ours, theirs


def assert_same(ours: nn.Module, theirs: nn.Module, x: Tensor) -> None:
    """Both compute the same, and change their weights alike in a training step."""
    ours, theirs = copy.deepcopy(ours), copy.deepcopy(theirs)
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(x), theirs.eval()(x), rtol=1e-5, atol=1e-5)
    for model in (ours, theirs):
        torch.manual_seed(0)  # dropout
        _make_training(model, x)()
    torch.testing.assert_close(
        list(ours.state_dict().values()),
        list(theirs.state_dict().values()),
        rtol=1e-4,
        atol=1e-5,
    )


def _make_forward(model: nn.Module, x: Tensor) -> Step:
    model.eval()

    def run() -> None:
        with torch.no_grad():
            model(x)

    return run


def _make_training(model: nn.Module, x: Tensor) -> Step:
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    wanted = torch.arange(len(x)) % CLASSES

    def run() -> None:
        optimizer.zero_grad()
        loss: Any = nn.functional.cross_entropy(model(x), wanted)
        loss.backward()
        optimizer.step()

    return run


def _copy_into(
    make: Callable[[nn.Module, Tensor], Step],
) -> Callable[[nn.Module, Tensor], Maker]:
    """Each build takes a copy of the model, so that every build begins alike."""
    return lambda model, x: lambda: make(copy.deepcopy(model), x)


WORKS = {"forward": _copy_into(_make_forward), "training step": _copy_into(_make_training)}
