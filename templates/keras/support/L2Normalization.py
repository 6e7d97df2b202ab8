import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class L2Normalization(layers.Layer):
    """The channels of each position, divided by their length."""

    def __init__(self, epsilon=1e-12, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def call(self, inputs):
        """Compute the result for a batch."""
        squares = ops.sum(ops.square(inputs), axis=-1, keepdims=True)
        return inputs / ops.sqrt(ops.maximum(squares, self.epsilon**2))

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "epsilon": self.epsilon}
