"""Which of the model's parameters its generated constructor can take.

A parameter can be an argument if it reaches only fields of ops and of blocks: one that decides how
often a step is repeated, or whether it is there, shapes the code itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from cnnspec.backends.base import CannotSayError, UnshareableError
from cnnspec.diagnostics import SpecError
from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import Graph, Node
from cnnspec.graph.library import find_block
from cnnspec.graph.reuse import Known
from cnnspec.naming import list_some
from cnnspec.ops.linear import Linear
from cnnspec.spec.model import Argument, Block, Formula, MapArgument, ModelSpec, Step


class Written(Protocol):
    """Generated source, as far as it depends on the network."""

    @property
    def code(self) -> tuple[str, ...]:
        """The classes and functions as text."""


WriteSource = Callable[[Graph, Mapping[str, Value]], Written]
Source = TypeVar("Source", bound=Written)

# Ops that are written in all to learn which parameters a constructor takes: for each value that is
# tried the whole network is written. The zoo's most, of EfficientNet-B7, are 3,500.
MAX_TRIED = 12_000
# What a network costs before its first op, in ops.
_COST = 50


def write_exposed(
    graph: Graph, write: Callable[[Graph, Mapping[str, Value]], Source]
) -> tuple[Source, tuple[str, ...]]:
    """The source whose constructor takes parameters, as many as compiling it with others allows.

    A parameter stays only if other values are possible, and the code for each that is tried is
    the same but for its default. Beside it there is what to say of those that were not tried, as
    that would take more than MAX_TRIED ops.
    """
    users, made = index_users(graph.spec), index_nodes(graph)
    candidates = {name: v for name, v in list_candidates(graph).items() if name in users}
    cost = len(graph.nodes) + _COST
    # Of what can be afforded the network itself is the first.
    room = MAX_TRIED // cost - 1
    known = Known()
    others: dict[str, list[Graph]] = {}
    untried: list[str] = []
    for name, value in candidates.items():
        values = list_probes(value)
        if is_last_size(name, users[name], made):
            continue
        if len(values) > room:
            untried.append(name)
            continue
        room -= len(values)
        others[name] = list(build_others(graph, name, values, known))
    refuted = {*untried, *(name for name, graphs in others.items() if not graphs)}
    exposed = candidates
    while True:
        exposed = {name: value for name, value in exposed.items() if name not in refuted}
        tried = exposed.keys() & others.keys()
        try:
            source = write(graph, exposed)
        except UnshareableError:
            return write(graph, {}), say_untried(untried)
        # Code that used a refuted parameter has a number in its place now, so all are tried again.
        refuted = {
            name for name in tried if not is_same(source, others[name], name, exposed, write)
        }
        if not refuted:
            return source, say_untried(untried)
        room -= 1 + sum(len(others[name]) for name in tried - refuted)
        if room < 0:
            left = tried - refuted
            untried += left
            refuted |= left


def say_untried(names: Sequence[str]) -> tuple[str, ...]:
    """The note on parameters that a smaller network's constructor might take."""
    if not names:
        return ()
    shown = list_some(sorted(names))
    reason = "it is not tried whether the code is the same for other values in a network so large"
    return (f"values of {shown} are fixed in the code: {reason}",)


def index_users(spec: ModelSpec) -> dict[str, list[Step]]:
    """The steps whose own expressions use each name."""
    users: dict[str, list[Step]] = {}
    for step in walk(spec.steps):
        for name in find_names(step):
            users.setdefault(name, []).append(step)
    return users


def index_nodes(graph: Graph) -> dict[int, list[Node]]:
    """The ops that became of each step, by the step's identity."""
    made: dict[int, list[Node]] = {}
    for node in graph.nodes:
        made.setdefault(id(node.origin.step), []).append(node)
    return made


def is_last_size(name: str, steps: Sequence[Step], made: Mapping[int, Sequence[Node]]) -> bool:
    """Whether a parameter is only how many features a linear layer gives, which nothing reads.

    Such a layer takes any number, and no other step has a shape or code that depends on it: there
    is nothing to try. `steps` are those that use the parameter, `made` is what became of them.
    """
    nodes = made.get(id(steps[0]), ()) if len(steps) == 1 else ()
    if len(nodes) != 1:
        return False
    node, step = nodes[0], steps[0]
    if not isinstance(node.op, Linear) or node.output.readers or node.shares is not None:
        return False
    using = {
        field: value for field, value in list_named(step, Linear.principal) if name in needs(value)
    }
    size = using.pop("out_features", None)
    return isinstance(size, Formula) and size.expression.text == name and not using


