"""What a file leaves open about its steps, and what the definitions of each reading are called."""

from __future__ import annotations

from typing import Final

from cnnspec.graph.library import load_library
from cnnspec.ops.catalog import OPS
from cnnspec.records import dataclass
from cnnspec.schema.calls import list_needed
from cnnspec.schema.values import Schema, refer
from cnnspec.spec.keys import PART, STRUCTURES


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether a file has blocks of its own, and whether it has defaults for its ops."""

    own_blocks: bool
    own_defaults: bool

    def name(self, kind: str) -> str:
        """The name of a definition of this reading."""
        return f"{kind}{'.blocks' * self.own_blocks}{'.defaults' * self.own_defaults}"

    def refer(self, kind: str) -> Schema:
        """A reference to a definition of this reading."""
        return refer(self.name(kind))

    def refer_head(self, head: str) -> Schema:
        """A reference to what stands behind the head of a step."""
        if head in STRUCTURES:
            return self.refer(head)
        if head == PART:
            return refer(PART)
        if head in OPS:
            # Defaults can give what an op needs, and change nothing where it needs nothing.
            return refer(f"{head}.defaults" if self.own_defaults and list_needed(head) else head)
        return refer(f"{head}.blocks" if self.own_blocks else head)

    def list_needy(self) -> list[str]:
        """The words that cannot stand alone as a step."""
        ops = (
            name
            for name, op in OPS.items()
            if op.merges or (list_needed(name) and not self.own_defaults)
        )
        blocks = (
            name
            for name, block in load_library().items()
            if None in block.parameters.values() and not self.own_blocks
        )
        return [*STRUCTURES, PART, *ops, *blocks]


READINGS: Final = tuple(
    Reading(blocks, defaults) for blocks in (False, True) for defaults in (False, True)
)


def list_heads() -> list[str]:
    """All words that this tool knows and a step can begin with."""
    return [*OPS, *STRUCTURES, PART, *load_library()]
