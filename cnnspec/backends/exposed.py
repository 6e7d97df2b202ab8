"""Which of the model's parameters its generated constructor can take.

A parameter can be an argument if it reaches only fields of ops and of blocks: one that decides how
often a step is repeated, or whether it is there, shapes the code itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from cnnspec.backends.base import CannotSayError, UnshareableError
from cnnspec.diagnostics import SpecError
from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import Graph
from cnnspec.graph.library import find_block
from cnnspec.spec.model import Argument, Block, MapArgument, ModelSpec, Step


class Written(Protocol):
    """Generated source, as far as it depends on the network."""

    @property
    def code(self) -> tuple[str, ...]:
        """The classes and functions as text."""


WriteSource = Callable[[Graph, Mapping[str, Value]], Written]


def find_exposed(graph: Graph, write: WriteSource) -> dict[str, Value]:
    """The parameters that the constructor takes, proved by compiling with other values.

    A parameter stays only if the code for another value of it is the same but for its default.
    """
    exposed = list_candidates(graph)
    for name, value in list(exposed.items()):
        changed = probe(value)
        if changed is None:
            del exposed[name]
            continue
        try:
            other = build_graph(graph.spec, graph.variant, {**graph.overrides, name: changed})
            same = dump_code(write(graph, exposed), name) == dump_code(
                write(other, {**exposed, name: changed}), name
            )
        except (SpecError, UnshareableError, CannotSayError):
            same = False
        if not same:
            del exposed[name]
    return exposed


def probe(value: Value) -> Value:
    """Another value that a parameter may well have; None where a guess makes no sense."""
    if isinstance(value, float):
        return value / 2 if value else 0.25
    if isinstance(value, int) and not isinstance(value, bool):
        return value + 8
    return None


def dump_code(source: Written, name: str) -> str:
    """The code without comments, docstrings and one parameter's default."""
    tree = ast.parse("\n".join(source.code))
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
    if isinstance(step.argument, MapArgument):
        yield from ((name, argument) for name, _, argument in step.argument.entries)
    elif step.argument is not None and block.parameters:
        yield next(iter(block.parameters)), step.argument


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
