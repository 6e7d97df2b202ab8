"""A random network as it grows: one op at a time, each tried by the op's own rules first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from pydantic_core import ValidationError

from cnnspec.ops.base import Op, ShapeFault
from cnnspec.ops.catalog import OPS
from cnnspec.ops.initializers import check_initializers
from cnnspec.ops.shapes import Kind, Shape
from tests.fuzz.fields import ABSENT, Draw, Make, list_classes
from tests.fuzz.fitting import fit_fields

# An op, one of its fields or `input`, and a class; forms of the language stand under `form`.
Use = tuple[str, str, str]
# Numbers in one value: what a framework runs in some milliseconds.
MOST_ELEMENTS = 2000
# Ops that need more than a value: steps.py writes them.
APART = frozenset(
    {"constant", "parameter", "crop_like", "resize_like", "add", "concat", "multiply"}
)
PLAIN = tuple(word for word in OPS if word not in APART)
FORM = "form"
_TRIES = 8
# Channels that have divisors, for ops that split them.
_SPLITTING = frozenset(
    {"groups", "num_groups", "num_heads", "parts", "index"}
)  # fmt: skip


@dataclass(slots=True)
class Network:
    """A spec as it grows: what it says so far, and which classes of which fields it has."""

    draw: Draw
    uses: set[Use] = field(default_factory=set)
    blocks: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred draws; what is left out is simpler."""
        return bool(self.draw(st.integers(0, 99)) >= 100 - percent)

    def pick(self, choices: Any) -> Any:
        """One of several; the first is the simplest."""
        return self.draw(st.sampled_from(tuple(choices)))

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        self.count += 1
        return f"{stem}{self.count}"

    def note(self, form: str, label: str = "used") -> None:
        """Count a form of the language."""
        self.uses.add((FORM, form, label))

    # One op

    def make_op(self, shape: Shape, words: tuple[str, ...] = PLAIN) -> tuple[list[Any], Shape]:
        """A step with some op that takes this shape, and the shape that comes out."""
        word = self.pick([word for word in words if shape.kind in OPS[word].kinds])
        made = self.try_word(word, shape)
        return made or ([{"relu": {}}], shape)

    def make_wanted(self, use: Use, shape: Shape) -> tuple[list[Any], Shape] | None:
        """Steps with an op whose field is of a class, behind some that make the value fit."""
        word, name, label = use
        before, shape = self.prepare(word, name, label, shape)
        if shape.kind not in OPS[word].kinds:
            return None
        made = self.try_word(word, shape, None if name == "input" else (name, label))
        return (before + made[0], made[1]) if made else None

    def prepare(self, word: str, name: str, label: str, shape: Shape) -> tuple[list[Any], Shape]:
        """Steps that make a value fit an op: of its kind, large enough, with divisible channels."""
        kinds = OPS[word].kinds if name != "input" else {kind_of(label)}
        steps: list[Any] = []
        if shape.kind not in kinds:
            step, shape = self.turn(kinds, shape)
            steps += step
        if shape.kind is not Kind.MAP:
            return steps, shape
        fields = OPS[word].model_fields
        if min(shape.sizes) < 5 and fields.keys() & {"kernel_size", "margins", "stop"}:
            sizes = tuple(max(size, 5) for size in shape.sizes)
            if shape.channels * 5**shape.rank <= MOST_ELEMENTS:
                steps.append({"resize": {"size": list(sizes)}})
                shape = shape.resize(sizes)
        channels = shape.channels
        if fields.keys() & _SPLITTING:
            channels = self.pick([4, 6])
        elif word == "pixel_shuffle":
            channels = (3 if label == "large" and shape.rank < 3 else 2) ** shape.rank
        elif word == "pixel_unshuffle":
            factor = 3 if label == "large" else 2
            sizes = tuple(min(factor * size, 6) for size in shape.sizes)
            return [*steps, {"resize": {"size": list(sizes)}}], shape.resize(sizes)
        if channels != shape.channels:
            steps.append({"conv": {"out_channels": channels, "kernel_size": 1}})
        return steps, shape.widen(channels)

    def turn(self, kinds: frozenset[Kind] | set[Kind], shape: Shape) -> tuple[list[Any], Shape]:
        """A value of another kind, where one leads there."""
        ways = {
            (Kind.MAP, Kind.TOKENS): ("to_tokens",),
            (Kind.MAP, Kind.VECTOR): ("global_avg_pool", "flatten", "global_max_pool"),
            (Kind.TOKENS, Kind.MAP): ("to_map",),
            (Kind.TOKENS, Kind.VECTOR): ("select_token", "flatten"),
        }
        for kind in sorted(kinds):
            words = ways.get((shape.kind, kind), ())
            made = self.try_word(self.pick(words), shape) if words else None
            if made and made[1].kind is kind:
                return made
        return [], shape

    def try_word(
        self, word: str, shape: Shape, wanted: tuple[str, str] | None = None
    ) -> tuple[list[Any], Shape] | None:
        """An op with fields that fit; None where a few tries found none."""
        kind = OPS[word]
        for _ in range(_TRIES):
            given, labels = self.draw_fields(kind, shape, wanted)
            found = try_op(kind, given, shape)
            if found is not None:
                self.uses |= {(word, name, label) for name, label in labels.items()}
                self.uses.add((word, "input", name_kind(shape)))
                return [self.spell(kind, given)], found
        return None

    def draw_fields(
        self, kind: type[Op], shape: Shape, wanted: tuple[str, str] | None
    ) -> tuple[dict[str, Any], dict[str, str]]:
        given: dict[str, Any] = {}
        labels: dict[str, str] = {}
        for name, info in kind.model_fields.items():
            classes = list_classes(kind, name)
            label = ABSENT
            if wanted and wanted[0] == name:
                label = wanted[1]
            elif info.is_required() or self.chance(25):
                label = self.pick([label for label in classes if label != ABSENT])
            labels[name] = label
            make: Make | None = classes[label]
            if make is not None:
                given[name] = self.draw(make(shape))
        fit_fields(kind, given, labels, shape, wanted[0] if wanted else "")
        return given, labels

    def spell(self, kind: type[Op], given: dict[str, Any]) -> Any:
        """An op as its author may write it: with a mapping, with one value, or as a word."""
        if not given and self.chance(50):
            self.note("op", "as a word")
            return kind.op
        principal = kind.principal
        if principal and given.keys() == {principal} and self.chance(50):
            value = given[principal]
            if value is not None and not isinstance(value, dict):
                self.note("op", "with one value")
                return {kind.op: value}
        return {kind.op: given}


def try_op(kind: type[Op], given: dict[str, Any], shape: Shape) -> Shape | None:
    """What an op makes of a shape; None where it refuses it, or where that is too large."""
    try:
        op = kind.model_validate(given)
        found = op.infer_shape((shape,))
        check_initializers(op, (shape,), op.list_weights((shape,)), given)
    except (ShapeFault, ValidationError):
        return None
    return found if found.elements <= MOST_ELEMENTS else None


_KINDS = {0: "vector", 1: "line", 2: "image", 3: "volume"}


def name_kind(shape: Shape) -> str:
    """The kind of a value, and of a map how many axes it has."""
    return "tokens" if shape.kind is Kind.TOKENS else _KINDS[shape.rank]


def kind_of(label: str) -> Kind:
    """The kind that a name stands for."""
    return {"vector": Kind.VECTOR, "tokens": Kind.TOKENS}.get(label, Kind.MAP)


def list_kinds(kind: type[Op]) -> list[str]:
    """The kinds of value that an op takes, by name."""
    found = ["line", "image", "volume"] if Kind.MAP in kind.kinds else []
    found += ["tokens"] if Kind.TOKENS in kind.kinds else []
    return found + (["vector"] if Kind.VECTOR in kind.kinds else [])
