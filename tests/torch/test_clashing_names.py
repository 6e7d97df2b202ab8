"""Names that mean something to Python or PyTorch work, or are refused where they are given."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("numpy")

from cnnspec.diagnostics import SpecError
from cnnspec.graph.build import build_graph
from cnnspec.naming import attribute_name
from cnnspec.spec.read import read_spec
from tests.clashing import NAMES, PLACES, write_clashing
from tests.frameworks import torch
from tests.torch.test_random_blocks import check_module

pytestmark = pytest.mark.torch

# What no spec can call a thing of some kind, and what would hide a module or a class.
REFUSED = {"in", "class", "None", "true", "in_channels", "layers", "name", "conv"}
HIDING = {"torch", "math", "padded_conv2d"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
def test_name_works_or_is_refused_where_it_is_given(place: str, name: str) -> None:
    text = write_clashing(place, name)
    try:
        check_module(build_graph(read_spec(text, "net.yaml")))
    except SpecError as error:
        assert name in REFUSED | HIDING, str(error)
        lines = PLACES[place].splitlines()
        given = next(n for n, line in enumerate(lines, 1) if re.search(r"\bN\b", line))
        found = {diagnostic.span.line for diagnostic in error.diagnostics}
        # A block's parameters may be blamed at its name.
        assert found & {given, given - (place == "block parameter")}, str(error)


@pytest.mark.parametrize("kind", ["Module", "Sequential"])
def test_every_name_that_torch_has_taken_is_kept_apart(kind: str) -> None:
    taken = [name for name in dir(getattr(torch.nn, kind)()) if not name.startswith("_")]
    assert [name for name in taken if attribute_name(name) == name] == []
    assert attribute_name("weights") == "weights"
