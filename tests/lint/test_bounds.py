"""What rules look at first leaves out no network that has their fault."""

from __future__ import annotations

import pytest

from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.lint.base import Subject
from cnnspec.lint.rules.dead_kernel_taps import has_room
from cnnspec.lint.rules.unread_feature_map import find_stepping
from cnnspec.lint.rules.unread_input_border import find_losing
from cnnspec.ops.base import Op
from cnnspec.ops.conv import Conv, DepthwiseConv
from cnnspec.spec.read import read_spec
from tests.random_specs import write_random_spec

SEEDS = range(60)


def read_random(seed: int) -> Subject | None:
    """A random network; None where its spec is wrong."""
    try:
        return Subject(build_graph(read_spec(write_random_spec(seed), "net.yaml")))
    except SpecError:
        return None


@pytest.mark.parametrize("seed", SEEDS)
def test_all_is_read_where_the_first_look_finds_nothing(seed: int) -> None:
    subject = read_random(seed)
    if subject is None:
        pytest.skip("no network")
    if not find_losing(subject):
        for node in subject.graph.nodes:
            if type(node.op).count_unread is not Op.count_unread:
                read = subject.coverage[node.inputs[0]]
                rows = enumerate(node.op.count_unread(node.shapes))
                assert not any(count and read.count_unread_end(axis) for axis, count in rows)
    if not find_stepping(subject):
        for node in subject.list(Conv, DepthwiseConv):
            windows = node.op.resolve(node.shapes[0])  # type: ignore[attr-defined]
            if subject.coverage[node.output].is_whole and max(w.stride for w in windows) > 1:
                assert subject.coverage[node.inputs[0]].share > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_no_tap_is_dead_where_there_is_room(seed: int) -> None:
    subject = read_random(seed)
    if subject is None:
        pytest.skip("no network")
    for node in subject.list(Conv, DepthwiseConv):
        assert not has_room(node) or subject.taps[node].dead == 0
