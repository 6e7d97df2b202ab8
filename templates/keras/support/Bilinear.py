import keras
from keras import initializers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Bilinear(initializers.Initializer):
    """A transposed convolution's kernel that enlarges each channel linearly."""

    def __init__(self, groups=1):
        """Keep the settings."""
        self.groups = groups

    def __call__(self, shape, dtype=None):
        """Let the window fall evenly from its middle."""
        *rows, outputs, inputs = shape
        dtype = dtype or keras.config.floatx()
        window = ops.ones((), dtype)
        for size in rows:
            distance = ops.abs(ops.arange(size, dtype=dtype) - (size - 1) / 2)
            window = ops.expand_dims(window, -1) * (1 - distance / ((size + 1) // 2))
        places = ops.eye(outputs, inputs // self.groups, dtype=dtype)
        return window[..., None, None] * ops.tile(places, (1, self.groups))

    def get_config(self):
        """Say how it was made."""
        return {"groups": self.groups}
