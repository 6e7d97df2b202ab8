import keras
from keras import initializers, layers


@keras.saving.register_keras_serializable(package="cnnspec")
class PositionEmbedding(layers.Layer):
    """Adds a learned vector for each place in the sequence."""

    def __init__(self, initializer="zeros", **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.initializer = initializers.get(initializer)

    def build(self, input_shape):
        """Make the vectors."""
        self.embeddings = self.add_weight(
            shape=(1, *input_shape[1:]), initializer=self.initializer, name="embeddings"
        )

    def call(self, inputs):
        """Compute the result for a batch."""
        return inputs + self.embeddings

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "initializer": initializers.serialize(self.initializer),
        }
