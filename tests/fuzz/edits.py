"""Blind edits of a spec's text: other numbers, other words, more fields, lines that come and go.

They know nothing of what makes a network sound, so that most of what they make is wrong in some
way: it must be refused, or run.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnspec.ops.catalog import OPS

# What stands in lines that begin so is not computed with.
_HEADER = re.compile(r"^(cnnspec|name|summary|paper|year|task|lint|expect|#)\b", re.MULTILINE)
_NUMBER = re.compile(r"(?<![\w.$-])-?\d+(?:\.\d+)?(?![\w.])")
_FLAG = re.compile(r"\b(true|false)\b")
_WORD = re.compile(r"\b[a-z_0-9]+\b")
_OPENING = re.compile(rf"\b({'|'.join(OPS)}): \{{")

# Ops that can stand in each other's place.
_ALIKE = (
    ("relu", "softmax", "prelu", "hard_swish", "mish", "batch_norm", "layer_norm", "l2_normalize"),
    ("batch_norm", "instance_norm", "layer_norm", "scale", "relu6", "identity", "flatten"),
    ("max_pool", "avg_pool", "min_pool", "lp_pool", "upsample", "pixel_unshuffle", "crop"),
    ("global_avg_pool", "global_max_pool", "flatten", "to_tokens", "identity"),
    ("add", "concat", "multiply"),
    ("conv", "conv_transpose"),
    ("dropout", "spatial_dropout", "stochastic_depth"),
    ("same", "valid", "0", "3"),
    ("nearest", "bilinear"),
    ("linear", "channel_shuffle", "group_norm", "pad_channels", "zero_pad", "pixel_shuffle"),
)
_FRIENDS = {word: group for group in reversed(_ALIKE) for word in group}

_CHANGES: tuple[Callable[[float], float], ...] = (
    lambda n: n + 1,
    lambda n: n - 1,
    lambda n: n * 2,
    lambda n: n // 2,
    lambda n: n + 2,
    lambda n: 1,
    lambda n: 0,
    lambda n: -n,
    lambda n: 2**24,
    lambda n: 10**12,
)
_VALUES = ("0", "1", "2", "3", "4", "[1, 2]", "[0, 1, 2, 1]", "0.5", "true", "false", "same")


@dataclass(frozen=True)
class Edit:
    """One edit: what is done, in which of the places where it can be, and in which way."""

    kind: str
    place: int
    choice: int

    def apply(self, text: str) -> str:
        return _KINDS[self.kind](text, self.place, self.choice)


def apply_all(text: str, edits: list[Edit]) -> str:
    for edit in edits:
        text = edit.apply(text)
    return text


def _pick(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str] | None:
    """One of the matches below the header, by a number of any size."""
    found = [one for one in pattern.finditer(text) if not _is_idle(text, one.start())]
    return found[place % len(found)] if found else None


def _is_idle(text: str, offset: int) -> bool:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return "#" in line or _HEADER.match(line + "x") is not None or bool(_HEADER.match(line.strip()))


def _replace(text: str, found: re.Match[str] | None, new: str) -> str:
    return text if found is None else text[: found.start()] + new + text[found.end() :]


def _edit_number(text: str, place: int, choice: int) -> str:
    found = _pick(_NUMBER, text, place)
    if found is None:
        return text
    old: Any = float(found[0]) if "." in found[0] else int(found[0])
    changes = _CHANGES[:-2] if isinstance(old, float) else _CHANGES
    return _replace(text, found, str(changes[choice % len(changes)](old)))


def _edit_flag(text: str, place: int, choice: int) -> str:
    found = _pick(_FLAG, text, place)
    return text if found is None else _replace(text, found, str(found[0] == "false").lower())


def _edit_word(text: str, place: int, choice: int) -> str:
    words = [one for one in _WORD.finditer(text) if one[0] in _FRIENDS]
    words = [one for one in words if not _is_idle(text, one.start())]
    if not words:
        return text
    found = words[place % len(words)]
    others = [word for word in _FRIENDS[found[0]] if word != found[0]]
    return _replace(text, found, others[choice % len(others)])


def _add_field(text: str, place: int, choice: int) -> str:
    found = _pick(_OPENING, text, place)
    if found is None:
        return text
    names = list(OPS[found[1]].model_fields)
    if not names:
        return text
    field, value = names[choice % len(names)], _VALUES[choice // len(names) % len(_VALUES)]
    # In place of what the step says of the field.
    end = text.find("}", found.end())
    rest = re.sub(rf"\b{field}: (\[[^\]]*\]|[^,}}]*)(, )?", "", text[found.end() : end])
    return f"{text[: found.end()]}{field}: {value}{', ' if rest.strip() else ''}{rest}{text[end:]}"


def _edit_lines(text: str, place: int, choice: int) -> str:
    """Drop a line, have it twice, or put it before the one above."""
    lines = text.splitlines(keepends=True)
    steps = [row for row, line in enumerate(lines) if line.lstrip().startswith("- ")]
    if not steps:
        return text
    row = steps[place % len(steps)]
    if choice % 3 == 0:
        del lines[row]
    elif choice % 3 == 1:
        lines.insert(row, lines[row])
    else:
        lines[row - 1 : row + 1] = [lines[row], lines[row - 1]]
    return "".join(lines)


_KINDS: dict[str, Callable[[str, int, int], str]] = {
    "number": _edit_number,
    "flag": _edit_flag,
    "word": _edit_word,
    "field": _add_field,
    "line": _edit_lines,
}
KINDS = tuple(_KINDS)
