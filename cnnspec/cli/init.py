"""Write a spec to start from: a copy of a zoo spec, or a commented starter.

Beside it goes the JSON Schema that the spec's first line names, by which editors complete and check
it. With '-o -' the spec comes alone, and without that line.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from cnnspec.cli.console import print_line
from cnnspec.cli.failures import UsageError
from cnnspec.cli.output import choose_path, write_files
from cnnspec.naming import nearest
from cnnspec.resources import SCHEMA, find_folder, list_zoo, read_schema, read_zoo

STARTER = "model.yaml"
# A path from the spec itself: it holds on every machine that has both files.
MODELINE = f"# yaml-language-server: $schema=./{SCHEMA}\n"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="the zoo spec to copy; without it, a starter"
    )
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="a file or a folder; '-' is standard output"
    )
    parser.add_argument("--force", action="store_true", help="overwrite whatever is in the way")


def run(options: Namespace) -> int:
    """Write the spec and say what to do next."""
    data, default = _read(options.name)
    if options.output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        return 0
    path = choose_path(options.output, default)
    schema = path.with_name(SCHEMA)
    # Some file systems take names in any case.
    if path.name.casefold() == schema.name.casefold():
        raise UsageError(f"'{path}' is where the schema goes; give the spec another name")
    write_files({path: MODELINE.encode() + data, schema: read_schema()}, options.force)
    print_line(f"wrote {path} and {schema}; next: cnnspec check {path}")
    return 0


def _read(name: str | None) -> tuple[bytes, str]:
    """The spec's text and the name of its file."""
    if name is None:
        return (find_folder("templates") / "starter.yaml").read_bytes(), STARTER
    if name not in list_zoo():
        hint = nearest(name, list_zoo())
        advice = f"did you mean '{hint}'?" if hint else "'cnnspec zoo' lists the zoo"
        raise UsageError(f"the zoo has no '{name}'; {advice}")
    return read_zoo(name), f"{name}.yaml"
