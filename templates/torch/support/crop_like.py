from torch import Tensor


def crop_like(
    x: Tensor, like: Tensor, offset: int | tuple[int, ...] | None = None
) -> Tensor:
    """Cut a part as large as `like` out of a map: the middle, or behind rows."""
    starts = (offset,) * (x.dim() - 2) if isinstance(offset, int) else offset
    for axis, size in enumerate(like.shape[2:], 2):
        start = (x.shape[axis] - size) // 2 if starts is None else starts[axis - 2]
        x = x.narrow(axis, start, size)
    return x
