import keras
from keras import initializers, layers


@keras.saving.register_keras_serializable(package="cnnspec")
class Scale(layers.Layer):
    """Each channel times a learned number."""

    def __init__(self, gamma_initializer="ones", **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.gamma_initializer = initializers.get(gamma_initializer)

    def build(self, input_shape):
        """Make a number for each channel."""
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(
            shape=shape, initializer=self.gamma_initializer, name="gamma"
        )

    def call(self, inputs):
        """Compute the result for a batch."""
        return inputs * self.gamma

    def get_config(self):
        """Say how the layer was made."""
        start = initializers.serialize(self.gamma_initializer)
        return {**super().get_config(), "gamma_initializer": start}
