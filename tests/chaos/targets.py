"""What is fuzzed: functions that take any bytes, and raise where a promise is broken."""

from __future__ import annotations

import ast
import json
import math
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from cnnspec.cli.arguments import parse_setting
from cnnspec.diagnostics import Diagnostic, Severity, Span, SpecError
from cnnspec.document import Mapping as Entries
from cnnspec.document import Node, Sequence, as_plain, read_document
from cnnspec.expressions import Expression, ExpressionError, Template, Value, parse_scalar
from cnnspec.lint.options import LintOptions
from cnnspec.lint.rules import RULES
from cnnspec.network import Network
from cnnspec.report import family_formats, summary_formats
from cnnspec.report.family import describe_family
from cnnspec.sources import Source
from cnnspec.weights.rules import read_rules
from tests.chaos.promises import hold_findings, hold_formats, hold_span, promise
from tests.expressions import VARIABLES

FILE = "net.yaml"
# Between the files of a folder, with the name of the next.
CUT = "%%% "
EVERY_RULE = LintOptions(select=frozenset(rule.name for rule in RULES))
# A folder that holds nothing.
NOWHERE = Path("/nowhere")
NAMES = ("features.0.weight", "features.0.bias", "layer1.0.bn1.running_mean", "fc.weight", "")


def read_text(data: bytes) -> None:
    """Any bytes are a document, or findings; what was read stands where it says."""
    texts = {FILE: data.decode(errors="replace")}
    try:
        root = read_document(data, FILE)
    except SpecError as error:
        _hold(error.diagnostics, texts)
        return
    _hold_node(root, texts)
    promise(as_plain(read_document(texts[FILE], FILE)) == as_plain(root), "bytes and text differ")


