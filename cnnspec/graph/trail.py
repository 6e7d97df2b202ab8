"""The way that a value came through the network, and the words for its steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from math import prod
from types import MappingProxyType

from cnnspec.diagnostics import Span
from cnnspec.graph.frame import describe_line, find_shown
from cnnspec.graph.ir import Node, Value
from cnnspec.graph.record import Fault
from cnnspec.ops.base import Op
from cnnspec.ops.shapes import Kind, Shape
from cnnspec.ops.windows import Window
from cnnspec.records import dataclass

# More steps than this do not fit a line; the last ones are those that matter.
MAX_CHANGES = 12

_WORDS = MappingProxyType(
    {
        "adaptive_avg_pool": "pool",
        "avg_pool": "pool",
        "depthwise_conv": "conv",
        "global_avg_pool": "pool",
        "global_max_pool": "pool",
        "lp_pool": "pool",
        "max_pool": "pool",
        "min_pool": "pool",
        "zero_pad": "pad",
    }
)


@dataclass(frozen=True, slots=True)
class Change:
    """One step on the way: its node, its short name, and what it made of its input."""

    node: Node
    label: str
    before: Shape
    after: Shape | None

    @property
    def place(self) -> Span:
        """Where the step stands in the user's files."""
        return find_shown(self.node.origin.step.span, self.node.origin.calls)

    @property
    def title(self) -> str:
        """The step with its line, as a sentence names it."""
        return f"{self.label} at {describe_line(self.place)}"

    @property
    def windows(self) -> tuple[Window, ...]:
        """The windows that slide over the input, if the op has any."""
        return resolve_windows(self.node.op, self.before)

    @property
    def shrinks(self) -> bool:
        """Whether it makes the map smaller along some axis."""
        return self.after is not None and any(
            new < old for old, new in zip(self.before.sizes, self.after.sizes, strict=False)
        )

    @property
    def eats(self) -> bool:
        """Whether rows are lost for want of padding: fewer than one for each stride are left."""
        return self.after is not None and any(
            new < -(-old // window.stride)
            for old, new, window in zip(
                self.before.sizes, self.after.sizes, self.windows, strict=False
            )
        )


def resolve_windows(op: Op, shape: Shape) -> tuple[Window, ...]:
    """The windows with which an op slides over a map; none where it does not."""
    resolve = getattr(op, "resolve", None)
    if resolve is None or shape.kind is not Kind.MAP or op.op == "conv_transpose":
        return ()
    windows: tuple[Window, ...] = resolve(shape)
    return windows


def trace(value: Value) -> list[Node]:
    """The nodes from the input to a value, through the main branch of every merge."""
    nodes: list[Node] = []
    producer = value.producer
    while producer is not None:
        nodes.append(producer)
        if producer.op.starts:
            break
        producer = choose_input(producer).producer
    return nodes[::-1]


def choose_input(node: Node) -> Value:
    """The input that a node's output takes its sizes from."""
    if len(node.inputs) > 1 and node.output.shape is not None:
        sizes = node.output.shape.sizes
        equal = [value for value in node.inputs if value.known.sizes == sizes]
        longer = [value for value in equal if value.producer is not None]
        return (longer or equal or list(node.inputs))[0]
    return node.inputs[0]


def trace_fault(fault: Fault) -> list[Change]:
    """The steps to a fault, with the one at fault as the last."""
    flow = fault.inputs[0]
    node = next(n for n in flow.readers if n.path == fault.path and n.origin.step is fault.step)
    return label_changes([*trace(flow), node])


def label_changes(nodes: list[Node]) -> list[Change]:
    """The steps with their names: the author's, or a word numbered along the way."""
    counts: Counter[str] = Counter()
    changes = []
    for node in nodes:
        if node.origin.step.name is not None and node.path:
            label = node.path.rpartition(".")[2]
        else:
            word = _WORDS.get(node.op.op, node.op.op)
            counts[word] += 1
            label = f"{word}{counts[word]}"
        changes.append(Change(node, label, choose_input(node).known, node.output.shape))
    return changes


def find_maker(value: Value) -> Node | None:
    """The node that made a vector out of a map."""
    nodes = [
        node
        for node in trace(value)
        if not node.op.starts and choose_input(node).known.kind is Kind.MAP
    ]
    return nodes[-1] if nodes and nodes[-1].shape.kind is Kind.VECTOR else None


def describe_maker(maker: Node) -> str:
    """What made a vector, and out of what."""
    span = find_shown(maker.origin.step.span, maker.origin.calls)
    made = f"made a vector of {maker.shape.channels} out of the map {choose_input(maker).known}"
    return f"{maker.op.op} at {describe_line(span)} {made}"


def draw_ladder(changes: list[Change]) -> str:
    """The sizes along the way: ``8 -conv1-> 6 -pool1-> x``, where x did not fit."""
    steps = [c for c in changes if c.after is None or c.after.sizes != c.before.sizes]
    sizes = [steps[0].before.sizes, *(step.after.sizes for step in steps if step.after)]
    square = all(len(set(size)) == 1 for size in sizes)
    cut = len(steps) > MAX_CHANGES
    steps = steps[-MAX_CHANGES:]
    text = (
        f"... {write_sizes(steps[0].before, square)}"
        if cut
        else (write_sizes(steps[0].before, square))
    )
    for step in steps:
        text += f" -{step.label}-> {write_sizes(step.after, square) if step.after else 'x'}"
    return text


def write_sizes(shape: Shape, square: bool = False) -> str:
    """The spatial sizes of a map, or only one of them where all are equal."""
    return str(shape.sizes[0]) if square else "x".join(map(str, shape.sizes))


def describe_change(change: Change) -> str:
    """What a step does to the size of its input, and by what."""
    assert change.after is not None
    before, after = write_sizes(change.before), write_sizes(change.after)
    windows = change.windows
    if not windows:
        return f"makes {before} into {after}"
    stride = join_equal(window.stride for window in windows)
    padded = any(window.before or window.after for window in windows)
    strided = prod(window.stride for window in windows) > 1
    dilated = f" with dilation {join_equal(w.dilation for w in windows)}"
    dilation = dilated if any(w.dilation > 1 and w.kernel > 1 for w in windows) else ""
    made = f"{_name_window(change)}{dilation} makes {before} into {after}"
    if not change.eats:
        return f"has stride {stride}: {made}" if strided else made
    if padded:
        return f"has too little padding to keep the size: {made}"
    return f"has stride {stride} and no padding: {made}" if strided else f"has no padding: {made}"


def describe_briefly(change: Change) -> str:
    """What a step does to a size, in a few words."""
    assert change.after is not None
    made = f"makes {write_sizes(change.before)} into {write_sizes(change.after)}"
    windows = change.windows
    if any(window.stride > 1 for window in windows):
        return f"stride {join_equal(window.stride for window in windows)} {made}"
    if change.eats and not any(window.before or window.after for window in windows):
        return f"{_name_window(change)} without padding {made}"
    return f"{change.node.op.op} {made}"


def _name_window(change: Change) -> str:
    """The size of a kernel or a window, in words."""
    noun = "window" if "pool" in change.node.op.op else "kernel"
    sizes = [str(window.kernel) for window in change.windows]
    article = "an" if sizes[0].startswith("8") or sizes[0] in ("11", "18") else "a"
    return f"{article} {'x'.join(sizes)} {noun}" if len(sizes) > 1 else f"a {noun} of {sizes[0]}"


def join_equal(numbers: Iterable[int]) -> str:
    """One number where all are equal, else all of them."""
    listed = [str(number) for number in numbers]
    return listed[0] if len(set(listed)) == 1 else "x".join(listed)
