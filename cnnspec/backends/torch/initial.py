"""How PyTorch code fills weights: one loop over the modules where all of a class start alike.

Where they do not, each is filled where it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from cnnspec.backends.base import CannotSayError
from cnnspec.backends.pycode import (
    Binary,
    Bracketed,
    Call,
    Code,
    Expr,
    format_condition,
    format_statement,
    literal,
)
from cnnspec.backends.torch.leaf import TorchSite
from cnnspec.graph.ir import Graph, Node
from cnnspec.ops.activation import Prelu
from cnnspec.ops.attention import Attention
from cnnspec.ops.conv import Conv, ConvTranspose, DepthwiseConv
from cnnspec.ops.initializers import (
    CUT,
    INITIALIZED,
    ONES,
    ZEROS,
    Bilinear,
    Constant,
    Dirac,
    Initializer,
    Normal,
    Orthogonal,
    Scaled,
    Uniform,
    find_form,
    find_initializer,
    name_initializer,
)
from cnnspec.ops.linear import Linear
from cnnspec.ops.norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, Scale
from cnnspec.ops.stored import Parameter
from cnnspec.ops.tokens import ClassToken, PositionEmbedding
from cnnspec.records import dataclass

METHOD = "_init_weights"
HELPER = "initialize"

_OWNERS = (
    Conv, DepthwiseConv, ConvTranspose, Linear, BatchNorm, LayerNorm, GroupNorm, InstanceNorm,
    Prelu, Scale,
)  # fmt: skip

# What torch takes for an argument that is left out.
_UNWRITTEN = {"mean": 0.0, "gain": 1.0, "negative_slope": 0.0}

Keywords = tuple[tuple[str, Expr], ...]
# Writes an argument of an initializer, by its name and its number.
Say = Callable[[str, float], Expr]


@dataclass(frozen=True, slots=True)
class Fill:
    """A function of ``nn.init`` with what it gets beside the tensor.

    `parts` is how many kernels it must see on their own, one above the other: a number, or the
    attribute of the module that has it.
    """

    function: str
    keywords: Keywords = ()
    parts: str = ""

    def write_call(self, tensor: str) -> Expr:
        """The call on a tensor."""
        match self.keywords:
            case (("val", value),):
                return Call(self.function, (Code(tensor), value))
        return Call(self.function, (Code(tensor),), self.keywords)

    def write_partial(self) -> Expr:
        """The function of the tensor alone."""
        if not self.keywords:
            return Code(self.function)
        return Call("partial", (Code(self.function),), self.keywords)

    def lay_out(self, module: str, weight: str, indent: int) -> list[str]:
        """The statements that fill a module's weight."""
        tensor = f"{module}.{weight}" if weight else module
        if not self.parts:
            return format_statement("", self.write_call(tensor), indent=indent)
        count = self.parts if self.parts.isdecimal() else f"{module}.{self.parts}"
        parts = Call(f"{tensor}.data.chunk", (Code(count),))
        return [
            *format_statement("for part in ", parts, ":", indent),
            *format_statement("", self.write_call("part"), indent=indent + 4),
        ]


def make_fill(initializer: Initializer, weight: str, nodes: Iterable[Node], say: Say) -> Fill:
    """How torch says an initializer, on all of some ops of one class."""
    nodes = list(nodes)
    is_transposed = any(isinstance(node.op, ConvTranspose) for node in nodes)
    parts = "groups" if any(_count_groups(node) > 1 for node in nodes) else ""
    if weight == "in_proj_weight":
        parts = str(max(_count_stacked(node) for node in nodes))
    match initializer:
        case Scaled():
            # torch names a transposed kernel's fans the other way round, and counts the fan of
            # its second axis for one group, that of its first for all.
            mode = _swap(initializer.mode) if is_transposed else initializer.mode
            function, keywords = _scale(initializer, mode, say)
            return Fill(function, keywords, parts if mode != "fan_in" else "")
        case Normal(mean=mean, std=std, truncated=truncated):
            keywords = (("std", say("std", std)),)
            if mean:
                keywords = (("mean", say("mean", mean)), *keywords)
            if not truncated:
                return Fill("nn.init.normal_", keywords)
            return Fill("nn.init.trunc_normal_", (*keywords, *_find_bounds(initializer, say)))
        case Uniform(low=low, high=high):
            return Fill("nn.init.uniform_", (("a", say("low", low)), ("b", say("high", high))))
        case Constant():
            if initializer == ZEROS:
                return Fill("nn.init.zeros_")
            if initializer == ONES:
                return Fill("nn.init.ones_")
            return Fill("nn.init.constant_", (("val", say("", initializer.value)),))
        case Orthogonal(gain=gain):
            keywords = () if gain == 1 else (("gain", say("gain", gain)),)
            return Fill("nn.init.orthogonal_", keywords)
        case Dirac():
            is_matrix = any(isinstance(node.op, Linear) for node in nodes)
            return Fill("nn.init.eye_" if is_matrix else "nn.init.dirac_", (), parts)
        case Bilinear():
            return Fill("bilinear_", (), parts)


