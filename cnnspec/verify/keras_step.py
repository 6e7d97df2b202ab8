"""The gradients of one training step of a Keras model, on each of Keras's backends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cnnspec.verify.measure import Array, name_outputs

Step = tuple[list[Array], dict[str, Array]]


def compute_gradients(model: Any, inputs: Any, probes: Mapping[str, Array]) -> Step:
    """The gradients of the sum of all outputs times their probes, and these outputs.

    The model's statistics move on.
    """
    import keras

    backend = keras.backend.backend()
    if backend == "jax":
        return _step_on_jax(model, inputs, probes)
    return (_step_on_torch if backend == "torch" else _step_on_tensorflow)(model, inputs, probes)


def _step_on_tensorflow(model: Any, inputs: Any, probes: Mapping[str, Array]) -> Step:
    import tensorflow as tf

    with tf.GradientTape() as tape:
        outputs = name_outputs(model(inputs, training=True))
        loss = tf.add_n([tf.reduce_sum(outputs[name] * probes[name]) for name in probes])
    values = [variable.value for variable in model.trainable_variables]
    # Embeddings aside, Keras's gradients are dense; convert_to_tensor makes sure of it.
    gradients = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(loss, values)]
    return gradients, {name: output.numpy() for name, output in outputs.items()}


def _step_on_torch(model: Any, inputs: Any, probes: Mapping[str, Array]) -> Step:
    import torch

    model.zero_grad()
    outputs = name_outputs(model(inputs, training=True))
    losses = [
        (outputs[name] * torch.as_tensor(probe, device=outputs[name].device)).sum()
        for name, probe in probes.items()
    ]
    loss: Any = torch.stack(losses).sum()
    # Without weights there is nothing to find a gradient of.
    if loss.requires_grad:
        loss.backward()
    gradients = [v.value.grad.detach().cpu().numpy() for v in model.trainable_variables]
    return gradients, {name: output.detach().cpu().numpy() for name, output in outputs.items()}


def _step_on_jax(model: Any, inputs: Any, probes: Mapping[str, Array]) -> Step:
    import jax

    trainable = [variable.value for variable in model.trainable_variables]
    others = [variable.value for variable in model.non_trainable_variables]

    def compute_loss(values: list[Any]) -> tuple[Any, Any]:
        result, updated = model.stateless_call(values, others, inputs, training=True)
        outputs = name_outputs(result)
        loss = sum((outputs[name] * probes[name]).sum() for name in probes)
        return loss, (updated, outputs)

    gradients, (updated, outputs) = jax.grad(compute_loss, has_aux=True)(trainable)
    for variable, value in zip(model.non_trainable_variables, updated, strict=True):
        variable.assign(value)
    return list(map(np.asarray, gradients)), {n: np.asarray(o) for n, o in outputs.items()}
