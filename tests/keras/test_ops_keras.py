"""Each op as Keras layers computes what the oracle computes, on every backend of Keras."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

np = pytest.importorskip("numpy")
torch = pytest.importorskip("torch")
keras = pytest.importorskip("keras")

from cnnspec.backends.keras.table import LAYERS, MERGES, UNSUPPORTED  # noqa: E402
from cnnspec.backends.keras.weights import KERAS_WEIGHTS, layer_weights  # noqa: E402
from cnnspec.graph.ir import Node  # noqa: E402
from cnnspec.ops.catalog import ALL_OPS  # noqa: E402
from cnnspec.ops.shapes import Kind, Shape  # noqa: E402
from tests.graphs import make_input, make_node  # noqa: E402
from tests.keras.sites import HandmadeSite, build_model, make_site, to_keras_dims  # noqa: E402
from tests.op_cases import CASES, OpCase, fmap  # noqa: E402
from tests.reference_ops import evaluate  # noqa: E402

BACKEND = keras.backend.backend()
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


def set_weights(layer: Any, node: Node, arrays: dict[str, Any]) -> dict[str, Any]:
    """Fill a layer; gives back the variable of each weight, which must be all that it has."""
    variables = layer_weights(layer)
    places = KERAS_WEIGHTS.get(type(node.op), {})
    filled = {}
    for name, array in arrays.items():
        variable = variables.pop(places[name].variable)
        turned = places[name].to_keras(array, node)
        assert tuple(variable.shape) == turned.shape
        variable.assign(np.ascontiguousarray(turned, dtype="float32"))
        filled[name] = variable
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
    gradients = torch.autograd.grad((output * torch.tensor(pull)).sum(), asked)
    return output.detach().numpy(), [gradient.numpy() for gradient in gradients]


def run_keras(model: Any, inputs: list[Any], variables: list[Any], pull: Any) -> Any:
    """The same from Keras, on the backends whose gradients can be asked for eagerly."""
    arrays = [array.astype("float32") for array in inputs]
    taken = arrays if len(arrays) > 1 else arrays[0]
    if BACKEND == "tensorflow":
        import tensorflow as tf

        sources = [tf.constant(array) for array in arrays]
        with tf.GradientTape() as tape:
            tape.watch(sources)
            output = model(sources if len(sources) > 1 else sources[0], training=False)
            loss = tf.reduce_sum(output * pull.astype("float32"))
        gradients = tape.gradient(loss, [*sources, *(variable.value for variable in variables)])
        return output.numpy(), [np.asarray(gradient) for gradient in gradients]
    if BACKEND == "torch":
        sources = [torch.tensor(array, requires_grad=True) for array in arrays]
        output = model(sources if len(sources) > 1 else sources[0], training=False)
        loss = (output * torch.tensor(pull.astype("float32"))).sum()
        asked = [*sources, *(variable.value for variable in variables)]
        gradients = torch.autograd.grad(loss, asked)
        return output.detach().numpy(), [gradient.numpy() for gradient in gradients]
    return np.asarray(model(taken, training=False)), None


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
        model, moved, [filled[name] for name in trainable], move_last(pull, node.shape)
    )
    wanted, wanted_gradients = run_oracle(node, inputs, arrays, pull)
    forward = measure(move_first(output, node.shape), wanted)
    if gradients is None:
        return forward, 0.0
    places = KERAS_WEIGHTS.get(type(node.op), {})
    turned = [move_first(g, shape) for g, shape in zip(gradients, node.shapes, strict=False)]
    for name, gradient in zip(trainable, gradients[len(inputs) :], strict=True):
        turned.append(places[name].from_keras(gradient, node))
    return forward, max(map(measure, turned, wanted_gradients))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_op_computes_what_it_means(
    case: OpCase, record_property: pytest.RecordProperty
) -> None:
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
    OpCase("gelu", {"approximate": "tanh"}, (fmap(6, 9, 7),)),
    OpCase("leaky_relu", {"negative_slope": -0.5}, (fmap(6, 9, 7),)),
)


@pytest.mark.parametrize("case", SAVED, ids=lambda case: case.op)
def test_layers_of_ours_survive_saving(case: OpCase, tmp_path: Path) -> None:
    site = make_site(case)
    model = build_model(site)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(1).normal(size=(2, 9, 7, 6)).astype("float32")
    assert site.required
    assert np.array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


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
        assert np.array_equal(place.from_keras(place.to_keras(array, node), node), array)


# One case of each op and rank, and all with layers of ours, where single ops compile slowly.
def _choose_few() -> str:
    seen: dict[tuple[str, int], str] = {}
    for case in CASES:
        seen.setdefault((case.op, case.inputs[0].rank), case.id)
    return "\n".join(seen.values())


@pytest.mark.skipif(BACKEND != "tensorflow", reason="runs the other backends itself")
@pytest.mark.parametrize("backend", ["torch", pytest.param("jax", marks=pytest.mark.slow)])
def test_ops_compute_the_same_on_other_backends(backend: str) -> None:
    pytest.importorskip(backend)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__]
    names = "means or saving or relu"
    environment = {**os.environ, "KERAS_BACKEND": backend}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [*command, "-k", names], env=environment, cwd=root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:]
