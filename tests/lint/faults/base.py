"""The networks that faults are planted in, and what a planted fault is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import yaml

from cnnspec import resources
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph, Node, Value
from cnnspec.ops.base import Op, ShapeFault
from cnnspec.ops.shapes import Shape
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.lint.faults.sheet import Sheet, Tree, parse
from tests.networks import open_near
from tests.zoo_cases import CASES

# Every network of the zoo as it is without a variant, and others of a different structure.
NETWORKS = (
    *resources.list_zoo(),
    "alexnet:paper", "fcn_vgg:8s", "googlenet:paper", "resnet:18", "resnet_cifar:20b",
    "unet:padded", "unet:milesial_bilinear", "vgg:11_bn", "waveform_cnn:m3",
)  # fmt: skip


@dataclass(frozen=True)
class Base:
    """A sound network of the zoo as a text of one variant, with nothing expected of it."""

    id: str
    text: str

    @property
    def file(self) -> str:
        return f"{self.id.partition(':')[0]}.yaml"

    @property
    def spec(self) -> ModelSpec:
        return read(self.text, self.file)

    def open(self) -> Sheet:
        """The text to be edited."""
        return Sheet(self.text, self.file)

    @cached_property
    def graph(self) -> Graph:
        return build_graph(self.spec)

    @cached_property
    def own(self) -> list[Node]:
        """The ops whose steps are written in the text, each step once."""
        steps = {}
        for node in self.graph.nodes:
            span = node.origin.step.span
            if span.file == self.file and not node.origin.step.choice:
                steps.setdefault((span.line, span.column), node)
        return list(steps.values())

    def list(self, *kinds: type[Op]) -> list[Node]:
        """Its own ops of some kinds."""
        return [node for node in self.own if isinstance(node.op, kinds)]

    def list_uses(self, node: Node) -> list[Node]:
        """All ops that come from the step of one."""
        return [one for one in self.graph.nodes if one.origin.step.span == node.origin.step.span]

    def chain(self, *kinds: type[Op]) -> list[Node]:
        """Those of them that steps can be put beside."""
        sheet = self.open()
        return [node for node in self.list(*kinds) if sheet.is_in_chain(node)]

    @cached_property
    def last(self) -> Node | None:
        """The op that gives the only output of the network."""
        if not self.graph.is_plain or self.open().get("outputs") is not None:
            return None
        return self.graph.every_output[0].value.producer

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of its only input, which are none for a vector."""
        return self.graph.inputs[0].known.sizes if len(self.graph.inputs) == 1 else ()

    @property
    def kind(self) -> str:
        """The word of its task."""
        return self.graph.spec.task.kind if self.graph.spec.task else ""


def read(text: str, file: str) -> ModelSpec:
    return read_spec(text, file, open_near)


@cache
def list_bases() -> tuple[Base, ...]:
    """All networks, each with the values of its variant as its defaults."""
    return tuple(Base(network, _settle(network)) for network in NETWORKS)


def list_narrow_bases() -> tuple[Base, ...]:
    """All networks of the zoo on small images, with few channels and blocks."""
    found = []
    for name, case in CASES.items():
        sheet = Sheet(case.narrow(name), f"{name}.yaml")
        values = {key: parse(json.dumps(value)) for key, value in case.settings.items()}
        found.append(Base(f"{name}: narrow", _fix(sheet, values)))
    return tuple(found)


def _settle(network: str) -> str:
    name, _, variant = network.partition(":")
    sheet = Sheet(resources.read_zoo(name).decode(), f"{name}.yaml")
    chosen = sheet.get("variants", variant)
    pairs = chosen.value if isinstance(chosen, yaml.MappingNode) else []
    return _fix(sheet, {key.value: value for key, value in pairs})


