"""Print the JSON Schema of specs, by which editors complete, explain and check while one types.

A spec's first line can name the file that it was written to:
'# yaml-language-server: $schema=./cnnspec.schema.json'.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from cnnspec.cli.console import print_line
from cnnspec.cli.output import choose_path, write_files
from cnnspec.resources import SCHEMA, read_schema


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "-o", "--output", metavar="PATH", default="-", help="a file or a folder to write it to"
    )
    parser.add_argument("--force", action="store_true", help="overwrite whatever is in the way")


def run(options: Namespace) -> int:
    """Print the schema, or write it to a file."""
    if options.output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(read_schema())
        return 0
    path = choose_path(options.output, SCHEMA)
    write_files({path: read_schema()}, options.force)
    print_line(f"wrote {path}")
    return 0
