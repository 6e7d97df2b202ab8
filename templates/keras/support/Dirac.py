import keras
from keras import initializers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Dirac(initializers.Initializer):
    """A kernel that hands each channel of a group on to itself.

    `depthwise` is for kernels of (rows..., channels, multiplier), where the first
    output of each channel is the channel.
    """

    def __init__(self, groups=1, depthwise=False):
        """Keep the settings."""
        self.groups = groups
        self.depthwise = depthwise

    def __call__(self, shape, dtype=None):
        """Put ones into the middle of the window."""
        *rows, inputs, outputs = shape
        dtype = dtype or keras.config.floatx()
        if self.depthwise:
            places = ops.one_hot(ops.zeros(inputs, "int32"), outputs, dtype=dtype)
        else:
            places = ops.eye(inputs, outputs // self.groups, dtype=dtype)
            places = ops.tile(places, (1, self.groups))
        window = ops.ones((), dtype)
        for size in rows:
            row = ops.one_hot(size // 2, size, dtype=dtype)
            window = ops.expand_dims(window, -1) * row
        return window[..., None, None] * places

    def get_config(self):
        """Say how it was made."""
        return {"groups": self.groups, "depthwise": self.depthwise}
