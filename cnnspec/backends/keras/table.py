"""What each op becomes in Keras."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from cnnspec import ops
from cnnspec.backends.base import Site
from cnnspec.backends.keras import (
    activation,
    conv,
    linear,
    merge,
    norm,
    pool,
    regularize,
    reshape,
    resize,
)
from cnnspec.backends.keras.layer import Layers
from cnnspec.backends.keras.merge import Merged
from cnnspec.backends.pycode import Expr
from cnnspec.ops.base import Op
