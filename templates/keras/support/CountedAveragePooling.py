import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class CountedAveragePooling(layers.Layer):
    """Average pooling that divides by the rows that count.

    `padding` is a number of rows around the map, or (before, after) for each axis; its
    zeros count with `count_padding`. The `overhang` is the rows that the last window
    reads past the padding, one number for each axis; they never count.
    """

    def __init__(
        self,
        pool_size,
        strides=None,
        padding=0,
        overhang=0,
        count_padding=False,
        **kwargs,
    ):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.pool_size = pool_size
        self.strides = pool_size if strides is None else strides
        self.padding = padding
        self.overhang = overhang
        self.count_padding = count_padding

    def call(self, inputs):
        """Compute the result for a batch."""
        counts = ops.ones_like(inputs[:1, ..., :1])
        return self._average(inputs, 0) / self._average(counts, int(self.count_padding))

    def _average(self, inputs, filler):
        rank = len(inputs.shape) - 2
        sides, overhang = self.padding, self.overhang
        if isinstance(sides, int):
            sides = ((sides, sides),) * rank
        if isinstance(overhang, int):
            overhang = (overhang,) * rank
        x = ops.pad(inputs, ((0, 0), *sides, (0, 0)), constant_values=filler)
        x = ops.pad(x, ((0, 0), *((0, rows) for rows in overhang), (0, 0)))
        return ops.average_pool(
            x, self.pool_size, self.strides, data_format="channels_last"
        )

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "overhang": self.overhang,
            "count_padding": self.count_padding,
        }
