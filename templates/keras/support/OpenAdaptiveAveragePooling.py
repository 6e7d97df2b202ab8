import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class OpenAdaptiveAveragePooling(layers.Layer):
    """The means of a fixed number of bins along each axis of a map of any size.

    Bin i of o over n rows covers rows floor(i * n / o) up to ceil((i + 1) * n / o).
    """

    def __init__(self, output_size, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.output_size = output_size

    def call(self, inputs):
        """Compute the result for a batch."""
        rank = len(inputs.shape) - 2
        bins = self.output_size
        if isinstance(bins, int):
            bins = (bins,) * rank
        for axis in range(1, rank + 1):
            shares = self._find_shares(ops.shape(inputs)[axis], bins[axis - 1])
            inputs = ops.moveaxis(inputs, axis, -1)
            inputs = ops.moveaxis(ops.matmul(inputs, shares), -1, axis)
        return inputs

    def compute_output_shape(self, input_shape):
        """Say the sizes, which do not depend on the input's."""
        rank = len(input_shape) - 2
        bins = self.output_size
        if isinstance(bins, int):
            bins = (bins,) * rank
        return (input_shape[0], *bins, input_shape[-1])

    def _find_shares(self, rows, bins):
        """For each row, its share in the mean of each bin."""
        first = ops.arange(bins, dtype="int32") * rows // bins
        end = -((-(ops.arange(bins, dtype="int32") + 1) * rows) // bins)
        row = ops.expand_dims(ops.arange(rows, dtype="int32"), 1)
        inside = ops.logical_and(row >= first, row < end)
        return ops.cast(inside, self.compute_dtype) / ops.cast(
            end - first, self.compute_dtype
        )

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "output_size": self.output_size}
