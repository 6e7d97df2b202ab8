"""The Jinja environment: templates lay out what Python has decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.resources import find_folder

if TYPE_CHECKING:
    from jinja2 import Environment


def render_template(name: str, view: Mapping[str, object], user_dir: Path | None = None) -> str:
    """Fill in a template, the user's own where there is one of that name.

    A user's template reaches the one it replaces under ``cnnspec/``:
    ``{% extends "cnnspec/torch/model.py.jinja" %}``.

    Raises:
        SpecError: a template is wrong; the diagnostic says in which file and line.
    """
    from jinja2 import TemplateError

    environment = _make_environment(user_dir)
    # With the user's templates any error in an expression is theirs; in ours it is a bug.
    caught: type[Exception] = TemplateError if user_dir is None else Exception
    try:
        return environment.get_template(name).render(**view)
    except caught as error:
        raise SpecError([_explain(error, name, user_dir)]) from error


def _make_environment(user_dir: Path | None) -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    ours = FileSystemLoader(find_folder("templates"))
    users = [] if user_dir is None else [FileSystemLoader(user_dir)]
    # Folders of templates are passed around, so a template must not reach Python.
    return SandboxedEnvironment(
        loader=ChoiceLoader([*users, ours, PrefixLoader({"cnnspec": ours})]),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _explain(error: Exception, name: str, user_dir: Path | None) -> Diagnostic:
    """What went wrong in which line of which template."""
    from jinja2 import TemplateNotFound, TemplateSyntaxError

    if isinstance(error, TemplateSyntaxError):
        place = (error.filename or error.name or name, error.lineno)
    else:
        folders = [find_folder("templates"), *([] if user_dir is None else [user_dir])]
        place = _find_line(error.__traceback__, folders) or (_locate(name, user_dir), 1)
    reason = str(error) or type(error).__name__
    if isinstance(error, TemplateNotFound):
        reason = f"there is no template '{error.name}'"
    file, line = place
    return Diagnostic(
        rule="invalid-template",
        message=f"the template cannot be filled in: {reason}",
        span=Span(file, line, 1, line, 1),
    )


def _locate(name: str, user_dir: Path | None) -> str:
    """The file that a template's name stands for."""
    own = user_dir / name if user_dir is not None else None
    return str(own if own is not None and own.is_file() else find_folder("templates") / name)


def _find_line(trace: TracebackType | None, folders: list[Path]) -> tuple[str, int] | None:
    """The innermost line of a template in a traceback, which Jinja maps to template lines."""
    places = [
        (file, line)
        for file, line in _walk(trace)
        if any(Path(file).is_relative_to(folder) for folder in folders)
    ]
    return places[-1] if places else None


def _walk(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
