"""Each op as Keras layers computes what the oracle computes, on every backend of Keras."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("numpy")

import numpy as np

from cnnspec.backends.keras.table import LAYERS, MERGES, UNSUPPORTED
from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights
from cnnspec.graph.ir import Node
from cnnspec.ops.catalog import ALL_OPS
from cnnspec.ops.shapes import Kind, Shape
from tests.frameworks import keras, torch
from tests.graphs import make_input, make_node
from tests.keras.sites import (
    SUPPORT,
    HandmadeSite,
    build_model,
    make_site,
    render,
    to_keras_dims,
)
from tests.op_cases import CASES, OpCase, fmap, tokens
from tests.reference_ops import evaluate

pytestmark = pytest.mark.keras

BACKEND = os.environ["KERAS_BACKEND"]
BATCH = 3
FORWARD_TOLERANCE = 1e-5
GRADIENT_TOLERANCE = 5e-5


def move_last(array: Any, shape: Shape) -> Any:
    return np.moveaxis(array, 1, -1) if shape.kind is Kind.MAP else array


def move_first(array: Any, shape: Shape) -> Any:
    return np.moveaxis(array, -1, 1) if shape.kind is Kind.MAP else array


def draw_inputs(node: Node, generator: Any) -> list[Any]:
    # Mostly negative, so that a zero in the padding of a maximum would win.
    return [generator.normal(-0.4, 1.0, (BATCH, *shape.dims)) for shape in node.shapes]


def draw_weights(node: Node, generator: Any) -> dict[str, Any]:
    arrays = {}
    for weight in node.weights:
        spread = max(np.prod(weight.shape[1:]), 1) ** -0.5
        arrays[weight.name] = generator.normal(0.3, 1.0, weight.shape) * spread
        if weight.name == "running_var":
            arrays[weight.name] = generator.uniform(0.5, 2.0, weight.shape)
    return arrays


def set_weights(layer: Any, node: Node, arrays: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Fill a layer; gives back the variables of each weight, which must be all that it has."""
    variables = layer_weights(layer)
    places = KERAS_WEIGHTS.get(type(node.op), {})
    filled: dict[str, dict[str, Any]] = {}
    for name, array in arrays.items():
        for key, turned in places[name].part(array, node).items():
            variable = variables.pop(key)
            assert tuple(variable.shape) == turned.shape
            variable.assign(np.ascontiguousarray(turned, dtype="float32"))
            filled.setdefault(name, {})[key] = variable
    assert not variables
    return filled


def measure(got: Any, wanted: Any) -> float:
    """The largest difference, in parts of the largest number wanted."""
    assert got.shape == wanted.shape
    if not wanted.size:
        return 0.0
    scale = np.abs(wanted).max()
    return float(np.abs(got - wanted).max() / (scale if scale > 0 else 1.0))


def run_oracle(node: Node, inputs: list[Any], arrays: dict[str, Any], pull: Any) -> Any:
    """The output, and the gradients of its product with `pull`: of inputs, then of weights."""
    sources = [torch.tensor(array, requires_grad=True) for array in inputs]
    weights = {name: torch.tensor(array, requires_grad=True) for name, array in arrays.items()}
    output = evaluate(node.op, sources, [shape.kind for shape in node.shapes], weights)
    asked = [*sources, *(weights[weight.name] for weight in node.weights if weight.trainable)]
    # A constant depends on nothing.
    loss = (output * torch.tensor(pull)).sum() + 0 * sources[0].sum()
    gradients = torch.autograd.grad(loss, asked, allow_unused=True, materialize_grads=True)
    return output.detach().numpy(), [gradient.numpy() for gradient in gradients]


