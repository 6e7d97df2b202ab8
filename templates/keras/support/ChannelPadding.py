import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelPadding(layers.Layer):
    """Channels of zeros before and behind those of a map."""

    def __init__(self, padding, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.padding = padding

    def call(self, inputs):
        """Compute the result for a batch."""
        sides = (self.padding,) * 2 if isinstance(self.padding, int) else self.padding
        return ops.pad(inputs, [(0, 0)] * (len(inputs.shape) - 1) + [tuple(sides)])

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "padding": self.padding}
