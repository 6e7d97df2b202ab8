"""Networks written a second time in plain PyTorch: after public code, or after their papers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import nn
from torch.nn import functional


def make_dcgan_generator() -> Any:
    """The generator of pytorch/examples, dcgan/main.py: nz=100, ngf=64, nc=3."""
    layers: list[Any] = []
    for before, after in ((100, 512), (512, 256), (256, 128), (128, 64)):
        shape = (4, 2, 1) if layers else (4, 1, 0)
        layers += [nn.ConvTranspose2d(before, after, *shape, bias=False)]
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())


def make_dcgan_discriminator() -> Any:
    """The discriminator of pytorch/examples, dcgan/main.py: ndf=64, nc=3."""
    layers: list[Any] = []
    for before, after in ((3, 64), (64, 128), (128, 256), (256, 512)):
        norm = [nn.BatchNorm2d(after)] if layers else []
        layers += [nn.Conv2d(before, after, 4, 2, 1, bias=False), *norm, nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(512, 1, 4, 1, 0, bias=False), nn.Sigmoid())


def make_espcn() -> Any:
    """Shi et al., arXiv:1609.05158, 3.1: 5x5 of 64, 3x3 of 32, 3x3 of the factor's square."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, padding=2), nn.Tanh(), nn.Conv2d(64, 32, 3, padding=1), nn.Tanh(),
        nn.Conv2d(32, 9, 3, padding=1), nn.PixelShuffle(3),
    )  # fmt: skip


def make_conv_autoencoder() -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(32, 64, 7), nn.ConvTranspose2d(64, 32, 7), nn.ReLU(),
        nn.ConvTranspose2d(32, 16, 4, 2, 1), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip


class PaperUNet(nn.Module):
    """Ronneberger et al., arXiv:1505.04597, figure 1."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(5)]
        pairs = [(1, width), *pairwise(widths)]
        self.down = nn.ModuleList(map(self.convolve_twice, *zip(*pairs, strict=True)))
        rising = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        steps = [
            (nn.ConvTranspose2d(deep, high, 2, 2), self.convolve_twice(deep, high))
            for deep, high in rising
        ]
        self.up = nn.ModuleList(layer for pair in steps for layer in pair)
        self.last = nn.Conv2d(width, 2, 1)

    def convolve_twice(self, before: int, after: int) -> Any:
        first, second = nn.Conv2d(before, after, 3), nn.Conv2d(after, after, 3)
        return nn.Sequential(first, nn.ReLU(), second, nn.ReLU())

    def forward(self, x: Any) -> Any:
        skips = []
        for level, layers in enumerate(self.down):
            x = layers(functional.max_pool2d(x, 2) if level else x)
            skips.append(x)
        skips.pop()
        for up, layers in zip(self.up[::2], self.up[1::2], strict=True):
            x, skip = up(x), skips.pop()
            top, left = ((a - b) // 2 for a, b in zip(skip.shape[2:], x.shape[2:], strict=True))
            cut = skip[:, :, top : top + x.shape[2], left : left + x.shape[3]]
            x = layers(torch.cat([cut, x], dim=1))
        return self.last(x)


class Unit(nn.Module):
    """He et al., arXiv:1512.03385, 4.2, with the shortcut of option A or B."""

    def __init__(self, before: int, after: int, stride: int, projection: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False), nn.BatchNorm2d(after),
        )  # fmt: skip
        self.stride, self.more = stride, (after - before) // 2
        project = nn.Conv2d(before, after, 1, stride, bias=False)
        shortcut = nn.Sequential(project, nn.BatchNorm2d(after))
        self.shortcut = shortcut if projection and stride > 1 else None

    def forward(self, x: Any) -> Any:
        if self.shortcut is not None:
            return functional.relu(self.body(x) + self.shortcut(x))
        small = x[:, :, :: self.stride, :: self.stride]
        wide = functional.pad(small, (0, 0, 0, 0, self.more, self.more))
        return functional.relu(self.body(x) + wide)


def make_resnet_cifar(variant: str) -> Any:
    depth, projection = int(variant[:-1]), variant.endswith("b")
    layers: list[Any] = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()]
    before = 16
    for after in (16, 32, 64):
        for _ in range((depth - 2) // 6):
            layers.append(Unit(before, after, after // before, projection))
            before = after
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
