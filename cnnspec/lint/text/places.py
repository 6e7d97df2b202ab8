"""Where a step stands in its text: what of it belongs to it, and what holds it."""

from __future__ import annotations

from cnnspec.lint.text.layout import MAPPING, SEQUENCE, Layout, Piece, refuse
from cnnspec.records import dataclass
from cnnspec.spec.keys import BESIDE
from cnnspec.spec.model import Step


@dataclass(frozen=True, slots=True)
class Place:
    """A step in its text.

    `head` is the word for its op, `argument` what stands behind that, if it is a key. `item` is
    all of the step but for the name of a stage, and `holder` the list or the mapping of stages
    that it is in, at `index`. A step that is all of a branch of ``parallel`` is no member of a
    list: what is put beside it makes one.
    """

    head: Piece
    argument: Piece | None
    item: Piece
    holder: Piece
    index: int
    is_branch: bool

    @property
    def is_stage(self) -> bool:
        """Whether the step is an entry of a mapping of named stages."""
        return self.holder.kind == MAPPING and not self.is_branch

    @property
    def stands_alone(self) -> bool:
        """Whether nothing is beside its head."""
        return self.item is self.head or len(self.item.entries) == 1


def find_place(layout: Layout, step: Step) -> Place:
    """Where a step stands; refused where an edit would change more than the step."""
    if step.is_part:
        item = head = layout.find_sequence(step.span)
        argument = None
    else:
        head = layout.find_scalar(step.span)
        item, argument = head, None
        if head.parent is not None and _is_key(head, head.parent):
            argument = _get_value(head)
            item = argument if _names_stage(step, head) else head.parent
    if item.parent is None:
        refuse("it is not in a list of steps")
    _require_unmarked(item)
    holder = item.parent
    if holder.kind == SEQUENCE:
        return Place(head, argument, item, holder, holder.children.index(item), _is_forked(holder))
    index = holder.children.index(item) // 2
    return Place(head, argument, item, holder, index, _is_forked(holder))


def _is_key(piece: Piece, parent: Piece) -> bool:
    return parent.kind == MAPPING and piece in parent.children[::2]


def _get_value(key: Piece) -> Piece:
    assert key.parent is not None
    return key.parent.children[key.parent.children.index(key) + 1]


def _names_stage(step: Step, key: Piece) -> bool:
    """Whether a key is the name of a stage of several steps, not the head of a step."""
    if step.head != "layers" or step.is_part:
        return False
    inner = step.branches[0].steps
    if inner and inner[0].span == step.span:
        return False  # branches under a name: the name stands beside them
    assert key.parent is not None
    return key.word != "layers" or not _is_step(key.parent, key)


def _is_step(mapping: Piece, head: Piece) -> bool:
    return all(key is head or key.word in BESIDE for key, _ in mapping.entries)


def _is_forked(holder: Piece) -> bool:
    """Whether the members of a list or of a mapping are the branches of ``parallel``."""
    around = holder.parent
    if around is None or around.kind != MAPPING:
        return False
    key = around.children[around.children.index(holder) - 1]
    return key.word == "parallel" and _is_step(around, key)


def _require_unmarked(item: Piece) -> None:
    """Refuse what an alias may repeat elsewhere, or take from here."""
    around: Piece | None = item
    while around is not None:
        if around.is_marked:
            refuse("it stands under an anchor or a tag")
        around = around.parent
    if any(piece.is_marked and piece.kind != "alias" for piece in item.walk()):
        refuse("there is an anchor or a tag in it")
