"""Any bytes as a spec give findings: never another exception, never a hang."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnspec.diagnostics import Diagnostic, Severity, SpecError, draw_excerpt
from cnnspec.graph.build import build_graph
from cnnspec.lint.engine import find_problems
from cnnspec.spec.read import read_spec

FOLDER = Path(__file__).parent
TEXTS = [
    path.read_text()
    for path in sorted([*(FOLDER / "bad").glob("*.yaml"), *(FOLDER / "seeds").glob("*.yaml")])
]
# A sanity bound on the processor's time, far above what a check takes, far below a hang.
MAX_SECONDS = 20.0

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 3, height: 64, width: 64}\n"
PARTS = [f"{key}: " for key in ("layers", "params", "blocks", "expect", "task", "lint", "limits")]
WORDS = sorted({word for text in TEXTS for word in re.findall(r"[A-Za-z_]+|\S", text)})
PIECES = [
    *("0", "-1", "1e-3", "99999999999999", "null", "true", "[]", "{}", "$x", "$(1/0)", "$(2**63)"),
    *("$(range(90000))", "&a", "*a", "<<: *a", "? ", "!!int ", "%YAML 1.2", "---", "\t", "\u2028"),
    *("'", '"', "|", ">", "#", "_", "$", "$$", "\x00", "\ufeff", "- relu\n", "residual: [relu]"),
    *("# cnnspec: ignore[", "# cnnspec: ignore[relu-on-logits] so", "#cnnspec ignore", "]"),
]


def check(data: bytes | str) -> tuple[Diagnostic, ...]:
    """The findings, each of which can be drawn."""
    started = time.process_time()
    try:
        spec = read_spec(data, "net.yaml")
        found = find_problems(spec)
        if not any(diagnostic.severity is Severity.ERROR for diagnostic in found):
            build_graph(spec)
    except SpecError as error:
        found = error.diagnostics
        assert found
    text = data if isinstance(data, str) else data.decode(errors="replace")
    for diagnostic in found:
        assert draw_excerpt(diagnostic, text)
        assert diagnostic.message
        assert len(diagnostic.message) < 600
    assert time.process_time() - started < MAX_SECONDS
    return found


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
def test_any_bytes_give_findings(data: bytes) -> None:
    assert check(data)


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=80), st.sampled_from(PARTS))
def test_any_text_in_a_part_gives_findings(text: str, part: str) -> None:
    check(HEAD + "layers: [flatten]\n"[: 0 if part == "layers: " else None] + part + text)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(TEXTS), st.integers(0, 2**32), st.integers(1, 4))
def test_a_mutated_spec_gives_findings_or_none(text: str, seed: int, changes: int) -> None:
    check(mutate(text, random.Random(seed), changes))


def mutate(text: str, source: random.Random, changes: int) -> str:
    """A spec with lines moved, words exchanged and pieces put in."""
    for _ in range(changes):
        kind = source.randrange(5)
        lines = text.split("\n")
        place = source.randrange(len(lines))
        if kind == 0:
            lines.insert(source.randrange(len(lines)), lines[place])
        elif kind == 1:
            lines.pop(place)
        elif kind == 2:
            lines[place] = " " * source.randrange(8) + lines[place].strip()
        if kind < 3:
            text = "\n".join(lines)
            continue
        words = list(re.finditer(r"[A-Za-z_]+|\d+", text))
        if words:
            word = source.choice(words)
            new = source.choice(PIECES if kind == 3 else WORDS)
            text = text[: word.start()] + new + text[word.end() :]
    return text


def nest(count: int, word: str) -> str:
    return f"{HEAD}layers:\n  - " + f"{word}: [{{" * count + f"{word}: [relu]" + "}]" * count + "\n"


def chain(count: int, calls: int, last: str) -> str:
    blocks = "".join(
        f"  b{i}: {{layers: [{', '.join([f'b{i + 1}'] * calls)}]}}\n" for i in range(count)
    )
    return f"{HEAD}blocks:\n{blocks}  b{count}: {{layers: [{last}]}}\nlayers:\n  - b0\n"


def loop(inner: str, *turns: int) -> str:
    text, indent = f"{HEAD}layers:\n", "  "
    for count in turns:
        text += f"{indent}- repeat: {count}\n{indent}  layers:\n"
        indent += "    "
    return f"{text}{indent}- {inner}\n"


BOMBS = {
    "a million turns": (loop("relu", 1_000_000), "too-large"),
    "a billion turns": (loop("relu", 1000, 1000, 1000), "too-large"),
    "a billion turns around nothing": (loop("layers: []", 1000, 1000, 1000), "too-large"),
    "a billion steps left out": (loop("{relu: , when: false}", 1000, 1000, 1000), "too-large"),
    "blocks that double": (chain(30, 2, "relu"), "too-large"),
    "blocks that double nothing": (chain(30, 2, ""), "too-large"),
    "nine hundred blocks deep": (chain(900, 1, "relu"), "too-deep"),
    "a circle of nine hundred blocks": (chain(900, 1, "b0"), "circular-block"),
    "residuals in residuals": (nest(31, "residual"), "too-deep"),
    "lists in lists": (f"{HEAD}layers: {'[' * 100_000}", "too-deep"),
    "mappings in mappings": (f"{HEAD}layers: {'{a: ' * 100_000}", "too-deep"),
    "a power of powers": (f"{HEAD}layers: [linear: $(9**9**9**9)]", "invalid-expression"),
    "a product past 64 bits": (f"{HEAD}layers: [linear: $(2**62 * 2**62)]", "invalid-expression"),
    "two ops for each of a hundred thousand": (
        f"{HEAD}layers:\n  - for: {{i: $(range(100000))}}\n    layers: [relu, tanh]\n",
        "too-large",
    ),
    "an input past memory": (
        HEAD.replace("64", "16000000") + "layers: [flatten]\n",
        "too-large",
    ),
    "a layer past memory": (
        f"{HEAD}layers: [flatten, linear: 16000000, linear: 16000000]\n",
        "too-large",
    ),
    "many variants": (
        f"{HEAD}params: {{a: 1}}\nvariants:\n"
        + "".join(f"  v{i}: {{a: {i}}}\n" for i in range(3000))
        + "layers: [flatten]\n",
        "too-large",
    ),
    "many unknown words": (
        f"{HEAD}layers:\n" + "".join(f"  - frob{i}\n" for i in range(3000)),
        "unknown-op",
    ),
    "many faults": (
        f"{HEAD}layers:\n  - parallel:\n"
        + "".join(
            f"      - conv: {{out_channels: 3, kernel_size: {99 + i}}}\n" for i in range(300)
        ),
        "kernel-exceeds-input",
    ),
    "an alias of aliases": (
        "a0: &a0 [x, x]\n"
        + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
        "too-large",
    ),
    "an alias in itself": (f"{HEAD}layers: &a [relu, layers: *a]\n", "recursive-alias"),
    "not text": (b"cnnspec: 1\xff\xfe", "invalid-encoding"),
    "nothing": (b"", "empty-document"),
    "a list": ("- cnnspec\n", "invalid-spec"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_gives_a_prompt_finding(name: str) -> None:
    data, rule = BOMBS[name]
    assert rule in {diagnostic.rule for diagnostic in check(data)}


def test_a_limit_is_named() -> None:
    (found,) = check(BOMBS["a million turns"][0])
    assert found.message == "repeat 1,000,000 is above the limit of 100,000 turns"


def test_findings_end_somewhere() -> None:
    assert len(check(BOMBS["many unknown words"][0])) == 100


def test_files_that_extend_each_other_are_named() -> None:
    files = {"a.yaml": b"extends: b.yaml\n", "b.yaml": b"extends: a.yaml\n"}
    with pytest.raises(SpecError) as caught:
        read_spec(files["a.yaml"], "a.yaml", lambda name: (name, files[name]))
    (found,) = caught.value.diagnostics
    assert (found.rule, found.message) == ("circular-extends", "extends comes back to a.yaml")


@pytest.mark.slow
def test_a_check_is_the_same_twice() -> None:
    for text in TEXTS:
        assert check(text) == check(text)
