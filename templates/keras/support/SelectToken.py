import keras
from keras import layers


@keras.saving.register_keras_serializable(package="cnnspec")
class SelectToken(layers.Layer):
    """Takes one token of a sequence."""

    def __init__(self, index, **kwargs):
        """Keep the token's place."""
        super().__init__(**kwargs)
        self.index = index

    def call(self, inputs):
        """Give that token of each sample."""
        return inputs[:, self.index]

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "index": self.index}
