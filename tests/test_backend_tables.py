"""Every op is rendered by every backend or refused with a reason, and no weight is forgotten."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from cnnspec.ops.base import Op
from cnnspec.ops.catalog import ALL_OPS, OPS
from tests.op_cases import CASES

Rows = Mapping[type[Op], object]


def read_torch() -> tuple[Rows, Mapping[type[Op], str]]:
    from cnnspec.backends.torch.table import LEAVES, MERGES, UNSUPPORTED

    return {**LEAVES, **MERGES}, UNSUPPORTED


def read_keras() -> tuple[Rows, Mapping[type[Op], str]]:
    from cnnspec.backends.keras.table import LAYERS, MERGES, UNSUPPORTED

    return {**LAYERS, **MERGES}, UNSUPPORTED


def read_onnx() -> tuple[Rows, Mapping[type[Op], str]]:
    # This backend's own format is what the onnx package is for.
    pytest.importorskip("onnx")
    from cnnspec.backends.onnx.emit import UNSUPPORTED, WRITERS

    return WRITERS, UNSUPPORTED


TABLES = [
    pytest.param(read_torch, id="torch"),
    pytest.param(read_keras, id="keras"),
    pytest.param(read_onnx, id="onnx", marks=pytest.mark.onnx),
]


@pytest.mark.parametrize("read_table", TABLES)
def test_every_op_is_rendered_or_refused(read_table) -> None:  # type: ignore[no-untyped-def]
    rendered, refused = read_table()
    assert not rendered.keys() & refused.keys(), "an op is both rendered and refused"
    assert rendered.keys() | refused.keys() == set(ALL_OPS)
    assert all(reason.strip() for reason in refused.values())


def test_ops_have_words_of_their_own() -> None:
    assert len(OPS) == len(ALL_OPS)
    for word, op in OPS.items():
        assert op.principal is None or op.principal in op.model_fields, word
        assert op.kinds, word


def test_every_op_has_cases() -> None:
    assert {case.op for case in CASES} == OPS.keys()


def test_every_weight_has_its_place_in_keras() -> None:
    from cnnspec.backends.keras.weights import KERAS_WEIGHTS

    owned: dict[type[Op], set[str]] = {}
    for case in CASES:
        op = case.build()
        names = {weight.name for weight in op.list_weights(case.inputs)}
        if names:
            owned.setdefault(type(op), set()).update(names)
    placed = {kind: set(table) for kind, table in KERAS_WEIGHTS.items()}
    assert placed == owned
