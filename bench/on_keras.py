"""A generated Keras model beside that of keras.applications."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from bench.models import draw_batch, import_generated, load_network
from bench.pairs import Contest, Step
from cnnspec.naming import module_name
from cnnspec.verify.measure import Array

LIMIT = 1.05
BATCH = 1
CLASSES = 1000
# TensorFlow traces a new model for longer than it then takes to time it.
BUILDS = 1


def list_contests() -> Iterator[Contest]:
    """Forward and one training step; first those of keras.applications against themselves."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    x = draw_batch(BATCH, 224, 224, 3)
    ours, theirs = make_both()
    assert_same(ours, theirs, x)
    for name, model, limit in (("", ours, LIMIT), (", keras.applications' twice", theirs, None)):
        for work, make in (("forward", _make_forward), ("training step", _make_training)):
            yield Contest(
                f"ResNet-50{name}", work, partial(make, model, x), partial(make, theirs, x),
                limit, builds=BUILDS,
            )  # fmt: skip


def make_both() -> tuple[Any, Any]:
    """Our model and that of keras.applications, with the latter's first weights in both."""
    keras.utils.set_random_seed(0)
    theirs = keras.applications.ResNet50(weights=None, classifier_activation=None)
    network = load_network("resnet_50_of_keras")
    with import_generated(network, "keras") as module:
        ours = getattr(module, module_name(network.spec.name))()
    for layer in ours.layers:
        if layer.weights:
            layer.set_weights(theirs.get_layer(layer.name.replace("_part", "_")).get_weights())
    return ours, theirs


def assert_same(ours: Any, theirs: Any, x: Array) -> None:
    """Both are of the same layers, compute the same, and learn the same in a training step."""
    assert count_layers(ours) == count_layers(theirs)
    found, wanted = (np.asarray(model(x, training=False)) for model in (ours, theirs))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * float(np.abs(wanted).max()))
    # The loss after a step shows what the step did to the weights.
    steps = [_make_training(model, x) for model in (ours, theirs)]
    losses = np.array([[step() for _ in range(3)] for step in steps], np.float64)
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-3)


def count_layers(model: Any) -> dict[str, int]:
    """How many layers of each class a model has."""
    names = sorted(type(layer).__name__ for layer in model.layers)
    return {name: names.count(name) for name in names}


def _copy(model: Any) -> Any:
    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    return copied


def _make_forward(model: Any, x: Array) -> Step:
    copied = _copy(model)
    _compile(copied)
    return lambda: copied.predict_on_batch(x)


def _make_training(model: Any, x: Array) -> Step:
    copied = _copy(model)
    _compile(copied)
    wanted = np.arange(len(x)) % CLASSES
    return lambda: copied.train_on_batch(x, wanted)


def _compile(model: Any) -> None:
    # XLA takes minutes to compile a training step, and would be given the same graph twice.
    model.compile(
        optimizer=keras.optimizers.SGD(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
