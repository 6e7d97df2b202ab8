"""torchvision's models, for which its compiled extension need not load."""

from __future__ import annotations

import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

# torchvision registers shapes for these when it is imported, with or without its extension.
_NEEDED = ("nms", "qnms")
_libraries: list[Any] = []


@cache
def import_models() -> ModuleType:
    """Import torchvision.models.

    The extension of a wheel from PyPI fits PyTorch from PyPI alone; beside a build for the
    processor torchvision then fails to import, unless the ops that it expects are declared.
    """
    import torch

    found = find_spec("torchvision")
    if found is None or found.origin is None:
        sys.exit("torchvision is missing: make bench installs it")
    for extension in Path(found.origin).parent.glob("_C.*"):
        try:
            torch.ops.load_library(str(extension))  # type: ignore[no-untyped-call]
        except OSError:
            library: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
            for name in _NEEDED:
                library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
            _libraries.append(library)  # what a library defines lives as long as it does
    import torchvision.models

    models: ModuleType = torchvision.models
    return models
