import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class LpPooling(layers.Layer):
    """The p-norm of each window: (sum of |x|^p) to the power 1/p."""

    def __init__(self, pool_size, strides=None, norm_type=2.0, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.norm_type = norm_type

    def call(self, inputs):
        """Compute the result for a batch."""
        size = self.pool_size
        if isinstance(size, int):
            size = (size,) * (len(inputs.shape) - 2)
        taps = 1
        for entry in size:
            taps *= entry
        powers = ops.power(ops.absolute(inputs), self.norm_type)
        sums = taps * ops.average_pool(
            powers, size, self.strides, data_format="channels_last"
        )
        # The root has no finite slope at zero: a window of zeros gets a gradient of 0.
        is_zero = sums <= 0
        root = ops.power(ops.where(is_zero, 1.0, sums), 1 / self.norm_type)
        return ops.where(is_zero, 0.0, root)

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "norm_type": self.norm_type,
        }
