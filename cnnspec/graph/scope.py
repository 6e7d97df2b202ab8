"""How steps get their paths: the author's names, or positions, or the op's name with a number.

A list that is a plain chain of unnamed steps is *positional*: its steps are called 0, 1, 2 and so
on, layers without weights included, as in PyTorch's Sequential. Parameters are no layers. In any
other list an unnamed step is called after its op, with a number: ``conv1``, ``conv2``.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator

from cnnspec.graph.ir import Item, Node
from cnnspec.records import dataclass
from cnnspec.spec.keys import MERGES, PARAMETERS, REFERRING
from cnnspec.spec.model import Branch, Literal, Step


def is_positional(steps: Iterable[Step]) -> bool:
    """Whether a list of steps is a plain chain of unnamed ones."""
    return all(
        step.name is None
        and step.source is None
        and step.shared is None
        and step.head not in ("residual", "parallel", *MERGES, *REFERRING, *PARAMETERS)
        and (step.head != "layers" or step.is_part or is_positional(step.branches[0].steps))
        for step in steps
    )


def list_direct(steps: Iterable[Step]) -> Iterator[Step]:
    """The steps whose names belong to a list: its own, and those of parts that have no name."""
    for step in steps:
        if step.is_structure and step.name is None and not step.is_part:
            for branch in step.branches:
                if step.head == "layers" or not is_positional(branch.steps):
                    yield from list_direct(branch.steps)
        else:
            yield step


def list_shared(steps: Iterable[Step]) -> Iterator[list[tuple[Step, bool]]]:
    """The steps that share weights, by the parts that they are in; each with whether it has turns.

    A part is a list with the lists inside of it that have no name.
    """
    own: list[tuple[Step, bool]] = []
    waiting = deque((step, False) for step in steps)
    while waiting:
        step, turns = waiting.popleft()
        turns = turns or bool(step.loop) or step.repeat is not None
        if step.shared is not None:
            own.append((step, turns))
        is_apart = step.name is not None or step.is_part
        for branch in step.branches:
            if is_apart:
                yield from list_shared(branch.steps)
            else:
                waiting += [(inner, turns) for inner in branch.steps]
    yield own


@dataclass(frozen=True, slots=True)
class Home:
    """The first use of shared weights: the step as it was carried out, and its ops."""

    item: Item
    nodes: tuple[Node, ...]


class Scope:
    """One namespace of the network: gives every step in it a path.

    It has `ended` once the step called `last` was carried out; those after it are left out.
    """

    def __init__(
        self, prefix: str, steps: tuple[Step, ...], positional: bool, last: str = ""
    ) -> None:
        self.prefix = prefix
        self.positional = positional
        self.last = last
        self.ended = False
        self.paths: set[str] = set()
        self._position = 0
        self._counts: Counter[str] = Counter()
        direct = [] if positional else list(list_direct(steps))
        names = [name for step in direct for name in (step.name, step.shared)]
        self._reserved = {str(name.value) for name in names if isinstance(name, Literal)}
        # The uses of shared weights that came first, by path; a use that failed leaves None.
        self.homes: dict[str, Home | None] = {}

    def end_after(self, path: str) -> bool:
        """Whether the steps after the one at a path are left out."""
        self.ended |= bool(self.last) and path == self.join(self.last)
        return self.ended

    def join(self, name: str) -> str:
        """The full path of a name in this scope."""
        return f"{self.prefix}.{name}" if self.prefix else name

    def take_name(self, name: str) -> str | None:
        """The path of a name that the author gave; None when it is taken."""
        path = self.join(name)
        if path in self.paths:
            return None
        self.paths.add(path)
        if self.positional:
            self._position += 1
        return path

    def take_shared(self, name: str) -> str | None:
        """The path of weights that steps share; None when something else has it."""
        path = self.join(name)
        if path not in self.homes:
            if path in self.paths:
                return None
            self.paths.add(path)
            self.homes[path] = None
        return path

    def take_auto(self, word: str, numbered: bool = True) -> str:
        """The path of an unnamed step: its position, or a word with a number."""
        if self.positional:
            path = self.join(str(self._position))
            self._position += 1
            return path
        while True:
            self._counts[word] += 1
            count = self._counts[word]
            name = f"{word}{count}" if numbered or count > 1 else word
            if name not in self._reserved and self.join(name) not in self.paths:
                self.paths.add(self.join(name))
                return self.join(name)

    def skip(self, steps: Iterable[Step]) -> None:
        """Pass over steps that are left out, so that later names do not depend on them."""
        if self.positional:
            return
        for step in steps:
            if step.name is not None or step.shared is not None:
                continue
            for branch in () if step.is_part else step.branches:
                self.skip_branch(step, branch)
            if not step.is_structure or step.merge or step.is_part:
                self.take_auto(step.merge or step.label)

    def skip_branch(self, step: Step, branch: Branch) -> None:
        """Pass over a branch of a step, which is a part of the path if it is a plain chain."""
        if step.merge and branch.steps and is_positional(branch.steps):
            self.take_auto(branch.label, numbered=False)
        else:
            self.skip(branch.steps)
