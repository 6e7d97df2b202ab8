import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class ChannelShuffle(layers.Layer):
    """The channels of several groups in turn."""

    def __init__(self, groups, **kwargs):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.groups = groups

    def call(self, inputs):
        """Compute the result for a batch."""
        _, *sizes, channels = ops.shape(inputs)
        each = channels // self.groups
        groups = ops.reshape(inputs, (-1, *sizes, self.groups, each))
        return ops.reshape(ops.swapaxes(groups, -1, -2), (-1, *sizes, channels))

    def get_config(self):
        """Say how the layer was made."""
        return {**super().get_config(), "groups": self.groups}
