"""How much of an image the numbers are made of that a network pools at its end."""

from __future__ import annotations

from fractions import Fraction

from cnnspec.analysis.paths import follow_back
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.lint.base import Finding, Subject, describe_node
from cnnspec.lint.sizes import find_image, join_sizes, tell_defaults
from cnnspec.ops.pool import AdaptiveAvgPool, GlobalAvgPool, GlobalMaxPool
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.shapes import Kind
from cnnspec.ops.tokens import ToTokens
from cnnspec.records import dataclass

# Of an axis of the image; below it is a bag of patches.
TINY = Fraction(15, 100)


@dataclass(frozen=True, slots=True)
class Sight:
    """A global pool at the end, and what one position of its map sees of the image.

    `share` is that of the axis of which most is seen.
    """

    node: Node
    image: tuple[int, ...]
    rows: tuple[int, ...]
    share: Fraction

    def describe(self, subject: Subject) -> Finding:
        """The finding that it sees too little."""
        seen, image = join_sizes(self.rows), join_sizes(self.image)
        return Finding(
            f"each position that {describe_node(self.node)} pools has seen only {seen} of the "
            f"{image} image ({float(self.share):.0%} of an axis)",
            self.node,
            notes=tell_defaults(subject.graph),
            help=(
                "more layers, strides or pools before it let each position see more; "
                "so does dilation",
            ),
        )


def find_sight(subject: Subject) -> Sight | None:
    """The last pool that sees most.

    None where something else than such pools ends a network, or where one sees all of an axis.
    """
    image = find_image(subject.graph)
    if image is None or len(image) < 2 or any(map(_is_wide, subject.graph.outputs.values())):
        return None
    if any(_is_wide(node.inputs[0]) for node in subject.list(Flatten, ToTokens)):
        return None
    found: list[Sight] = []
    pools = [
        node
        for node in subject.list(GlobalAvgPool, GlobalMaxPool, AdaptiveAvgPool)
        if _is_wide(node.inputs[0]) and not _is_wide(node.output)
    ]
    leading = _list_leading(subject.graph) if pools else set()
    for node in pools:
        if node in leading:
            continue
        # One path is often enough, and the fields of all values are some work.
        if not found and any(place.is_whole for place in follow_back(node.inputs[0], 0)):
            return None
        rows = [field.rows[1] for field in subject.fields[node.inputs[0]]]
        known = tuple(row for row in rows if row is not None)
        if len(known) < len(image):
            return None
        share = max(Fraction(row, size) for row, size in zip(known, image, strict=True))
        found.append(Sight(node, image, known, share))
    return max(found, key=lambda sight: sight.share, default=None)


def _is_wide(value: Value) -> bool:
    """Whether a value is a map of more than one position."""
    return value.known.kind is Kind.MAP and set(value.known.sizes) != {1}


def _list_leading(graph: Graph) -> set[Node]:
    """The ops of which a map comes, as one does of a gate."""
    found: set[Node] = set()
    for node in reversed(graph.nodes):
        if any(_is_wide(reader.output) or reader in found for reader in node.output.readers):
            found.add(node)
    return found
