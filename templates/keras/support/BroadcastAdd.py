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

    def compute_output_shape(self, input_shape):
        """Say the shape of the result: the larger of the sizes that are known."""
        axes = zip(*input_shape, strict=True)
        return tuple(None if None in sizes else max(sizes) for sizes in axes)
