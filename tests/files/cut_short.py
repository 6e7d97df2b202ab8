"""Runs a command, and ends it at every point of its writing.

    python -m tests.files.cut_short FOLDER SIGNAL STEP COMMAND...

From the moment at which the command is about to write, a copy of the process is made for each
call that it makes from then on, of Python or of the system, and gets the signal there. Each starts
with FOLDER as it was. Prints a JSON line for each: how it ended, what it said, and the files then.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path
from types import FrameType

# What begins to write, in the module for output.
BEGINNINGS = ("write_files", "replace_text", "fill_file")
# So many calls after the end of the writing are points as well.
AFTERWARDS = 50


class Cutter:
    """Counts calls in a copy of the process, and sends the signal at one of them."""

    def __init__(self, folder: Path, number: int, step: int) -> None:
        self.folder = folder
        self.number = number
        self.step = step
        self.left = 0
        self.cut = False

    def watch(self, frame: FrameType, event: str, argument: object) -> None:
        if self.left:
            self.left -= 1
            if not self.left:
                os.kill(os.getpid(), self.number)
            elif event == "return" and argument is None and is_beginning(frame):
                # What follows is reporting. A later point than these is none.
                self.left = self.left if self.left <= AFTERWARDS else 0
        elif event == "call" and not self.cut and is_beginning(frame):
            self.cut = True
            self.cut_everywhere()

    def cut_everywhere(self) -> None:
        before = self.folder.with_name("before")
        shutil.copytree(self.folder, before)
        point = 1
        while True:
            shutil.copytree(before, self.folder, dirs_exist_ok=True)
            child = os.fork()
            if not child:
                self.left = point
                return
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said = self.folder.with_name("said")
            row = [point, status, said.read_text(), describe(self.folder)]
            os.write(3, (json.dumps(row) + "\n").encode())
            said.write_text("")
            if status == 0:
                os._exit(0)
            for path in self.folder.iterdir():
                path.unlink()
            point += self.step


def is_beginning(frame: FrameType) -> bool:
    code = frame.f_code
    return code.co_filename.endswith("cli/output.py") and code.co_name in BEGINNINGS


def describe(folder: Path) -> dict[str, str]:
    """The digest of each file in a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in folder.iterdir()
    }


def main() -> None:
    folder, number, step, *command = sys.argv[1:]
    os.dup2(1, 3)
    with Path(folder).with_name("said").open("ab", buffering=0) as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    os.chdir(folder)
    from cnnspec.__main__ import main as run

    sys.argv[1:] = command
    sys.setprofile(Cutter(Path(folder), int(number), int(step)).watch)
    run()


if __name__ == "__main__":
    main()
