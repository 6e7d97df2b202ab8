"""Finds and reads specs: by file, by zoo name, or beside the spec that names them.

Beside the command line this is the only part that reads the user's files.
"""

from __future__ import annotations

from pathlib import Path, PurePath, PureWindowsPath

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.document import MAX_BYTES
from cnnspec.naming import nearest
from cnnspec.records import dataclass
from cnnspec.resources import find_folder, list_zoo, read_zoo


@dataclass(frozen=True, slots=True)
class Source:
    """A spec's bytes and where they come from.

    `file` is what messages call it; `folder` is where files that it names are looked up; `path` is
    the user's own file, if it is one.
    """

    file: str
    data: bytes
    folder: Path
    variant: str = ""
    path: Path | None = None


def find_source(reference: str) -> Source:
    """Find what ``FILE``, ``ZOO``, ``FILE:VARIANT`` or ``ZOO:VARIANT`` stands for.

    An existing file goes before a zoo spec, and a whole reference before one cut at its colon.

    Raises:
        FileNotFoundError: there is no such file and no such zoo spec.
        OSError: the file cannot be read.
    """
    head, colon, variant = reference.rpartition(":")
    # A variant has no separators, so that the colon of a Windows drive is not taken for one.
    cut = [(head, variant)] if colon and head and not set(variant) & set("/\\") else []
    for name, chosen in [(reference, ""), *cut]:
        path = Path(name)
        # A folder may well have the name of a zoo spec: results are kept in such folders.
        if name and _exists(path) and not path.is_dir():
            return Source(name, read_bounded(path), path.parent, chosen, path)
        if name in list_zoo():
            return Source(_name_zoo(name), read_zoo(name), find_folder("specs"), chosen)
    if reference and _exists(Path(reference)):
        raise IsADirectoryError(f"'{reference}' is a folder; name the files in it")
    raise FileNotFoundError(_explain_missing(cut[0][0] if cut else reference))


def read_bounded(path: Path) -> bytes:
    """Read a spec's file, at most one byte past what a spec may hold."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def open_beside(source: Source, name: str) -> tuple[str, bytes]:
    """Open what a spec names: a file in its own folder, or a zoo spec.

    Returns the name that messages use, and the bytes.

    Raises:
        SpecError: there is no such file, or the path leads out of the folder.
    """
    try:
        return str(PurePath(source.file).parent / name), _read_beside(source.folder, name)
    except FileNotFoundError:
        if name in list_zoo():
            return _name_zoo(name), read_zoo(name)
        raise SpecError([_explain_absent(source.folder, name)]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        diagnostic = Diagnostic("invalid-path", f"cannot read '{name[:200]}': {reason}")
        raise SpecError([diagnostic]) from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        # Too long, or with a null character: no file can have such a name.
        return False


def _explain_missing(name: str) -> str:
    path = Path(name)
    names = [*list_zoo()]
    if _exists(path.parent):
        names += [str(path.parent / other.name) for other in path.parent.glob("*.y*ml")]
    hint = nearest(name, names)
    advice = f"did you mean '{hint}'?" if hint else "'cnnspec zoo' lists the zoo"
    return f"there is no file and no zoo spec '{name[:200]}'; {advice}"


def _name_zoo(name: str) -> str:
    return f"specs/{name}.yaml"


def _read_beside(folder: Path, name: str) -> bytes:
    """A file in a spec's folder; raises ValueError for a path that leads out of it."""
    if PurePath(name).is_absolute() or PureWindowsPath(name).anchor:
        raise ValueError("a path must be relative to the spec's folder")
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError("a path must not lead out of the spec's folder")
    if not path.exists():
        raise FileNotFoundError
    if not path.is_file():
        raise ValueError("it is not a file")
    return read_bounded(path)


def _explain_absent(folder: Path, name: str) -> Diagnostic:
    known = [*list_zoo(), *(path.name for path in folder.glob("*.y*ml"))]
    hint = nearest(name, known)
    return Diagnostic(
        "invalid-path",
        f"cannot read '{name[:200]}': there is no file of that name beside the spec, and "
        "no zoo spec",
        help=(f"did you mean '{hint}'?",) if hint else (),
    )
