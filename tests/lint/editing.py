"""Edits of specs in tests: steps are found by their words, and texts edited by them."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from cnnspec.graph.walk import list_steps
from cnnspec.lint.edits import Edit
from cnnspec.lint.text.edits import find_text_edits
from cnnspec.lint.text.layout import Layout
from cnnspec.lint.text.lines import apply_edits
from cnnspec.lint.text.names import WrittenSteps
from cnnspec.sources import find_source, open_beside
from cnnspec.spec.model import ModelSpec, Step
from cnnspec.spec.read import read_spec

HEADER = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 32, width: 32}\n"

Choose = Callable[[Callable[..., Step]], list[Edit]]


def case(behaviour: str, before: str, choose: Choose, after: str) -> object:
    """Steps before and after edits, for a test that is called after the behaviour."""
    return pytest.param(dedent(before), choose, dedent(after), id=behaviour)


def edit(text: str, choose: Choose) -> str:
    """A text after edits of steps, which `choose` finds by their words and places."""
    spec = read_spec(text, "net.yaml")

    def find(word: str, place: int = 0) -> Step:
        return [step for step in list_steps(spec) if step.head == word][place]

    layout = Layout(text, "net.yaml")
    return apply_edits(text, find_text_edits(layout, WrittenSteps(spec), choose(find)))


def read_zoo_spec(name: str, text: str) -> ModelSpec:
    """A zoo spec, or what became of it."""
    source = find_source(name)
    return read_spec(text, source.file, lambda other: open_beside(source, other))