def run_keras(model: Any, inputs: list[Any], variables: list[Any], pull: Any) -> Any:
    """The same from Keras, in the way of its backend."""
    arrays = [array.astype("float32") for array in inputs]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        sources = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            output = model(sources if len(sources) > 1 else sources[0], training=False)
            loss = tf.reduce_sum(output * pull.astype("float32"))
        gradients = tape.gradient(
            loss,
            [*sources, *(variable.value for variable in variables)],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        return output.numpy(), [np.asarray(gradient) for gradient in gradients]
    if BACKEND == "torch":
        sources = [torch.tensor(array, requires_grad=True) for array in arrays]
        output = model(sources if len(sources) > 1 else sources[0], training=False)
        loss = (output * torch.tensor(pull.astype("float32"))).sum()
        asked = [*sources, *(variable.value for variable in variables)]
        if not loss.requires_grad:
            return output.numpy(), [np.zeros(array.shape, "float32") for array in asked]
        gradients = torch.autograd.grad(loss, asked, allow_unused=True, materialize_grads=True)
        return output.detach().numpy(), [gradient.numpy() for gradient in gradients]
    return run_jax(model, arrays, variables, pull.astype("float32"))


def run_jax(model: Any, arrays: list[Any], variables: list[Any], pull: Any) -> Any:
    import jax

    fixed = [variable.value for variable in model.non_trainable_variables]

    def find_loss(sources: list[Any], trainable: list[Any]) -> Any:
        taken = sources if len(sources) > 1 else sources[0]
        output, _ = model.stateless_call(trainable, fixed, taken, training=False)
        return (output * pull).sum(), output

    differentiate = jax.value_and_grad(find_loss, argnums=(0, 1), has_aux=True)
    learned = [variable.value for variable in model.trainable_variables]
    (_, output), (gradients, others) = differentiate(arrays, learned)
    paths = [variable.path for variable in model.trainable_variables]
    found = dict(zip(paths, others, strict=True))
    gradients = [*gradients, *(found[variable.path] for variable in variables)]
    return np.asarray(output), [np.asarray(gradient) for gradient in gradients]


def compare(site: HandmadeSite) -> tuple[float, float]:
    """The largest forward and gradient differences of a place's first node."""
    node = site.nodes[0]
    generator = np.random.default_rng(7)
    inputs, arrays = draw_inputs(node, generator), draw_weights(node, generator)
    pull = generator.normal(0.0, 1.0, (BATCH, *node.shape.dims))
    model = build_model(site)
    assert model.output_shape == (None, *to_keras_dims(node.shape))
    filled = set_weights(model.get_layer("op"), node, arrays)
    trainable = [weight.name for weight in node.weights if weight.trainable]
    moved = [move_last(array, shape) for array, shape in zip(inputs, node.shapes, strict=True)]
    output, gradients = run_keras(
        model, moved, [v for name in trainable for v in filled[name].values()],
        move_last(pull, node.shape),
    )  # fmt: skip
    wanted, wanted_gradients = run_oracle(node, inputs, arrays, pull)
    forward = measure(move_first(output, node.shape), wanted)
    places = KERAS_WEIGHTS.get(type(node.op), {})
    turned = [move_first(g, shape) for g, shape in zip(gradients, node.shapes, strict=False)]
    others = iter(gradients[len(inputs) :])
    for name in trainable:
        turned.append(places[name].join({key: next(others) for key in filled[name]}, node))
    assert next(others, None) is None
    return forward, max(map(measure, turned, wanted_gradients))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_op_computes_what_it_means(case: OpCase, record_property: pytest.RecordProperty) -> None:
    forward, gradient = compare(make_site(case))
    record_property("forward", forward)
    record_property("gradient", gradient)
    assert forward <= FORWARD_TOLERANCE
    assert gradient <= GRADIENT_TOLERANCE


def test_zeros_pad_a_maximum_after_relu() -> None:
    case = OpCase("max_pool", {"kernel_size": 3, "stride": 2, "padding": 1}, (fmap(6, 9, 7),))
    relu = make_node("relu", OpCase("relu", {}, case.inputs).build(), make_input(case.inputs[0]))
    node = make_node("op", case.build(), relu.output)
    model = build_model(HandmadeSite((node,)))
    x = np.maximum(np.random.default_rng(3).normal(-1.0, 1.0, (2, 6, 9, 7)), 0.0)
    wanted = evaluate(node.op, [torch.tensor(x)], [Kind.MAP], {}).numpy()
    output = np.asarray(keras.ops.convert_to_numpy(model(np.moveaxis(x, 1, -1))))
    assert measure(np.moveaxis(output, -1, 1), wanted) <= FORWARD_TOLERANCE


SAVED = (
    OpCase("add", {}, (fmap(6, 7, 7), fmap(1, 1, 7))),
    OpCase("max_pool", {"kernel_size": 3, "stride": 2, "padding": [1, 0, 2, 1]}, (fmap(6, 9, 7),)),
    OpCase("max_pool", {"kernel_size": 2, "dilation": [3, 2], "stride": 2}, (fmap(6, 9, 7),)),
    OpCase(
        "avg_pool",
        {"kernel_size": [3, 2], "padding": [1, 0], "ceil_mode": True, "count_include_pad": False},
        (fmap(6, 9, 7),),
    ),
    OpCase("lp_pool", {"kernel_size": [2, 3], "norm_type": 3}, (fmap(6, 9, 7),)),
    OpCase("adaptive_avg_pool", {"output_size": [2, 3]}, (fmap(6, 9, 7),)),
    OpCase("local_response_norm", {"size": 3, "alpha": 0.5, "k": 2.0}, (fmap(6, 9, 7),)),
    OpCase(
        "conv_transpose",
        {
            "out_channels": 4,
            "kernel_size": [3, 2],
            "stride": [3, 2],
            "padding": [1, 0, 0, 1],
            "output_padding": [1, 0],
            "dilation": [1, 2],
            "groups": 2,
        },
        (fmap(6, 9, 7),),
    ),
    OpCase(
        "conv_transpose",
        {"out_channels": 6, "kernel_size": 4, "stride": 2, "initializer": "bilinear"},
        (fmap(6, 9, 7),),
    ),
    OpCase("conv", {"out_channels": 6, "kernel_size": 3, "initializer": "dirac"}, (fmap(6, 9, 7),)),
    OpCase("gelu", {"approximate": "tanh"}, (fmap(6, 9, 7),)),
    OpCase("leaky_relu", {"negative_slope": -0.5}, (fmap(6, 9, 7),)),
    OpCase("upsample", {"scale_factor": [2, 1, 3], "mode": "trilinear"}, (fmap(6, 4, 9, 7),)),
    OpCase("resize", {"size": [5, 13]}, (fmap(6, 9, 7),)),
    OpCase("slice", {"axis": "width", "start": 1, "step": 2}, (fmap(6, 9, 7),)),
    OpCase("split", {"parts": 3, "index": 1}, (fmap(6, 9, 7),)),
    OpCase("pad_channels", {"padding": [1, 2]}, (fmap(6, 9, 7),)),
    OpCase("channel_shuffle", {"groups": 3}, (fmap(6, 9, 7),)),
    OpCase("pixel_shuffle", {"factor": 2}, (fmap(8, 9, 7),)),
    OpCase("pixel_unshuffle", {"factor": 2}, (fmap(3, 8, 6),)),
    OpCase("l2_normalize", {}, (fmap(6, 9, 7),)),
    OpCase("scale", {"initializer": {"constant": 0.5}}, (fmap(6, 9, 7),)),
    OpCase(
        "resize_like",
        {"like": "value1", "mode": "bilinear", "align_corners": True},
        (fmap(6, 9, 7), fmap(3, 4, 11)),
    ),
    OpCase("crop_like", {"like": "value1", "offset": [3, 2]}, (fmap(6, 9, 7), fmap(3, 4, 5))),
    OpCase("class_token", {"count": 2}, (tokens(5, 6),)),
    OpCase("position_embedding", {}, (tokens(5, 6),)),
    OpCase("parameter", {"channels": 3, "height": 1, "width": 2}, (fmap(6, 9, 7),)),
    OpCase("constant", {"features": 2, "values": [0.5, 1.5]}, (fmap(6, 9, 7),)),
    OpCase("constant", {"features": 2, "values": 0.5}, (fmap(6, 9, 7),)),
    OpCase("select_token", {"index": 1}, (tokens(5, 6),)),
)


def run(model: Any, x: Any) -> Any:
    return keras.ops.convert_to_numpy(model(x, training=False))


# These need to know how large their input is.
SIZED = ("adaptive_avg_pool", "position_embedding")


@pytest.mark.parametrize("case", SAVED, ids=lambda case: case.op)
def test_layers_of_ours_train_and_survive_saving(case: OpCase, tmp_path: Path) -> None:
    site = make_site(case)
    inner = build_model(site)
    shape, *others = case.inputs
    convolve = getattr(keras.layers, f"Conv{shape.rank}D")(shape.channels, 1)
    sources = [keras.Input(to_keras_dims(each)) for each in case.inputs]
    taken = [convolve(sources[0]), *sources[1:]]
    # What a constant gives has no weights behind it to train.
    result = keras.layers.Dense(2)(inner(taken if others else taken[0]))
    model = keras.Model(sources if others else sources[0], result)
    generator = np.random.default_rng(1)
    x = [generator.normal(size=(2, *source.shape[1:])).astype("float32") for source in sources]
    x = x if others else x[0]
    y = generator.normal(size=(2, *model.output_shape[1:])).astype("float32")
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"]).all()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert site.required
    assert np.array_equal(run(model, x), run(again, x))


@pytest.mark.parametrize(
    "case",
    [case for case in SAVED if case.op not in SIZED],
    ids=lambda case: case.op,
)
def test_layers_of_ours_take_maps_of_any_size(case: OpCase) -> None:
    sized, free = build_model(make_site(case)), build_model(make_site(case), sized=False)
    free.set_weights(sized.get_weights())
    generator = np.random.default_rng(1)
    dims = [(2, *to_keras_dims(shape)) for shape in case.inputs]
    x = [generator.normal(size=shape).astype("float32") for shape in dims]
    x = x if len(x) > 1 else x[0]
    assert np.array_equal(run(sized, x), run(free, x))


def test_all_layers_of_ours_are_tried() -> None:
    required = set()
    for case in SAVED:
        site = make_site(case)
        render(site)
        required.update(site.required)
    # One is for inputs of open sizes only, which the models of test_kept_models.py have.
    layers = {path.stem for path in SUPPORT.glob("*.py")} - {"OpenAdaptiveAveragePooling"}
    assert required == layers


@pytest.mark.parametrize("sizes", [(1, 1, 6), (1, 6, 1), (6, 1, 1)])
def test_a_sum_stretches_the_axis_that_is_long(sizes: tuple[int, ...]) -> None:
    # Of one sample, Keras may take the second value for a bias on TensorFlow.
    generator = np.random.default_rng(1)
    x, y = (generator.normal(size=(1, *size)).astype("float32") for size in ((6, 6, 6), sizes))
    site = make_site(OpCase("add", {}, (fmap(6, 6, 6), fmap(sizes[2], *sizes[:2]))))
    assert np.array_equal(run(build_model(site), [x, y]), x + y)


def test_dilated_maximum_picks_the_first_of_equal_values() -> None:
    case = OpCase("max_pool", {"kernel_size": 3, "dilation": 2, "stride": 1}, (fmap(2, 9, 8),))
    site = make_site(case)
    x = np.maximum(np.random.default_rng(3).integers(-2, 3, (2, 2, 9, 8)), 0).astype("float64")
    pull = np.random.default_rng(4).normal(size=(2, 2, 5, 4))
    node, shape = site.nodes[0], site.nodes[0].shapes[0]
    source = torch.tensor(x, requires_grad=True)
    pooled = torch.nn.functional.max_pool2d(source, 3, 1, 0, 2)
    (wanted,) = torch.autograd.grad((pooled * torch.tensor(pull)).sum(), source)
    model = build_model(site)
    _, gradients = run_keras(model, [move_last(x, shape)], [], move_last(pull, node.shape))
    assert measure(move_first(gradients[0], shape), wanted.numpy()) <= GRADIENT_TOLERANCE


def test_norm_of_zeros_has_a_finite_gradient() -> None:
    site = make_site(OpCase("lp_pool", {"kernel_size": 2}, (fmap(2, 4, 4),)))
    pull = np.ones((1, 2, 2, 2))
    _, gradients = run_keras(build_model(site), [np.zeros((1, 4, 4, 2))], [], pull)
    assert not gradients[0].any()


@pytest.mark.parametrize("op", ["dropout", "spatial_dropout"])
def test_dropout_zeroes_its_share_in_training(op: str) -> None:
    model = build_model(make_site(OpCase(op, {"p": 0.2}, (fmap(400, 3, 5),))))
    x = np.ones((50, 3, 5, 400), dtype="float32")
    output = keras.ops.convert_to_numpy(model(x, training=True))
    assert np.isclose(output, 0.0).mean() == pytest.approx(0.2, abs=0.02)
    assert output.max() == pytest.approx(1 / 0.8)
    constant = bool((output == output[:, :1, :1]).all())
    assert constant == (op == "spatial_dropout")


def test_stochastic_depth_zeroes_its_share_of_the_samples_in_training() -> None:
    model = build_model(make_site(OpCase("stochastic_depth", {"p": 0.2}, (fmap(3, 2, 2),))))
    x = np.ones((2000, 2, 2, 3), dtype="float32")
    output = keras.ops.convert_to_numpy(model(x, training=True)).reshape(2000, -1)
    assert (output == output[:, :1]).all()
    assert np.isclose(output[:, 0], 0.0).mean() == pytest.approx(0.2, abs=0.05)
    assert output.max() == pytest.approx(1 / 0.8)
    assert (keras.ops.convert_to_numpy(model(x, training=False)) == x).all()


def test_batch_norm_moves_its_statistics_by_its_momentum() -> None:
    model = build_model(make_site(OpCase("batch_norm", {"momentum": 0.3}, (fmap(4, 5, 3),))))
    x = np.random.default_rng(2).normal(2.0, 3.0, (6, 5, 3, 4)).astype("float32")
    model(x, training=True)
    moved = layer_weights(model.get_layer("op"))
    for name, start, found in (
        ("moving_mean", 0.0, x.mean((0, 1, 2))),
        ("moving_variance", 1.0, x.var((0, 1, 2))),
    ):
        value = keras.ops.convert_to_numpy(moved[name])
        assert np.allclose(value, 0.7 * start + 0.3 * found, rtol=1e-5)


def test_every_op_is_rendered_or_refused() -> None:
    told = {**LAYERS, **MERGES, **UNSUPPORTED}
    assert set(told) == set(ALL_OPS)
    assert len(told) == len(LAYERS) + len(MERGES) + len(UNSUPPORTED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_weights_come_back_as_they_went(case: OpCase) -> None:
    node = make_site(case).nodes[0]
    generator = np.random.default_rng(5)
    for name, array in draw_weights(node, generator).items():
        place = KERAS_WEIGHTS[type(node.op)][name]
        assert np.array_equal(place.join(place.part(array, node), node), array)
