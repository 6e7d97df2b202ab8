"""What rules about sizes share: which sizes can be spoken of, and words for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from cnnspec.graph.ir import Graph, Node
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.windows import Window

# Images with more rows are taken by networks that start with large strides.
SMALL_IMAGE = 64


def are_chosen(graph: Graph) -> bool:
    """Whether the shapes are for sizes that the author named; else they are only an example."""
    return all(size.default is not None for size in graph.open_sizes)


def find_image(graph: Graph) -> tuple[int, ...] | None:
    """The sizes of the input maps, where all have the same and the author named them."""
    shapes = [value.known for value in graph.inputs]
    found = {shape.sizes for shape in shapes if shape.kind is Kind.MAP}
    return found.pop() if len(found) == 1 and are_chosen(graph) else None


def tell_defaults(graph: Graph) -> tuple[str, ...]:
    """The note that says for which of its open sizes a finding is true."""
    if not graph.open_sizes:
        return ()
    shown = ", ".join(f"{size.letter} = {size.default}" for size in graph.open_sizes)
    return (f"with the default {shown}",)


def join_sizes(sizes: Iterable[object]) -> str:
    """Sizes as messages print them: ``56x56``."""
    return "x".join(map(str, sizes))


def name_axes(shape: Shape, axes: Collection[int]) -> str:
    """Where along something is true: nothing if along all axes, else ``along height``."""
    if len(axes) == shape.rank:
        return ""
    return f" along {' and '.join(shape.axes[axis] for axis in sorted(axes))}"


def list_windows(node: Node) -> tuple[Window, ...]:
    """The windows of a convolution or a pool."""
    windows: tuple[Window, ...] = node.op.resolve(node.shapes[0])  # type: ignore[attr-defined]
    return windows


def is_spatial(node: Node) -> bool:
    """Whether it is a convolution that looks at more than single positions."""
    if not isinstance(node.op, Conv | DepthwiseConv):
        return False
    size = node.op.kernel_size
    return size > 1 if isinstance(size, int) else max(size) > 1