def _hold(found: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
    promise(found, "refused without a reason")
    hold_findings(found, texts)
    hold_formats(found, texts)


def _hold_node(node: Node, texts: Mapping[str, str]) -> None:
    hold_span(node.span, texts)
    if isinstance(node, Sequence):
        for item in node.items:
            _hold_node(item, texts)
    elif isinstance(node, Entries):
        for entry in node.entries:
            hold_span(entry.key.span, texts)
            _hold_node(entry.value, texts)


def compute_text(data: bytes) -> None:
    """Any text is a text, an expression or an error with a place; Python computes the same."""
    text = data.decode(errors="replace")
    variables: dict[str, Value] = {**VARIABLES, "table": [[1, 2.5], ["a", None]], "big": 2**62}
    try:
        parsed = parse_scalar(text)
        value = text if isinstance(parsed, str) else parsed.evaluate(variables)
    except ExpressionError as error:
        promise(error.message, "no message")
        promise(0 <= error.start < error.end <= len(text) + 1, f"{error.start} to {error.end}")
        return
    json.dumps(value, allow_nan=False)
    if isinstance(parsed, Expression):
        source = parsed.unparse({"x.channels": "8", "x.height": "4"})
        promise(len(source) <= 4 * len(text) + 40, "a long source")
        names = {name: _as_tuple(given) for name, given in variables.items()}
        found = eval(source, {"__builtins__": {}, "math": math, **_FUNCTIONS, **names})
        promise(_as_list(found) == value, f"Python computes {found!r} from {source}, not {value!r}")
    elif isinstance(parsed, Template):
        promise(isinstance(value, str), "a text becomes a text")


def _divide(number: float, divisor: int) -> int:
    rounded = max(divisor, int(number + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * number else rounded


_FUNCTIONS: Mapping[str, object] = MappingProxyType(
    {f.__name__: f for f in (abs, int, len, max, min, range, round, sum, tuple)}
    | {"divisible_by": _divide}
)


def _as_tuple(value: object) -> object:
    """A list as generated code has it."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _as_list(value: object) -> object:
    if isinstance(value, list | tuple | range):
        return [_as_list(item) for item in value]
    return value


def check_text(data: bytes) -> None:
    """Any bytes are checked by all rules, and the findings shown in all formats."""
    _check(_network(data))


def _network(data: bytes) -> Network:
    return Network(Source(FILE, data, NOWHERE))


def _check(network: Network) -> bool:
    """Check a network; gives whether it is sound."""
    top = Span(FILE, 1, 1, 1, 1)
    found = network.check(EVERY_RULE)
    promise(network.check(EVERY_RULE) == found, "a second check finds something else")
    hold_findings(found, network.texts)
    sound = not any(finding.severity is Severity.ERROR for finding in found)
    try:
        sizes = network.sizes()
    except SpecError as error:
        promise(not sound, f"sound, and sizes refuse it: {error}")
        sizes = ()
    hold_formats(found, network.texts, sizes)
    promise(top.file == network.source.file, "another file")
    return sound


def fix_text(data: bytes) -> None:
    """What fixes make of a text is a spec that is no worse, in which nothing is left to fix."""
    network = _network(data)
    hold_findings(network.offer(EVERY_RULE), network.texts)
    for unsafe in (False, True):
        fixed = network.fix(EVERY_RULE, unsafe)
        if fixed is None or fixed.text == network.texts[FILE]:
            continue
        again = _network(fixed.text.encode())
        promise(again.check(EVERY_RULE) == fixed.problems, "other findings are left")
        hold_findings(fixed.problems, again.texts)
        twice = again.fix(EVERY_RULE, unsafe)
        promise(twice is not None, "the fixed text is no spec")
        assert twice is not None
        promise(twice.text == fixed.text, "fixed again, the text changes")
        promise(_is_valid(fixed.problems) >= _is_valid(network.check(EVERY_RULE)), "it was sound")


def _is_valid(found: tuple[Diagnostic, ...]) -> bool:
    return not any(finding.severity is Severity.ERROR for finding in found)


def compile_text(data: bytes) -> None:
    """What a check accepts is written as Python, or refused with a reason."""
    _compile(_network(data))


def _compile(network: Network) -> None:
    try:
        graph = network.graph
    except SpecError as error:
        _hold(error.diagnostics, network.texts)
        return
    for target in ("torch", "keras"):
        try:
            compiled = network.compile(target)
        except SpecError as error:
            _hold(error.diagnostics, network.texts)
            continue
        for name, text in compiled.files.items():
            promise(Path(name).name == name, f"a file {name!r}")
            ast.parse(text)
        promise(network.compile(target).files == compiled.files, "written in another way")
    promise(graph is network.graph, "another graph")


def report_text(data: bytes) -> None:
    """What a check accepts has figures and sizes in every format."""
    network = _network(data)
    try:
        graph = network.graph
        sizes = network.sizes(every=True)
    except SpecError as error:
        _hold(error.diagnostics, network.texts)
        return
    hold_formats((), network.texts, sizes)
    for depth in (None, 1):
        summary = network.summary(depth)
        shown = {name: show(summary) for name, show in summary_formats.FORMATS.items()}
        json.loads(shown["json"])
    family = describe_family("net", network.spec, [graph])
    told = {name: show(family) for name, show in family_formats.FORMATS.items()}
    json.loads(told["json"])
    for text in (*shown.values(), *told.values()):
        text.encode()


def check_folder(data: bytes) -> None:
    """Files that name each other are checked and written as one network."""
    first, *others = data.decode(errors="replace").split(f"\n{CUT}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for other in others[:8]:
            file, _, text = other.partition("\n")
            if file.isascii() and file.removesuffix(".yaml").isalnum():
                (folder / file).write_bytes(text.encode())
        network = Network(Source(FILE, first.encode(), folder))
        if _check(network):
            _compile(network)


def read_renaming(data: bytes) -> None:
    """Any bytes are rules for the names in a file of weights, or findings."""
    texts = {FILE: data.decode(errors="replace")}
    try:
        rules = read_rules(data, FILE)
        renamed = rules.rename(NAMES)
        promise(set(renamed) <= set(NAMES), "names from nowhere")
        rules.fill(NAMES)
    except SpecError as error:
        _hold(error.diagnostics, texts)


def set_values(data: bytes) -> None:
    """Any texts are values for the parameters of a spec, or refused."""
    settings: dict[str, Value] = {}
    for text in data.decode(errors="replace").split("\x00")[:4]:
        try:
            setting = parse_setting(text)
        except ArgumentTypeError as error:
            promise(str(error), "no message")
            continue
        settings[setting.name] = setting.value
    network = Network(Source(FILE, SETTABLE, NOWHERE), settings)
    texts = dict(network.texts)
    try:
        found = network.check(EVERY_RULE)
        if _is_valid(found):
            _ = network.graph
    except SpecError as error:
        found = error.diagnostics
    for finding in found:
        # What is wrong with the command line has no place in the file.
        if finding.span is not None:
            hold_span(finding.span, texts)
    hold_formats(found, texts)


SETTABLE = b"""cnnspec: 1
name: net
input: {channels: $channels, height: {min: $least, default: 32}, width: 32}
params: {channels: 3, least: 16, widths: [8, 16], same: true, kind: max, classes: 10}
layers:
  - for: {width: $widths}
    layers: [conv: {out_channels: $width, kernel_size: 3, padding: "$('same' if same else 1)"}]
  - max_pool: 2
    when: $(kind == 'max')
  - global_avg_pool
  - linear: $classes
"""

TARGETS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        "document": read_text,
        "expression": compute_text,
        "check": check_text,
        "fix": fix_text,
        "compile": compile_text,
        "report": report_text,
        "folder": check_folder,
        "renaming": read_renaming,
        "settings": set_values,
    }
)
