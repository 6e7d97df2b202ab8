"""Which of the model's parameters its generated constructor can take.

A parameter can be an argument if it reaches only fields of ops and of blocks: one that decides how
often a step is repeated, or whether it is there, shapes the code itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.expressions import Value
from cnnspec.graph.evaluate import needs
from cnnspec.graph.ir import Graph
from cnnspec.graph.library import find_block
from cnnspec.spec.model import Argument, Block, MapArgument, ModelSpec, Step


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
    found: set[str] = set()
    for step in walk(steps):
        for modifier in (step.when, step.repeat, step.name, step.source):
            found |= needs(modifier) if modifier is not None else set()
        for _, argument in step.loop:
            found |= needs(argument)
        block = None if step.is_structure else find_block(spec, step.head)
        if block is not None:
            inner = block_structural(spec, block, 0)
            for name, argument in list_given(step, block):
                if name in inner:
                    found |= needs(argument)
    return found


def block_structural(spec: ModelSpec, block: Block, depth: int) -> set[str]:
    """The parameters of a block that decide which steps it has."""
    if depth > 32:
        return set(block.parameters)
    found: set[str] = set()
    for step in walk(block.steps):
        for modifier in (step.when, step.repeat, step.name, step.source):
            found |= needs(modifier) if modifier is not None else set()
        for _, argument in step.loop:
            found |= needs(argument)
        called = None if step.is_structure else find_block(spec, step.head)
        if called is not None:
            inner = block_structural(spec, called, depth + 1)
            for name, argument in list_given(step, called):
                if name in inner:
                    found |= needs(argument)
    return found & set(block.parameters)


def list_given(step: Step, block: Block) -> Iterator[tuple[str, Argument]]:
    """The arguments of a block call, by parameter."""
    if isinstance(step.argument, MapArgument):
        yield from ((name, argument) for name, _, argument in step.argument.entries)
    elif step.argument is not None and block.parameters:
        yield next(iter(block.parameters)), step.argument


def find_names(step: Step) -> set[str]:
    """Every name that a step's own expressions use."""
    found: set[str] = set()
    for argument in (step.argument, step.when, step.repeat, step.name, step.source):
        found |= needs(argument) if argument is not None else set()
    for _, argument in step.loop:
        found |= needs(argument)
    return found


def walk(steps: tuple[Step, ...]) -> Iterator[Step]:
    """All steps, those inside others too."""
    for step in steps:
        yield step
        for branch in step.branches:
            yield from walk(branch.steps)
