import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Split(layers.Layer):
    """One of several equal parts of the channels."""

    def __init__(self, parts, index, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.parts = parts
        self.index = index

    def call(self, inputs):
        """Compute the result for a batch."""
        return ops.split(inputs, self.parts, axis=-1)[self.index]

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "parts": self.parts, "index": self.index}
