"""ONNX models that cnnspec writes beside what torch.onnx.export makes of the generated module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
import torch

from bench.models import draw_batch, load_network, make_torch
from bench.pairs import Contest, Step
from cnnspec.naming import state_path
from cnnspec.network import Network
from cnnspec.verify.measure import Array
from cnnspec.verify.on_torch import load_state
from cnnspec.weights.draw import draw_weights

LIMIT = 1.05
NETWORKS = {"ResNet-50": "resnet:50", "MobileNetV2": "mobilenet_v2"}


def list_contests() -> Iterator[Contest]:
    """A run of every network in ONNX Runtime; first one model against itself."""
    with TemporaryDirectory(prefix="cnnspec-") as folder:
        for number, (title, name) in enumerate(NETWORKS.items()):
            network = load_network(name)
            x = draw_batch(1, *network.graph.inputs[0].known.dims)
            ours, theirs = write_both(network, x, Path(folder) / title)
            assert_same(ours, theirs, x)
            if number == 0:
                make = partial(_make_run, theirs, x)
                yield Contest(f"{title}, exported, twice", "forward", make, make)
            yield Contest(
                title, "forward", partial(_make_run, ours, x), partial(_make_run, theirs, x), LIMIT
            )


def write_both(network: Network, x: Array, folder: Path) -> tuple[Path, Path]:
    """Our file and the exporter's, with the same weights."""
    compiled = network.compile("onnx", file_name="ours.onnx")
    folder.mkdir()
    for name, data in compiled.files.items():
        (folder / name).write_bytes(data)
    exported = folder / "exported.onnx"
    program = torch.onnx.export(
        _load_drawn(network),
        (torch.from_numpy(x),),
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(str(exported))
    return folder / "ours.onnx", exported


def _load_drawn(network: Network) -> Any:
    """The generated module with the weights that are drawn where a model is compiled to ONNX."""
    model = make_torch(network).eval()
    drawn = draw_weights(network.graph, 0)
    renamed = {
        f"{state_path(name.rpartition('.')[0])}.{name.rpartition('.')[2]}": array
        for name, array in drawn.items()
    }
    load_state(model, renamed, torch.float32)
    return model


def assert_same(ours: Path, theirs: Path, x: Array) -> None:
    """Both compute the same."""
    found, wanted = (_run(_open(path), x) for path in (ours, theirs))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * float(np.abs(wanted).max()))


def _open(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: onnxruntime.InferenceSession, x: Array) -> Array:
    result: Array = session.run(None, {session.get_inputs()[0].name: x})[0]
    return result


def _make_run(path: Path, x: Array) -> Step:
    return partial(_run, _open(path), x)
