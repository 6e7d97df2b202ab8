"""Models of more layers in a row than Python follows by default."""

from __future__ import annotations

import pytest

pytest.importorskip("numpy")

import numpy as np

from tests.test_room import FLAT, write

pytestmark = [pytest.mark.keras]


def test_a_model_of_a_thousand_layers_is_made_and_run() -> None:
    text = f"{FLAT}layers:\n- repeat: 500\n  residual: [relu]\n- linear: 3\n"
    scope: dict[str, object] = {"__name__": "net"}
    exec(write(text, "keras"), scope)
    make = scope["net"]
    assert callable(make)
    model = make()
    assert len(model.layers) > 1_000
    assert model.predict(np.ones((2, 8), "float32"), verbose=0).shape == (2, 3)
