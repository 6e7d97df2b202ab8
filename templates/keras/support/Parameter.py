import keras
from keras import initializers, layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Parameter(layers.Layer):
    """Gives a learned value, the same for every sample of its input."""

    def __init__(self, shape, initializer="zeros", **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.initializer = initializers.get(initializer)

    def build(self, input_shape):
        """Make the value."""
        self.value = self.add_weight(
            shape=(1, *self.shape), initializer=self.initializer, name="value"
        )

    def call(self, inputs):
        """Compute the result for a batch."""
        return ops.repeat(self.value, ops.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape):
        """Say the shape of the result."""
        return input_shape[0], *self.shape

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "shape": self.shape,
            "initializer": initializers.serialize(self.initializer),
        }
