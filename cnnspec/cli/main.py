"""The ``cnnspec`` command: finds the command's module, runs it, and turns failures into codes.

Exit codes: 0 all is well, 1 the input has errors, 2 the command line is wrong or a file cannot be
read or written, 70 a bug in this tool, 129, 130 and 143 stopped (terminal closed, Ctrl-C, SIGTERM),
141 the reader of the output went away.
"""

from __future__ import annotations

import gc
import os
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from types import MappingProxyType
from typing import Protocol, cast

from cnnspec.cli.console import (
    drop_output,
    open_streams,
    print_error,
    print_findings,
    soften_encoding,
)
from cnnspec.cli.failures import RejectedError, UsageError
from cnnspec.diagnostics import SpecError

# New objects between two looks for garbage: some tens of MB at the most.
GARBAGE_THRESHOLD = 100_000
USAGE, BUG, INTERRUPTED, BROKEN_PIPE = 2, 70, 130, 141

# Each command is a module of that name here, imported when it is called.
COMMANDS: MappingProxyType[str, str] = MappingProxyType(
    {
        "check": "find everything that is wrong with specs",
        "rules": "list what is looked for",
        "explain": "say what a rule finds, why, and what to do",
        "compile": "write a network for PyTorch, Keras or ONNX",
        "verify": "prove that the backends compute the same",
        "weights": "convert, make, look at and compare files of weights",
        "summary": "show shapes, parameters, MACs and receptive fields",
        "zoo": "list the networks that ship with the tool",
        "init": "write a spec to start from",
        "schema": "write the JSON Schema by which editors complete and check specs",
    }
)


class Command(Protocol):
    """What a command's module offers; its docstring is the help's introduction."""

    __doc__: str | None

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's options."""

    def run(self, options: Namespace) -> int:
        """Do the work and return the exit code."""


def main() -> int:
    """Run the command line of this process, and say with which code to end it."""
    # A graph lives as long as its command: looking for garbage as often as Python does by default
    # takes half the time of a check. At the end everything goes with the process.
    gc.set_threshold(GARBAGE_THRESHOLD, 20, 20)
    open_streams()
    code = run()
    drop_output()
    gc.freeze()
    return code


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; no failure shows a traceback.

    With the environment variable CNNSPEC_DEBUG set, bugs and their tracebacks come through.
    """
    soften_encoding()
    try:
        code = _dispatch(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        drop_output()
        return BROKEN_PIPE
    except RejectedError as error:
        print_findings(error.diagnostics, error.texts)
        return USAGE if error.blames_options else 1
    except SpecError as error:
        print_findings(error.diagnostics, {})
        return 1
    except UsageError as error:
        print_error(str(error))
        return USAGE
    except OSError as error:
        drop_output()
        reason = error.strerror or str(error)
        print_error(reason if error.filename is None else f"{error.filename}: {reason}")
        return USAGE
    except Exception as error:
        return _explain_bug(error)
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in COMMANDS:
        return _answer_without_command(arguments)
    name, *rest = arguments
    command = _load_command(name)
    return _parse_and_run(build_parser(name), command, rest)


def build_parser(name: str) -> ArgumentParser:
    """The parser of one command's options."""
    command = _load_command(name)
    parser = ArgumentParser(
        prog=f"cnnspec {name}",
        description=command.__doc__,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _load_command(name: str) -> Command:
    from importlib import import_module

    return cast(Command, import_module(f"cnnspec.cli.{name}"))


def _parse_and_run(parser: ArgumentParser, command: Command, arguments: list[str]) -> int:
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        # argparse ends the process; a caller of run() gets the code instead.
        return int(stop.code or 0)
    return command.run(options)


def _answer_without_command(arguments: list[str]) -> int:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items())
    parser = ArgumentParser(
        prog="cnnspec",
        usage="cnnspec COMMAND ...",
        description="Compile one YAML file to PyTorch, Keras and ONNX models that agree.",
        epilog=f"commands:\n{listing}\n\n'cnnspec COMMAND --help' says more about one.",
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    if not arguments:
        parser.print_help(sys.stderr)
        return USAGE
    if not arguments[0].startswith("-"):
        from cnnspec.naming import nearest

        hint = nearest(arguments[0], COMMANDS)
        advice = f"did you mean '{hint}'?" if hint else f"commands are {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command '{arguments[0]}'; {advice}")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as stop:
        return int(stop.code or 0)
    if options.version:
        from cnnspec import __version__

        print(f"cnnspec {__version__}")
    return 0


def _explain_bug(error: Exception) -> int:
    if os.environ.get("CNNSPEC_DEBUG"):
        raise error
    if isinstance(error, ModuleNotFoundError) and not (error.name or "").startswith("cnnspec"):
        print_error(
            f"this needs the package '{error.name}', which is not installed; "
            "pip install 'cnnspec[all]' brings everything"
        )
        return USAGE
    print_error(
        f"internal error ({type(error).__name__}: {error}); please report it with the spec. "
        "CNNSPEC_DEBUG=1 shows the traceback"
    )
    return BUG
