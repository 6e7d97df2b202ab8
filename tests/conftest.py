"""What frameworks are told before any test imports them."""

from __future__ import annotations

import gc
import os
import signal
import sys

import pytest

from cnnspec.verify.settings import TENSORFLOW_SETTINGS

# Keras's tests run on TensorFlow in this process; its other backends get processes of their own.
# Threads of PyTorch that wait for each other burn the time of busy processors, many times
# what the small networks here need.
SETTINGS = {"KERAS_BACKEND": "tensorflow", "OMP_NUM_THREADS": "1", **TENSORFLOW_SETTINGS}
for name, value in SETTINGS.items():
    os.environ.setdefault(name, value)

# What a test with this mark needs.
PACKAGES = {"torch": ("torch",), "keras": ("keras",), "onnx": ("onnx", "onnxruntime")}
# Those of the frameworks that were there when all tests were collected.
IMPORTED = pytest.StashKey[set[str]]()


# A shell makes what it runs in the background deaf to Ctrl-C, `nohup` to the end of the terminal,
# and all that tests start would be.
signal.signal(signal.SIGINT, signal.default_int_handler)
if sys.platform != "win32":
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def freeze() -> None:
    """Leave what the imports have made out of every later search for garbage.

    Keras makes one after each model, which took longer than the tests.
    """
    gc.collect()
    gc.freeze()


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[IMPORTED] = {"torch", "tensorflow", "keras"} & set(sys.modules)
    freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Import what a test needs, or skip it; to collect it, none is imported."""
    marks = {mark.name for mark in item.iter_markers()}
    packages = [package for mark in PACKAGES if mark in marks for package in PACKAGES[mark]]
    if not all(package in sys.modules for package in packages):
        for package in packages:
            pytest.importorskip(package)
        freeze()


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An option by which mypy reads PyTorch's own types once for all tests."""
    return f"--cache-dir={tmp_path_factory.mktemp('mypy')}"
