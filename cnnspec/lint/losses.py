"""The heads that a loss is of, with what it takes."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.analysis.heads import Head, find_judged
from cnnspec.lint.base import Subject
from cnnspec.records import dataclass
from cnnspec.spec.keys import LOSSES, LossKind
from cnnspec.spec.model import Loss

# The same loss of the other input, where the name of the one that takes logits is another.
_FROM_PROBABILITIES = {
    "cross_entropy": "categorical_cross_entropy",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
}

# What these give goes into another network, whose answer the loss is of.
_LED_ON = ("features", "generation")


@dataclass(frozen=True, slots=True)
class LossHead:
    """A head, and the loss that compares it with targets."""

    head: Head
    loss: Loss

    @property
    def kind(self) -> LossKind:
        """What the loss takes."""
        return LOSSES[self.loss.name]

    @property
    def channels(self) -> int:
        """How many scores there are for each place."""
        return self.head.value.known.channels

    @property
    def from_probabilities(self) -> str:
        """How the loss is written that takes probabilities."""
        name = self.loss.name
        if self.kind.may_choose:
            return f"{name} without from_logits"
        return _FROM_PROBABILITIES.get(name, "")


def list_loss_heads(subject: Subject, fits: Callable[[LossHead], bool]) -> list[LossHead]:
    """The heads that do not fit the loss of the task.

    Of outputs that are made of one value, such as logits and their softmax, one that fits is
    enough.
    """
    task = subject.spec.task
    if task is None or task.loss is None or task.kind in _LED_ON:
        return []
    heads = [LossHead(each, task.loss) for each in find_judged(subject.graph, subject.heads)]
    sound = {each.head.source for each in heads if fits(each)}
    return [each for each in heads if not fits(each) and each.head.source not in sound]
