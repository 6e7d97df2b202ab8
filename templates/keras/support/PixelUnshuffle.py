import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class PixelUnshuffle(layers.Layer):
    """Each tile of positions becomes one position with as many channels."""

    def __init__(self, factor, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        """Compute the result for a batch."""
        _, *sizes, channels = ops.shape(inputs)
        rank, r = len(sizes), self.factor
        parts = [part for size in sizes for part in (size // r, r)]
        tiles = ops.reshape(inputs, (-1, *parts, channels))
        order = (*range(1, 2 * rank, 2), 2 * rank + 1, *range(2, 2 * rank + 1, 2))
        turned = ops.transpose(tiles, (0, *order))
        channels *= r**rank
        return ops.reshape(turned, (-1, *(size // r for size in sizes), channels))

    def compute_output_shape(self, input_shape):
        """Say the shape of the result, which Keras on PyTorch tries odd sizes for."""
        batch, *sizes, channels = input_shape
        rank, r = len(sizes), self.factor
        tiles = (None if size is None else size // r for size in sizes)
        return batch, *tiles, channels * r**rank

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "factor": self.factor}
