import keras


@keras.saving.register_keras_serializable(package="cnnspec")
def gelu_tanh(x):
    """GELU with tanh in place of the error function."""
    return keras.activations.gelu(x, approximate=True)
