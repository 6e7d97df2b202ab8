"""The results as tables in docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.pairs import Result

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def write_times(results: Iterable[Result], ours: str, theirs: str) -> str:
    """A table of timed pairs."""
    return write_table(
        ("Network", "Work", ours, theirs, "Ratio", "99 % interval", "Pairs", "Limit"),
        (
            (
                result.contest.network,
                result.contest.work,
                _write_seconds(result.ours),
                _write_seconds(result.theirs),
                f"{result.ratio:.3f}",
                f"{result.low:.3f} to {result.high:.3f}",
                str(result.pairs),
                write_limit(result.contest.limit),
            )
            for result in results
        ),
        words=2,
    )


def write_table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A table in Markdown; the first columns hold words, the others figures."""
    rules = ("---",) * words + ("---:",) * (len(heads) - words)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (heads, rules, *rows))


def write_limit(limit: float | None) -> str:
    """A limit, or nothing where there is none."""
    return "" if limit is None else f"{limit:.2f}"


def write_versions(*packages: str) -> str:
    """The versions of what was measured, as a sentence."""
    found = ", ".join(f"{name} {version(name).partition('+')[0]}" for name in packages)
    return f"With {found}.\n"


def fill_region(name: str, text: str) -> None:
    """Put a text in the place of what the page has between the two marks of a region."""
    region = re.compile(rf"(<!-- begin: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    page = PAGE.read_text(encoding="utf-8")
    filled, count = region.subn(lambda found: found[1] + text + found[2], page)
    if count != 1:
        raise ValueError(f"{PAGE} has no region '{name}'")
    PAGE.write_text(filled, encoding="utf-8")


def _write_seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"
