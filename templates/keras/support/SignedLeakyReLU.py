import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class SignedLeakyReLU(layers.Layer):
    """A leaky ReLU whose slope may be negative, which Keras's own refuses."""

    def __init__(self, negative_slope, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, inputs):
        """Compute the result for a batch."""
        return ops.where(inputs < 0, self.negative_slope * inputs, inputs)

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "negative_slope": self.negative_slope}
