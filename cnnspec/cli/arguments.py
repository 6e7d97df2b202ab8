"""What several commands take: a spec by file or zoo name, and values for its parameters."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cnnspec.cli.bounds import bounded
from cnnspec.cli.failures import UsageError, keep_texts
from cnnspec.diagnostics import SpecError
from cnnspec.naming import list_some, nearest
from cnnspec.records import dataclass

if TYPE_CHECKING:
    from cnnspec.expressions import Value
    from cnnspec.network import Network
    from cnnspec.sources import Source


@dataclass(frozen=True, slots=True)
class Setting:
    """One ``--set name=value``: the name, the value as typed and as read."""

    name: str
    text: str
    value: Value


def add_source(parser: ArgumentParser) -> None:
    """Add the spec that a command works on."""
    parser.add_argument(
        "source",
        metavar="FILE|ZOO[:VARIANT]",
        help="a spec's file or a zoo name, with a variant if wanted; '-' reads standard input",
    )


def add_settings(parser: ArgumentParser) -> None:
    """Add ``--set name=value``, which may be given several times."""
    parser.add_argument(
        "--set",
        dest="settings",
        metavar="NAME=VALUE",
        type=parse_setting,
        action="append",
        default=[],
        help="give a parameter of the spec another value, written as in YAML",
    )


def parse_setting(text: str) -> Setting:
    """Split ``name=value`` and read the value as YAML."""
    from cnnspec.document import as_plain, read_document

    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"'{text}' is not of the form name=value")
    try:
        plain = as_plain(read_document(value, f"--set {name}"))
    except SpecError as error:
        raise ArgumentTypeError(f"{name}: {error.diagnostics[0].message}") from None
    if isinstance(plain, dict):
        raise ArgumentTypeError(f"{name} takes a number, a text or a list, not a mapping")
    return Setting(name, value, cast("Value", plain))


def open_network(reference: str, settings: Iterable[Setting]) -> Network:
    """Find a spec and hold the chosen variant and parameters against what it declares."""
    network = find_network(reference, settings)
    require_known(network)
    return network


def find_network(reference: str, settings: Iterable[Setting]) -> Network:
    """Find a spec, which is not looked into yet."""
    from cnnspec.network import Network
    from cnnspec.sources import find_source

    try:
        source = _read_stdin() if reference == "-" else find_source(reference)
    except OSError as error:
        raise UsageError(_explain(error)) from error
    return Network(source, {setting.name: setting.value for setting in settings})


def build_network(reference: str, settings: Iterable[Setting]) -> Network:
    """Find a spec and build its graph, within the bounds of what a spec may cost."""
    with bounded():
        network = open_network(reference, settings)
        with keep_texts(network):
            _ = network.graph
    return network


def name_sources(network: Network) -> dict[Path, str]:
    """The files that a network was read from, and what they are to it."""
    return {Path(file): "spec" for file in network.texts}


def _read_stdin() -> Source:
    from cnnspec.document import MAX_BYTES
    from cnnspec.sources import Source

    return Source("<stdin>", sys.stdin.buffer.read(MAX_BYTES + 1), Path())


def _explain(error: OSError) -> str:
    if error.strerror is None:
        return str(error)
    name = "standard input" if error.filename is None else f"'{error.filename}'"
    return f"cannot read {name}: {error.strerror}"


def require_known(network: Network) -> None:
    """Raise UsageError for a variant or a parameter that the spec does not have."""
    try:
        spec = network.spec
    except SpecError:
        # What is wrong with the file comes first; the command will meet it and say so.
        return
    wanted: list[tuple[str, str, Iterable[str]]]
    wanted = [("variant", network.variant, spec.variants)] if network.variant else []
    wanted += [("parameter", name, spec.params) for name in network.overrides]
    for what, name, known in wanted:
        if name not in known:
            hint = nearest(name, known)
            names = list_some(known) or "none"
            advice = f"did you mean '{hint}'?" if hint else f"it has: {names}"
            raise UsageError(f"{network.source.file} has no {what} '{name}'; {advice}")
