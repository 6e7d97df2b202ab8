import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class NegativeInfinityPadding(layers.Layer):
    """Padding that max pooling never picks.

    `padding` is a number of rows around the map, or (before, after) for each axis.
    """

    def __init__(self, padding, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs):
        """Compute the result for a batch."""
        sides = self.padding
        if isinstance(sides, int):
            sides = ((sides, sides),) * (len(inputs.shape) - 2)
        sides = ((0, 0), *sides, (0, 0))
        return ops.pad(inputs, sides, constant_values=float("-inf"))

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "padding": self.padding}
