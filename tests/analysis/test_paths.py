"""A single path sees no less than the narrowest and no more than the widest."""

from __future__ import annotations

import pytest

from cnnspec.analysis.paths import follow_back
from cnnspec.analysis.receptive import find_fields
from tests.analysis.test_receptive import read_graph


@pytest.mark.parametrize("choice", [0, -1])
@pytest.mark.parametrize(
    ("path", "variant"),
    [
        ("specs/resnet.yaml", "18"),
        ("specs/densenet.yaml", "121"),
        ("specs/googlenet.yaml", "paper"),
        ("specs/unet.yaml", ""),
        ("tests/seeds/p7.yaml", ""),
    ],
)
def test_a_path_is_between_the_narrowest_and_the_widest(
    path: str, variant: str, choice: int
) -> None:
    graph = read_graph(path, variant)
    fields = find_fields(graph)
    count = 0
    for node in graph.nodes:
        *_, end = follow_back(node.output, choice)
        for rows, field in zip(end.rows, fields[node.output], strict=False):
            if field.low is not None and field.high is not None:
                assert field.low <= rows <= field.high
                count += 1
    assert count > len(graph.nodes)
