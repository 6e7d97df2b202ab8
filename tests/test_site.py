"""The site builds without a warning, and its pages load nothing from anywhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.documents import ROOT, list_pages, list_reference

FOREIGN = re.compile(r"(?:https?:)?//", re.IGNORECASE)
IN_STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?\s*(?:https?:)?//[^\"')\s]*", re.IGNORECASE)

# In Markdown, and the code in it, where nothing is loaded.
IMAGE = re.compile(r"!\[[^\]]*\][\[(]\s*<?\s*(?:https?:)?//[^)\s]*", re.IGNORECASE)
FENCE = re.compile(r"^ *```.*?^ *```$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
# One page of each kind.
EVERY_KIND = (
    "index",
    "lint",
    "reference/zoo/index",
    "reference/zoo/lenet5",
    "reference/ops/conv",
    "reference/blocks/basic_block",
    "reference/rules/index",
    "reference/commands/compile",
)


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


def run_sphinx(folder: Path, *arguments: str | Path) -> str:
    """Build the documentation; what there is to be warned of."""
    options = ["-n", "-q", "-d", folder / "trees", "-b", *arguments]
    result = subprocess.run(
        [sys.executable, "-m", "sphinx", *options], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return result.stderr


@pytest.mark.slow
def test_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    """All is read and every link followed; few pages are laid out, which takes the time."""
    docs, site = ROOT / "docs", tmp_path / "site"
    assert run_sphinx(tmp_path, "dummy", docs, tmp_path / "nothing") == ""
    pages = [docs / f"{page}.md" for page in EVERY_KIND]
    warnings = run_sphinx(tmp_path, "html", docs, site, *pages).splitlines()
    assert [line for line in warnings if "search index" not in line] == []
    laid_out = {page.relative_to(docs).with_suffix(".html") for page in pages}
    assert {page.relative_to(site) for page in site.rglob("*.html")} >= laid_out
    assert list(list_all_loaded(site)) == []


def test_no_page_has_an_image_or_markup_of_elsewhere() -> None:
    """What the pages that are not laid out in these tests could load."""
    pages = [*list_pages(), *list_reference()]
    assert len(pages) > 200
    for page in pages:
        text = "".join(FENCE.split(page.read_text("utf-8")))
        assert IMAGE.findall(text) == [], page
        assert list_loaded(text) == [], page


def test_an_image_of_elsewhere_is_found() -> None:
    assert IMAGE.findall("![figure](https://images.example/a.png)")
    assert not IMAGE.findall("![figure](images/a.png), [text](https://example.org)")


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
