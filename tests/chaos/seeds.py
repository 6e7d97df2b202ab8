"""What each target starts from: sound texts of its kind, and everything that was ever found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.chaos.targets import CUT
from tests.chaos.words import list_specs

FOUND = Path(__file__).parent / "found"
EXPRESSIONS = (
    "$n", "a$(n + 1)b$n", "$(in_channels // 2)", "$$", "$(units[1:])", "$(n < 3 <= big)",
    "$([k * ratio for k in units])", "$(x.channels if flag else x.height)",
    "$(divisible_by(channels * ratio, 8))",
)  # fmt: skip
RENAMING = (
    "rules:\n  - features\\.(\\d+)\\.(.*): layer\\1.\\2\n  - .*running_mean: null\n"
    "  - .*: x\\g<0>\n",
    "rules: []\nflatten: channels_last\nfill: ['.*\\.bias': 0, fc.*: -2.5]\n",
    "{rules: [(?P<a>fc)\\.(?P<b>weight): '\\g<b>.\\g<a>', '': y]}",
)
SETTINGS = (
    "classes=7", "widths=[4, 8, 16]\x00same=false", "kind='max'\x00channels=1", "least=1e3",
    "widths=[[1]]\x00classes=null", "classes=$n", "channels={a: 1}", "classes=&a [*a]",
)  # fmt: skip
_PART = "cnnspec: 1\nname: part\ninput: {channels: 3, height: 8, width: 8}\nparams: {width: 4}\n"
_PART += "variants: {wide: {width: 8}}\nlayers:\n"
_PART += "  a: {conv: {out_channels: $width, kernel_size: 3}}\n  b: relu\n"
_HEAD = "cnnspec: 1\nname: net\n"
FOLDERS = (
    f"{_HEAD}input: {{channels: 3, height: 8, width: 8}}\nlayers:\n  a: {{spec: part.yaml}}\n"
    f"  b: {{spec: 'part.yaml:wide', set: {{width: 6}}, from: input}}\n  c: {{concat: [a, b]}}\n"
    f"\n{CUT}part.yaml\n{_PART}",
    f"{_HEAD}extends: part.yaml\nparams: {{width: 9}}\n\n{CUT}part.yaml\n{_PART}",
    f"{_HEAD}extends: a.yaml\nlayers: {{b: {{linear: 3}}}}\n\n{CUT}a.yaml\nextends: part.yaml\n"
    f"\n{CUT}part.yaml\n{_PART}",
    f"{_HEAD}input: {{channels: 3, height: 32, width: 32}}\nlayers:\n"
    f"  - {{spec: part.yaml, until: a}}\n  - {{spec: 'resnet:18', until: layer2}}\n"
    f"\n{CUT}part.yaml\n{_PART}",
)


@cache
def list_seeds(target: str) -> Sequence[bytes]:
    """What a target starts from."""
    texts: Sequence[str] = {
        "expression": EXPRESSIONS,
        "renaming": RENAMING,
        "settings": SETTINGS,
        "folder": FOLDERS,
    }.get(target, list_specs())
    return (*(text.encode() for text in texts), *list_found(target).values())


def list_found(target: str) -> dict[str, bytes]:
    """What once broke a promise to a target, by the names of its files."""
    paths = sorted(FOUND.glob(f"{target}-*"))
    return {path.name: path.read_bytes() for path in paths}
