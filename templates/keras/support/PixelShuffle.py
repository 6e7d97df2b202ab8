import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class PixelShuffle(layers.Layer):
    """Each position becomes a tile of positions, made of as many channels."""

    def __init__(self, factor, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        """Compute the result for a batch."""
        _, *sizes, channels = ops.shape(inputs)
        rank, r = len(sizes), self.factor
        channels //= r**rank
        tiles = ops.reshape(inputs, (-1, *sizes, channels, *(r,) * rank))
        order = [i + axis for axis in range(rank) for i in (1, rank + 2)]
        turned = ops.transpose(tiles, (0, *order, rank + 1))
        return ops.reshape(turned, (-1, *(size * r for size in sizes), channels))

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "factor": self.factor}
