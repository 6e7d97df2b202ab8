"""Sequences of tokens: to and from maps, and what is learned for single tokens and places."""

from __future__ import annotations

from math import prod
from typing import ClassVar

from cnnspec.ops.base import MAPS, OWN_ROW, Growth, Op, Reach, ShapeFault, Weight
from cnnspec.ops.fields import Count, Index, PerAxis
from cnnspec.ops.initializers import Start
from cnnspec.ops.model import Field
from cnnspec.ops.rows import Gather
from cnnspec.ops.shapes import Kind, Shape, vector

TOKENS = frozenset({Kind.TOKENS})


class ToTokens(Op):
    """The positions of a map as a sequence of tokens, row by row.

    Shape: a token of the map's channels for each position.
    Source: Dosovitskiy et al., arXiv:2010.11929.
    """

    op: ClassVar[str] = "to_tokens"
    kinds: ClassVar[frozenset[Kind]] = MAPS

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        return Shape(Kind.TOKENS, shape.channels, (prod(shape.sizes),))

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...] | None:
        return (Growth(),) if inputs[0].rank == 1 else None


class ToMap(Op):
    """Tokens as the positions of a map, row by row: what `to_tokens` does, undone.

    Shape: a map of the tokens' channels and the given sizes, whose product is the number of tokens.
    """

    op: ClassVar[str] = "to_map"
    principal: ClassVar[str | None] = "sizes"
    kinds: ClassVar[frozenset[Kind]] = TOKENS

    sizes: PerAxis = Field(description="length, or a list of height and width, or of three sizes")

    def list_sizes(self) -> tuple[int, ...]:
        """The size of each axis of the map."""
        return (self.sizes,) if isinstance(self.sizes, int) else self.sizes

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        sizes = self.list_sizes()
        shown = "x".join(map(str, sizes))
        if len(sizes) > 3:
            raise ShapeFault(
                "wrong-rank",
                f"sizes has {len(sizes)} entries, but a map has one to three axes",
                field="sizes",
            )
        if prod(sizes) != shape.sizes[0]:
            raise ShapeFault(
                "invalid-field",
                f"a map of {shown} has {prod(sizes)} positions, got {shape.sizes[0]} tokens",
                field="sizes",
            )
        return Shape(Kind.MAP, shape.channels, sizes)

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return (OWN_ROW,) * len(self.list_sizes())

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None


class ClassToken(Op):
    """Learned tokens before all others, the same for every sample.

    What the last block makes of such a token stands for the whole sample.

    Shape: `count` tokens more.
    Weights: one array under the op's own path, of 1, `count` and the channels.
    Source: Dosovitskiy et al., arXiv:2010.11929.
    """

    op: ClassVar[str] = "class_token"
    principal: ClassVar[str | None] = "count"
    kinds: ClassVar[frozenset[Kind]] = TOKENS
    is_parameter: ClassVar[bool] = True

    count: Count = Field(1, description="number of learned tokens")
    initializer: Start = Field("zeros", description="what the tokens start as")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        return shape.resize((shape.sizes[0] + self.count,))

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("", (1, self.count, inputs[0].channels)),)

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return (Gather(before=self.count),)

    def find_growth(self, inputs: tuple[Shape, ...]) -> tuple[Growth, ...]:
        return (Growth(1, self.count),)


class PositionEmbedding(Op):
    """A learned vector for each place in the sequence, added to the token there.

    Shape: that of the input.
    Weights: one array under the op's own path, of 1, the number of tokens and the channels.
    Source: Dosovitskiy et al., arXiv:2010.11929.
    """

    op: ClassVar[str] = "position_embedding"
    kinds: ClassVar[frozenset[Kind]] = TOKENS
    is_parameter: ClassVar[bool] = True

    initializer: Start = Field({"normal": {"std": 0.02}}, description="what the vectors start as")

    def list_weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("", (1, *inputs[0].dims)),)


class SelectToken(Op):
    """One token of the sequence as a vector: without more, the first.

    Shape: a vector of the tokens' channels.
    """

    op: ClassVar[str] = "select_token"
    principal: ClassVar[str | None] = "index"
    kinds: ClassVar[frozenset[Kind]] = TOKENS

    index: Index = Field(0, description="place of the token, from 0; from the end below 0")

    def infer_shape(self, inputs: tuple[Shape, ...]) -> Shape:
        (shape,) = inputs
        (count,) = shape.sizes
        if not -count <= self.index < count:
            raise ShapeFault(
                "invalid-field",
                f"there is no token {self.index} among {count}",
                field="index",
                help=(f"the first is 0, the last {count - 1} or -1",),
            )
        return vector(shape.channels)

    def find_reach(self, inputs: tuple[Shape, ...]) -> tuple[Reach, ...]:
        return ()

    def find_rows(self, inputs: tuple[Shape, ...]) -> tuple[Gather, ...]:
        return (Gather(before=-(self.index % inputs[0].sizes[0])),)

    def find_growth(self, inputs: tuple[Shape, ...]) -> None:
        return None
