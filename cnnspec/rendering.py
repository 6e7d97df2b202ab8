"""Templates lay out what Python has decided; those with fields alone do not need Jinja."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, Span, SpecError
from cnnspec.records import dataclass
from cnnspec.resources import find_folder

if TYPE_CHECKING:
    from jinja2 import BaseLoader, Environment


_FIELD = re.compile(r"\{\{ ([a-z][a-z_]*(?:\.[a-z][a-z_]*)*) \}\}")


@dataclass(frozen=True, slots=True)
class Joined:
    """The parts of a file as one text each, for templates that change nothing between them."""

    imports: str
    definitions: str


def join_parts(imports: Iterable[str], definitions: Iterable[str]) -> Joined:
    """Import lines, and definitions with two empty lines between them."""
    return Joined("\n".join(imports), "\n\n\n".join(definitions))


def render_template(name: str, view: Mapping[str, object], user_dir: Path | None = None) -> str:
    """Fill in a template, the user's own where there is one of that name.

    A user's template reaches the one it replaces under ``cnnspec/``:
    ``{% extends "cnnspec/torch/model.py.jinja" %}``.

    Raises:
        SpecError: a template is wrong; the diagnostic says in which file and line.
    """
    text = _fill_fields(find_folder("templates") / name, view) if user_dir is None else None
    if text is not None:
        return text
    from jinja2 import TemplateError

    environment = _make_environment(user_dir)
    # With the user's templates any error in an expression is theirs; in ours it is a bug.
    caught: type[Exception] = TemplateError if user_dir is None else Exception
    try:
        return environment.get_template(name).render(**view)
    except caught as error:
        raise SpecError([_explain(error, name, user_dir)]) from error


def _fill_fields(path: Path, view: Mapping[str, object]) -> str | None:
    """The text of a template that has nothing but fields; None if it is for Jinja to say.

    Importing Jinja takes as long as writing a network.
    """
    texts = _FIELD.split(path.read_text(encoding="utf-8"))
    if any(mark in text for text in texts[::2] for mark in ("{{", "{%", "{#")):
        return None
    for index in range(1, len(texts), 2):
        first, *rest = texts[index].split(".")
        try:
            value = view[first]
            for name in rest:
                value = getattr(value, name)
        except (KeyError, AttributeError):
            return None
        texts[index] = str(value)
    return "".join(texts)


def _make_environment(user_dir: Path | None) -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    ours = FileSystemLoader(find_folder("templates"))
    # Folders of templates are passed around, so a template must not reach Python.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    users = [] if user_dir is None else [_make_loader(user_dir, environment)]
    environment.loader = ChoiceLoader([*users, ours, PrefixLoader({"cnnspec": ours})])
    return environment


def _make_loader(folder: Path, environment: Environment) -> BaseLoader:
    """What reads the user's templates, but no file that a link among them leads to elsewhere."""
    from jinja2 import FileSystemLoader, FunctionLoader, TemplateError

    files = FileSystemLoader(folder)

    def read(name: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        text, file, is_fresh = files.get_source(environment, name)
        if not Path(file).resolve().is_relative_to(folder.resolve()):
            raise TemplateError(f"'{name}' leads out of the folder of templates")
        return text, file, is_fresh

    return FunctionLoader(read)


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
