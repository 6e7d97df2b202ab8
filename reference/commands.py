"""The page of a command: its options as argparse has them, and examples with what they print."""

from __future__ import annotations

from argparse import SUPPRESS, Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from types import MappingProxyType

from cnnspec.cli.main import COMMANDS, build_parser
from cnnspec.report.tables import Column, draw_markdown
from cnnspec.spec.spelling import spell
from reference.console import EXAMPLES, fix_width, show_files, show_session

_INDEX = """\
# Commands

A network is named by its spec's file or by its name in the zoo, `resnet.yaml` or `resnet`, with a
variant behind a colon: `resnet:50`. `-` is standard input.
[Exit codes](../../diagnostics.md#exit-codes) are the same for all commands.
"""

_OPTIONS = tuple(map(Column, ("Option", "Meaning", "Takes", "Default")))
_COUNTS = MappingProxyType({"+": "one or more", "*": "any number", "?": "one or none"})


def write_command_index() -> str:
    """The list of all commands."""
    rows = [[f"[`cnnspec {name}`]({name}.md)", text] for name, text in COMMANDS.items()]
    return f"{_INDEX}\n{draw_markdown((Column('Command'), Column('Does')), rows)}\n"


def write_command(name: str) -> str:
    """The page of one command."""
    parts = [f"# cnnspec {name}", *describe_parser(build_parser(name), 2)]
    examples = EXAMPLES.get(name, ())
    if examples:
        parts += ["## Example" if len(examples) == 1 else "## Examples"]
    for example in examples:
        parts += [example.says, *show_files(example), f"```console\n{show_session(example)}```"]
    return "\n\n".join(parts) + "\n"


def describe_parser(parser: ArgumentParser, level: int) -> Iterator[str]:
    """A command's introduction, its usage, its options, and the commands inside of it."""
    yield (parser.description or "").strip()
    with fix_width():
        yield f"```text\n{parser.format_usage()}```"
    actions = [action for action in parser._actions if action.dest != "help"]
    inner = [action for action in actions if isinstance(action, _SubParsersAction)]
    shown = [_list_cells(action, parser) for action in actions if action not in inner]
    if shown:
        yield f"{'#' * level} Options"
        yield draw_markdown(_OPTIONS, shown)
    for action in inner:
        for below in action.choices.values():
            yield f"{'#' * level} {below.prog}"
            yield from describe_parser(below, level + 1)


def _list_cells(action: Action, parser: ArgumentParser) -> list[str]:
    name = ", ".join(f"`{option}`" for option in action.option_strings)
    return [
        name or f"`{action.metavar or action.dest}`",
        (action.help or "") % {**vars(action), "prog": parser.prog},
        _say_values(action),
        _say_default(action),
    ]


def _say_values(action: Action) -> str:
    if action.nargs == 0:
        return ""
    if action.choices is not None:
        return ", ".join(f"`{choice}`" for choice in action.choices)
    if action.option_strings:
        return f"`{action.metavar or action.dest.upper()}`"
    return _COUNTS.get(str(action.nargs), "one")


def _say_default(action: Action) -> str:
    if action.required:
        return "required"
    default = action.default
    if action.nargs == 0 or default in (None, SUPPRESS, []):
        return ""
    return f"`{','.join(map(str, default)) if isinstance(default, tuple) else spell(default)}`"
