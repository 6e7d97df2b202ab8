"""The zoo is proved on a second backend of Keras, and on all targets as wide as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numpy")

from cnnspec.graph.build import build_graph
from cnnspec.spec.read import read_spec
from cnnspec.verify.run import verify
from cnnspec.verify.show import format_text
from tests.networks import open_near
from tests.zoo_cases import CASES

pytestmark = [pytest.mark.torch, pytest.mark.keras]

# As wide as they are, these take some ten seconds; the others up to minutes.
QUICK = ("lenet5_tanh", "squeezenet")
# Of each task and each rank; tests/keras/test_ops_keras.py has every op.
FAMILIES = ("c3d", "densenet", "mobilenet_v3", "resnet_fpn", "unet", "vit", "waveform_cnn")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("families", "mode"),
    [
        (FAMILIES, ()),
        pytest.param(tuple(CASES), (), marks=pytest.mark.exhaustive),
        pytest.param(tuple(CASES), ("--train",), marks=pytest.mark.exhaustive),
    ],
    ids=["few", "all", "all in training"],
)
def test_a_family_computes_the_same_on_keras_with_torch(
    families: tuple[str, ...], mode: tuple[str, ...]
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.zoo_proof", *mode, *families],
        env={**os.environ, "KERAS_BACKEND": "torch"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    wanted = ["backend torch", *(f"{name} passed" for name in families)]
    assert done.stdout.splitlines() == wanted, done.stdout


@pytest.mark.onnx
@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=() if n in QUICK else pytest.mark.exhaustive) for n in CASES],
)
def test_a_family_computes_the_same_as_wide_as_it_is(name: str) -> None:
    """One variant, for the small images that its structure allows, in training too."""
    case = CASES[name]
    graph = build_graph(read_spec(case.shrink(name), f"{name}.yaml", open_near), "", case.sizes)
    report = verify(graph, train=True)
    assert report.passed, format_text(report)
