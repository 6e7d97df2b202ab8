"""Parameters and constants in PyTorch: attributes that a forward reads."""

from __future__ import annotations

from cnnspec.backends.base import Fact, UnshareableError
from cnnspec.backends.pycode import Bracketed, Call, Expr, literal
from cnnspec.backends.pyexpr import Attribute, Subscript
from cnnspec.backends.torch.leaf import Held, Leaf, TorchSite
from cnnspec.graph.ir import Node
from cnnspec.ops.base import Op
from cnnspec.ops.merge import Add, Multiply
from cnnspec.ops.stored import Constant, Parameter, Stored


def refuse_sequence(site: TorchSite) -> Expr:
    """What is no module has no place in a sequence."""
    raise UnshareableError("a parameter is no module")


def list_sizes(site: TorchSite) -> tuple[Expr, ...]:
    """The sizes of a value of the network's own, as code in PyTorch's order."""
    names = site.same(_name_sizes)
    return tuple(site.field(name) for name in names)


def _name_sizes(node: Node) -> tuple[str, ...]:
    assert isinstance(node.op, Stored)
    names = tuple(node.op.list_sizes())
    return ("tokens", "channels") if "tokens" in names else names


def _hold_parameter(site: TorchSite) -> Expr:
    zeros = Call("torch.zeros", (literal(1), *list_sizes(site)))
    return Call("nn.Parameter", (zeros,))


def _hold_constant(site: TorchSite) -> Expr:
    sizes = (literal(1), *list_sizes(site))
    if not site.same(_is_listed):
        return Call("torch.full", (Bracketed(sizes, "()"), site.field("values")))
    numbers = Call("torch.tensor", (site.derive("values", _list_values),))
    return Call(Attribute(numbers, "reshape"), sizes)


def _is_listed(node: Node) -> bool:
    assert isinstance(node.op, Constant)
    return isinstance(node.op.values, tuple)


def _list_values(node: Node) -> Fact:
    assert isinstance(node.op, Constant)
    return node.op.list_values()


def _read(site: TorchSite, attribute: Expr, x: Expr) -> Expr:
    """The attribute itself where it stretches over the samples anyway."""
    if not site.same(_stands_alone):
        return attribute
    batch = Subscript(Attribute(x, "shape"), "0")
    rest = (literal(-1),) * site.same(lambda node: len(node.shape.dims))
    return Call(Attribute(attribute, "expand"), (batch, *rest))


def _stands_alone(node: Node) -> bool:
    """Whether something needs the value once for each sample."""
    return node.output.is_output or any(map(_counts_samples, node.output.readers))


def _counts_samples(reader: Node) -> bool:
    if isinstance(reader.op, Add | Multiply):
        return all(value.is_stored for value in reader.inputs)
    return not reader.op.starts or _stands_alone(reader)


LEAVES: dict[type[Op], Leaf] = {
    Parameter: Leaf(refuse_sequence, held=Held(_hold_parameter, _read)),
    Constant: Leaf(refuse_sequence, held=Held(_hold_constant, _read, is_buffer=True)),
}
