"""A spec's text as a tree that can be edited, and written again with the line of every node."""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml import MappingNode, ScalarNode, SequenceNode

from cnnspec.graph.ir import Node
from cnnspec.ops.catalog import OPS

Tree = yaml.Node
Mark = tuple[int, int]


def parse(text: str) -> Tree:
    """The tree of a piece of YAML."""
    return yaml.compose(text, Loader=yaml.CSafeLoader)


class Sheet:
    """One spec that is being edited.

    Steps are found by the ops that they became, through the places of their words.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        root = parse(text)
        assert isinstance(root, MappingNode)
        self.root = root
        self._marks: dict[Mark, Tree] = {}
        self._holders: dict[int, Tree] = {}
        for node, holder in _walk(root):
            self._marks.setdefault((node.start_mark.line + 1, node.start_mark.column + 1), node)
            if isinstance(node, ScalarNode):
                self._marks[node.start_mark.line + 1, node.start_mark.column + 1] = node
            self._holders[id(node)] = holder

    def get(self, *keys: str) -> Tree | None:
        """What stands under some keys."""
        found: Tree | None = self.root
        for key in keys:
            found = _get(found, key) if isinstance(found, MappingNode) else None
        return found

    def list_values(self, word: str) -> list[Tree]:
        """What stands behind a key, wherever it is."""
        mappings = [node for node, _ in _walk(self.root) if isinstance(node, MappingNode)]
        return [value for node in mappings if (value := _get(node, word)) is not None]

    def put(self, key: str, value: str | None) -> None:
        """Give the file a key another value, or take it out."""
        _put(self.root, key, None if value is None else parse(value))

    def find_word(self, node: Node) -> Tree:
        """The word of the step that an op is shown at: here, where another file has the op."""
        places = [node.origin.step.span, *(span for _, span in reversed(node.origin.calls))]
        span = next(span for span in places if span.file == self.file)
        return self._marks[span.line, span.column]

    def find_step(self, node: Node) -> Tree:
        """The step that an op comes from: the word alone, or the mapping that has it as a key."""
        word = self.find_word(node)
        holder = self._holders[id(word)]
        if isinstance(holder, MappingNode) and any(key is word for key, _ in holder.value):
            return holder
        return word

    def set_field(self, node: Node, field: str, value: str | None) -> Tree:
        """Give a field of an op another value, or take it out."""
        word, step = self.find_word(node), self.find_step(node)
        if step is word:
            changed = parse(f"{{{node.op.op}: {{{field}: {value}}}}}")
            self._replace(step, changed)
            return changed
        assert isinstance(step, MappingNode)
        argument = _get(step, node.op.op)
        if not isinstance(argument, MappingNode):
            principal = OPS[node.op.op].principal
            given = parse("{}")
            if argument is not None and argument.value and principal:
                _put(given, principal, argument)
            _put(step, node.op.op, given)
            argument = given
        _put(argument, field, None if value is None else parse(value))
        return step

    def replace(self, node: Node, text: str) -> Tree:
        """Put another step into the place of an op's."""
        changed = parse(text)
        self._replace(self.find_step(node), changed)
        return changed

    def remove(self, node: Node) -> None:
        """Take an op's step out."""
        step = self.find_step(node)
        holder = self._holders[id(step)]
        if isinstance(holder, SequenceNode):
            holder.value = [one for one in holder.value if one is not step]
        else:
            holder.value = [pair for pair in holder.value if pair[1] is not step]

    def insert(self, node: Node, text: str, *, before: bool = False, name: str = "") -> Tree:
        """Put a step behind an op's, or before it, with a name if there is one."""
        step, added = self.find_step(node), parse(text)
        holder = self._holders[id(step)]
        place = self._find_place(step) + (not before)
        if isinstance(holder, SequenceNode):
            if name:
                _put(added, "name", parse(name))
            holder.value.insert(place, added)
        else:
            # In a loop the names beside it have its variable, so that there is one for each turn.
            beside = holder.value[self._find_place(step)][0].value
            key = parse(name or f"{self._make_prefix(holder)}_{beside}")
            holder.value.insert(place, (key, added))
        self._holders[id(added)] = holder
        return added

    def is_in_loop(self, node: Node) -> bool:
        """Whether a step, or one around it in the same text, is carried out several times."""
        inner: Tree | None = self.find_step(node)
        while inner is not None:
            if isinstance(inner, MappingNode) and (_get(inner, "for") or _get(inner, "repeat")):
                return True
            inner = self._holders.get(id(inner))
        return False

    def swap(self, one: Node, other: Node) -> None:
        """Exchange two steps of one list, with their names."""
        holder = self._holders[id(self.find_step(one))]
        places = [self._find_place(self.find_step(node)) for node in (one, other)]
        first, second = places
        entries = holder.value
        entries[first], entries[second] = entries[second], entries[first]

    def is_in_chain(self, node: Node) -> bool:
        """Whether a step takes the value of the one above it in a list of steps."""
        step = self.find_step(node)
        if isinstance(step, MappingNode) and _get(step, "from") is not None:
            return False
        holder = self._holders[id(step)]
        around = self._holders.get(id(holder))
        if not isinstance(around, MappingNode):
            return True
        key = next(key.value for key, value in around.value if value is holder)
        # Those are branches, not steps.
        is_body = isinstance(holder, SequenceNode)
        return key != "parallel" and (key != "residual" or is_body)

    def is_beside(self, one: Node, other: Node) -> bool:
        """Whether two steps stand in one list."""
        steps = [self.find_step(node) for node in (one, other)]
        first, second = (self._holders[id(step)] for step in steps)
        return first is second and steps[0] is not steps[1] and self._is_place(first, steps)

    def write(self) -> tuple[str, dict[int, int]]:
        """The text, and the line of each node by its identity."""
        writer = _Writer()
        writer.write_block(self.root, "")
        return "".join(f"{line}\n" for line in writer.lines), writer.places

    @staticmethod
    def _make_prefix(holder: Tree) -> str:
        taken = sum(key.value.startswith("planted") for key, _ in holder.value)
        return f"planted{taken or ''}"

    def _is_place(self, holder: Tree, steps: list[Tree]) -> bool:
        values = [one[1] if isinstance(one, tuple) else one for one in holder.value]
        return all(any(value is step for value in values) for step in steps)

    def _find_place(self, step: Tree) -> int:
        entries = self._holders[id(step)].value
        values = [one[1] if isinstance(one, tuple) else one for one in entries]
        return next(place for place, value in enumerate(values) if value is step)

    def _replace(self, step: Tree, changed: Tree) -> None:
        holder = self._holders[id(step)]
        place = self._find_place(step)
        entry = holder.value[place]
        holder.value[place] = (entry[0], changed) if isinstance(entry, tuple) else changed
        self._holders[id(changed)] = holder


