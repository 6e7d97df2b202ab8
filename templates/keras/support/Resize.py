import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Resize(layers.Layer):
    """A map brought to a size, to a multiple of its own, or to that of a second map."""

    def __init__(
        self,
        size=None,
        scale_factor=None,
        mode="nearest",
        align_corners=False,
        **kwargs,
    ):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.size = size
        self.scale_factor = scale_factor
        self.mode = mode
        self.align_corners = align_corners

    def call(self, inputs):
        """Compute the result for a batch."""
        x, like = inputs if isinstance(inputs, (list, tuple)) else (inputs, inputs)
        sizes = ops.shape(like)[1:-1]
        if self.size is not None:
            sizes = self._spread(self.size, len(sizes))
        factors = self._spread(self.scale_factor or 1, len(sizes))
        for axis, (size, factor) in enumerate(zip(sizes, factors, strict=True), 1):
            x = self._resize(x, axis, size * factor)
        return x

    def _spread(self, value, rank):
        """One number for each axis."""
        return (value,) * rank if isinstance(value, int) else value

    def _resize(self, x, axis, rows):
        """Bring one axis to a number of rows."""
        before = ops.shape(x)[axis]
        numbers = ops.arange(rows, dtype="int32")
        if self.mode == "nearest":
            return ops.take(x, numbers * before // rows, axis=axis)
        dtype = self.variable_dtype
        places = ops.cast(numbers, dtype)
        last = ops.cast(before - 1, dtype)
        if self.align_corners:
            places = places * (last / ops.cast(ops.maximum(rows - 1, 1), dtype))
        else:
            scale = (last + 1) / ops.cast(rows, dtype)
            places = ops.minimum(ops.maximum((places + 0.5) * scale - 0.5, 0), last)
        first = ops.minimum(ops.cast(places, "int32"), before - 1)
        share = ops.cast(places - ops.cast(first, dtype), x.dtype)
        share = ops.reshape(share, (-1, *(1,) * (len(x.shape) - axis - 1)))
        left = ops.take(x, first, axis=axis)
        right = ops.take(x, ops.minimum(first + 1, before - 1), axis=axis)
        return left + share * (right - left)

    def get_config(self):
        """Say how the layer was made."""
        own = {
            "size": self.size,
            "scale_factor": self.scale_factor,
            "mode": self.mode,
            "align_corners": self.align_corners,
        }
        return {**super().get_config(), **own}
