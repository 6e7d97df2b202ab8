"""All specs that cost as much as the limits let them, by name."""

from __future__ import annotations

from tests.bombs import chains, findings, sections, texts, webs
from tests.bombs.base import BOMBS, write

__all__ = ["BOMBS", "chains", "findings", "sections", "texts", "webs", "write"]
