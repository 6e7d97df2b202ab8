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

from cnnspec.diagnostics import Severity, SpecError
from cnnspec.lint.engine import find_problems
from cnnspec.network import Network
from cnnspec.sources import Source
from cnnspec.spec.read import read_spec
from tests.bombs import fans, sources
from tests.bombs.base import BOMBS
from tests.bombs.products import draw

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


@pytest.mark.parametrize("seed", range(24))
def test_specs_are_drawn_as_the_language_has_them(seed: int) -> None:
    _, files = draw(seed, 60)

    def open_file(name: str) -> tuple[str, bytes]:
        return name, files[name].encode()

    found = find_problems(read_spec(files["net.yaml"], "net.yaml", open_file))
    # What a task or a limit asks for may not be what the rest gives.
    meant = {"budget-exceeded", "head-target-mismatch", "task-classes", "too-large"}
    errors = {each.rule for each in found if each.severity is Severity.ERROR}
    assert errors <= meant, [each.message for each in found if each.rule in errors - meant]


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
