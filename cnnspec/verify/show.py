"""A report of the proof as text or as JSON."""

from __future__ import annotations

from cnnspec.diagnostics import spell_lines
from cnnspec.report.json_text import write_json
from cnnspec.verify.compare import Difference, Verdict
from cnnspec.verify.run import Report


def format_text(report: Report) -> str:
    """The report as a table, with what is wrong below it."""
    rows = [
        (
            "target",
            "version",
            "output",
            "parameters",
            "max abs",
            "max rel",
            "gradient",
            "statistics",
            "in training",
            "",
        )
    ]
    for verdict in report.verdicts:
        shape = ", ".join(_spell_shape(*pair) for pair in verdict.output_shapes.items())
        rows.append(
            (
                verdict.target, verdict.version, shape, f"{verdict.parameters:,}",
                _spell(verdict.output, absolute=True), _spell(verdict.output),
                _spell(verdict.gradient), _spell(verdict.statistics), _spell(verdict.training),
                "pass" if verdict.passed else "FAIL",
            )
        )  # fmt: skip
    kept = [i for i in range(len(rows[0])) if i in (0, 9) or any(row[i] != "-" for row in rows[1:])]
    widths = {i: max(len(row[i]) for row in rows) for i in kept}
    lines = [
        f"{report.name}: {report.layers} ops, held against {report.reference}; "
        f"tolerance {report.tolerance:.0e} of the output's scale",
        "",
        *("  ".join(row[i].ljust(widths[i]) for i in kept).rstrip() for row in rows),
    ]
    if any(verdict.gradient for verdict in report.verdicts):
        lines += ["", f"One training step in double precision, dropout off; tolerance "
                      f"{report.training_tolerance:.0e}. Keras keeps the variance over the batch,",
                  "PyTorch n / (n - 1) times that: compared after that factor."]  # fmt: skip
    problems = [f"{v.target}: {said}" for v in report.verdicts for said in (*v.notes, *v.problems)]
    if problems:
        lines += ["", *problems]
    if report.parting is not None:
        path, first, second, difference = report.parting
        lines += ["", f"the first layer where two backends part is {path}: {first} and {second} "
                      f"differ by {difference.relative:.1e}"]  # fmt: skip
    elif report.traced:
        lines += ["", "no layer's outputs part"]
    # A framework may say anything.
    return spell_lines("\n".join(lines)) + "\n"


def _spell_shape(name: str, shape: tuple[int, ...]) -> str:
    """An output's shape; a lone output needs no name."""
    sizes = "x".join(map(str, shape))
    return sizes if name == "output" else f"{name} {sizes}"


def _spell(difference: Difference | None, absolute: bool = False) -> str:
    if difference is None:
        return "-"
    return f"{difference.absolute if absolute else difference.relative:.1e}"


def format_json(report: Report) -> str:
    """The report for programs."""
    data = {
        "name": report.name,
        "reference": report.reference,
        "tolerance": report.tolerance,
        "training_tolerance": report.training_tolerance,
        "passed": report.passed,
        "targets": [_describe(verdict) for verdict in report.verdicts],
        "parting": None
        if report.parting is None
        else {"path": report.parting[0], "targets": list(report.parting[1:3])},
    }
    return write_json(data)


def _describe(verdict: Verdict) -> dict[str, object]:
    return {
        "target": verdict.target,
        "version": verdict.version,
        "passed": verdict.passed,
        "output_shapes": {name: list(shape) for name, shape in verdict.output_shapes.items()},
        "parameters": verdict.parameters,
        "output": _difference(verdict.output),
        "gradient": _difference(verdict.gradient),
        "statistics": _difference(verdict.statistics),
        "training": _difference(verdict.training),
        "problems": list(verdict.problems),
        "notes": list(verdict.notes),
    }


def _difference(difference: Difference | None) -> dict[str, object] | None:
    if difference is None:
        return None
    return {
        "absolute": difference.absolute,
        "relative": difference.relative,
        "where": difference.where,
    }


FORMATS = {"text": format_text, "json": format_json}
