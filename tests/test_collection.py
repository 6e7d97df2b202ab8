"""Collecting tests imports no framework, so they can be where none is; and are soon."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import IMPORTED

COLLECT = """
import sys
import pytest

class Absent:
    packages = set("jax keras numpy onnx onnxruntime safetensors tensorflow torch".split())

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", "tests"]))
"""


@pytest.mark.slow
def test_tests_are_collected_where_no_framework_is_installed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", COLLECT],
        cwd=Path(__file__).parents[1], capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert "tests/torch/test_generated.py" in done.stdout


def test_frameworks_are_imported_by_what_uses_them(pytestconfig: pytest.Config) -> None:
    """Their imports take longer than many tests: tests/frameworks.py puts them off."""
    assert pytestconfig.stash[IMPORTED] == set()
