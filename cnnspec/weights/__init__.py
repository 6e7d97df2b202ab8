"""Weights: one set of named arrays in PyTorch's layout, drawn or read from a file."""
