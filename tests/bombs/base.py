"""Specs that cost as much as the limits let them, each by one thing of which it has very many.

A builder takes a share of the limits and gives files by name; the spec is `net.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnspec import document
from cnnspec.graph import limits

Files = dict[str, str]
Build = Callable[[float], Files]

HEAD = "cnnspec: 1\nname: net\ninput: {channels: 1, height: 8, width: 8}\n"
FLAT = "cnnspec: 1\nname: net\ninput: {features: 8}\n"
BOMBS: dict[str, Build] = {}
# What the numbers below are for, and how much of it the limits allow.
ROOM = 4 * 2**20
TEXT = document.MAX_BYTES / ROOM
OPS = limits.MAX_NODES / 120_000
# Those that are held by the limit of ops, of which what is compiled has another.
NETWORKS: set[str] = set()


def bomb(build: Callable[[float], str | Files], scale: float = TEXT) -> Build:
    """List a builder under its name."""

    def files(share: float) -> Files:
        built = build(share * scale)
        return {"net.yaml": built} if isinstance(built, str) else built

    BOMBS[build.__name__] = files
    return files


def network(build: Callable[[float], str | Files]) -> Build:
    """The same for one that is held by the limit of ops."""
    NETWORKS.add(build.__name__)
    return bomb(build, OPS)


def write(name: str, command: str, share: float) -> Files:
    """The files of a bomb, as large as a command takes them."""
    if name in NETWORKS and command in ("torch", "keras", "onnx"):
        share *= limits.MAX_WRITTEN / limits.MAX_NODES
    if name in NETWORKS and command == "check sizes":
        share *= limits.MAX_OPEN_NODES / limits.MAX_NODES
    return BOMBS[name](share)


def fill(head: str, line: str, share: float, tail: str = "", room: int = ROOM) -> str:
    """Lines up to a share of the largest file; `{i}` in a line is its number."""
    size = int(room * share) - len(head) - len(tail)
    lines, length, number = [], 0, 0
    while True:
        text = line.replace("{i}", str(number)).replace("{j}", str(max(0, number - 1)))
        length += len(text)
        if length > size:
            return head + "".join(lines) + tail
        lines.append(text)
        number += 1


def repeat(head: str, line: str, count: float, tail: str = "") -> str:
    """So many lines, as far as a file can hold them."""
    numbers = range(max(1, int(count)))
    lines = [line.replace("{i}", str(i)).replace("{j}", str(max(0, i - 1))) for i in numbers]
    text = head + "".join(lines) + tail
    assert len(text) <= ROOM, len(text)
    return text