def list_named(step: Step, first: str | None) -> Iterator[tuple[str, Argument]]:
    """The arguments of a step by name, of which one alone belongs to the first."""
    if isinstance(step.argument, MapArgument):
        yield from ((name, argument) for name, _, argument in step.argument.entries)
    elif step.argument is not None and first is not None:
        yield first, step.argument


def build_others(graph: Graph, name: str, values: Iterable[Value], known: Known) -> Iterator[Graph]:
    """The network with other values of a parameter, as far as they are valid."""
    for changed in values:
        try:
            overrides = {**graph.overrides, name: changed}
            yield build_graph(graph.spec, graph.variant, overrides, known)
        except SpecError:
            continue


def is_same(
    source: Written, others: Sequence[Graph], name: str, exposed: Mapping[str, Value],
    write: WriteSource,
) -> bool:  # fmt: skip
    """Whether the code is the same for other values of a parameter, but for its default."""
    wanted: dict[str, str] = {}
    for other in others:
        try:
            written = write(other, {**exposed, name: other.params[name]})
        except (UnshareableError, CannotSayError):
            return False
        if len(written.code) != len(source.code):
            return False
        for ours, theirs in zip(source.code, written.code, strict=True):
            if ours == theirs:
                continue
            if ours not in wanted:
                wanted[ours] = dump_code(ours, name)
            if dump_code(theirs, name) != wanted[ours]:
                return False
    return True


def list_probes(value: Value) -> tuple[Value, ...]:
    """Other values that a parameter may well have: what one field refuses, another may take."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        halves = (value // 2,) if value > 1 and value % 2 == 0 else ()
        return (value + 8, 2 * value, *halves) if value else (8,)
    if isinstance(value, float):
        return (value / 2, 2 * value) if value else (0.25,)
    return ()


def dump_code(text: str, name: str) -> str:
    """Code without comments, docstrings and one parameter's default."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.posonlyargs, *node.args.args]
            first = len(every) - len(node.args.defaults)
            for index, argument in enumerate(every[first:]):
                if argument.arg.rstrip("_") == name.rstrip("_"):
                    node.args.defaults[index] = ast.Constant(0)
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def list_candidates(graph: Graph) -> dict[str, Value]:
    """The parameters that shape no structure, with their values."""
    spec = graph.spec
    blocked = find_structural(spec, spec.steps)
    for source in spec.inputs:
        for argument in source.sizes.values():
            blocked |= needs(argument)
    for output in spec.outputs:
        for argument in output.arguments:
            blocked |= needs(argument)
    for fields in spec.defaults.values():
        blocked |= needs(fields)
    for block in spec.blocks.values():
        # A block sees the model's parameters; its class does not.
        blocked |= {name for step in walk(block.steps) for name in find_names(step)} - set(
            block.parameters
        )
    derived = {n for argument in spec.params.values() for n in needs(argument)}
    return {
        name: value
        for name, value in graph.params.items()
        if name not in blocked | derived
        and isinstance(value, bool | int | float | str)
        and not needs(spec.params[name])
    }


def find_structural(spec: ModelSpec, steps: tuple[Step, ...]) -> set[str]:
    """The names that decide which steps there are, through blocks' parameters too."""
    return _find_structural(spec, steps, {})


def _find_structural(
    spec: ModelSpec, steps: tuple[Step, ...], known: dict[str, set[str]]
) -> set[str]:
    found: set[str] = set()
    for step in walk(steps):
        for modifier in step.modifiers:
            found |= needs(modifier)
        for _, argument in step.loop:
            found |= needs(argument)
        block = None if step.is_structure else find_block(spec, step.head)
        if block is None:
            continue
        if block.name not in known:
            known[block.name] = set()
            inner = _find_structural(spec, block.steps, known)
            # A default that is structural makes what it is computed from structural too.
            for name in reversed(block.parameters):
                default = block.parameters[name]
                if name in inner and default is not None:
                    inner |= needs(default)
            known[block.name] = inner & set(block.parameters)
        for name, argument in list_given(step, block):
            if name in known[block.name]:
                found |= needs(argument)
    return found


def list_given(step: Step, block: Block) -> Iterator[tuple[str, Argument]]:
    """The arguments of a block call, by parameter."""
    return list_named(step, next(iter(block.parameters), None))


def find_names(step: Step) -> set[str]:
    """Every name that a step's own expressions use."""
    found = set(needs(step.argument)) if step.argument is not None else set()
    for argument in step.modifiers:
        found |= needs(argument)
    for _, argument in step.loop:
        found |= needs(argument)
    return found


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """All steps, those inside others too."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from walk(branch.steps)
