"""What is done for a spec grows with it, and not with its square.

Seconds tell little where a spec is small, so the lines of Python are counted that are carried out:
they are the same each time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from cnnspec.diagnostics import SpecError
from cnnspec.network import Network
from cnnspec.sources import Source
from tests.bombs import fans, sources
from tests.bombs.base import BOMBS

NAMES = [name for name in BOMBS if hasattr(fans, name) or hasattr(sources, name)]
# Some two hundred ops, and four times as many.
SMALL, TIMES = 0.002, 4
# A square would be sixteen times as much.
MOST = 7
RUNS: dict[str, Callable[[Network], object]] = {
    "check": lambda network: network.check(),
    "sizes": lambda network: network.sizes(every=True),
    "torch": lambda network: network.compile("torch"),
    "keras": lambda network: network.compile("keras"),
    "onnx": lambda network: network.compile("onnx", no_weights=True),
}


def count_lines(run: Callable[[], object]) -> int:
    """How many lines of Python a function carries out, those that it calls among them."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def measure(name: str, run: str, share: float) -> int:
    text = BOMBS[name](share)["net.yaml"]
    network = Network(Source("net.yaml", text.encode(), Path()))

    def run_once() -> None:
        # Keras takes no values that nothing reads, and sizes of many variants are too many.
        with suppress(SpecError):
            RUNS[run](network)

    return count_lines(run_once)


@pytest.mark.slow
@pytest.mark.parametrize(
    "run", [pytest.param(run, marks=[pytest.mark.onnx] * (run == "onnx")) for run in RUNS]
)
@pytest.mark.parametrize("name", NAMES)
def test_work_grows_with_the_spec(name: str, run: str) -> None:
    if (name, run) == ("inputs_and_outputs_of_variants", "sizes"):
        pytest.skip("sixteen sizes are tried at the most, which these few inputs do not come to")
    # What is imported or kept is there afterwards.
    measure(name, run, SMALL)
    assert measure(name, run, SMALL * TIMES) < MOST * measure(name, run, SMALL)
