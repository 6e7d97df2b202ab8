"""Ops on the backends of Keras that this process has not: test_ops_keras.py in others."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.keras.sites import make_site, render
from tests.op_cases import CASES

pytestmark = pytest.mark.keras

HERE = Path(__file__).parent
OPS = HERE / "test_ops_keras.py"


def list_few(*, ours: bool) -> list[str]:
    """One case of each op and set of layers of ours, by name; or only where there are such."""
    few: dict[tuple[str, ...], str] = {}
    for case in CASES:
        site = make_site(case)
        render(site)
        if site.required or not ours:
            few.setdefault((case.op, *site.required), f"test_op_computes_what_it_means[{case.id}]")
    return list(few.values())


@pytest.mark.parametrize(
    ("backend", "scope"),
    [
        ("torch", "few"),
        # JAX compiles each anew.
        ("jax", "ours"),
        pytest.param("jax", "few", marks=pytest.mark.exhaustive),
        pytest.param("torch", "all", marks=pytest.mark.exhaustive),
        pytest.param("jax", "all", marks=pytest.mark.exhaustive),
    ],
)
def test_ops_compute_the_same_on_other_backends(backend: str, scope: str) -> None:
    pytest.importorskip(backend)
    few = [f"{OPS}::{name}" for name in list_few(ours=scope == "ours")]
    chosen = [str(OPS)] if scope == "all" else few
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *chosen],
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:]
