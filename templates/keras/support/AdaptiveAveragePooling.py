import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class AdaptiveAveragePooling(layers.Layer):
    """The means of a fixed number of bins along each axis of a map of known size.

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
            means = self._list_shares(inputs.shape[axis], bins[axis - 1])
            matrix = ops.convert_to_tensor(means, dtype=self.compute_dtype)
            inputs = ops.tensordot(inputs, matrix, axes=[[axis], [1]])
            inputs = ops.moveaxis(inputs, -1, axis)
        return inputs

    def _list_shares(self, rows, bins):
        """For each bin, the share of each row in its mean."""
        if rows is None:
            raise ValueError("AdaptiveAveragePooling needs a map of known size")
        shares = []
        for i in range(bins):
            first, end = i * rows // bins, -(-(i + 1) * rows // bins)
            shares.append(
                [
                    1 / (end - first) if first <= row < end else 0.0
                    for row in range(rows)
                ]
            )
        return shares

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "output_size": self.output_size}
