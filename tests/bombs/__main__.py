"""``python -m tests.bombs [--share S] [--only NAME] [COMMAND ...]``: what each spec costs."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bombs.measure import COMMANDS, measure
from tests.bombs.specs import BOMBS, write


def main() -> None:
    """Print a line for each spec and command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--only", default="")
    parser.add_argument("--from", dest="above", type=float, default=0.0)
    parser.add_argument("commands", nargs="*")
    options = parser.parse_args()
    names = [name for name in BOMBS if options.only in name]
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            for command in options.commands or COMMANDS:
                for file, text in write(name, command, options.share).items():
                    (Path(folder) / file).write_text(text)
                cost = measure([*COMMANDS[command], "net.yaml"], Path(folder))
                last = cost.output.strip().splitlines()[-1:] or [""]
                if cost.seconds >= options.above or cost.code not in (0, 1, 2):
                    line = (
                        f"{name:32} {command:12} {cost.code:4} {cost.seconds:6.1f}s "
                        f"{cost.megabytes:6.0f} MB  {last[0][:90]}"
                    )
                    sys.stdout.write(f"{line}\n")
                    sys.stdout.flush()


main()
