"""Steps of random networks: ops, and the structures of the language around them."""

from __future__ import annotations

import json
from math import prod
from typing import Any

from hypothesis import strategies as st

from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import SIZE_NAMES, Kind, Shape
from tests.fuzz.fields import ABSENT, Make, list_classes
from tests.fuzz.network import MOST_ELEMENTS, Network, Use, name_kind
from tests.fuzz.parts import PARTS

Made = tuple[list[Any], Shape]
_MOST_NUMBERS = 200
_LINEAR = ("linear", "bilinear", "trilinear")
# Deeper than any structure goes.
_BARE = 9
MERGES = ("concat", "add", "multiply")
_DEPTH = 2
FORMS = (
    "residual", "shortcut_when", "parallel", "repeat", "for", "rows", "block", "value", "nested",
    "stages", "tap", "from", "when", "stored", "like", "gate", "shared", "spec",
)  # fmt: skip


class Steps(Network):
    """Lists of steps; each function gives steps and the shape behind them."""

    def make_steps(self, shape: Shape, count: int, depth: int) -> Made:
        steps: list[Any] = []
        for _ in range(count):
            more, shape = self.make_step(shape, depth)
            steps += more
        return steps, shape

    def make_step(self, shape: Shape, depth: int) -> Made:
        if depth >= _DEPTH or self.chance(60):
            return self.make_op(shape)
        return self.make_form(self.pick(FORMS), shape, depth)

    def make_form(self, form: str, shape: Shape, depth: int) -> Made:
        made: Made = getattr(self, f"make_{form}")(shape, depth + 1)
        return made

    def keep(self, shape: Shape, depth: int) -> list[Any]:
        """Steps that leave a shape as it is, of which there is one at least."""
        steps, found = self.make_steps(shape, self.pick([1, 2]), depth)
        return steps if found == shape else [self.make_same(shape)]

    def make_same(self, shape: Shape) -> dict[str, Any]:
        if shape.kind is Kind.MAP:
            conv = {"out_channels": shape.channels, "kernel_size": self.pick([1, 2, 3])}
            return {"conv": {**conv, "padding": "same"}}
        return {"linear": {"out_features": shape.channels}}

    def make_residual(self, shape: Shape, depth: int) -> Made:
        """A sum with the value itself, or with a second way."""
        body, found = self.make_steps(shape, self.pick([1, 2, 3]), depth)
        if found != shape:
            body = self.keep(shape, depth)
        if self.chance(40):
            self.note("residual", "with a shortcut")
            return [{"residual": {"body": body, "shortcut": self.keep(shape, depth)}}], shape
        self.note("residual", "with the value itself")
        return [{"residual": body}], shape

    def make_shortcut_when(self, shape: Shape, depth: int) -> Made:
        """A shortcut that may be left out."""
        holds = self.pick([True, False])
        self.note("shortcut_when", str(holds).lower())
        body = self.keep(shape, depth)
        return [{"residual": {"body": body, "shortcut_when": holds}}], shape

    def make_parallel(self, shape: Shape, depth: int) -> Made:
        """Branches side by side, summed or multiplied."""
        # Ops alone, since a name stands once in a part.
        first, found = self.make_steps(shape, self.pick([1, 2]), _BARE)
        merge = self.pick(MERGES)
        branches: list[Any] = [first]
        for _ in range(self.pick([1, 2])):
            # The same steps give the same shape, with weights of their own.
            branches.append([*json.loads(json.dumps(first)), *self.keep(found, _BARE)])
        if found == shape and self.chance(30):
            self.note("parallel", "an empty branch")
            branches.append([])
        self.note("parallel", merge)
        if merge == "concat":
            found = found.widen(found.channels * len(branches))
        given = {} if merge == "concat" and self.chance(50) else {"merge": merge}
        if self.chance(50):
            self.note("parallel", "with names")
            named = {self.fresh("way"): steps for steps in branches}
            return [{"parallel": named, **given}], found
        return [{"parallel": branches, **given}], found

    def make_repeat(self, shape: Shape, depth: int) -> Made:
        times = self.pick([0, 1, 2, 3])
        self.note("repeat", str(times))
        return [{"repeat": times, "layers": self.keep(shape, _BARE)}], shape

    def make_for(self, shape: Shape, depth: int) -> Made:
        """Steps carried out once for each entry of a list."""
        widths = self.draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
        self.note("for", f"{len(widths)} turns")
        steps = [self.make_wide(shape, "$width"), "relu"]
        return [{"for": {"width": widths}, "layers": steps}], shape.widen(widths[-1])

    def make_wide(self, shape: Shape, width: Any, kernel: Any = 3) -> dict[str, Any]:
        """A step that gives so many channels, and leaves the sizes."""
        if shape.kind is Kind.MAP:
            return {"conv": {"out_channels": width, "kernel_size": kernel, "padding": "same"}}
        return {"linear": width}

    def make_rows(self, shape: Shape, depth: int) -> Made:
        """A loop through the rows of a table, which may be a parameter of the model."""
        rows = [[self.pick([1, 2, 3, 5]), self.pick(["relu", "tanh"])] for _ in range(2)]
        table: Any = rows
        if self.chance(50):
            name = self.fresh("table")
            self.params[name] = rows
            table = f"${name}"
        self.note("rows", "a parameter" if table is not rows else "written out")
        steps = [self.make_wide(shape, "$c"), "$act"]
        return [{"for": {"rows": table, "as": ["c", "act"]}, "layers": steps}], shape.widen(
            rows[-1][0]
        )

    def make_block(self, shape: Shape, depth: int) -> Made:
        """A block with parameters, and some calls of it, perhaps inside of another block."""
        name = self.fresh("block")
        tail = self.pick(["relu", "silu", "tanh", "scale"])
        layers: list[Any] = [self.make_wide(shape, "$width", "$kernel"), tail]
        if self.chance(40):
            norm = "layer_norm" if shape.kind is Kind.TOKENS else "batch_norm"
            layers.append({norm: {}, "when": "$(width > 2)"})
        if self.chance(40):
            self.note("block", "with a residual")
            layers = [*layers, {"residual": [self.make_wide(shape, "$width", 1), "tanh"]}]
        self.blocks[name] = {"params": ["width", "kernel=3"], "layers": layers}
        if self.chance(30):
            outer = self.fresh("block")
            self.note("block", "in a block")
            inner = {name: {"width": "$width", "kernel": "$(kernel - 1)"}}
            self.blocks[outer] = {
                "params": ["width", "kernel=2"],
                "layers": [inner, *([{"layers": ["relu"], "when": "$(in_channels > 2)"}])],
            }
            name = outer
        steps, channels = [], shape.channels
        for _ in range(self.pick([1, 2])):
            channels = self.draw(st.integers(1, 6))
            steps.append(self.make_call(name, channels))
        self.note("block", "called twice" if len(steps) > 1 else "called once")
        return steps, shape.widen(channels)

    def make_call(self, name: str, channels: int) -> dict[str, Any]:
        if self.chance(30):
            return {name: channels}
        given = {"kernel": self.pick([2, 3])} if self.chance(50) else {}
        return {name: {"width": channels, **given}}

    def make_value(self, shape: Shape, depth: int) -> Made:
        """A block that takes an activation, chosen by a parameter of the model."""
        name, chosen = self.fresh("block"), self.fresh("act")
        self.params[chosen] = self.pick(["relu", "silu", "gelu", "sigmoid"])
        self.blocks[name] = {
            "params": ["activation=relu"],
            "layers": [self.make_same(shape), "$activation"],
        }
        self.note("op as a value")
        second = self.pick(["tanh", "elu", f"${chosen}"])
        return [{name: f"${chosen}"}, {name: {"activation": second}}], shape

    def make_nested(self, shape: Shape, depth: int) -> Made:
        self.note("nested list")
        return [self.keep(shape, _BARE)], shape

    def make_stages(self, shape: Shape, depth: int) -> Made:
        """A named group, out of which a value is taken later."""
        part, name = self.fresh("part"), self.fresh("inner")
        steps = [{**self.make_same(shape), "name": name}, *self.keep(shape, depth)]
        self.note("value inside of a part")
        merged, found = self.merge(self.pick(["add", "concat"]), [f"{part}.{name}", "_"], shape)
        return [{"name": part, "layers": steps}, *merged], found

    def make_tap(self, shape: Shape, depth: int, wanted: str = "") -> Made:
        """A value that is taken by its name later."""
        name = self.fresh("tap")
        steps = [{**self.make_same(shape), "name": name}, *self.keep(shape, depth)]
        names = self.pick([[name, "_"], ["_", name], [name, "_", name]])
        merged, found = self.merge(wanted or self.pick(MERGES), names, shape)
        return [*steps, *merged], found

    def merge(self, word: str, names: list[str], shape: Shape) -> Made:
        """Values of one shape, or such as stretch to it, made one."""
        self.uses.add((word, "input", name_kind(shape)))
        found = shape.widen(len(names) * shape.channels) if word == "concat" else shape
        return [{word: names}], found

    def make_from(self, shape: Shape, depth: int) -> Made:
        """Two ways from one named value."""
        start, side = self.fresh("start"), self.fresh("side")
        self.note("from")
        return [
            {**self.make_same(shape), "name": start},
            *self.keep(shape, depth),
            {"name": side, "layers": self.keep(shape, _BARE)},
            {**self.make_same(shape), "from": start},
            *self.merge("add", [side, "_"], shape)[0],
        ], shape

    def make_when(self, shape: Shape, depth: int) -> Made:
        """Steps that are there or not."""
        holds = self.pick([True, False, "$(2 > 1)", "$(not true)"])
        self.note("when", str(holds in (True, "$(2 > 1)")).lower())
        return [{"layers": self.keep(shape, depth), "when": holds}], shape

    def make_gate(self, shape: Shape, depth: int) -> Made:
        """A map times a vector with a number for each channel."""
        if shape.kind is not Kind.MAP:
            return self.make_op(shape)
        name, wide = self.fresh("wide"), self.pick([True, False])
        self.note("gate", "a map of size 1" if wide else "a vector")
        pool = {"global_avg_pool": {"keepdims": True} if wide else {}}
        merged, _ = self.merge("multiply", [name, "_"], shape)
        return [{"identity": {}, "name": name}, pool, "sigmoid", *merged], shape

    def make_shared(self, shape: Shape, depth: int) -> Made:
        """Two steps with one set of weights."""
        weights, step = self.fresh("weights"), self.make_same(shape)
        if shape.kind is not Kind.TOKENS and self.chance(30):
            step = {"batch_norm": {}}
        self.note("shared", next(iter(step)))
        return [
            {**step, "shared": weights},
            self.pick(["relu", "tanh"]),
            {**json.loads(json.dumps(step)), "shared": weights},
        ], shape

    def make_spec(self, shape: Shape, depth: int) -> Made:
        """A whole spec as a part."""
        known = [part for part in PARTS if part.kind == name_kind(shape)]
        if not known or min(shape.sizes) < 2:
            return self.make_op(shape)
        part, width = self.pick(known), self.pick([2, 3])
        step: dict[str, Any] = {"spec": part.file, "name": self.fresh("part")}
        if self.chance(50):
            step["set"] = {"width": width}
        else:
            width = part.width
        until = self.chance(50)
        self.note("spec", "until a step" if until else "as a whole")
        if until:
            step["until"] = "deep"
            return [{"conv": {"out_channels": 3, "kernel_size": 1}}, step], shape.widen(width)
        found = shape.widen(width + 3)
        return [{"conv": {"out_channels": 3, "kernel_size": 1}}, step], found

    # Ops that need more than a value

    def make_stored(self, shape: Shape, depth: int, wanted: Use | None = None) -> Made:
        """A parameter or constant of the network's own, added or multiplied."""
        before, name = self.fresh("before"), self.fresh("own")
        word = wanted[0] if wanted else self.pick(["parameter", "constant"])
        one = wanted[2] == "one" if wanted else self.chance(50)
        sizes = name_sizes(shape)
        if one or shape.elements > _MOST_NUMBERS:
            sizes = {key: 1 if key != "channels" or wanted else size for key, size in sizes.items()}
        given: dict[str, Any] = dict(sizes)
        for key, size in sizes.items():
            self.uses.add((word, key, "one" if size == 1 else "many"))
        self.uses |= {(word, key, ABSENT) for key in SIZE_NAMES if key not in sizes}
        if word == "constant":
            label = wanted[2] if wanted and wanted[1] == "values" else self.pick(
                ["number", "flat", "nested"]
            )  # fmt: skip
            given["values"] = self._write_values(label, list(_arrange(shape, sizes)))
            self.uses.add((word, "values", label))
        else:
            classes = list_classes(OPS[word], "initializer")
            label = wanted[2] if wanted and wanted[1] == "initializer" else self.pick(list(classes))
            make: Make | None = classes[label]
            if make is not None:
                given["initializer"] = self.draw(make(shape))
            self.uses.add((word, "initializer", label))
        self.uses.add((word, "input", name_kind(shape)))
        merged, _ = self.merge(self.pick(["add", "multiply"]), [before, name], shape)
        return [{"identity": {}, "name": before}, {word: given, "name": name}, *merged], shape

    def _write_values(self, label: str, dims: list[int]) -> Any:
        """Numbers for a constant, in one of the ways to write them."""
        if label == "number":
            return self.pick([0.5, 1, -2])
        numbers: list[Any] = [round(0.25 * (n % 9) - 0.5, 2) for n in range(prod(dims))]
        if label == "flat":
            return numbers
        for size in reversed(dims[1:]):
            numbers = [numbers[n : n + size] for n in range(0, len(numbers), size)]
        return numbers

    def make_like(self, shape: Shape, depth: int, wanted: Use | None = None) -> Made:
        """A map brought to the size of another."""
        if shape.kind is not Kind.MAP:
            return self.make_op(shape)
        word = wanted[0] if wanted else self.pick(["resize_like", "crop_like"])
        name = self.fresh("small" if word == "crop_like" else "other")
        kind = OPS[word]
        fields: dict[str, Any] = {"like": name}
        labels = {"like": "given"}
        for key in kind.model_fields:
            if key == "like":
                continue
            classes = list_classes(kind, key)
            label = wanted[2] if wanted and wanted[1] == key else self.pick(list(classes))
            labels[key] = label
            make: Make | None = classes[label]
            if make is not None:
                fields[key] = self.draw(make(shape))
        first: dict[str, Any] = {**self.make_same(shape), "name": name}
        if word == "crop_like":
            cut = fields.get("offset", 0)
            room = max(cut) if isinstance(cut, list) else cut if isinstance(cut, int) else 1
            found = shape.resize(tuple(size + room + self.pick([0, 1, 2]) for size in shape.sizes))
            if found.elements > MOST_ELEMENTS:
                return [first], shape
            between: dict[str, Any] = {"resize": list(found.sizes)}
        else:
            if fields.get("align_corners") and labels["mode"] != "linear":
                fields["mode"], labels["mode"] = _LINEAR[shape.rank - 1], "linear"
                if wanted and wanted[1] == "mode":
                    del fields["align_corners"]
                    labels["align_corners"] = "absent"
                    fields["mode"], labels["mode"] = "nearest", wanted[2]
            between = {"resize": [self.pick([1, 2, 3, 5]) for _ in shape.sizes]}
        self.uses |= {(word, key, label) for key, label in labels.items()}
        self.uses.add((word, "input", name_kind(shape)))
        merged, found = self.merge("concat", [name, "_"], shape)
        return [first, between, {word: fields}, *merged], found


def name_sizes(shape: Shape) -> dict[str, int]:
    """The sizes of a value by name."""
    if shape.kind is Kind.VECTOR:
        return {"features": shape.channels}
    return {"channels": shape.channels, **dict(zip(shape.axes, shape.sizes, strict=True))}


def _arrange(shape: Shape, sizes: dict[str, int]) -> tuple[int, ...]:
    """The axes of a value whose sizes have names, in their order."""
    if shape.kind is Kind.VECTOR:
        return (sizes["features"],)
    return Shape(shape.kind, sizes["channels"], tuple(sizes[axis] for axis in shape.axes)).dims
