"""Chooses the model's parameters: defaults, then the variant's values, then the caller's."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.expressions import Value
from cnnspec.graph.evaluate import BadArgument, UnknownValue, evaluate, needs
from cnnspec.naming import list_some, nearest
from cnnspec.spec.model import Argument, ModelSpec


def choose_params(
    spec: ModelSpec,
    variant: str,
    overrides: Mapping[str, Value],
    report: Callable[[Diagnostic], None],
) -> dict[str, Value]:
    """The parameters' values for a variant and the caller's overrides."""
    chosen: dict[str, Argument] = dict(spec.params)
    if variant and variant not in spec.variants:
        hint = nearest(variant, spec.variants)
        known = list_some(spec.variants) or "none"
        message = f"{spec.name} has no variant '{variant[:80]}'"
        help = f"did you mean '{hint}'?" if hint else f"its variants are: {known}"
        report(Diagnostic("unknown-variant", message, spec.span, help=(help,)))
    spans = spec.variant_spans.get(variant, {})
    for name, value in spec.variants.get(variant, {}).items():
        _require(name, spec, spans.get(name, spec.span), report)
        chosen[name] = value
    for name in overrides:
        _require(name, spec, spec.span, report)
    values: dict[str, Value] = {}
    failed: set[str] = set()
    for name, argument in chosen.items():
        if name in overrides:
            values[name] = overrides[name]
            continue
        try:
            values[name] = evaluate(argument, values)
        except BadArgument as error:
            help_lines = (error.help,) if error.help else ()
            report(Diagnostic("invalid-expression", error.message, error.span, help=help_lines))
            failed.add(name)
        except UnknownValue:
            # What is wrong with a parameter above was said there.
            if not needs(argument) - values.keys() <= failed:
                message = f"parameter '{name}' may use parameters above it only"
                report(Diagnostic("unknown-name", message, argument.span))
            failed.add(name)
    return values


def _require(name: str, spec: ModelSpec, span: Span, report: Callable[[Diagnostic], None]) -> None:
    if name in spec.params:
        return
    hint = nearest(name, spec.params)
    help = f"did you mean '{hint}'?" if hint else f"its parameters are: {list_some(spec.params)}"
    report(
        Diagnostic(
            "unknown-parameter", f"{spec.name} has no parameter '{name[:80]}'", span, help=(help,)
        )
    )
