"""Patches that `git apply` takes, as small as they can be where lines are told apart."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from cnnspec.cli.patch import write_patch

# Few words, so that most lines stand several times.
WORDS = ("- relu\n", "- tanh\n", "- linear: 8\n", "\n")


def patch(old: str, new: str) -> str:
    return "".join(write_patch(old.splitlines(True), new.splitlines(True), "net.yaml"))


def edit(lines: list[str], chance: random.Random) -> list[str]:
    """Some lines removed, added, changed or moved."""
    edited = list(lines)
    for _ in range(chance.randrange(1, 6)):
        place = chance.randrange(len(edited) + 1)
        match chance.randrange(4):
            case 0:
                del edited[place : place + chance.randrange(1, 4)]
            case 1:
                edited.insert(place, chance.choice(WORDS))
            case 2:
                edited[place : place + 1] = [f"- conv: {chance.randrange(9)}\n"]
            case 3:
                other = chance.randrange(len(edited) + 1)
                edited[place : place + 1], edited[other : other + 1] = (
                    edited[other : other + 1],
                    edited[place : place + 1],
                )
    return edited


def write_lines(chance: random.Random, count: int) -> list[str]:
    return [
        chance.choice(WORDS) if chance.random() < 0.5 else f"- name: a{number}\n"
        for number in range(count)
    ]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("count", [0, 1, 8, 40, 1_500])
def test_a_patch_leads_from_one_text_to_the_other(count: int, tmp_path: Path) -> None:
    chance = random.Random(count)
    for _ in range(8 if count > 100 else 20):
        old = write_lines(chance, count)
        new = edit(old, chance)
        file = tmp_path / "net.yaml"
        file.write_bytes("".join(old).encode())
        made = patch("".join(old), "".join(new))
        assert bool(made) == (old != new)
        if made:
            command = ["git", "apply", "-p0", "-"]
            subprocess.run(command, input=made.encode(), cwd=tmp_path, check=True)
        assert file.read_bytes() == "".join(new).encode()


def test_a_changed_line_is_shown_with_three_around_it() -> None:
    old = [f"- name: a{number}\n" for number in range(9)]
    new = [*old[:4], "- relu\n", *old[5:]]
    assert patch("".join(old), "".join(new)) == (
        "--- net.yaml\n+++ net.yaml\n@@ -2,7 +2,7 @@\n"
        " - name: a1\n - name: a2\n - name: a3\n-- name: a4\n+- relu\n"
        " - name: a5\n - name: a6\n - name: a7\n"
    )


def test_a_long_stretch_of_one_line_is_changed_where_it_differs() -> None:
    old = ["- relu\n"] * 3_000
    new = [*old[:1_000], "- tanh\n", *old[1_001:]]
    made = patch("".join(old), "".join(new)).splitlines()
    assert [line for line in made[2:] if line.startswith(("-", "+"))] == ["-- relu", "+- tanh"]
