"""The generated models that are measured, from their specs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import cnnspec
from cnnspec.naming import class_name
from cnnspec.network import Network
from cnnspec.verify.measure import Array, import_source

SPECS = Path(__file__).parent / "specs"


def load_network(name: str) -> Network:
    """A network of the zoo, or of this folder's specs."""
    own = SPECS / f"{name}.yaml"
    return cnnspec.load(own if own.exists() else name)


@contextmanager
def import_generated(network: Network, target: str) -> Iterator[ModuleType]:
    """The generated source as a module."""
    (source,) = network.compile(target).files.values()
    with import_source(source, target) as module:
        yield module


def make_torch(network: Network) -> Any:
    """The generated PyTorch model."""
    with import_generated(network, "torch") as module:
        return getattr(module, class_name(network.spec.name))()


def draw_batch(*shape: int) -> Array:
    """Random images."""
    return np.random.default_rng(0).standard_normal(shape, np.float32)
