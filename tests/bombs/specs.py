"""All specs that cost as much as the limits let them, by name."""

from __future__ import annotations

from tests.bombs import chains, fans, findings, sections, sources, texts, webs
from tests.bombs.base import BOMBS, write

__all__ = [
    "BOMBS", "chains", "fans", "findings", "sections", "sources", "texts", "webs", "write",
]  # fmt: skip
