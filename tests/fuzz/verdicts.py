"""What a check says of an op, beside what frameworks do with it.

    python -m tests.fuzz.verdicts [--count N] [--seed S] [--keras] [--keep DIR]

A check accepts a use of an op where PyTorch (or Keras) runs what somebody would write for it by
hand, and gives something of the shape that we say. tests/fuzz/disagreements.py tells where not.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, seed, settings

from cnnspec.backends.torch.emit import compile_torch
from cnnspec.diagnostics import Severity
from cnnspec.graph.ir import Graph
from cnnspec.naming import class_name
from cnnspec.network import Network
from cnnspec.ops.catalog import OPS
from cnnspec.sources import Source
from tests.flat import run_source
from tests.frameworks import torch
from tests.fuzz.boundaries import KERAS_OPS, Use, uses
from tests.fuzz.direct_call import Inexpressible, Layers, draw_value
from tests.fuzz.direct_torch import by_layer, by_parts
from tests.fuzz.disagreements import LOOSER, STRICTER

if TYPE_CHECKING:
    from torch import Tensor

# What an attempt may raise where a framework cannot do what is asked.
REFUSALS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    IndexError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    KeyError,
)


@dataclass(frozen=True)
class Attempt:
    """What a framework did: an output, or why there is none."""

    output: Tensor | None = None
    shape: tuple[int, ...] = ()
    error: str = ""
    expressible: bool = True

    @property
    def runs(self) -> bool:
        """Whether something came out that is not empty."""
        return not self.error and self.expressible and 0 not in self.shape


ABSENT = Attempt(expressible=False)


@dataclass(frozen=True)
class Verdict:
    """What is said of one use, and what is done with it."""

    use: Use
    rules: tuple[str, ...]
    graph: Graph | None
    layer: Attempt
    parts: Attempt
    keras: Attempt = ABSENT

    @property
    def accepted(self) -> bool:
        return not self.rules

    @property
    def runners(self) -> frozenset[str]:
        """Whose own layers run."""
        attempts = {"torch": self.layer, "keras": self.keras}
        return frozenset(name for name, attempt in attempts.items() if attempt.runs)

    def __str__(self) -> str:
        shapes = ", ".join(map(str, self.use.inputs))
        said = "accepted" if self.accepted else f"refused ({', '.join(self.rules)})"
        tried = ", ".join(
            f"{name} {attempt.error or attempt.shape}"
            for name, attempt in (
                ("layer", self.layer), ("parts", self.parts), ("keras", self.keras),
            ) if attempt.expressible
        )  # fmt: skip
        spec = json.dumps(self.use.write())
        return f"{self.use.op} {self.use.fields} on {shapes}: {said}; {tried}\n{spec}"


def ask(use: Use) -> tuple[tuple[str, ...], Graph | None]:
    """The rules of the errors that `cnnspec check` finds, and the network if there is none."""
    text = json.dumps(use.write()).encode()
    network = Network(Source("verdict.yaml", text, Path()))
    found = network.check()
    rules = tuple(one.rule for one in found if one.severity is Severity.ERROR)
    return rules, None if rules else network.graph


def draw_inputs(use: Use) -> list[Tensor]:
    """A batch for every input; what is learned starts as zeros."""
    return [
        torch.zeros(2, *shape.dims) if learned else draw_value(shape, seed)
        for seed, (shape, learned) in enumerate(zip(use.inputs, use.learned, strict=True))
    ]


def try_torch(use: Use, parts: bool = False, inputs: list[Tensor] | None = None) -> Attempt:
    """What PyTorch does with a use, in one call or in parts."""
    inputs = inputs or draw_inputs(use)
    layers = Layers(use.op, use.fields, inputs, [shape.kind for shape in use.inputs])
    torch.manual_seed(0)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            output = (by_parts if parts else by_layer)(layers)
    except Inexpressible:
        return Attempt(expressible=False)
    except REFUSALS as error:
        return Attempt(error=f"{type(error).__name__}: {str(error)[:100]}")
    return Attempt(output, tuple(output.shape[1:]))


def try_keras(use: Use) -> Attempt:
    """What Keras does with a use, where it has the words for it."""
    from tests.fuzz import direct_keras

    try:
        return Attempt(shape=direct_keras.by_layer(use))
    except Inexpressible:
        return Attempt(expressible=False)
    except Exception as error:
        # TensorFlow's own errors have no class of Python's above them.
        return Attempt(error=f"{type(error).__name__}: {str(error)[:100]}")


def judge(use: Use, *, keras: bool = False) -> Verdict:
    """Everything about one use."""
    rules, graph = ask(use)
    layer = try_torch(use)
    parts = ABSENT if layer.runs else try_torch(use, parts=True)
    return Verdict(use, rules, graph, layer, parts, try_keras(use) if keras else ABSENT)


def run_generated(use: Use, graph: Graph) -> Tensor:
    """What the generated module gives for the inputs that were drawn."""
    (source,) = compile_torch(graph, "cnnspec compile").files.values()
    torch.manual_seed(0)
    model = getattr(run_source(source.decode()), class_name(graph.spec.name))().eval()
    pairs = zip(draw_inputs(use), use.learned, strict=True)
    with torch.no_grad():
        output: Tensor = model(*(value for value, learned in pairs if not learned))
    return output


def explain(verdict: Verdict) -> str:
    """Why a disagreement is meant: the name of an exception; nothing, where both agree.

    Raises:
        AssertionError: they disagree, and no exception says why.
    """
    if verdict.accepted:
        return _explain_accepted(verdict)
    if not (verdict.runners or verdict.parts.runs):
        return ""
    for one in STRICTER:
        if one.fits(verdict.use, verdict.rules) and (
            not one.idle or is_idle(verdict.use, parts=not verdict.layer.runs)
        ):
            return one.name
    raise AssertionError(f"refused, but it runs: {verdict}")


def _explain_accepted(verdict: Verdict) -> str:
    use, graph = verdict.use, verdict.graph
    assert graph is not None
    expected = graph.outputs["output"].known.dims
    direct = verdict.layer if verdict.layer.runs else verdict.parts
    assert direct.output is not None and direct.runs, f"accepted, but it does not run: {verdict}"
    assert direct.shape == expected, f"{direct.shape} instead of {expected}: {verdict}"
    if verdict.keras.expressible:
        assert verdict.keras.shape == expected, f"Keras does not give {expected}: {verdict}"
    found = run_generated(use, graph)
    assert tuple(found.shape[1:]) == expected, f"generated {found.shape}: {verdict}"
    assert bool(torch.isfinite(found).all()), f"infinities or NaN: {verdict}"
    if is_comparable(use):
        assert torch.allclose(found, direct.output, rtol=1e-4, atol=1e-4), f"numbers: {verdict}"
    if verdict.layer.runs:
        return ""
    fitting = [one for one in LOOSER if one.fits(use, ())]
    assert fitting or not verdict.layer.expressible, f"no layer runs, but accepted: {verdict}"
    return fitting[0].name if fitting else ""


def is_comparable(use: Use) -> bool:
    """Whether a layer written by hand computes the same numbers.

    Layers with weights do, since both draw them from one seed.
    """
    kind = OPS[use.op]
    if kind.acts_in_training or use.fields.get("dropout"):
        return False
    # It starts as drawn numbers, and PyTorch's own mean of a last window has a divisor too many.
    return use.op != "position_embedding" and not (
        use.op == "lp_pool" and use.fields.get("ceil_mode", False)
    )


def is_idle(use: Use, parts: bool = False) -> bool:
    """Whether some numbers that come out are the same whatever goes in."""
    found = []
    for by in (0.0, 1.0):
        inputs = [value * (1 + by) + by * torch.rand_like(value) for value in draw_inputs(use)]
        found.append(try_torch(use, parts, inputs).output)
    first, second = found
    assert first is not None and second is not None
    return bool(torch.isclose(first, second, rtol=0, atol=1e-3, equal_nan=True).any())


def main() -> int:
    """Judge some uses, and keep those on which check and frameworks disagree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keras", action="store_true", help="ask Keras as well")
    parser.add_argument("--keep", type=Path, default=Path("build/verdicts"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    tally: Counter[str] = Counter()
    last: list[Use] = []

    @seed(options.seed)
    @settings(
        max_examples=options.count, deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )  # fmt: skip
    @given(uses(KERAS_OPS) if options.keras else uses())
    def run(use: Use) -> None:
        last[:] = [use]
        verdict = judge(use, keras=options.keras)
        tally["accepted" if verdict.accepted else "refused"] += 1
        if name := explain(verdict):
            tally[f"meant: {name}"] += 1

    failed = ""
    try:
        run()
    except Exception as error:
        failed = f"seed {options.seed}: {type(error).__name__}: {error}"
        options.keep.mkdir(parents=True, exist_ok=True)
        file = options.keep / f"{options.seed}.yaml"
        file.write_text(json.dumps(last[0].write(), indent=1))
        sys.stdout.write(f"{failed}\nin {file}\n")
    sys.stdout.write("".join(f"{count} {word}\n" for word, count in sorted(tally.items())))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
