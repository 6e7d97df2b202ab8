"""What people do with a Keras model: save it, copy it by its config, look at it, halve its floats.

The first networks have every layer that generated files bring along, with those of ViT; the others
have blocks, loops, a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.backends.keras.emit import compile_keras
from cnnspec.backends.keras.paths import name_layer
from cnnspec.naming import module_name, variable_name
from tests.frameworks import keras
from tests.keras.sites import SUPPORT
from tests.networks import NETS, Net

pytestmark = [pytest.mark.keras]

SUPPORTS = Net(
    "supports",
    """\
cnnspec: 1
name: supports
input: {channels: 4, height: 14, width: 14}
layers:
  - conv: {out_channels: 6, kernel_size: 3, padding: 1}
  - leaky_relu: {negative_slope: -0.1}
  - local_response_norm: {size: 3, alpha: 0.01}
  - max_pool: {kernel_size: 3, stride: 1, padding: 1, dilation: 2}
  - avg_pool: {kernel_size: 3, stride: 1, padding: 1, count_include_pad: false}
  - max_pool: {kernel_size: 3, stride: 1, padding: 1}
  - lp_pool: {kernel_size: 2, norm_type: 3}
  - conv_transpose: {out_channels: 6, kernel_size: 3, groups: 2, padding: 1}
  - gelu: {approximate: tanh}
  - adaptive_avg_pool: 4
  - flatten
  - linear: 3
""",
)
UPSAMPLING = Net(
    "upsampling",
    """\
cnnspec: 1
name: upsampling
input: {channels: 4, length: 7}
layers:
  - conv: {out_channels: 6, kernel_size: 3, padding: 1}
  - upsample: {scale_factor: 3, mode: linear}
  - global_avg_pool
  - linear: 3
""",
)
STARTING = Net(
    "starting",
    """\
cnnspec: 1
name: starting
input: {channels: 4, height: H, width: W}
layers:
  - conv: {out_channels: 4, kernel_size: 3, padding: 1, initializer: dirac}
  - conv_transpose: {out_channels: 4, kernel_size: 4, stride: 2, padding: 1, initializer: bilinear}
  - adaptive_avg_pool: 3
  - flatten
  - linear: 3
""",
)
MAPS = Net(
    "maps",
    """\
cnnspec: 1
name: maps
input: {channels: 4, height: 12, width: 12}
layers:
  - {conv: {out_channels: 6, kernel_size: 3, padding: 1}, name: kept}
  - channel_shuffle: {groups: 3}
  - split: {parts: 3, index: 1}
  - pad_channels: {padding: [1, 1]}
  - pixel_shuffle: {factor: 2}
  - pixel_unshuffle: {factor: 2}
  - slice: {axis: width, step: 2}
  - resize: {size: [15, 14]}
  - crop_like: {like: kept}
  - l2_normalize
  - {scale: , name: scaled}
  - {parameter: {channels: 4, height: 1, width: 1}, name: shift}
  - {constant: {channels: 4, height: 1, width: 1, values: 0.5}, name: half}
  - add: [scaled, shift]
  - multiply: [_, half]
  - global_avg_pool
  - linear: 3
""",
)
KEPT = [SUPPORTS, UPSAMPLING, STARTING, MAPS] + [
    net for net in NETS if net.id in ("keras_vgg16", "loops", "squeeze_excite", "vit:b_16")
]
kept = pytest.mark.parametrize("net", KEPT, ids=lambda net: net.id)


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    keras.utils.clear_session()


def generate(net: Net) -> str:
    (source,) = compile_keras(net.build(), "cnnspec compile").files.values()
    return source.decode()


def make_model(net: Net) -> Any:
    namespace: dict[str, Any] = {"__name__": f"kept_{net.id}"}
    exec(compile(generate(net), f"{net.id}.py", "exec"), namespace)
    return namespace[variable_name(module_name(net.spec.name))]()


def draw_batch(model: Any) -> Any:
    shape = (2, *(size or 10 for size in model.inputs[0].shape[1:]))
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def run(model: Any, batch: Any) -> Any:
    return keras.ops.convert_to_numpy(model(batch, training=False))


def test_every_layer_of_ours_is_tried() -> None:
    text = "".join(map(generate, KEPT))
    missing = [path.stem for path in SUPPORT.glob("*.py") if path.stem not in text]
    assert not missing


@kept
def test_saved_model_is_the_same(net: Net, tmp_path: Path) -> None:
    model = make_model(net)
    batch = draw_batch(model)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert np.array_equal(run(again, batch), run(model, batch))


@kept
def test_config_makes_the_same_model(net: Net) -> None:
    model = make_model(net)
    again = type(model).from_config(model.get_config())
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.get_config() == model.get_config()
    again.set_weights(model.get_weights())
    batch = draw_batch(model)
    assert np.array_equal(run(again, batch), run(model, batch))


@kept
def test_summary_has_the_authors_names(net: Net) -> None:
    lines: list[str] = []
    make_model(net).summary(line_length=200, print_fn=lines.append)
    words = set("\n".join(lines).replace("│", " ").split())
    assert {name_layer(node.path) for node in net.build().nodes} <= words


@kept
def test_mixed_precision_keeps_weights_single(net: Net) -> None:
    exact = make_model(net)
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = make_model(net)
    finally:
        keras.config.set_dtype_policy("float32")
    model.set_weights(exact.get_weights())
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    batch = draw_batch(model)
    found, wanted = run(model, batch), run(exact, batch)
    assert found.dtype == "float16"
    np.testing.assert_allclose(found, wanted, atol=0.05 * np.abs(wanted).max())