def _scale(initializer: Scaled, mode: str, say: Say) -> tuple[str, Keywords]:
    form = "uniform_" if initializer.even else "normal_"
    keywords: Keywords = ()
    if initializer.rule == "glorot":
        if initializer.gain != 1:
            keywords = (("gain", say("gain", initializer.gain)),)
        return f"nn.init.xavier_{form}", keywords
    if mode != "fan_in":
        keywords = (("mode", literal(mode)),)
    if initializer.rule == "lecun":
        keywords = (*keywords, ("nonlinearity", literal("linear")))
    elif initializer.negative_slope:
        # A leaky ReLU is what torch takes for granted.
        slope = say("negative_slope", initializer.negative_slope)
        keywords = (("a", slope), *keywords)
    else:
        keywords = (*keywords, ("nonlinearity", literal("relu")))
    return f"nn.init.kaiming_{form}", keywords


def _swap(mode: str) -> str:
    return {"fan_in": "fan_out", "fan_out": "fan_in"}.get(mode, mode)


def _find_bounds(initializer: Normal, say: Say) -> Keywords:
    """Where a normal variable is truncated, which torch takes as plain numbers."""
    std, mean = say("std", initializer.std), say("mean", initializer.mean)
    if _is_number(std) and _is_number(mean):
        reach = CUT * initializer.std
        low, high = initializer.mean - reach, initializer.mean + reach
        return (("a", literal(_tidy(low))), ("b", literal(_tidy(high))))
    factor = literal(int(CUT))
    if not initializer.mean:
        return (("a", Binary(literal(-int(CUT)), "*", std)), ("b", Binary(factor, "*", std)))
    reach_code = Binary(factor, "*", std)
    return (("a", Binary(mean, "-", reach_code)), ("b", Binary(mean, "+", reach_code)))


def _tidy(number: float) -> float:
    """The number without the last digits, which sums of decimals leave."""
    return float(f"{number:.12g}")


def _is_number(expr: Expr) -> bool:
    if not isinstance(expr, Code):
        return False
    try:
        float(expr.text)
    except ValueError:
        return False
    return True


def _count_groups(node: Node) -> int:
    kernel = node.op.describe_kernel(node.shapes)
    return kernel.groups if kernel is not None else 1


def _count_stacked(node: Node) -> int:
    kernel = node.op.describe_kernel(node.shapes)
    return kernel.stacked if kernel is not None else 1


# The loop over all modules


@dataclass(frozen=True, slots=True)
class Agreed:
    """A weight that starts alike in all modules of a class; `everywhere` says that all have it."""

    fill: Fill
    everywhere: bool


# By the modules' class and the weight's name.
Plan = Mapping[tuple[str, str], Agreed]


def plan_loop(graph: Graph) -> Plan:
    """What one loop over a model's modules can fill."""
    found: dict[tuple[str, str], list[Node]] = {}
    for node in graph.nodes:
        for own in node.weights:
            if own.name in INITIALIZED and not node.op.is_parameter:
                found.setdefault((name_class(node), own.name), []).append(node)
    classes = [name_class(node) for node in graph.nodes if isinstance(node.op, _OWNERS)]
    plan: dict[tuple[str, str], Agreed] = {}
    for (kind, weight), nodes in found.items():
        first = find_initializer(nodes[0].op, weight)
        if first is not None and all(find_initializer(n.op, weight) == first for n in nodes):
            fill = make_fill(first, weight, nodes, lambda name, number: literal(number))
            plan[kind, weight] = Agreed(fill, classes.count(kind) == len(nodes))
    return plan


def name_class(node: Node) -> str:
    """The class of torch that an op's module is of, or inherits from."""
    rank = node.shapes[0].rank
    match node.op:
        case Conv() | DepthwiseConv():
            return f"nn.Conv{rank}d"
        case ConvTranspose():
            return f"nn.ConvTranspose{rank}d"
        case BatchNorm():
            return f"nn.BatchNorm{max(1, rank)}d"
        case InstanceNorm():
            return f"nn.InstanceNorm{rank}d"
        case Linear():
            return "nn.Linear"
        case LayerNorm():
            return "nn.LayerNorm"
        case GroupNorm():
            return "nn.GroupNorm"
        case Prelu():
            return "nn.PReLU"
        case Attention():
            return "nn.MultiheadAttention"
        case ClassToken() | PositionEmbedding() | Parameter():
            return "nn.Parameter"
        case Scale():
            return "Scale"
    raise AssertionError(f"{node.op.op} has weights of no known class")


