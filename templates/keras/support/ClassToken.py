import keras
from keras import initializers, layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class ClassToken(layers.Layer):
    """Puts learned tokens before all others, the same for every sample."""

    def __init__(self, count=1, initializer="zeros", **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.count = count
        self.initializer = initializers.get(initializer)

    def build(self, input_shape):
        """Make the tokens."""
        self.token = self.add_weight(
            shape=(1, self.count, input_shape[-1]),
            initializer=self.initializer,
            name="token",
        )

    def call(self, inputs):
        """Compute the result for a batch."""
        tokens = ops.repeat(self.token, ops.shape(inputs)[0], axis=0)
        return ops.concatenate([tokens, inputs], axis=1)

    def compute_output_shape(self, input_shape):
        """Say the shape of the result."""
        batch, count, channels = input_shape
        return batch, None if count is None else count + self.count, channels

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "count": self.count,
            "initializer": initializers.serialize(self.initializer),
        }
