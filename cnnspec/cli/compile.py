"""Write a network for PyTorch, Keras or ONNX.

Without -o the file is called after the network: resnet_50.py, resnet_50_keras.py or
resnet_50.onnx. A file is overwritten only if cnnspec wrote it and nobody changed it since.
"""

from __future__ import annotations

import shlex
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.arguments import add_settings, add_source, name_sources, open_network
from cnnspec.cli.bounds import bounded
from cnnspec.cli.console import print_line, print_notes
from cnnspec.cli.failures import UsageError, keep_texts
from cnnspec.network import COMPILERS, name_output

if TYPE_CHECKING:
    from cnnspec.backends.base import Compiled, Content
    from cnnspec.network import Network

# Where an ONNX file's weights come from: one of these.
_ORIGINS = ("seed", "weights", "external", "no_weights")
_ONNX_ONLY = ("opset", *_ORIGINS)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's options."""
    add_source(parser)
    parser.add_argument("--target", choices=list(COMPILERS), required=True, help="the backend")
    parser.add_argument(
        "-o", "--output", metavar="PATH", help="a file or a folder; '-' is standard output"
    )
    add_settings(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing: say whether the file is up to date with its spec (exit code 1 if not)",
    )
    parser.add_argument("--force", action="store_true", help="overwrite whatever is in the way")
    parser.add_argument(
        "--templates", metavar="DIR", type=Path, help="your own templates, which go before ours"
    )
    parser.add_argument(
        "--opset", metavar="N", type=int, help="version of ONNX's operators (default: 18)"
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help="where ONNX weights are drawn from (default: 0)"
    )
    parser.add_argument(
        "--weights",
        metavar="FILE",
        type=Path,
        help="file with ONNX weights, in any format of weights",
    )
    parser.add_argument(
        "--external",
        metavar="FILE",
        type=Path,
        help="safetensors file that the ONNX model points into; it stays beside the model or below",
    )
    parser.add_argument(
        "--no-weights",
        action="store_const",
        const=True,
        help="an ONNX model of a few kilobytes that takes its weights as inputs",
    )


def run(options: Namespace) -> int:
    """Compile one network and write its files."""
    _refuse_contradictions(options)
    with bounded() as watch:
        network = open_network(options.source, options.settings)
        with keep_texts(network):
            default = name_output(network.graph.name, options.target)
            path, to_stdout = _choose_path(options.output, default)
            if options.target == "onnx" and not options.no_weights:
                # Weights take time and memory in proportion to them.
                watch.end()
            compiled = _compile(network, options, path)
    print_notes(compiled.notes)
    if to_stdout:
        if len(compiled.contents) > 1:
            raise UsageError("this model has several files; give a folder with -o")
        sys.stdout.flush()
        from cnnspec.backends.content import read_pieces

        for content in compiled.contents.values():
            sys.stdout.buffer.writelines(read_pieces(content))
        return 0
    names = [path, *(path.with_name(name) for name in list(compiled.contents)[1:])]
    files = dict(zip(names, compiled.contents.values(), strict=True))
    if options.check:
        from cnnspec.cli.freshness import report_stale

        return report_stale(files)
    weights = options.weights or options.external
    inputs = {weights: "file of weights"} if weights is not None else {}
    _write(files, {**name_sources(network), **inputs}, options.force)
    return 0


def _compile(network: Network, options: Namespace, path: Path) -> Compiled:
    given = {name: getattr(options, name) for name in _ONNX_ONLY}
    return network.compile(
        options.target,
        templates=options.templates,
        command=_describe_command(options),
        file_name=str(path),
        **{name: value for name, value in given.items() if value is not None},
    )


def _choose_path(output: str | None, default: str) -> tuple[Path, bool]:
    from cnnspec.cli.output import choose_path

    if output == "-":
        return Path(default), True
    return choose_path(output, default), False


def _write(files: dict[Path, Content], inputs: Mapping[Path, str], force: bool) -> None:
    from cnnspec.cli.output import list_superseded, refuse_inputs, write_files

    for path in files:
        refuse_inputs(path, inputs)
    write_files(files, force)
    for path in files:
        print_line(f"wrote {path}")
    main = next(iter(files))
    print_notes(f"{path} belongs to an earlier {main}" for path in list_superseded(files))


def _refuse_contradictions(options: Namespace) -> None:
    """Raise UsageError for an option that would be ignored."""
    if options.check and (options.force or options.output == "-"):
        raise UsageError("--check writes nothing: it takes neither --force nor '-o -'")
    if options.target == "onnx":
        if options.templates is not None:
            raise UsageError("--templates is for torch and keras; onnx has no source text")
    elif unused := _list_given(options, _ONNX_ONLY):
        raise UsageError(f"{' and '.join(unused)} goes with --target onnx")
    if len(origins := _list_given(options, _ORIGINS)) > 1:
        raise UsageError(f"{' and '.join(origins)} exclude each other")
    if options.external is not None and options.output == "-":
        raise UsageError(
            "--external needs to know the model's place: give a file or folder with -o"
        )
    if options.templates is not None and not options.templates.is_dir():
        raise UsageError(f"there is no folder of templates '{options.templates}'")
    for weights in (options.weights, options.external):
        if weights is not None and not weights.is_file():
            raise UsageError(f"there is no file of weights '{weights}'")


def _list_given(options: Namespace, names: Iterable[str]) -> list[str]:
    """Those of some options that the command line has."""
    given = [name for name in names if getattr(options, name) is not None]
    return [f"--{name.replace('_', '-')}" for name in given]


def _describe_command(options: Namespace) -> str:
    """The command line that gives the same text again, wherever it is written to."""
    words = ["cnnspec", "compile", options.source, "--target", options.target]
    for setting in options.settings:
        words += ["--set", f"{setting.name}={setting.text}"]
    if options.templates is not None:
        words += ["--templates", str(options.templates)]
    # The command becomes one line of a comment.
    return "".join(c if c.isprintable() else "?" for c in shlex.join(words))
