import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class LinearUpsampling(layers.Layer):
    """A map enlarged by whole factors, interpolated between the centres of its rows."""

    def __init__(self, size, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.size = size

    def call(self, inputs):
        """Compute the result for a batch."""
        rank = len(inputs.shape) - 2
        factors = (self.size,) * rank if isinstance(self.size, int) else self.size
        for axis, factor in enumerate(factors, 1):
            inputs = self._enlarge(inputs, axis, factor)
        return inputs

    def _enlarge(self, inputs, axis, factor):
        """Put `factor` rows in the place of each, evenly around its centre."""
        _, *sizes = ops.shape(inputs)
        rows = ops.arange(sizes[axis - 1])
        before = ops.take(inputs, ops.maximum(rows - 1, 0), axis=axis)
        after = ops.take(inputs, ops.minimum(rows + 1, sizes[axis - 1] - 1), axis=axis)
        parts = []
        for i in range(factor):
            offset = (i + 0.5) / factor - 0.5
            neighbour = before if offset < 0 else after
            parts.append((1 - abs(offset)) * inputs + abs(offset) * neighbour)
        sizes[axis - 1] *= factor
        return ops.reshape(ops.stack(parts, axis=axis + 1), (-1, *sizes))

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "size": self.size}
