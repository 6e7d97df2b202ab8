"""Generated PyTorch modules under torch.compile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

from cnnspec.naming import class_name
from cnnspec.verify.measure import import_source
from tests.flat import call, compile_source, draw_inputs, measure_gap
from tests.frameworks import torch
from tests.networks import FEW, Net, list_cases
from tests.torch.test_generated import silence

pytestmark = pytest.mark.torch


@pytest.fixture(autouse=True)
def forget_compiled() -> None:
    torch.compiler.reset()


@contextmanager
def open_model(net: Net, dtype: torch.dtype, batch: int = 2) -> Iterator[tuple[Any, list[Any]]]:
    """The generated model and a batch; TorchDynamo imports the module that a class is from."""
    graph = net.build()
    with import_source(compile_source(graph).encode(), "compiled") as module:
        torch.manual_seed(0)
        model = silence(getattr(module, class_name(net.spec.name))()).to(dtype)
        yield model, draw_inputs(graph, dtype, batch)


@pytest.mark.parametrize("net", list_cases(FEW, deep=False))
def test_module_is_traced_as_one_graph(net: Net) -> None:
    """With fullgraph, whatever TorchDynamo cannot follow is an error and not a break."""
    with open_model(net, torch.float64) as (model, inputs), torch.no_grad():
        compiled = torch.compile(model.eval(), backend="eager", fullgraph=True)
        assert measure_gap(call(compiled, inputs), call(model, inputs)) <= 1e-12


def run_step(model: Any, run: Any, inputs: list[Any]) -> tuple[Any, list[Any]]:
    """The output in training, and the gradients."""
    model.zero_grad()
    torch.manual_seed(0)
    output = run(*inputs)
    output.square().sum().backward()
    return output, [parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.parametrize("name", ["resnet:18", "unet", "mobile"])
def test_backward_pass_is_traced_too(name: str) -> None:
    """AOTAutograd replaces what is in place, which nothing that is wrong survives."""
    net = next(net for net in FEW if net.id == name)
    with open_model(net, torch.float64, batch=3) as (model, inputs):
        compiled = torch.compile(model.train(), backend="aot_eager", fullgraph=True)
        found, wanted = run_step(model, compiled, inputs), run_step(model, model, inputs)
    assert measure_gap(found[0], wanted[0]) <= 1e-9
    for ours, theirs in zip(found[1], wanted[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


# In a process of its own: inductor asks for setuptools, which cannot be imported where another
# framework has imported the distutils of Python before.
COMPARE = """
import torch
from squeeze_excite import SENet

torch.manual_seed(0)
model, image = SENet().eval(), torch.randn(2, 3, 16, 12)
with torch.no_grad():
    torch.testing.assert_close(
        torch.compile(model, fullgraph=True)(image), model(image), rtol=1e-4, atol=1e-5
    )
"""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("c++") is None, reason="inductor needs a C++ compiler")
def test_compiled_kernels_give_the_same_numbers(tmp_path: Path) -> None:
    net = next(net for net in FEW if net.id == "squeeze_excite")
    (tmp_path / "squeeze_excite.py").write_text(compile_source(net.build()))
    done = subprocess.run(
        [sys.executable, "-c", COMPARE], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-4000:]
