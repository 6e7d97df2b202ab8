"""Runs everything on a spec that frameworks are not needed for, and holds it against the rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cnnspec.backends.base import Compiled
from cnnspec.diagnostics import Diagnostic, Severity, SpecError
from cnnspec.lint.options import LintOptions
from cnnspec.network import Network
from cnnspec.report.family import describe_family
from cnnspec.report.family_formats import FORMATS as PAGES
from cnnspec.report.findings import (
    format_concise,
    format_github,
    format_json,
    format_text,
)
from cnnspec.report.junit import format_junit
from cnnspec.report.sarif import format_sarif
from cnnspec.report.sizes import describe_report, format_sizes
from cnnspec.report.statistics import format_counts
from cnnspec.report.summary_formats import FORMATS as SUMMARIES
from cnnspec.sources import Source
from tests.attacks import outputs

TARGETS = ("torch", "keras")
# Neither a finding nor a line of one floods a terminal.
MAX_LINE = 4_000


class Held(Network):
    """A network whose files are in memory."""

    def __init__(self, files: Mapping[str, str], file: str) -> None:
        super().__init__(Source(file, files[file].encode(errors="surrogatepass"), Path()))
        self.files = files

    def _open_file(self, name: str) -> tuple[str, bytes]:
        if name not in self.files:
            return super()._open_file(name)
        self._texts[name] = self.files[name]
        return name, self.files[name].encode(errors="surrogatepass")


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode(errors="surrogatepass"))


def list_tree(folder: Path) -> dict[str, bytes]:
    """What lies in a folder: files with their content, links with where they lead."""
    return {
        str(path.relative_to(folder)): str(path.readlink()).encode()
        if path.is_symlink()
        else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def examine(network: Network, options: LintOptions | None = None) -> bool:
    """Check a spec and show what is found in every format; whether it was accepted."""
    found = list(network.check(options))
    examine_findings(found, network)
    return not any(finding.severity is Severity.ERROR for finding in found)


def examine_findings(found: list[Diagnostic], network: Network) -> None:
    texts, file = network.texts, network.source.file
    count = len(found)
    plain = format_text(found, texts)
    outputs.assert_plain(plain)
    outputs.assert_coloured(format_text(found, texts, colour=True), plain)
    concise = format_concise(found)
    outputs.assert_plain(concise)
    assert concise.count("\n") == count
    assert max(map(len, [*plain.split("\n"), *concise.split("\n")])) < MAX_LINE
    outputs.assert_annotations(format_github(found), count)
    outputs.assert_junit(format_junit(found, [file], lambda each: True), count)
    outputs.assert_junit(format_junit(found, [file], lambda each: False), count)
    outputs.assert_sarif(format_sarif(found, "1.0", Path.cwd(), texts), count)
    outputs.assert_json(format_json(found), count)
    outputs.assert_plain(format_counts(found))


def examine_reports(network: Network) -> None:
    """Show what is known of an accepted spec."""
    for name, show in SUMMARIES.items():
        if name == "json":
            json.loads(show(network.summary()))
        outputs.assert_plain(show(network.summary()))
    reports = network.sizes(every=True)
    outputs.assert_plain(format_sizes(reports))
    json.dumps(list(map(describe_report, reports)))
    for show_page in PAGES.values():
        outputs.assert_plain(show_page(describe_family("net", network.spec, [network.graph])))


def compile_all(network: Network) -> dict[str, str]:
    """The source for each target that can say the network."""
    return {target: text for target in TARGETS if (text := _compile(network, target)) is not None}


def _compile(network: Network, target: str) -> str | None:
    try:
        compiled: Compiled = network.compile(target)
    except SpecError as error:
        examine_findings(list(error.diagnostics), network)
        return None
    ((name, data),) = compiled.files.items()
    assert name.endswith(".py")
    assert Path(name).name == name
    return data.decode()


def examine_code(sources: Mapping[str, str], harmless: Mapping[str, str] | None = None) -> None:
    """Hold source against the rules, and against that of the spec with a harmless text."""
    for target, code in sources.items():
        outputs.assert_harmless(code)
        if harmless is not None and target in harmless:
            assert outputs.describe_code(code) == outputs.describe_code(harmless[target])
