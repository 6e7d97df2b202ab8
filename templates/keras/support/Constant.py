import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class Constant(layers.Layer):
    """Gives fixed numbers, the same for every sample of its input."""

    def __init__(self, shape, values, **kwargs):
        """Keep the numbers."""
        super().__init__(**kwargs)
        self.shape = tuple(shape)
        self.values = values

    def call(self, inputs):
        """Compute the result for a batch."""
        numbers = ops.convert_to_tensor(self.values, dtype=self.compute_dtype)
        if len(numbers.shape) == 0:
            numbers = ops.broadcast_to(numbers, (1, *self.shape))
        else:
            numbers = ops.reshape(numbers, (1, *self.shape))
        return ops.repeat(numbers, ops.shape(inputs)[0], axis=0)

    def compute_output_shape(self, input_shape):
        """Say the shape of the result."""
        return input_shape[0], *self.shape

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "shape": self.shape, "values": self.values}