def write_loop(plan: Plan, has_attention: bool) -> list[str]:
    """The method that fills what the plan says."""
    bodies: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for kind in dict.fromkeys(kind for kind, _ in plan):
        lines: list[str] = []
        for name in INITIALIZED:
            if (agreed := plan.get((kind, name))) is not None:
                inner = agreed.fill.lay_out("module", name, 16)
                guard = _find_guard(kind, name, agreed.everywhere)
                lines += _put_under(f"module.{guard}", inner, 16) if guard else inner
        # The last matrix of PyTorch's attention is of a class that inherits from nn.Linear.
        is_exact = has_attention and kind == "nn.Linear"
        bodies.setdefault((tuple(lines), is_exact), []).append(kind)
    lines = [
        f"    def {METHOD}(self) -> None:",
        '        """Draw the weights that the layers start with."""',
        "        for module in self.modules():",
    ]
    word = "if"
    for (body, is_exact), kinds in bodies.items():
        classes = Code(kinds[0]) if len(kinds) == 1 else Bracketed(tuple(map(Code, kinds)), "()")
        condition: Expr = Call("isinstance", (Code("module"), classes))
        if is_exact:
            condition = Binary(Call("type", (Code("module"),)), "is", classes)
        # One condition under another is one with "and".
        head, *rest = body
        if head.startswith(f"{' ' * 16}if ") and all(line.startswith(" " * 20) for line in rest):
            condition = Binary(condition, "and", Code(head.strip()[3:-1]))
            body = tuple(line[4:] for line in rest)
        lines += format_condition(word, condition, 12)
        lines += body
        word = "elif"
    return lines


def _find_guard(kind: str, weight: str, everywhere: bool) -> str:
    """The condition, of a module, under which it has a weight; empty where all of a class do."""
    if kind.startswith("nn.Conv"):
        return "bias is not None" if weight == "bias" else ""
    if everywhere:
        return ""
    if kind == "nn.Linear":
        return "bias is not None"
    if kind == "nn.MultiheadAttention":
        return f"{weight} is not None" if weight.endswith("bias") else ""
    return "elementwise_affine" if kind == "nn.LayerNorm" else "affine"


def _put_under(condition: str, lines: list[str], indent: int) -> list[str]:
    head = f"{' ' * indent}if {condition}:"
    return [head, *(f"    {line}" for line in lines)]


# Single modules


def find_fills(site: TorchSite, plan: Plan) -> dict[str, Fill]:
    """How the module of a place is filled where it is made, by the weight's name."""
    fills: dict[str, Fill] = {}
    for weight, field in INITIALIZED.items():
        nodes = [n for n in site.nodes if any(own.name == weight for own in n.weights)]
        if not nodes or (name_class(nodes[0]), weight) in plan:
            continue
        initializer = find_initializer(nodes[0].op, weight)
        site.same(partial(_find_form, weight=weight))
        if initializer is None or _is_torchs_own(nodes[0], weight, initializer):
            continue
        keys = (field, name_initializer(initializer))
        fills[weight] = make_fill(
            initializer, weight, nodes, partial(_say_part, site, weight, keys)
        )
    return fills


def _say_part(
    site: TorchSite, weight: str, keys: tuple[str, str], name: str, number: float
) -> Expr:
    """An argument of an initializer as the author says it."""
    path = (*keys, name) if name else keys
    return site.part(path, lambda node: _read(node, weight, name or "value"))


def write_fills(site: TorchSite, fills: Mapping[str, Fill], module: str, indent: int) -> list[str]:
    """The statements that fill a module which has been made."""
    lines: list[str] = []
    for weight, fill in fills.items():
        owners = [any(own.name == weight for own in node.weights) for node in site.nodes]
        guard = _find_guard(name_class(site.nodes[0]), weight, all(owners))
        inner = fill.lay_out(module, weight, indent)
        lines += _put_under(f"{module}.{guard}", inner, indent) if guard else inner
    return lines


def wrap_module(module: Expr, fills: Mapping[str, Fill]) -> Expr:
    """A module that is filled as it is made, for where it has no name of its own."""
    if not fills.keys() <= {"weight", "bias"}:
        raise CannotSayError(
            "attentions without names in a plain chain start alike: give the steps names"
        )
    parts = tuple((weight, fill.write_partial()) for weight, fill in fills.items())
    return Call(HELPER, (module,), parts)


def list_supports(fills: Iterable[Fill]) -> list[str]:
    """The definitions of ours that some fills need."""
    return [fill.function for fill in fills if not fill.function.startswith("nn.")]


def _find_form(node: Node, weight: str) -> tuple[object, ...] | None:
    initializer = find_initializer(node.op, weight)
    return None if initializer is None else find_form(initializer, _UNWRITTEN)


def _read(node: Node, weight: str, name: str) -> float:
    number: float = getattr(find_initializer(node.op, weight), name)
    return number


def _is_torchs_own(node: Node, weight: str, initializer: Initializer) -> bool:
    """Whether torch's norms, and parameters as they are written, start like this anyway."""
    if node.op.is_parameter:
        return initializer == ZEROS
    is_norm = isinstance(node.op, BatchNorm | LayerNorm | GroupNorm | InstanceNorm | Scale)
    return is_norm and initializer == (ONES if weight == "weight" else ZEROS)
