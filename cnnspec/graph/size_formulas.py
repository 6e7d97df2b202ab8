"""Sizes as formulas of the open sizes of the input: ``H/4``, ``(H + 1)//2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from math import gcd, prod

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.graph.valid_sizes import ValidSizes
from cnnspec.ops.base import Growth
from cnnspec.ops.merge import Concat
from cnnspec.ops.reshape import Flatten
from cnnspec.ops.shapes import Kind
from cnnspec.ops.tokens import ToTokens
from cnnspec.records import dataclass

# What reads a formula calls itself for each level; nobody reads one of so many.
MAX_LEVELS = 100


@dataclass(frozen=True, slots=True)
class Formula:
    """factor * base + offset, for a base that is a letter or another formula, rounded down.

    The base is `inner` // `divisor`, the product of some `sizes`, or the open size `letter`, which
    is a multiple of `multiple`.
    A factor with a denominator is exact: it divides that multiple. Without a base it is a number.
    `levels` is how many formulas stand inside of each other.
    """

    factor: Fraction = Fraction(0)
    offset: int = 0
    letter: str = ""
    multiple: int = 1
    inner: Formula | None = None
    divisor: int = 1
    sizes: tuple[Formula, ...] = ()
    levels: int = 0

    @property
    def is_product(self) -> bool:
        """Whether several open sizes may be in it."""
        return bool(self.sizes) or (self.inner is not None and self.inner.is_product)

    @property
    def is_number(self) -> bool:
        """Whether it does not depend on any open size."""
        return self.factor == 0

    def grow(self, growth: Growth) -> Formula:
        """(factor * self + offset) // divisor, in the simplest form that is exact."""
        scaled = replace(
            self, factor=self.factor * growth.factor,
            offset=self.offset * growth.factor + growth.offset,
        )  # fmt: skip
        return scaled.divide(growth.divisor)

    def divide(self, divisor: int) -> Formula:
        """The formula over a number, rounded down."""
        share = self.factor * self.multiple
        if share % divisor == 0:
            return replace(self, factor=self.factor / divisor, offset=self.offset // divisor)
        if self.inner is not None and self.factor == 1:
            # Rounding down twice is rounding down once, by the product.
            inner = self.inner
            whole = replace(inner, offset=inner.offset + self.offset * self.divisor)
            product = self.divisor * divisor
            return Formula(Fraction(1), 0, inner=whole, divisor=product, levels=self.levels)
        return Formula(Fraction(1), 0, inner=self, divisor=divisor, levels=self.levels + 1)

    def compute(self, sizes: Mapping[str, int]) -> int:
        """The number for given open sizes."""
        base = sizes[self.letter] if self.letter else 0
        if self.sizes:
            base = prod(size.compute(sizes) for size in self.sizes)
        if self.inner is not None:
            base = self.inner.compute(sizes) // self.divisor
        return int(self.factor * base) + self.offset

    def __str__(self) -> str:
        if self.is_number:
            return str(self.offset)
        text = self.letter or "*".join(map(_put_in_product, self.sizes))
        if self.inner is not None:
            inner = str(self.inner)
            simple = self.inner.offset == 0 and self.inner.factor == 1
            text = f"{inner if simple else f'({inner})'}//{self.divisor}"
        if self.factor.numerator != 1:
            text = f"{self.factor.numerator}*{f'({text})' if self.inner is not None else text}"
        if self.factor.denominator != 1:
            text = f"{text}/{self.factor.denominator}"
        if self.offset:
            text = f"{text} {'+' if self.offset > 0 else '-'} {abs(self.offset)}"
        return text


def _put_in_product(formula: Formula) -> str:
    text = str(formula)
    return text if text.isidentifier() or text.isdecimal() else f"({text})"


Formulas = tuple[Formula, ...]


class SizeFormulas:
    """The sizes of all values of a network with open sizes, as formulas.

    A size that comes out the same for all valid inputs is a number.
    """

    def __init__(self, graph: Graph, found: ValidSizes) -> None:
        self._valid = found
        self._formulas: dict[Value, Formulas] = {}
        self._features: dict[Value, str] = {}
        letters = {place: axis for axis in self._valid.axes for place in axis.size.places}
        for position, value in enumerate(graph.inputs):
            axes = []
            for place, size in enumerate(value.known.sizes):
                axis = letters.get((position, place))
                if axis is None:
                    axes.append(Formula(offset=size))
                else:
                    usable = axis.usable
                    multiple = gcd(*usable.members, usable.period or 0) or 1
                    axes.append(Formula(Fraction(1), 0, axis.size.letter, multiple))
            self._formulas[value] = tuple(axes)
        for node in graph.nodes:
            self._formulas[node.output] = self._follow(node)
            if node.shape.kind is Kind.VECTOR:
                self._follow_features(node)

    def _follow(self, node: Node) -> Formulas:
        growth = node.op.find_growth(node.shapes)
        if isinstance(node.op, ToTokens):
            return (self._multiply(self._formulas[node.inputs[0]]),)
        if growth is None:
            return tuple(Formula(offset=size) for size in node.shape.sizes)
        # A gate that stretches over a map has no say in the sizes.
        value = max(node.sizing, key=lambda v: (v.known.rank, v.known.elements))
        pairs = zip(self._formulas[value], growth, strict=True)
        grown = tuple(self._settle(formula.grow(step)) for formula, step in pairs)
        if any(formula.levels > MAX_LEVELS for formula in grown):
            message = f"an open size is rounded more than {MAX_LEVELS} times on the way here"
            span = node.origin.step.span
            raise SpecError([Diagnostic("too-deep", message, span, path=node.path)])
        return grown

    def _multiply(self, formulas: Formulas) -> Formula:
        """The number of positions of a map."""
        opened = tuple(formula for formula in formulas if not formula.is_number)
        fixed = prod(formula.offset for formula in formulas if formula.is_number)
        if not opened:
            return Formula(offset=fixed)
        if len(opened) == 1:
            return opened[0].grow(Growth(fixed))
        return Formula(Fraction(fixed), sizes=opened)

    def _settle(self, formula: Formula) -> Formula:
        """The formula, or the number that it comes to for every valid size."""
        for axis in self._valid.axes:
            usable = axis.usable
            if (
                not formula.is_product
                and axis.size.letter in str(formula)
                and usable.period is None
                and usable.members
            ):
                found = (formula.compute({axis.size.letter: size}) for size in usable)
                first = next(found)
                if all(number == first for number in found):
                    return Formula(offset=first)
        return formula

    def list_dims(self, value: Value) -> tuple[int | str, ...]:
        """The axes of a value, channels first: numbers, and formulas where they are open."""
        shape = value.known
        if shape.kind is Kind.VECTOR:
            return (self._features.get(value, shape.channels),)
        sizes = [f.offset if f.is_number else str(f) for f in self._formulas[value]]
        return (*sizes, shape.channels) if shape.kind is Kind.TOKENS else (shape.channels, *sizes)

    def _follow_features(self, node: Node) -> None:
        """Keep the length of a vector that is open, because a map with open sizes was flattened.

        No weight can follow: the network would be valid for sizes of one length only.
        """
        source = node.inputs[0]
        if isinstance(node.op, Flatten):
            opened = [f for f in self._formulas[source] if not f.is_number]
            fixed = prod(f.offset for f in self._formulas[source] if f.is_number)
            if opened:
                number = source.known.channels * fixed
                parts = [str(f) if str(f).isidentifier() else f"({f})" for f in opened]
                self._features[node.output] = "*".join(
                    [*([str(number)] if number > 1 else []), *parts]
                )
        elif isinstance(node.op, Concat):
            found = [str(self._features.get(v, v.known.channels)) for v in node.inputs]
            if any(value in self._features for value in node.inputs):
                self._features[node.output] = " + ".join(found)
        elif source in self._features and not node.weights:
            self._features[node.output] = self._features[source]
