import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class BroadcastAdd(layers.Layer):
    """The sum of values of which some stretch along axes of size 1."""

    def call(self, inputs):
        """Compute the result for a batch."""
        total, *others = inputs
        for value in others:
            # On TensorFlow `ops.add` may take a value for a bias, of another axis.
            total = ops.subtract(total, ops.negative(value))
        return total
