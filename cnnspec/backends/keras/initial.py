"""What a layer's weights start as, as Keras says it.

Keras names the fans of some kernels otherwise than a spec does, so their numbers are scaled: what
a scale is divided by comes out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

from cnnspec.backends.base import Site
from cnnspec.backends.keras.layer import call_layer, text
from cnnspec.backends.pycode import Call, Expr, literal
from cnnspec.graph.ir import Node
from cnnspec.ops.attention import Attention
from cnnspec.ops.base import Kernel
from cnnspec.ops.conv import ConvTranspose, DepthwiseConv
from cnnspec.ops.initializers import (
    INITIALIZED,
    ONES,
    ZEROS,
    Bilinear,
    Constant,
    Dirac,
    Initializer,
    Mode,
    Normal,
    Orthogonal,
    Scaled,
    Uniform,
    find_form,
    find_initializer,
    name_initializer,
)
from cnnspec.ops.linear import Linear
from cnnspec.records import dataclass

# Writes an argument of an initializer by its name, None where Keras's own default is meant.
_Say = Callable[[str], Expr | None]
DEPTHWISE = "depthwise_initializer"
# What Keras takes for an argument that is left out.
_UNWRITTEN = {"mean": 0.0, "gain": 1.0}


def choose_initializers(
    site: Site, weight: str = "kernel_initializer", bias: str = "bias_initializer"
) -> dict[str, Expr | None]:
    """The keywords of a layer for what its weights start as, under its own names for them."""
    default = ONES if weight == "gamma_initializer" else None
    kernel = _Place(site, default, is_depthwise=weight == DEPTHWISE)
    return {
        weight: _choose(kernel, "initializer"),
        bias: _choose(_Place(site, ZEROS), "bias_initializer"),
    }


def say_start(site: Site) -> Expr | None:
    """What a parameter starts as, where that is not zeros."""
    return _choose(_Place(site, ZEROS), "initializer")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a layer's weight is written, and what Keras fills it with if it is told nothing.

    `is_depthwise` says that the layer is one of Keras's depthwise ones.
    """

    site: Site
    default: Initializer | None = None
    is_depthwise: bool = False


def _choose(place: _Place, field: str) -> Expr | None:
    site = place.site
    nodes = [n for n in site.nodes if any(INITIALIZED.get(own.name) == field for own in n.weights)]
    if not nodes or site.same(partial(_find_form, field=field)) is None:
        return None
    initializer: Initializer = getattr(nodes[0].op, field)

    def say(name: str) -> Expr | None:
        keys: tuple[str, ...] = (field, name_initializer(initializer), name)
        keys = keys[:2] if name == "value" else keys
        return site.part(keys, partial(_read, field=field, name=name))

    return _write(place, initializer, say)


def _write(place: _Place, initializer: Initializer, say: _Say) -> Expr | None:
    def unless(name: str) -> Expr | None:
        return None if getattr(initializer, name) == _UNWRITTEN[name] else say(name)

    match initializer:
        case Scaled():
            return _scale(place, initializer)
        case Normal(truncated=truncated):
            kind = "initializers.TruncatedNormal" if truncated else "initializers.RandomNormal"
            return call_layer(kind, mean=unless("mean"), stddev=say("std"))
        case Uniform():
            kind = "initializers.RandomUniform"
            return call_layer(kind, minval=say("low"), maxval=say("high"))
        case Constant():
            if initializer == place.default:
                return None
            if initializer in (ONES, ZEROS):
                return text("ones" if initializer == ONES else "zeros")
            value = say("value")
            assert value is not None
            return Call("initializers.Constant", (value,))
        case Orthogonal():
            gain = unless("gain")
            return text("orthogonal") if gain is None else _call("Orthogonal", gain=gain)
        case Dirac():
            if isinstance(place.site.op, Linear):
                return text("identity")
            return _place_windows(place, "Dirac")
        case Bilinear():
            return _place_windows(place, "Bilinear")


def _call(kind: str, **keywords: Expr | None) -> Expr:
    return call_layer(f"initializers.{kind}", **keywords)


