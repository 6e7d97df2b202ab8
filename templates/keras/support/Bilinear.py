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
        window = ops.ones(())
        for size in rows:
            distance = ops.abs(ops.arange(size, dtype="float32") - (size - 1) / 2)
            window = ops.expand_dims(window, -1) * (1 - distance / ((size + 1) // 2))
        places = ops.tile(ops.eye(outputs, inputs // self.groups), (1, self.groups))
        kernel = window[..., None, None] * places
        return ops.cast(kernel, dtype or keras.config.floatx())

    def get_config(self):
        """Say how it was made."""
        return {"groups": self.groups}
