"""Examples of commands: what is typed, and what the tool prints when it is run."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from cnnspec.cli.main import run


@dataclass(frozen=True, slots=True)
class Session:
    """Commands that are typed one after the other, in a folder with some files."""

    says: str
    commands: tuple[str, ...]
    files: tuple[tuple[str, str], ...] = ()


# How wide argparse may write, whatever the terminal.
_COLUMNS = "90"

_SMALL = (
    "small.yaml",
    """\
cnnspec: 1
name: small
input: {channels: 1, height: 28, width: 28}
params: {width: 8, classes: 10}
variants: {narrow: {}, wide: {width: 32}}
layers:
  features:
    - conv: {out_channels: $width, kernel_size: 3, padding: same}
    - batch_norm
    - relu
    - max_pool: 2
  head:
    - global_avg_pool
    - linear: $classes
""",
)

_WRONG = (
    "wrong.yaml",
    """\
cnnspec: 1
name: wrong
input: {channels: 3, height: 32, width: 32}
layers:
  - conv: {out_channels: 8, kernal_size: 3}
  - max_pool: 64
""",
)

EXAMPLES: MappingProxyType[str, tuple[Session, ...]] = MappingProxyType(
    {
        "check": (
            Session(
                "Findings show the line, the values, and what to do:",
                ("cnnspec check wrong.yaml",),
                (_WRONG,),
            ),
            Session("Several networks at once, by file or by name:", ("cnnspec check lenet5 vgg",)),
        ),
        "explain": (
            Session(
                "[The rules](../rules/index.md) are those that `cnnspec rules` lists.",
                ("cnnspec explain kernel-exceeds-input", "cnnspec explain bias-befor-norm"),
            ),
        ),
        "compile": (
            Session(
                "The file is called after the network. The second command is for continuous\n"
                "integration: it says whether what is there is what would be written.",
                (
                    "cnnspec compile small.yaml:wide --target torch --set classes=100",
                    "cnnspec compile small.yaml:wide --target torch --set classes=100 --check",
                ),
                (_SMALL,),
            ),
        ),
        "verify": (
            Session(
                "What is compared, and how much may differ, is told in "
                "[What `cnnspec verify` proves](../../verify.md). A target that does not exist:",
                ("cnnspec verify lenet5 --targets torch,tensorflow",),
            ),
        ),
        "weights": (
            Session(
                "Formats, foreign names and examples are told in [Weights](../../weights.md). "
                "A file that does not exist:",
                ("cnnspec weights inspect lenet5.safetensors",),
            ),
        ),
        "summary": (
            Session(
                "Every layer with its figures, and layers folded into stages:",
                ("cnnspec summary small.yaml:wide", "cnnspec summary small.yaml:wide --depth 1"),
                (_SMALL,),
            ),
        ),
        "zoo": (
            Session("The page of one family:", ("cnnspec zoo vgg",)),
        ),
        "init": (
            Session(
                "A copy of a network of the zoo, and a network that does not exist:",
                ("cnnspec init lenet5", "cnnspec check lenet5.yaml", "cnnspec init resnet50"),
            ),
        ),
        "schema": (
            Session(
                "[Specs in an editor](../../editors.md) says how editors are told of the file:",
                ("cnnspec schema -o cnnspec.schema.json",),
            ),
        ),
    }
)  # fmt: skip


def show_files(session: Session) -> Iterator[str]:
    """The files of an example, each under its name."""
    for name, text in session.files:
        yield f"`{name}`:"
        yield f"```yaml\n{text}```"


def show_session(session: Session) -> str:
    """Run an example in a folder of its own: what is typed and what is printed."""
    shown = []
    with TemporaryDirectory() as folder, contextlib.chdir(folder), fix_width():
        for name, text in session.files:
            Path(name).write_text(text, encoding="utf-8")
        for command in session.commands:
            shown.append(f"$ {command}\n{_print_command(command)}")
    return "\n".join(shown)


def _print_command(command: str) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = run(shlex.split(command)[1:])
    return output.getvalue() + (f"$ echo $?\n{code}\n" if code else "")


@contextlib.contextmanager
def fix_width() -> Iterator[None]:
    """Have argparse wrap its lines alike wherever it writes."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = _COLUMNS
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
