from collections.abc import Callable

from torch import Tensor, nn


def initialize(
    module: nn.Module,
    *,
    weight: Callable[[Tensor], Tensor] | None = None,
    bias: Callable[[Tensor], Tensor] | None = None,
) -> nn.Module:
    """Fill a new module's weight, each group of channels on its own, and its bias."""
    parameters = dict(module.named_parameters(recurse=False))
    if weight is not None:
        for part in parameters["weight"].data.chunk(getattr(module, "groups", 1)):
            weight(part)
    if bias is not None and "bias" in parameters:
        bias(parameters["bias"])
    return module
