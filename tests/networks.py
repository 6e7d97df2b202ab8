"""Networks of different character, small enough to run: the zoo made narrow, and tests/specs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cnnspec.expressions import Value
from cnnspec.graph.build import build_graph
from cnnspec.graph.ir import Graph
from cnnspec.sources import Source, open_beside
from cnnspec.spec.model import ModelSpec
from cnnspec.spec.read import read_spec
from tests.zoo_cases import CASES

SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class Net:
    """One network of the list: a spec by its text, the variant to take and values to set."""

    id: str
    text: str
    variant: str = ""
    settings: Mapping[str, Value] = field(default_factory=dict, compare=False)

    @property
    def spec(self) -> ModelSpec:
        return _read(self.text, self.id.partition(":")[0])

    def build(self, **overrides: Value) -> Graph:
        return build_graph(self.spec, self.variant, {**self.settings, **overrides})


@cache
def _read(text: str, name: str) -> ModelSpec:
    return read_spec(text, f"{name}.yaml", open_near)


def open_near(name: str) -> tuple[str, bytes]:
    """What a spec of tests/specs or of the zoo names."""
    return open_beside(Source("", b"", SPECS), name)


def list_zoo_nets() -> list[Net]:
    """All networks of the zoo, narrow."""
    nets = []
    for name, case in CASES.items():
        text = case.narrow(name)
        variants = _read(text, name).variants or {"": {}}
        nets += [Net(f"{name}:{v}" if v else name, text, v, case.settings) for v in variants]
    return nets


def list_own_nets() -> list[Net]:
    """The networks of tests/specs."""
    return [Net(path.stem, path.read_text()) for path in sorted(SPECS.glob("*.yaml"))]


NETS: tuple[Net, ...] = (*list_own_nets(), *list_zoo_nets())
# Without those that differ from another in counts alone: for what takes long. Nor are there those
# that tests/keras/test_names_of_applications.py proves: the zoo has their like.
_ALIKE = {f"{name}:{variant}" for name, case in CASES.items() for variant in case.alike}
_ALIKE |= {"keras_resnet50", "keras_vgg16"}
FEW: tuple[Net, ...] = tuple(net for net in NETS if net.id not in _ALIKE)
