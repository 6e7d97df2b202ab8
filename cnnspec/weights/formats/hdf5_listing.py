"""Lists the variables in Keras's HDF5 files, in a process of its own.

HDF5's library trusts what it reads: a single wrong byte can keep it busy for ever, or crash it. So
it looks at a file in a process that can be ended, and says where in the file the numbers are.
Each line of the input is a path as JSON, and each line of the output is what was found.
"""

from __future__ import annotations

import json
import sys
from collections import deque
from collections.abc import Iterator
from math import ceil
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from cnnspec.diagnostics import SpecError
from cnnspec.weights.formats.base import DTYPES, MOST_ARRAYS, blame_file, refuse, require_dtype

VARIABLES = "vars"
_DEEPEST = 32
_MOST_GROUPS = 2 * MOST_ARRAYS
_MOST_MEMORY = 4 * 2**30
# Of the processor, which a listing of all arrays that a file may have needs a few of.
SECONDS = 10
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)

# A variable's name, type and shape, and the byte where its numbers begin.
Found = tuple[str, str, tuple[int, ...], int]


def list_variables(path: Path, said: str, inner: frozenset[str]) -> list[Found]:
    """Every variable in a file that messages call `said`."""
    with blame_file(said, "HDF5 file of Keras weights", *_ERRORS):
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) != _SIGNATURE:
                raise refuse(f"{said} does not begin as HDF5 files do")
        with h5py.File(path, "r") as file:
            if not isinstance(_get_member(said, file, "layers"), h5py.Group):
                raise refuse(
                    f"{said} has no layers as Keras 3 writes them",
                    "load it in Keras and write it with model.save_weights('x.weights.h5')",
                )
            found: dict[str, Found] = {}
            for name, data in _list_datasets(said, file["layers"], inner):
                if name in found:
                    raise refuse(f"{said} has two layers of one name, as {name} is there twice")
                found[name] = _describe(said, name, data)
    return list(found.values())


def _list_datasets(
    said: str, root: h5py.Group, inner: frozenset[str]
) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every variable by its layer and number; nothing outside of the file is followed."""
    waiting = deque([(root, 0)])
    seen = set()
    count = 0
    while waiting:
        group, depth = waiting.popleft()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:
            raise refuse(f"{said} has the folder {group.name} twice")
        seen.add(place)
        for key in group:
            count += 1
            if depth > _DEEPEST or count > _MOST_GROUPS:
                raise refuse(f"{said} is nested too deep, or has too many parts")
            member = _get_member(said, group, key)
            if isinstance(member, h5py.Dataset):
                yield f"{_name_owner(group, inner)}/{key}", member
            elif not isinstance(member, h5py.Group):
                raise refuse(f"{said} has something at {group.name}/{key} that is no array")
            # The state of a dropout's generator is no weight.
            elif key != "seed_generator":
                waiting.append((member, depth + 1))


def _name_owner(variables: h5py.Group, inner: frozenset[str]) -> str:
    """The layer that has some variables, behind the layer that it is inside of, if it is."""
    layer = variables.parent
    folder, _, last = layer.name.rpartition("/")
    name = _decode(variables.attrs.get("name"), last)
    if last not in inner:
        return name
    around = layer.parent.get(VARIABLES, getlink=True)
    attributes = layer.parent[VARIABLES].attrs if isinstance(around, h5py.HardLink) else {}
    return f"{_decode(attributes.get('name'), folder.rpartition('/')[2])}/{name}"


def _decode(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) else otherwise


def _get_member(said: str, group: h5py.Group, key: str) -> Any:
    """A member of a group; raises SpecError for a link that leads somewhere else."""
    link = group.get(key, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise refuse(f"{said} has a link at {group.name}/{key}, which could lead out of the file")
    return group[key]


def _describe(said: str, name: str, data: h5py.Dataset) -> Found:
    """What a variable is like; raises SpecError where its numbers do not lie in the file."""
    if data.shape is None:
        raise refuse(f"{said} has no numbers in {name}")
    stored = data.id.get_storage_size()
    filters = data.id.get_create_plist().get_nfilters()
    if data.is_virtual or data.external or filters or stored != data.nbytes:
        raise refuse(
            f"{said} says that {name} has {data.nbytes} bytes, but holds {stored} of them",
            "Keras writes arrays whole, without compression",
        )
    offset = data.id.get_offset()
    if offset is None and data.nbytes:
        raise refuse(f"{said} has {name} in parts, and Keras writes arrays whole")
    # What HDF5 would convert on reading is not what lies in the file.
    if not data.id.get_type().equal(h5py.h5t.py_create(data.dtype)):
        require_dtype(said, name, f"another {data.dtype}")
    return name, _spell(said, name, data), tuple(data.shape), offset or 0


def _spell(said: str, name: str, data: h5py.Dataset) -> str:
    if data.attrs.get("dtype") == "bfloat16" and data.dtype.itemsize == 2:
        return "BF16"
    for spelling, dtype in DTYPES.items():
        if spelling != "BF16" and data.dtype == np.dtype(dtype):
            return spelling
    return require_dtype(said, name, str(data.dtype)[:80])


def _limit() -> None:
    """Have the system end this process where it takes too much."""
    if sys.platform == "win32":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = ceil(used.ru_utime + used.ru_stime) + SECONDS
    limits = [(resource.RLIMIT_CPU, seconds)]
    if sys.platform == "linux":
        # Elsewhere the system refuses to limit it.
        limits.append((resource.RLIMIT_AS, _MOST_MEMORY))
    for kind, most in limits:
        _, hard = resource.getrlimit(kind)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (allowed, hard))


def main() -> None:
    """Answer for every path on the input, until it ends."""
    for line in sys.stdin:
        _limit()
        path, said, inner = json.loads(line)
        try:
            answer: dict[str, object] = {
                "found": list_variables(Path(path), said, frozenset(inner))
            }
        except SpecError as error:
            (finding,) = error.diagnostics
            answer = {"refused": [finding.message, *finding.help]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
