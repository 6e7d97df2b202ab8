"""The frameworks, each imported when a test first asks something of it.

Tests that need none are then not kept waiting for the imports of those that do.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class Later:
    """A module that is imported when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        # pytest looks for some in all that a module holds.
        if attribute.startswith("_"):
            raise AttributeError(attribute)
        return getattr(import_module(self._name), attribute)


torch = Later("torch")
nn = Later("torch.nn")
functional = Later("torch.nn.functional")
keras = Later("keras")
tf = Later("tensorflow")
