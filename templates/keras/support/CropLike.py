import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class CropLike(layers.Layer):
    """The part of a map that is as large as a second one: its middle or behind rows."""

    def __init__(self, offset="center", **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.offset = offset

    def call(self, inputs):
        """Compute the result for a batch."""
        x, like = inputs
        for axis, size in enumerate(ops.shape(like)[1:-1], 1):
            start = self.offset
            if start == "center":
                start = (ops.shape(x)[axis] - size) // 2
            elif not isinstance(start, int):
                start = start[axis - 1]
            x = ops.take(x, start + ops.arange(size, dtype="int32"), axis=axis)
        return x

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "offset": self.offset}
