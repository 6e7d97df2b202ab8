"""Changes of a text that keep it near to a spec: its words, lines, steps and values."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

import yaml

from tests.chaos.words import (
    FORMS,
    LEAVES,
    MARKS,
    MODIFIERS,
    NUMBERS,
    SCALARS,
    SECTIONS,
    list_fields,
    list_names,
)

LONGEST = 8_192
_WORD = re.compile(r"[A-Za-z_]\w*|-?\d[\d.e]*|\$\([^()]*\)")
_EXPRESSION = re.compile(r"\$\([^\n]*\)|\$[A-Za-z]\w*")
# Larger trees are dumped in more time than they are checked in.
_LONGEST_TREE = 3_000


def mutate(data: bytes, draw: random.Random, others: Callable[[], str]) -> bytes:
    """A few changes of a text; `others` gives texts that parts may come from."""
    text = data.decode(errors="replace")
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        change = draw.choice(_CHANGES)
        text = change(text, draw, others)[:LONGEST]
    return text.encode()


def write_expression(draw: random.Random, depth: int = 3) -> str:
    """An expression, most of which are sound."""
    if depth == 0 or draw.random() < 0.3:
        return draw.choice(LEAVES if draw.random() < 0.9 else NUMBERS)
    first, second = (write_expression(draw, depth - 1) for _ in range(2))
    return draw.choice(FORMS).format(first, second)


def _write_value(draw: random.Random) -> str:
    kind = draw.randrange(8)
    if kind < 3:
        return draw.choice(NUMBERS[:10] if draw.random() < 0.7 else NUMBERS)
    if kind < 5:
        return f'"$({write_expression(draw)})"'
    return draw.choice(list_names() if kind == 5 else SCALARS)


def _write_step(draw: random.Random) -> str:
    op, fields = draw.choice(list(list_fields().items()))
    chosen = draw.sample(fields, draw.randint(0, min(3, len(fields))))
    if op in ("add", "concat", "multiply"):
        return f"{op}: [{draw.choice('_ab')}, {draw.choice(('input', 'a', '_', 'b'))}]"
    if "out_channels" in fields and draw.random() < 0.8:
        chosen = ["out_channels", "kernel_size", *chosen]
    pairs = ", ".join(f"{name}: {_write_value(draw)}" for name in dict.fromkeys(chosen))
    return f"{op}: {{{pairs}}}" if pairs else op


def _change_word(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    found = list(_WORD.finditer(text))
    if not found:
        return _write_step(draw)
    at = draw.choice(found)
    known = draw.choice(found)[0] if draw.random() < 0.4 else draw.choice(list_names())
    if at[0][0] == "$":
        new = f"$({write_expression(draw)})"
    elif at[0][0].isalpha():
        new = known if draw.random() < 0.8 else _write_value(draw)
    else:
        new = _write_value(draw)
    return text[: at.start()] + new + text[at.end() :]


def _change_expression(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    found = list(_EXPRESSION.finditer(text))
    if not found:
        return f"{text}$({write_expression(draw)})" if len(text) < 60 else text
    at = draw.choice(found)
    return f"{text[: at.start()]}$({write_expression(draw)}){text[at.end() :]}"


def _put_mark(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    at = draw.randint(0, len(text))
    until = min(len(text), at + draw.choice((0, 0, 1, 3)))
    mark = draw.choice(MARKS) if draw.random() < 0.7 else draw.choice(SCALARS)
    return text[:at] + mark + text[until:]


def _move_lines(text: str, draw: random.Random, others: Callable[[], str]) -> str:
    lines = text.split("\n")
    source = lines if draw.random() < 0.6 else others().split("\n")
    start = draw.randrange(len(source))
    taken = source[start : start + draw.choice((1, 1, 2, 5))]
    indent = draw.choice((None, None, 0, 2, 4, 6))
    if indent is not None:
        less = min((len(line) - len(line.lstrip()) for line in taken if line.strip()), default=0)
        taken = [" " * indent + line[less:] for line in taken]
    if draw.random() < 0.4:
        gone = draw.randrange(len(lines))
        lines = lines[:gone] + lines[gone + draw.choice((1, 1, 2, 4)) :]
    at = draw.randint(0, len(lines))
    return "\n".join([*lines[:at], *(taken if draw.random() < 0.8 else ()), *lines[at:]])


def _put_step(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    lines = text.split("\n")
    steps = [number for number, line in enumerate(lines) if line.lstrip().startswith("- ")]
    if not steps:
        return f"{text}\n  - {_write_step(draw)}\n"
    at = draw.choice(steps)
    indent = " " * (len(lines[at]) - len(lines[at].lstrip()))
    if draw.random() < 0.5:
        lines.insert(at + 1, f"{indent}  {draw.choice(MODIFIERS)}")
        return "\n".join(lines)
    step = _write_step(draw)
    more = f"\n{indent}  {draw.choice(MODIFIERS)}" if draw.random() < 0.3 else ""
    if draw.random() < 0.2:
        names = list_names()
        more = f" # cnnspec: ignore[{draw.choice(names)}, {draw.choice(names)}] so{more}"
    lines.insert(
        at, f"{indent}- {step}{':' if more[:1] == chr(10) and ':' not in step else ''}{more}"
    )
    return "\n".join(lines)


def _put_section(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    section = draw.choice(SECTIONS)
    key = section.partition(":")[0]
    kept = re.sub(rf"^{key}:.*\n(?:[ -].*\n)*", "", text, flags=re.MULTILINE)
    at = kept.find("layers:")
    return f"{kept[:at]}{section}\n{kept[at:]}" if at >= 0 else f"{kept}\n{section}\n"


def _change_tree(text: str, draw: random.Random, others: Callable[[], str]) -> str:
    """Cut, double, exchange or replace a part of what the text says, and lay it out anew."""
    tree, other = _read(text), _read(others())
    if tree is None:
        return _change_word(text, draw, others)
    places = list(_list_places(tree))
    if not places:
        return text
    holder, key = draw.choice(places)
    kind = draw.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif kind == 2 and other is not None:
        from_holder, from_key = draw.choice(list(_list_places(other)) or [(holder, key)])
        holder[key] = from_holder[from_key]
    elif kind == 3:
        holder[key] = draw.choice(([holder[key]], {"layers": holder[key]}, {"a": holder[key]}))
    elif kind == 4:
        holder[key] = _read(_write_step(draw) if draw.random() < 0.5 else _write_value(draw))
    else:
        from_holder, from_key = draw.choice(places)
        holder[key], from_holder[from_key] = from_holder[from_key], holder[key]
    return _dump(tree, draw)


def _read(text: str) -> Any:
    if len(text) > _LONGEST_TREE:
        return None
    try:
        tree = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None
    except AttributeError:
        # PyYAML reads dates so, of texts that are none.
        return None
    return tree


def _dump(tree: Any, draw: random.Random) -> str:
    try:
        return yaml.dump(
            tree,
            Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper),
            default_flow_style=draw.choice((None, True, False)),
            sort_keys=False,
            allow_unicode=True,
        )
    except (yaml.YAMLError, RecursionError, TypeError, ValueError):
        return ""


def _list_places(tree: Any, depth: int = 0) -> list[tuple[Any, Any]]:
    """Where a value stands in a list or a mapping."""
    if depth > 30 or not isinstance(tree, list | dict):
        return []
    keys = list(range(len(tree)) if isinstance(tree, list) else tree)
    found: list[tuple[Any, Any]] = [(tree, key) for key in keys]
    for key in keys:
        found += _list_places(tree[key], depth + 1)
    return found


def _repeat(text: str, draw: random.Random, _others: Callable[[], str]) -> str:
    if not text:
        return "- "
    start = draw.randrange(len(text))
    part = text[start : start + draw.choice((1, 2, 8, 40))]
    return text[:start] + part * draw.choice((1, 2, 8, 70)) + text[start:]


_CHANGES = (
    _change_word, _change_word, _change_word, _change_expression, _put_mark, _move_lines,
    _move_lines, _put_step, _put_step, _put_step, _put_section, _change_tree, _change_tree,
    _change_tree, _repeat,
)  # fmt: skip
