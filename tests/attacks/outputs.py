"""What must hold of every output, whatever the spec says."""

from __future__ import annotations

import ast
import io
import json
import re
import symtable
import tokenize
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

# The builtins that generated code uses.
BUILTINS = {
    "True", "abs", "bool", "dict", "enumerate", "float", "int", "isinstance", "len", "list", "max",
    "min", "next", "object", "print", "property", "range", "reversed", "round", "set",
    "staticmethod", "str", "sum", "super", "tuple", "type", "zip",
    "ValueError", "__name__", "map", "Ellipsis",
}  # fmt: skip
MODULES = {"collections", "collections.abc", "functools", "math", "torch", "torch.nn.functional"}
MODULES |= {"keras", "typing", "__future__", "numpy"}
_COMMAND = re.compile(r"##\w*\[|^\s*::", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[(0|1|1;3[136]|3[124])m")


def assert_plain(text: str) -> None:
    """A text for a terminal and for a log: nothing in it steers either."""
    odd = {character for character in text if not character.isprintable()} - {"\n"}
    assert not odd
    assert not _COMMAND.search(text)


def assert_coloured(text: str, plain: str) -> None:
    assert _COLOUR.sub("", text) == plain


def assert_annotations(text: str, count: int) -> None:
    """As many commands to GitHub as there are findings, each on a line, and no other."""
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == count
    for line in lines:
        assert re.match(r"::(error|warning|notice) (file=[^,:]*,[^:]*,)?title=[a-z0-9-]+::", line)
        assert line.isprintable()


def assert_json(text: str, count: int) -> Any:
    assert text.isascii()
    assert_plain(text)
    read = json.loads(text)
    assert len(read) >= count
    return read


def assert_sarif(text: str, count: int) -> None:
    results = assert_json(text, 0)["runs"][0]["results"]
    assert len(results) == count
    for result in results:
        messages = [result["message"]["text"]]
        messages += [fix["description"]["text"] for fix in result.get("fixes", ())]
        for message in messages:
            # Links and places for arguments (SARIF 2.1.0, 3.11.5 and 3.11.6).
            assert "](" not in message
            assert not re.search(r"\{\d+\}", message)


def assert_junit(text: str, count: int) -> None:
    assert_plain(text)
    # Expat takes no entity that is declared nowhere, and here nothing is declared.
    assert "<!" not in text
    root = ElementTree.fromstring(text)
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "system-out",
    }  # fmt: skip
    assert len(list(root.iter("testcase"))) >= max(count, 1)


def assert_harmless(code: str) -> None:
    """Code reaches nothing but the framework, and is one line of text where it is text."""
    assert_plain(code)
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= MODULES
        elif isinstance(node, ast.ImportFrom):
            assert node.module in MODULES
        elif isinstance(node, ast.Attribute):
            assert not node.attr.startswith("__") or node.attr == "__init__"
    identifiers = {name for name, _ in list_identifiers(tree)}
    assert all(name.isascii() for name in identifiers)
    assert list_free(code) <= BUILTINS, list_free(code) - BUILTINS
    assert "canary" not in {name.lower() for name in list_free(code)}


def list_free(code: str) -> set[str]:
    """The names that a module takes from Python: those it binds nowhere."""
    top = symtable.symtable(code, "net.py", "exec")
    bound = {symbol.get_name() for symbol in top.get_symbols() if _binds(symbol)}
    free: set[str] = set()
    tables = [top]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            outer = symbol.is_global() if table is not top else not _binds(symbol)
            if symbol.is_referenced() and outer:
                free.add(symbol.get_name())
    return free - bound


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()


def list_identifiers(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Every name in code, with the kind of node that it stands in."""
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                yield value, f"{type(node).__name__}.{field}"


def describe_code(code: str) -> tuple[str, list[tuple[int, str]]]:
    """All of code but its texts: the tree, and what its comments are, as far as they are ours."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    comments = sum(
        token.type == tokenize.COMMENT
        for token in tokenize.generate_tokens(io.StringIO(code).readline)
    )
    return ast.dump(tree), comments
