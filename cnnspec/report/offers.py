"""Shows what fixes would change: the lines that go and those that come, or the edits as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Offer, TextEdit, cut
from cnnspec.lint.text.lines import apply_edits

# Whoever wants to see more of a change asks for it as a diff.
_MAX_LINES = 16
_MAX_WIDTH = 100
# The options by which fixes are made.
_SAFE, _UNSAFE = "--fix", "--unsafe-fixes"


def draw_offer(offer: Offer, source: str, indent: int) -> list[str]:
    """What the fix does, and the lines that it changes with their numbers, below a finding."""
    gutter = " " * (indent + 1)
    first = f"{gutter}= help: {offer.message} ({_SAFE if offer.is_safe else _UNSAFE})"
    lines = list(_compare(source, offer.edits))
    shown = [
        f"{number:>{indent}} {sign} {cut(text, _MAX_WIDTH)}"
        for number, sign, text in lines[:_MAX_LINES]
    ]
    if len(lines) > _MAX_LINES:
        shown.append(f"{gutter}  {len(lines) - _MAX_LINES} more lines: --diff shows them")
    return [first, *(line.rstrip() for line in shown)]


def _compare(source: str, edits: Sequence[TextEdit]) -> Iterator[tuple[int, str, str]]:
    """The lines that go with their old numbers, and those that come with their new ones."""
    lines = source.removeprefix("\ufeff").splitlines(keepends=True)
    moved = 0
    for group in _group(edits):
        first, last = group[0].span.line, max(edit.span.end_line for edit in group)
        old = lines[first - 1 : last]
        shifted = [_shift(edit, first - 1) for edit in group]
        new = apply_edits("".join(old), shifted).splitlines()
        old = [line.rstrip("\r\n") for line in old]
        start = _count_common(old, new)
        end = _count_common(old[start:][::-1], new[start:][::-1])
        for number, line in enumerate(old[start : len(old) - end], first + start):
            yield number, "-", line
        for number, line in enumerate(new[start : len(new) - end], first + start + moved):
            yield number, "+", line
        moved += len(new) - len(old)


def _group(edits: Sequence[TextEdit]) -> list[list[TextEdit]]:
    """Edits whose lines touch each other."""
    groups: list[list[TextEdit]] = []
    for edit in edits:
        if groups and edit.span.line <= groups[-1][-1].span.end_line + 1:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return groups


def _shift(edit: TextEdit, lines: int) -> TextEdit:
    span = edit.span
    moved = replace(span, line=span.line - lines, end_line=span.end_line - lines)
    return replace(edit, span=moved)


def _count_common(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(old), len(new)))


def describe_offer(offer: Offer | None) -> dict[str, object] | None:
    """A fix as data."""
    if offer is None:
        return None
    edits = [
        {
            "location": {"line": edit.span.line, "column": edit.span.column},
            "end_location": {"line": edit.span.end_line, "column": edit.span.end_column},
            "content": edit.text,
        }
        for edit in offer.edits
    ]
    applicability = "safe" if offer.is_safe else "unsafe"
    return {"message": offer.message, "applicability": applicability, "edits": edits}


def describe_fixable(diagnostics: Sequence[Diagnostic]) -> str:
    """How many findings can be fixed, and how."""
    offers = [diagnostic.offer for diagnostic in diagnostics if diagnostic.offer is not None]
    safe = sum(offer.is_safe for offer in offers)
    parts = [f"{safe} can be fixed with {_SAFE}"] if safe else []
    if unsafe := len(offers) - safe:
        parts.append(f"{unsafe}{' more' if safe else ' can be fixed'} with {_UNSAFE}")
    return ", ".join(parts)