def _walk(node: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Every node below one, with the one that holds it."""
    for entry in node.value if not isinstance(node, ScalarNode) else ():
        for child in entry if isinstance(entry, tuple) else (entry,):
            yield child, node
            yield from _walk(child)


def _get(mapping: MappingNode, key: str) -> Tree | None:
    return next((value for name, value in mapping.value if name.value == key), None)


def _put(mapping: Tree, key: str, value: Tree | None) -> None:
    names = [name.value for name, _ in mapping.value]
    if value is None:
        mapping.value = [pair for pair in mapping.value if pair[0].value != key]
    elif key in names:
        place = names.index(key)
        mapping.value[place] = (mapping.value[place][0], value)
    else:
        mapping.value.append((parse(key), value))


class _Writer:
    """Lays a tree out: flow style as one line, block style an entry a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[int, int] = {}

    def write_block(self, node: Tree, indent: str, lead: str | None = None) -> None:
        """A mapping or a list in block style; its first line begins with `lead`."""
        for entry in node.value:
            start = indent if lead is None else lead
            lead = None
            if isinstance(node, MappingNode):
                key, value = entry
                self._place(key, value)
                self._write_entry(f"{start}{_spell(key)}:", value, f"{indent}  ", inline=False)
            else:
                self._place(entry)
                self._write_entry(f"{start}-", entry, f"{indent}  ", inline=True)

    def _write_entry(self, start: str, value: Tree, indent: str, *, inline: bool) -> None:
        if isinstance(value, ScalarNode) or value.flow_style or not value.value:
            text = self._spell_all(value)
            self.lines.append(f"{start} {text}".rstrip())
        elif inline:
            self.write_block(value, indent, f"{start} ")
        else:
            self.lines.append(start)
            self.write_block(value, indent)

    def _place(self, *nodes: Tree) -> None:
        for node in nodes:
            self.places[id(node)] = len(self.lines) + 1

    def _spell_all(self, node: Tree) -> str:
        self._place(node)
        if isinstance(node, ScalarNode):
            return _spell(node)
        if isinstance(node, MappingNode):
            pairs = []
            for key, value in node.value:
                self._place(key)
                pairs.append(f"{_spell(key)}: {self._spell_all(value)}")
            return f"{{{', '.join(pairs)}}}"
        return f"[{', '.join(self._spell_all(item) for item in node.value)}]"


def _spell(scalar: Tree) -> str:
    text = str(scalar.value)
    return f'"{text}"' if scalar.style in ('"', "'") else text
