"""Targets: what turns a graph into source code or a model file."""
