"""No spec within the limits takes more than ten seconds or 1 GB, whatever is done with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bombs.measure import COMMANDS, measure
from tests.bombs.specs import BOMBS, write

MAX_SECONDS, MAX_MEGABYTES = 10, 1_000
# Fine, or wrong with the spec.
DONE = (0, 1)
# What once took minutes, or gigabytes, where a share of the limits would show it.
QUICK = {
    "parameters_of_lists": "check",
    "block_parameters_and_calls": "check",
    "one_line_of_layers": "check json",
    "chain_of_norms": "torch",
    "ladder": "torch",
    "shared_blocks": "keras",
}


def run(name: str, command: str, share: float, folder: Path) -> None:
    for file, text in write(name, command, share).items():
        (folder / file).write_text(text, encoding="utf-8")
    cost = measure([*COMMANDS[command], "net.yaml"], folder)
    assert cost.code in DONE, cost.output
    # The last resort is for what is not known.
    assert "the spec is refused: it takes more than" not in cost.output
    assert cost.seconds < MAX_SECONDS
    assert cost.megabytes < MAX_MEGABYTES


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_what_once_took_long_is_prompt(name: str, tmp_path: Path) -> None:
    run(name, QUICK[name], 0.05, tmp_path)


@pytest.mark.slow
@pytest.mark.exhaustive
@pytest.mark.onnx
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", BOMBS)
def test_no_spec_within_the_limits_is_a_bomb(name: str, command: str, tmp_path: Path) -> None:
    run(name, command, 1.0, tmp_path)
