"""The ONNX backend: a graph and its weights become one model file."""
