"""Uses of single ops whose fields lie about the places where an op stops to make sense.

Nothing here knows where these places are: numbers are drawn near the sizes and the channels of the
map, and some fields are of another type or far out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from cnnspec.ops.catalog import OPS
from cnnspec.ops.shapes import Kind, Shape
from tests.op_rows import fmap, tokens, vector

Draw = Callable[..., Any]

# What no field that counts takes, and Python's own frameworks sometimes do.
ODD = (0, -1, 2.0, 1.5, True, "3", 2**25, [2], [1, 2], [1, 2, 1, 2, 1, 2, 1])
MODES = ("nearest", "linear", "bilinear", "trilinear")
AXES = ("channels", "spatial", "length", "height", "width", "depth", "tokens")


# The ops for which Keras has a layer.
KERAS_OPS = (
    "add", "attention", "avg_pool", "concat", "conv", "crop", "depthwise_conv", "dropout",
    "flatten", "global_avg_pool", "global_max_pool", "group_norm", "linear", "max_pool", "min_pool",
    "multiply", "spatial_dropout", "to_map", "upsample", "zero_pad",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Use:
    """One op with its fields and the shapes that go into it; `own` are inputs that are learned."""

    op: str
    fields: dict[str, Any]
    inputs: tuple[Shape, ...]
    own: tuple[bool, ...] = ()

    @property
    def shape(self) -> Shape:
        return self.inputs[0]

    @property
    def learned(self) -> tuple[bool, ...]:
        """Which of the inputs are learned."""
        return self.own or (False,) * len(self.inputs)

    def write(self) -> dict[str, Any]:
        """The spec of this op alone."""
        names = ["input"] if len(self.inputs) == 1 else [f"x{i}" for i in range(len(self.inputs))]
        pairs = list(zip(names, self.inputs, self.learned, strict=True))
        given = {name: _name_sizes(shape) for name, shape, own in pairs if not own}
        steps: list[Any] = [
            {"parameter": _name_sizes(shape), "name": name, "from": next(iter(given))}
            for name, shape, own in pairs
            if own
        ]
        if OPS[self.op].merges:
            steps.append({self.op: names})
        elif OPS[self.op].refers:
            steps.append({self.op: {**self.fields, "like": names[1]}, "from": names[0]})
        else:
            steps.append({self.op: self.fields})
        inputs = {"input": given["input"]} if len(names) == 1 else {"inputs": given}
        return {"cnnspec": 1, "name": "verdict", **inputs, "layers": steps}


def _name_sizes(shape: Shape) -> dict[str, int]:
    if shape.kind is Kind.VECTOR:
        return {"features": shape.channels}
    return {"channels": shape.channels, **dict(zip(shape.axes, shape.sizes, strict=True))}


SIZES = st.integers(1, 9)
CHANNELS = st.sampled_from([1, 2, 3, 4, 6, 8, 12])


@st.composite
def maps(draw: Draw, ranks: tuple[int, ...] = (1, 2, 2, 3)) -> Shape:
    rank = draw(st.sampled_from(ranks))
    return fmap(draw(CHANNELS), *draw(st.lists(SIZES, min_size=rank, max_size=rank)))


VECTORS = st.integers(1, 8).map(vector)
TOKENS = st.builds(tokens, SIZES, CHANNELS)
ANY = st.one_of(maps(), maps(), VECTORS, TOKENS)


def near(*numbers: int) -> st.SearchStrategy[int]:
    """A number beside one of these, not negative."""
    places = sorted({max(0, number + by) for number in (*numbers, 2) for by in (-1, 0, 1)})
    return st.sampled_from(places)


@st.composite
def per_axis(draw: Draw, shape: Shape, entry: st.SearchStrategy[int], sides: bool = False) -> Any:
    """One number, or one for each axis, or, for paddings, one for each side."""
    forms = ["one", "one", "axes", "axes", *(["sides", "sides"] if sides else [])]
    form = draw(st.sampled_from(forms))
    if form == "one":
        return draw(entry)
    count = shape.rank * (2 if form == "sides" else 1)
    return draw(st.lists(entry, min_size=count, max_size=count))


@st.composite
def paddings(draw: Draw, shape: Shape, kernel: Any) -> Any:
    if draw(st.integers(0, 4)) == 0:
        return draw(st.sampled_from(["same", "valid"]))
    largest = max(kernel) if isinstance(kernel, list) else kernel
    return draw(per_axis(shape, near(0, 1, largest // 2, largest), sides=True))


def window(draw: Draw, shape: Shape) -> dict[str, Any]:
    """A kernel about as large as the map, and what moves it."""
    kernel = draw(per_axis(shape, near(1, 3, *shape.sizes).filter(bool)))
    return {
        "kernel_size": kernel,
        "stride": draw(per_axis(shape, near(1, 2, *shape.sizes).filter(bool))),
        "dilation": draw(per_axis(shape, st.sampled_from([1, 1, 1, 2, 3]))),
        "padding": draw(paddings(shape, kernel)),
    }


def divisors(draw: Draw, channels: int) -> int:
    return int(draw(st.one_of(st.sampled_from([1, 2, 3, 4]), near(channels).filter(bool))))


def draw_conv(draw: Draw, shape: Shape) -> dict[str, Any]:
    groups = divisors(draw, shape.channels)
    filters = draw(st.one_of(CHANNELS, st.just(groups * 2)))
    return {**window(draw, shape), "groups": groups, "out_channels": filters}


def draw_depthwise(draw: Draw, shape: Shape) -> dict[str, Any]:
    return {**window(draw, shape), "multiplier": draw(st.integers(1, 3))}


def draw_conv_transpose(draw: Draw, shape: Shape) -> dict[str, Any]:
    fields = draw_conv(draw, shape)
    stride = fields["stride"]
    largest = max(stride) if isinstance(stride, list) else stride
    fields["stride"] = min(largest, 4) if largest == stride else [min(n, 4) for n in stride]
    fields["padding"] = draw(per_axis(shape, near(0, 1, *shape.sizes), sides=True))
    fields["output_padding"] = draw(per_axis(shape, st.sampled_from([0, 0, 0, 1, 2, 3])))
    return fields


def draw_pool(draw: Draw, shape: Shape) -> dict[str, Any]:
    fields = window(draw, shape)
    fields["ceil_mode"] = draw(st.booleans())
    if draw(st.booleans()):
        del fields["stride"]
    return fields


def draw_avg_pool(draw: Draw, shape: Shape) -> dict[str, Any]:
    fields = draw_pool(draw, shape)
    del fields["dilation"]
    return {**fields, "count_include_pad": draw(st.booleans())}


def draw_lp_pool(draw: Draw, shape: Shape) -> dict[str, Any]:
    fields = draw_pool(draw, shape)
    del fields["dilation"], fields["padding"]
    return {**fields, "norm_type": draw(st.sampled_from([1, 2, 3.5, 0, -1]))}


def draw_interpolation(draw: Draw, shape: Shape) -> dict[str, Any]:
    fitting = MODES[shape.rank]
    mode = draw(st.sampled_from(["nearest", fitting, fitting, *MODES]))
    return {"mode": mode, "align_corners": draw(st.booleans())}


def draw_upsample(draw: Draw, shape: Shape) -> dict[str, Any]:
    factor = draw(per_axis(shape, st.integers(0, 3)))
    return {"scale_factor": factor, **draw_interpolation(draw, shape)}


def draw_resize(draw: Draw, shape: Shape) -> dict[str, Any]:
    return {"size": draw(per_axis(shape, SIZES)), **draw_interpolation(draw, shape)}


def draw_slice(draw: Draw, shape: Shape) -> dict[str, Any]:
    ends = near(0, 1, shape.channels, *shape.sizes)
    axes = st.sampled_from([*shape.axes, "channels", "spatial", *AXES])
    stop = draw(st.one_of(st.none(), ends))
    start = draw(ends)
    return {"axis": draw(axes), "start": start, "stop": stop, "step": draw(st.integers(1, 3))}


def draw_norm(draw: Draw, shape: Shape) -> dict[str, Any]:
    return {"eps": draw(st.sampled_from([1e-5, 1e-3, 0, -1.0])), "affine": draw(st.booleans())}


def draw_local_response_norm(draw: Draw, shape: Shape) -> dict[str, Any]:
    value = st.sampled_from([0.5, 1, 2.0, 0, -0.5])
    fields = {name: draw(value) for name in ("alpha", "beta", "k")}
    return {"size": draw(st.integers(1, 7)), **fields}


def draw_to_map(draw: Draw, shape: Shape) -> dict[str, Any]:
    count = shape.sizes[0] if shape.sizes else 1
    pairs = [[n, count // n] for n in range(1, count + 1) if count % n == 0]
    return {"sizes": draw(st.sampled_from([count, [1, 1, count], [1, 1, 1, count], 3, *pairs]))}


def draw_constant(draw: Draw, shape: Shape) -> dict[str, Any]:
    dims = [draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))]
    numbers = [0.5] * draw(near(dims[0] * dims[1] * dims[2]).filter(bool))
    nested = [[[0.5] * dims[2]] * dims[1]] * dims[0]
    ragged = [[0.5], [0.5, 1.0]]
    rows = [[0.5] * (dims[1] * dims[2])] * dims[0]
    values = draw(st.sampled_from([0.5, numbers, nested, rows, ragged, [nested]]))
    return {"channels": dims[0], "height": dims[1], "width": dims[2], "values": values}


def _fields(**choices: Any) -> Callable[[Draw, Shape], dict[str, Any]]:
    """Fields that are drawn each for itself, from a list or by a function of the shape."""

    def draw_them(draw: Draw, shape: Shape) -> dict[str, Any]:
        return {
            name: draw(choice(shape) if callable(choice) else st.sampled_from(choice))
            for name, choice in choices.items()
        }

    return draw_them


def _near_channels(shape: Shape) -> st.SearchStrategy[int]:
    return st.one_of(st.integers(1, 4), near(shape.channels))


def _sides(shape: Shape) -> st.SearchStrategy[Any]:
    return per_axis(shape, near(0, 1, *(size // 2 for size in shape.sizes)), sides=True)


RATES = [0.0, 0.5, 0.99, 1.0, -0.1]
FIELDS: dict[str, Callable[[Draw, Shape], dict[str, Any]]] = {
    "conv": draw_conv,
    "depthwise_conv": draw_depthwise,
    "conv_transpose": draw_conv_transpose,
    "max_pool": draw_pool,
    "min_pool": draw_pool,
    "avg_pool": draw_avg_pool,
    "lp_pool": draw_lp_pool,
    "global_avg_pool": _fields(keepdims=[True, False]),
    "global_max_pool": _fields(keepdims=[True, False]),
    "adaptive_avg_pool": _fields(output_size=lambda shape: per_axis(shape, st.integers(0, 12))),
    "batch_norm": lambda draw, shape: {
        **draw_norm(draw, shape),
        "momentum": draw(st.sampled_from([0.1, 1, 0, 1.5, -0.1])),
    },
    "layer_norm": lambda draw, shape: {
        **draw_norm(draw, shape),
        "axes": draw(st.sampled_from(["channels", "all"])),
    },
    "group_norm": lambda draw, shape: {
        **draw_norm(draw, shape),
        "num_groups": draw(_near_channels(shape)),
    },
    "instance_norm": draw_norm,
    "local_response_norm": draw_local_response_norm,
    "l2_normalize": _fields(eps=[1e-12, 1e-3, 0, -1.0]),
    "leaky_relu": _fields(negative_slope=[0.01, 0, -0.5, 2]),
    "prelu": _fields(per_channel=[True, False]),
    "elu": _fields(alpha=[1.0, 0.3, 0, -1.0]),
    "gelu": _fields(approximate=["none", "tanh", "erf"]),
    "dropout": _fields(p=RATES),
    "spatial_dropout": _fields(p=RATES),
    "stochastic_depth": _fields(p=RATES),
    "linear": _fields(out_features=[1, 3, 0]),
    "attention": _fields(num_heads=_near_channels, bias=[True, False], dropout=RATES),
    "to_map": draw_to_map,
    "class_token": _fields(count=[1, 3, 0]),
    "select_token": _fields(index=lambda s: st.integers(-max(s.sizes) - 1, max(s.sizes) + 1)),
    "constant": draw_constant,
    "zero_pad": _fields(padding=_sides),
    "crop": _fields(margins=_sides),
    "slice": draw_slice,
    "split": _fields(parts=_near_channels, index=[0, 0, 1, 2, 3, -1]),
    "pad_channels": _fields(padding=[0, 1, [2, 1], [0, 0], [1, 2, 3]]),
    "channel_shuffle": _fields(groups=_near_channels),
    "pixel_shuffle": _fields(factor=[1, 2, 2, 3]),
    "pixel_unshuffle": _fields(factor=[1, 2, 2, 3]),
    "upsample": draw_upsample,
    "resize": draw_resize,
    "crop_like": lambda draw, shape: {
        "offset": draw(st.one_of(st.just("center"), per_axis(shape, st.integers(0, 4))))
    },
    "resize_like": draw_interpolation,
}


@st.composite
def uses(draw: Draw, ops: tuple[str, ...] = tuple(sorted(OPS))) -> Use:
    """One use of an op."""
    op = draw(st.sampled_from(ops))
    kind = OPS[op]
    if kind.merges:
        return draw(_merges(op))
    if op in ("constant", "parameter"):
        shape = draw(maps())
        fields = FIELDS[op](draw, shape) if op == "constant" else _name_sizes(draw(ANY))
        return Use(op, fields, (shape,))
    fitting = [shapes for shapes, one in _SHAPES.items() if one & kind.kinds]
    # Now and then a value that the op does not take.
    strange = draw(st.integers(0, 14)) == 0
    shape = draw({"maps": maps(), "vectors": VECTORS, "tokens": TOKENS}[
        draw(st.sampled_from(list(_SHAPES) if strange else fitting))
    ])  # fmt: skip
    asked = shape if shape.sizes else fmap(shape.channels, 1)
    fields = FIELDS[op](draw, asked) if op in FIELDS else {}
    if fields and draw(st.integers(0, 11)) == 0:
        fields[draw(st.sampled_from(sorted(fields)))] = draw(st.sampled_from(ODD))
    if kind.refers:
        other = draw(st.one_of(maps((shape.rank or 1,)), maps()))
        return Use(op, fields, (shape, other))
    return Use(op, fields, (shape,))


_SHAPES = {"maps": {Kind.MAP}, "vectors": {Kind.VECTOR}, "tokens": {Kind.TOKENS}}


@st.composite
def _merges(draw: Draw, op: str) -> Use:
    """Values of one shape, of shapes that differ along some axes, or of any shapes."""
    first = draw(ANY)
    others = []
    for _ in range(draw(st.integers(1, 2))):
        form = draw(st.sampled_from(["same", "same", "ones", "channels", "gate", "any"]))
        if form == "ones":
            sizes = tuple(draw(st.sampled_from([1, size])) for size in first.sizes)
            channels = draw(st.sampled_from([1, first.channels]))
            others.append(Shape(first.kind, channels, sizes))
        elif form == "channels":
            others.append(first.widen(draw(CHANNELS)))
        elif form == "gate":
            others.append(vector(first.channels))
        else:
            others.append(draw(ANY) if form == "any" else first)
    shapes = tuple(draw(st.permutations([first, *others])))
    own = draw(st.lists(st.booleans(), min_size=len(shapes), max_size=len(shapes)))
    learned = draw(st.integers(0, 3)) == 0 and not all(own)
    return Use(op, {}, shapes, tuple(own) if learned else ())
