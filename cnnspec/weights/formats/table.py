"""Which module reads and writes which files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from cnnspec.weights.formats.base import ArrayFile, Format, check_entries, refuse


def _load_safetensors() -> Format:
    from cnnspec.weights.formats.safetensors_file import FORMAT

    return FORMAT


def _load_torch() -> Format:
    from cnnspec.weights.formats.torch_file import FORMAT

    return FORMAT


def _load_hdf5() -> Format:
    from cnnspec.weights.formats.keras_file import HDF5

    return HDF5


def _load_keras() -> Format:
    from cnnspec.weights.formats.keras_file import KERAS

    return KERAS


def _load_onnx() -> Format:
    from cnnspec.weights.formats.onnx_file import FORMAT

    return FORMAT


# By the end of a file's name; a format's packages are imported when a file is opened.
FORMATS: Mapping[str, Callable[[], Format]] = MappingProxyType(
    {
        ".safetensors": _load_safetensors,
        ".pt": _load_torch,
        ".pth": _load_torch,
        ".weights.h5": _load_hdf5,
        ".keras": _load_keras,
        ".onnx": _load_onnx,
    }
)


def find_format(path: Path) -> Format:
    """The format that a file's name says.

    Raises:
        SpecError: it is none of those above.
    """
    for suffix, load in FORMATS.items():
        if path.name.endswith(suffix):
            return load()
    raise refuse(
        f"{path}: the end of the name says no format of weights",
        f"it is one of {', '.join(FORMATS)}",
    )


@contextmanager
def open_arrays(path: Path) -> Iterator[ArrayFile]:
    """Open a file of any format.

    Raises:
        SpecError: it is damaged, of no format, or no file (`invalid-weights`).
    """
    form = find_format(path)
    # A pipe would keep this waiting, and a device has no end.
    if not path.is_file():
        raise refuse(f"{path} is no file of weights")
    with form.open(path) as file:
        check_entries(path, file.entries)
        yield file
