"""The site builds without a warning, and its pages load nothing from anywhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.documents import ROOT

FOREIGN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//[^\"')\s]*", re.IGNORECASE)


class Loaded(HTMLParser):
    """Collects what a page loads from elsewhere; what it only links to is not loaded."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = (value or "").strip()
            loads = name in ("src", "srcset", "data", "poster") or (name == "href" and tag != "a")
            if loads and FOREIGN.match(text):
                self.found.append(f"<{tag} {name}={text}>")
            if name == "style":
                self.found += IN_STYLES.findall(text)

    def handle_data(self, data: str) -> None:
        self.found += IN_STYLES.findall(data)


def list_loaded(html: str) -> list[str]:
    """What a page loads from elsewhere."""
    parser = Loaded()
    parser.feed(html)
    parser.close()
    return parser.found


def list_all_loaded(site: Path) -> Iterator[str]:
    for page in site.rglob("*.html"):
        yield from (f"{page.name}: {found}" for found in list_loaded(page.read_text("utf-8")))
    for style in site.rglob("*.css"):
        found = IN_STYLES.findall(style.read_text("utf-8"))
        yield from (f"{style.name}: {address}" for address in found)


@pytest.mark.slow
def test_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    arguments = ["-W", "--keep-going", "-n", "-q", "-d", tmp_path / "trees"]
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", *arguments, ROOT / "docs", tmp_path / "site"],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    pages = {page.name for page in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "conv.html", "basic_block.html", "compile.html"} <= pages
    assert list(list_all_loaded(tmp_path / "site")) == []


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/math.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/inter.css">',
        '<img src="http://badges.example/build.svg">',
        "<style>@import 'https://fonts.example/inter.css';</style>",
        '<p style="background: url(https://images.example/a.png)">text</p>',
    ],
)
def test_what_is_loaded_from_elsewhere_is_found(html: str) -> None:
    assert len(list_loaded(html)) == 1


def test_links_and_own_files_load_nothing() -> None:
    html = (
        '<a href="https://example.org">x</a><script src="_static/x.js"></script><img src="a.png">'
    )
    assert list_loaded(html) == []
