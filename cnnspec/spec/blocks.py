"""Reads blocks: their parameters with defaults, and their steps."""

from __future__ import annotations

from cnnspec.diagnostics import Span, SpecError
from cnnspec.document import Entry, Mapping, Node, Scalar, Sequence, read_document
from cnnspec.naming import is_name, is_variable
from cnnspec.records import dataclass
from cnnspec.spec.keys import BESIDE, BLOCK_PARTS, PART, STRUCTURES
from cnnspec.spec.model import Argument, Block
from cnnspec.spec.steps import StepReader


def read_blocks(data: bytes | str, file: str) -> dict[str, Block]:
    """Read a file of the library: a mapping of blocks."""
    steps = StepReader()
    blocks = BlockReader(steps, file).read_blocks(read_document(data, file), library=True)
    if steps.diagnostics:
        raise SpecError(steps.diagnostics)
    return blocks


@dataclass(frozen=True, slots=True)
class BlockReader:
    """Reads the blocks of one file; what is wrong goes to `steps`."""

    steps: StepReader
    file: str

    def read_blocks(self, node: Node, library: bool) -> dict[str, Block]:
        """The blocks of a mapping, by name."""
        if not isinstance(node, Mapping):
            self.steps.report("invalid-block", "blocks must be a mapping of blocks", node.span)
            return {}
        self.steps.limit(node.entries, "blocks", node.span)
        found = (self.read_block(entry, library) for entry in node.entries)
        return {block.name: block for block in found if block is not None}

    def read_block(self, entry: Entry, library: bool) -> Block | None:
        """One block: its parameters and its layers."""
        name, span = str(entry.key.value), entry.key.span
        if not isinstance(entry.key.value, str) or not is_name(name):
            self.steps.report("invalid-name", f"'{name[:80]}' cannot name a block", span)
            return None
        if name in (*STRUCTURES, *BESIDE, PART):
            message = f"'{name}' is a word of steps; a block needs another name"
            self.steps.report("invalid-block", message, span)
            return None
        if not isinstance(entry.value, Mapping):
            self.steps.report(
                "invalid-block", f"block '{name}' needs layers", entry.value.span,
                "write its steps under 'layers:', and its parameters in 'params: [...]'",
            )  # fmt: skip
            return None
        for part in entry.value.entries:
            if part.key.value not in BLOCK_PARTS:
                self.steps.report(
                    "unknown-field",
                    f"a block has no part '{str(part.key.value)[:80]}'",
                    part.key.span,
                    "its parts are params, layers and summary",
                )
        layers, params = entry.value.get("layers"), entry.value.get("params")
        if layers is None:
            self.steps.report("missing-field", f"block '{name}' needs layers", span)
        summary = entry.value.get("summary")
        text = summary.value.value if summary and isinstance(summary.value, Scalar) else ""
        return Block(
            name,
            self.read_parameters(params.value) if params else {},
            self.steps.read_list(layers.value, f"block '{name}'") if layers else (),
            span,
            summary=" ".join(str(text or "").split()),
            library=library,
        )

    def read_parameters(self, node: Node) -> dict[str, Argument | None]:
        """A block's parameters: ``[channels, stride=1]``, or a mapping of defaults."""
        found: dict[str, Argument | None] = {}
        if isinstance(node, Mapping):
            return {name: value for name, _, value in self.steps.read_entries(node, "params")}
        items = node.items if isinstance(node, Sequence) else ()
        self.steps.limit(items, "params", node.span)
        if not isinstance(node, Sequence):
            self.steps.report("invalid-block", "params must be a list of names", node.span)
        for item in items:
            text = item.value if isinstance(item, Scalar) else None
            name, equals, default = str(text).partition("=")
            if not isinstance(text, str) or not is_variable(name.strip()):
                self.steps.report(
                    "invalid-name",
                    f"'{str(text)[:80]}' cannot be a parameter",
                    item.span,
                    f"it is a word of expressions: choose another name, such as '{name.strip()}_'"
                    if is_name(name.strip())
                    else "write a name, or a name with its default: stride=1",
                )
                continue
            if name.strip() in found:
                self.steps.report("duplicate-key", f"parameter '{name.strip()}' twice", item.span)
            found[name.strip()] = self.read_default(default, item.span) if equals else None
        return found

    def read_default(self, text: str, span: Span) -> Argument:
        """The default after an equals sign, read as YAML."""
        try:
            value = read_document(text, self.file)
        except SpecError as error:
            for diagnostic in error.diagnostics:
                self.steps.report(diagnostic.rule, diagnostic.message, span)
            return self.steps.read_argument(Scalar(None, span, False))
        return self.steps.read_argument(_move(value, span))


def _move(node: Node, span: Span) -> Node:
    """The same node at another place."""
    if isinstance(node, Sequence):
        return Sequence(tuple(_move(item, span) for item in node.items), span)
    if isinstance(node, Mapping):
        return Mapping(
            tuple(
                Entry(Scalar(e.key.value, span, False), _move(e.value, span)) for e in node.entries
            ),
            span,
        )
    return Scalar(node.value, span, False)
