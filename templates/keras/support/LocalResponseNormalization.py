import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class LocalResponseNormalization(layers.Layer):
    """Divides each value by its neighbours across channels.

    Formula: x / (k + alpha / size * sum of x^2 over `size` channels) ^ beta.
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def call(self, inputs):
        """Compute the result for a batch."""
        channels = inputs.shape[-1]
        margin = self.size // 2
        sides = ((0, 0),) * (len(inputs.shape) - 1) + ((margin, margin),)
        squares = ops.pad(ops.square(inputs), sides)
        total = squares[..., :channels]
        for start in range(1, self.size):
            total = total + squares[..., start : start + channels]
        return inputs / ops.power(self.k + self.alpha / self.size * total, self.beta)

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "size": self.size,
            "alpha": self.alpha,
            "beta": self.beta,
            "k": self.k,
        }
