import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class DilatedMaxPooling(layers.Layer):
    """Max pooling of maps of any rank over taps that are `dilation_rate` rows apart."""

    def __init__(self, pool_size, strides=None, dilation_rate=1, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.dilation_rate = dilation_rate

    def call(self, inputs):
        """Compute the result for a batch."""
        # From the last axis to the first, so that of equal values the first one is
        # picked, and gets the gradient, as in pooling without dilation.
        for axis in range(len(inputs.shape) - 2, 0, -1):
            inputs = self._pool_axis(inputs, axis)
        return inputs

    def _pool_axis(self, inputs, axis):
        size, stride, step = (
            value if isinstance(value, int) else value[axis - 1]
            for value in (self.pool_size, self.strides, self.dilation_rate)
        )
        largest = None
        for tap in range(size):
            # The taps of the last window end where the map does.
            stop = -(size - 1 - tap) * step or None
            rows = slice(tap * step, stop, stride)
            values = inputs[(*[slice(None)] * axis, rows)]
            if largest is None:
                largest = values
            else:
                largest = ops.where(values > largest, values, largest)
        return largest

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "dilation_rate": self.dilation_rate,
        }