def _fix(sheet: Sheet, values: dict[str, Tree]) -> str:
    """The text with other values of its parameters, and nothing that is said of variants."""
    params = sheet.get("params")
    if isinstance(params, yaml.MappingNode):
        params.value = [(key, values.get(key.value, value)) for key, value in params.value]
    # What a spec ignores with a reason would hide the same fault where it is none.
    for key in ("variants", "expect", "lint"):
        sheet.put(key, None)
    return sheet.write()[0]


# What edits a sheet and gives the nodes to blame, on one of whose lines a finding must stand.
Plant = Callable[[Sheet], "list[Tree]"]
Planter = Callable[[Base], Iterator[Plant]]


@dataclass(frozen=True)
class Fault:
    """A kind of fault: the rules that may find it, and the ways to plant it in a network."""

    name: str
    rules: tuple[str, ...]
    planter: Planter


FAULTS: list[Fault] = []


def fault(name: str, *rules: str) -> Callable[[Planter], Planter]:
    """Put a planter into the list of faults."""

    def keep(planter: Planter) -> Planter:
        FAULTS.append(Fault(name, rules, planter))
        return planter

    return keep


# What the planters ask of a network.


def find_reader(node: Node) -> Node | None:
    """The one op that takes a result."""
    readers = node.output.readers
    return readers[0] if len(readers) == 1 and not node.output.is_output else None


def find_source(node: Node) -> Node | None:
    """The op whose result another takes, if no other takes it."""
    source = node.inputs[0].producer if len(node.inputs) == 1 else None
    return source if source is not None and find_reader(source) is node else None


def look_ahead(node: Node, *through: type[Op]) -> Node | None:
    """The first op behind another that is none of these, on a way without forks."""
    after = find_reader(node)
    while after is not None and isinstance(after.op, through):
        after = find_reader(after)
    return after


def look_back(node: Node, *through: type[Op]) -> Node | None:
    """The first op before another that is none of these, on a way without forks."""
    before = find_source(node)
    while before is not None and isinstance(before.op, through):
        before = find_source(before)
    return before


def count_before(node: Node, *kinds: type[Op]) -> int:
    """How many ops of some kinds have a say in what another takes."""
    seen: set[Node] = set()
    waiting = [value.producer for value in node.inputs]
    while waiting:
        before = waiting.pop()
        if before is not None and before not in seen:
            seen.add(before)
            waiting += [value.producer for value in before.inputs]
    return sum(isinstance(one.op, kinds) for one in seen)


def list_behind(node: Node, *kinds: type[Op]) -> Iterator[Node]:
    """The ops of some kinds that take what comes of a result."""
    seen: set[Node] = set()
    waiting = list(node.output.readers)
    while waiting:
        after = waiting.pop()
        if after not in seen:
            seen.add(after)
            waiting += after.output.readers
            if isinstance(after.op, kinds):
                yield after


def resize(graph: Graph, sizes: tuple[int, ...]) -> tuple[Node | None, dict[Value, Shape]]:
    """The shapes with another size of the input, and the first op that cannot take its own."""
    shapes = {graph.inputs[0]: graph.inputs[0].known.resize(sizes)}
    for node in graph.nodes:
        if not all(value in shapes for value in node.inputs):
            continue
        try:
            shapes[node.output] = node.op.infer_shape(tuple(shapes[v] for v in node.inputs))
        except ShapeFault:
            return node, shapes
    return None, shapes


def write_input(base: Base, sizes: tuple[int, ...]) -> str:
    """The input of a network with other sizes."""
    names = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}[len(sizes)]
    pairs = zip(names, sizes, strict=True)
    channels = base.graph.inputs[0].known.channels
    return f"{{channels: {channels}, {', '.join(f'{name}: {size}' for name, size in pairs)}}}"


def append(sheet: Sheet, text: str) -> Tree:
    """Put a step behind all others."""
    layers, added = sheet.get("layers"), parse(text)
    assert layers is not None
    if isinstance(layers, yaml.MappingNode):
        layers.value.append((parse(f"planted{len(layers.value)}"), added))
    else:
        layers.value.append(added)
    return added
