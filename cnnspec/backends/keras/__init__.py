"""The Keras backend: a source file that builds the model with Keras 3."""
