"""A compiler from one YAML file to PyTorch, Keras and ONNX models that agree.

>>> import cnnspec
>>> network = cnnspec.load("resnet:50", classes=10)
>>> network.check()
()
>>> files = network.compile("torch").files
"""

from __future__ import annotations

from types import MappingProxyType

# Type checkers take it for true by its name. A signal while `typing` is imported, before the
# command line can see to it, would show a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnnspec.backends.base import Compiled
    from cnnspec.diagnostics import Diagnostic, Severity, Span, SpecError
    from cnnspec.network import Network, load
    from cnnspec.report.summary import Summary
    from cnnspec.version import __version__

__all__ = [
    "Compiled",
    "Diagnostic",
    "Network",
    "Severity",
    "Span",
    "SpecError",
    "Summary",
    "__version__",
    "load",
]

_HOMES = MappingProxyType(
    {
        "Compiled": "cnnspec.backends.base",
        "Diagnostic": "cnnspec.diagnostics",
        "Network": "cnnspec.network",
        "Severity": "cnnspec.diagnostics",
        "Span": "cnnspec.diagnostics",
        "SpecError": "cnnspec.diagnostics",
        "Summary": "cnnspec.report.summary",
        "__version__": "cnnspec.version",
        "load": "cnnspec.network",
    }
)


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that each part costs only its users."""
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnspec' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, which are not there until they are used."""
    return sorted(__all__)
