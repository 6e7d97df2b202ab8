"""How Sphinx makes the site: ``make site``."""

from __future__ import annotations

from importlib import metadata
from typing import Any

project = "cnnspec"
html_title = "cnnspec"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

myst_heading_anchors = 3
# Quotes are part of what a spec holds.
smartquotes = False

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_use_index = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
pygments_style = "friendly"
pygments_dark_style = "monokai"

try:
    release = metadata.version(project)
except metadata.PackageNotFoundError:
    release = ""

# The pages stay plain Markdown for those who read them elsewhere: what only the site needs, its
# tree, is added when they are read.
GUIDES = (
    "The spec language <language>",
    "Diagnostics <diagnostics>",
    "The linter <lint>",
    "Semantics <semantics>",
    "Verification <verify>",
    "Weights <weights>",
    "Templates <templates>",
    "ONNX files <onnx>",
    "Files <files>",
    "Limits <limits>",
    "Performance <performance>",
    "Editors <editors>",
)
SECTIONS = tuple(
    f"reference/{section}/index" for section in ("zoo", "ops", "blocks", "rules", "commands")
)
TREES = {
    "index": [("Guides", GUIDES), ("Reference", SECTIONS)],
    **{section: [("", ("*",))] for section in SECTIONS},
}


def add_trees(app: Any, page: str, source: list[str]) -> None:
    """Append to an index the tree of what is below it."""
    for caption, below in TREES.get(page, []):
        options = f":hidden:\n:glob:\n:caption: {caption}" if caption else ":hidden:\n:glob:"
        source[0] += f"\n```{{toctree}}\n{options}\n\n" + "\n".join(below) + "\n```\n"


def setup(app: Any) -> None:
    """Have the trees added."""
    app.connect("source-read", add_trees)
