import keras
from keras import layers


@keras.saving.register_keras_serializable(package="cnnspec")
class Slice(layers.Layer):
    """Every `step`-th entry along some axes, from `start` up to `stop`."""

    def __init__(self, axes, start=0, stop=None, step=1, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.axes = axes
        self.start = start
        self.stop = stop
        self.step = step

    def call(self, inputs):
        """Compute the result for a batch."""
        entries = slice(self.start, self.stop, self.step)
        whole = slice(None)
        rank = len(inputs.shape)
        return inputs[tuple(entries if i in self.axes else whole for i in range(rank))]

    def get_config(self):
        """Say how the layer was made."""
        return {
            **super().get_config(),
            "axes": self.axes,
            "start": self.start,
            "stop": self.stop,
            "step": self.step,
        }