def _place_windows(place: _Place, support: str) -> Expr:
    """A class of ours, which must know the groups."""
    function = place.site.require(support)
    if place.is_depthwise:
        return call_layer(function, depthwise=literal(True))
    groups = place.site.derive("groups", _count_groups)
    return call_layer(function, groups=None if groups == literal(1) else groups)


def _scale(place: _Place, initializer: Scaled) -> Expr:
    """A word of Keras where it means the same, else the numbers."""
    if isinstance(place.site.op, Attention):
        return _scale_attention(place.site, initializer)
    choose = partial(_choose_mode, mode=initializer.mode)
    mode: Mode = "fan_out" if place.is_depthwise else place.site.same(choose)
    scale = place.site.derive("scale", partial(_find_scale, place.is_depthwise, mode))
    if initializer.even and scale == literal(1.0) and mode == "fan_avg":
        return text("glorot_uniform")
    if initializer.even and mode == "fan_in" and scale in (literal(1.0), literal(2.0)):
        return text("he_uniform" if scale == literal(2.0) else "lecun_uniform")
    # Keras's own normal words are truncated.
    form = text("uniform" if initializer.even else "untruncated_normal")
    return Call("initializers.VarianceScaling", (scale, text(mode), form))


def _scale_attention(site: Site, initializer: Scaled) -> Expr:
    """Numbers in place of fans, which Keras reads off kernels that are cut into heads."""
    if not initializer.even:
        return _call("RandomNormal", stddev=site.derive("std", partial(_find_width, 1.0)))
    low, high = (site.derive(name, partial(_find_width, sign * 3**0.5))
                 for name, sign in (("low", -1), ("high", 1)))  # fmt: skip
    return _call("RandomUniform", minval=low, maxval=high)


def _find_width(factor: float, node: Node) -> float:
    """A multiple of the standard deviation."""
    initializer, kernel = find_initializer(node.op, "in_proj_weight"), _describe(node)
    assert isinstance(initializer, Scaled)
    return float(f"{factor * initializer.find_deviation(kernel):.15g}")


def _describe(node: Node) -> Kernel:
    kernel = node.op.describe_kernel(node.shapes)
    assert kernel is not None
    return kernel


def _choose_mode(node: Node, mode: Mode) -> Mode:
    """The fan of Keras's that is a fixed multiple of one of a spec's, or as near as there is."""
    if isinstance(node.op, DepthwiseConv) or (mode == "fan_avg" and _count_groups(node) > 1):
        return "fan_in"
    if isinstance(node.op, ConvTranspose):
        swapped: dict[Mode, Mode] = {"fan_in": "fan_out", "fan_out": "fan_in"}
        return swapped.get(mode, mode)
    return mode


def _find_scale(is_depthwise: bool, mode: Mode, node: Node) -> float:
    """The scale that gives the wanted variance with a fan of Keras's."""
    initializer = find_initializer(node.op, "weight")
    kernel = _describe(node)
    assert isinstance(initializer, Scaled)
    own = _count_keras_fans(node, is_depthwise)
    fan = {"fan_in": own[0], "fan_out": own[1]}.get(mode, sum(own) / 2)
    return float(f"{initializer.scale * fan / initializer.find_fan(kernel):.15g}")


def _count_keras_fans(node: Node, is_depthwise: bool) -> tuple[int, int]:
    """The fans that Keras reads off the shape of a layer's kernel."""
    first, second, *rows = node.weights[0].shape
    taps = prod(rows)
    if is_depthwise:
        channels = node.shapes[0].channels
        return channels * taps, first // channels * taps
    return second * taps, first * taps


def _count_groups(node: Node) -> int:
    kernel = node.op.describe_kernel(node.shapes)
    return kernel.groups if kernel is not None else 1


def _read(node: Node, field: str, name: str) -> float:
    number: float = getattr(getattr(node.op, field), name)
    return number


def _find_form(node: Node, field: str) -> tuple[object, ...] | None:
    initializer: Initializer | None = getattr(node.op, field)
    return None if initializer is None else find_form(initializer, _UNWRITTEN)
