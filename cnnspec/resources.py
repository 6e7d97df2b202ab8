"""The data that ships with the tool: zoo specs, library blocks and templates."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final, Literal

from cnnspec.naming import nearest

SCHEMA: Final = "cnnspec.schema.json"


def find_folder(name: Literal["templates", "specs", "blocks", "schema", "pages"]) -> Path:
    """Find a data folder: inside the package, or beside it in a checkout.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    package = Path(__file__).resolve().parent
    # A wheel maps the folders into the package; an editable install leaves them where they are.
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"the folder {name} is missing from the installation at {package}")


def name_process(module: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs a module of this package in another process, and its environment.

    Modules in the folder where the user happens to be are not imported there (-P).
    """
    here = str(Path(__file__).resolve().parent.parent)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*known, here])}
    return [sys.executable, "-P", "-m", module], environment


def list_zoo() -> tuple[str, ...]:
    """The names of all zoo specs, in order."""
    return _list_stems(find_folder("specs"))


def read_zoo(name: str) -> bytes:
    """The text of a zoo spec.

    Raises:
        FileNotFoundError: there is no such spec.
    """
    return _read_member(find_folder("specs"), name, "zoo spec")


def list_blocks() -> tuple[str, ...]:
    """The names of the files of library blocks, in order."""
    return _list_stems(find_folder("blocks"))


def read_blocks(name: str) -> bytes:
    """The text of a file of library blocks.

    Raises:
        FileNotFoundError: there is no such file.
    """
    return _read_member(find_folder("blocks"), name, "file of blocks")


def read_pages() -> dict[str, str]:
    """The texts on the rules that every spec must hold to, by the names of their files.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    folder = find_folder("pages")
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.md"))}


def read_schema() -> bytes:
    """The JSON Schema of a spec, for editors.

    Raises:
        FileNotFoundError: the installation is damaged.
    """
    return (find_folder("schema") / SCHEMA).read_bytes()


def _list_stems(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def _read_member(folder: Path, name: str, what: str) -> bytes:
    # Only names from the folder's own listing are opened, so that no name can lead out of it.
    known = _list_stems(folder)
    if name not in known:
        hint = nearest(name, known)
        raise FileNotFoundError(
            f"there is no {what} '{name}'" + (f"; did you mean '{hint}'?" if hint else "")
        )
    return (folder / f"{name}.yaml").read_bytes()
