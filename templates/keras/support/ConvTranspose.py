import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="cnnspec")
class ConvTranspose(layers.Layer):
    """A transposed convolution of maps of any rank, with dilation and groups.

    `padding` is the rows cut off around the output, or (before, after) for each axis;
    `output_padding` is the rows added at its end.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding=0,
        output_padding=0,
        dilation_rate=1,
        groups=1,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        **kwargs,
    ):
        """Keep the settings."""
        super().__init__(**kwargs)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.padding = padding
        self.output_padding = output_padding
        self.dilation_rate = dilation_rate
        self.groups = groups
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape):
        """Make the weights."""
        sizes = self._spread(self.kernel_size, len(input_shape) - 2)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(*sizes, self.filters // self.groups, input_shape[-1]),
            initializer=self.kernel_initializer,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias", shape=(self.filters,), initializer=self.bias_initializer
            )

    def call(self, inputs):
        """Compute the result for a batch."""
        rank = len(inputs.shape) - 2
        x = inputs
        for axis in range(1, rank + 1):
            x = self._pad_axis(self._spread_rows(x, axis), axis)
        outputs = ops.conv(
            x,
            self._turn_kernel(rank),
            strides=1,
            padding="valid",
            data_format="channels_last",
            dilation_rate=self._spread(self.dilation_rate, rank),
        )
        return outputs if self.bias is None else outputs + self.bias

    def _spread_rows(self, x, axis):
        """Put a stride's zeros after each row."""
        stride = self._spread(self.strides, axis)[axis - 1]
        if stride == 1:
            return x
        shape = ops.shape(x)
        sides = [(0, 0)] * (len(shape) + 1)
        sides[axis + 1] = (0, stride - 1)
        x = ops.pad(ops.expand_dims(x, axis + 1), sides)
        return ops.reshape(x, (*shape[:axis], shape[axis] * stride, *shape[axis + 1 :]))

    def _pad_axis(self, x, axis):
        """Pad, or crop, so that every output row is one step of a plain convolution."""
        rank = len(x.shape) - 2
        kernel, stride, extra, dilation = (
            self._spread(value, rank)[axis - 1]
            for value in (
                self.kernel_size,
                self.strides,
                self.output_padding,
                self.dilation_rate,
            )
        )
        cut = self.padding
        before, after = (cut, cut) if isinstance(cut, int) else cut[axis - 1]
        margin = dilation * (kernel - 1)
        before, after = margin - before, margin - after + extra - (stride - 1)
        sides = [(0, 0)] * len(x.shape)
        sides[axis] = (max(before, 0), max(after, 0))
        rows = slice(max(-before, 0), min(after, 0) or None)
        return ops.pad(x[(*[slice(None)] * axis, rows)], sides)

    def _turn_kernel(self, rank):
        """The kernel of the plain convolution: flipped, inputs and outputs swapped."""
        kernel = ops.flip(self.kernel, axis=tuple(range(rank)))
        *sizes, filters, channels = self.kernel.shape
        parts = (*sizes, filters, self.groups, channels // self.groups)
        kernel = ops.swapaxes(ops.reshape(kernel, parts), -1, -3)
        return ops.reshape(kernel, (*sizes, parts[-1], filters * self.groups))

    def _spread(self, value, rank):
        return (value,) * rank if isinstance(value, int) else tuple(value)

    def get_config(self):
        """Say how the layer was made."""
        serialize = keras.initializers.serialize
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "output_padding": self.output_padding,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "use_bias": self.use_bias,
            "kernel_initializer": serialize(self.kernel_initializer),
            "bias_initializer": serialize(self.bias_initializer),
        }
