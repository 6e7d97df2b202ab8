"""Has two processes write one file at the same moment, again and again.

    python -m tests.files.contend FOLDER ROUNDS COMMAND... -- COMMAND...

Prints a JSON line for each round: the two exit codes, and the files then.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from cnnspec.cli.main import run
from tests.files.cut_short import describe


def race(commands: list[list[str]]) -> list[int]:
    """Both exit codes, of processes that are let go together."""
    reading, writing = os.pipe()
    children = []
    for command in commands:
        child = os.fork()
        if not child:
            os.close(writing)
            os.read(reading, 1)
            os._exit(run(command))
        children.append(child)
    os.close(writing)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    os.close(reading)
    return codes


def main() -> None:
    folder, rounds, *words = sys.argv[1:]
    cut = words.index("--")
    commands = [words[:cut], words[cut + 1 :]]
    os.chdir(folder)
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(1, 2)
    # What the commands load is loaded before they are let go.
    for command in commands:
        run(command)
    before = {"net.yaml", "other.yaml"}
    for _ in range(int(rounds)):
        for path in Path().iterdir():
            if path.name not in before:
                path.unlink()
        codes = race(commands)
        os.write(out, (json.dumps([codes, describe(Path())]) + "\n").encode())


if __name__ == "__main__":
    main()
