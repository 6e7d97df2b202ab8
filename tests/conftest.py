"""What frameworks are told before any test imports them."""

from __future__ import annotations

import gc
import os

import pytest

from cnnspec.verify.settings import TENSORFLOW_SETTINGS

# Keras's tests run on TensorFlow in this process; its other backends get processes of their own.
# Threads of PyTorch that wait for each other burn the time of busy processors, many times
# what the small networks here need.
SETTINGS = {"KERAS_BACKEND": "tensorflow", "OMP_NUM_THREADS": "1", **TENSORFLOW_SETTINGS}
for name, value in SETTINGS.items():
    os.environ.setdefault(name, value)


def pytest_collection_finish() -> None:
    """Leave what the imports have made out of every later search for garbage.

    Keras makes one after each model, which took longer than the tests.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An option by which mypy reads PyTorch's own types once for all tests."""
    return f"--cache-dir={tmp_path_factory.mktemp('mypy')}"
