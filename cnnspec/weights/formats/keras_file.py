"""Keras's weight files (``.weights.h5``) and the weights inside of its models (``.keras``).

Such a file has a folder for each layer, called by the layer's class, with the layer's name as an
attribute; its variables are numbered there in the order in which the layer made them. Arrays are
called by layer and number here: ``conv1/0`` is the kernel. Layers inside of a layer have folders in
its folder: ``attention1/query/0``.
"""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np

from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.rehearsal import place_layers
from cnnspec.backends.keras.weights import INNER_FOLDERS, KERAS_WEIGHTS
from cnnspec.graph.ir import Graph, Node
from cnnspec.weights.formats.base import (
    DTYPES,
    Array,
    ArrayFile,
    Entry,
    Format,
    Slot,
    Turn,
    blame_file,
    refuse,
    require_dtype,
    widen_bfloat16,
)

_MEMBER = "model.weights.h5"
_VARIABLES = "vars"
_DEEPEST = 32
_MOST_OBJECTS = 500_000
# Weights are noise, which hardly shrinks; what shrinks more is made to fill the disk.
_MOST_SHRUNK = 20
_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, MemoryError)

# Each way of packing has errors of its own for numbers that it did not pack.
_UNPACKING = (*_ERRORS, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError)


@contextmanager
def open_hdf5(path: Path) -> Iterator[ArrayFile]:
    """Open a ``.weights.h5`` file."""
    with blame_file(path, "HDF5 file of Keras weights", *_ERRORS):
        file = h5py.File(path, "r")
    with file:
        with blame_file(path, "HDF5 file of Keras weights", *_ERRORS):
            if not isinstance(_get_member(path, file, "layers"), h5py.Group):
                raise refuse(
                    f"{path} has no layers as Keras 3 writes them",
                    "load it in Keras and write it with model.save_weights('x.weights.h5')",
                )
            datasets: dict[str, h5py.Dataset] = {}
            for name, data in _list_datasets(path, file["layers"]):
                if name in datasets:
                    raise refuse(f"{path} has two layers of one name, as {name} is there twice")
                datasets[name] = data
            entries = {name: _describe(path, name, data) for name, data in datasets.items()}

        def read(name: str) -> Array:
            with blame_file(path, "HDF5 file of Keras weights", *_ERRORS):
                if entries[name].dtype == "BF16":
                    return widen_bfloat16(datasets[name][()].view("<u2"))
                array: Array = datasets[name][()]
                return array

        yield ArrayFile(entries, read)


@contextmanager
def open_keras(path: Path) -> Iterator[ArrayFile]:
    """Open a ``.keras`` archive; its weights are unpacked, and nothing else of it is used."""
    with TemporaryDirectory(prefix="cnnspec-") as folder:
        unpacked = Path(folder) / _MEMBER
        with blame_file(path, "Keras archive", *_UNPACKING), zipfile.ZipFile(path) as archive:
            member = archive.getinfo(_MEMBER)
            if member.file_size > _MOST_SHRUNK * member.compress_size + 2**20:
                raise refuse(
                    f"{path} would be {member.file_size} bytes unpacked: weights never shrink so"
                )
            with archive.open(member) as packed, unpacked.open("wb") as plain:
                copyfileobj(packed, plain)
        with open_hdf5(unpacked) as file:
            yield file


def _list_datasets(path: Path, root: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every variable by its layer and number; nothing outside of the file is followed."""
    waiting = deque([(root, 0)])
    count = 0
    while waiting:
        group, depth = waiting.popleft()
        for key in group:
            count += 1
            if depth > _DEEPEST or count > _MOST_OBJECTS:
                raise refuse(f"{path} is nested too deep, or has too many parts")
            member = _get_member(path, group, key)
            if isinstance(member, h5py.Dataset):
                yield f"{_name_owner(group)}/{key}", member
            # The state of a dropout's generator is no weight.
            elif key != "seed_generator":
                waiting.append((member, depth + 1))


def _name_owner(variables: h5py.Group) -> str:
    """The layer that has some variables, behind the layer that it is inside of, if it is."""
    layer = variables.parent
    folder, _, last = layer.name.rpartition("/")
    name = _decode(variables.attrs.get("name"), last)
    if last not in INNER_FOLDERS.values():
        return name
    around = layer.parent.get(_VARIABLES, getlink=True)
    attributes = layer.parent[_VARIABLES].attrs if isinstance(around, h5py.HardLink) else {}
    return f"{_decode(attributes.get('name'), folder.rpartition('/')[2])}/{name}"


def _decode(value: Any, otherwise: str) -> str:
    return value if isinstance(value, str) else otherwise


def _get_member(path: Path, group: h5py.Group, key: str) -> Any:
    """A member of a group; raises SpecError for a link that leads somewhere else."""
    link = group.get(key, getlink=True)
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink):
        raise refuse(f"{path} has a link at {group.name}/{key}, which could lead out of the file")
    return group[key]


def _describe(path: Path, name: str, data: h5py.Dataset) -> Entry:
    """What a variable is like; raises SpecError where its numbers are not in the file."""
    stored = data.id.get_storage_size()
    if data.is_virtual or data.external or stored != data.nbytes:
        raise refuse(
            f"{path} says that {name} has {data.nbytes} bytes, but holds {stored} of them",
            "Keras writes arrays whole, without compression",
        )
    if data.attrs.get("dtype") == "bfloat16" and data.dtype.itemsize == 2:
        return Entry(data.shape, "BF16")
    for spelling, dtype in DTYPES.items():
        if spelling != "BF16" and data.dtype == np.dtype(dtype):
            return Entry(data.shape, spelling)
    return Entry(data.shape, require_dtype(path, name, str(data.dtype)))


def list_layer_slots(graph: Graph, names: Collection[str]) -> Mapping[str, Slot]:
    """Slots by the layers' names, or by their folders where a file has no names."""
    named = {name_layer(node.path) for node in graph.nodes if node.weights}
    held = {name.partition("/")[0] for name in names}
    if named & held or not named:
        return {
            f"{name_layer(node.path)}/{_spell(inner, number)}": slot
            for node in graph.nodes
            for slot, inner, number in _list_slots(node)
        }
    folders = {each.name: each.folder.rpartition("/")[2] for each in place_layers(graph)}
    return {
        f"{folders.get(layer, layer)}/{_spell(INNER_FOLDERS.get(inner, ''), number)}": slot
        for node in graph.nodes
        for layer in [name_layer(node.path)]
        for slot, inner, number in _list_slots(node)
    }


def _spell(inner: str, number: int) -> str:
    return f"{inner}/{number}" if inner else str(number)


def _list_slots(node: Node) -> Iterator[tuple[Slot, str, int]]:
    """Every array of an op, or share of one: the inner layer that has it, and its number there."""
    counts: Counter[str] = Counter()
    for weight in node.own_weights:
        placed = KERAS_WEIGHTS[type(node.op)][weight.name]
        turn = _bind(placed.from_keras, node)
        # Zeros that all lie at one address: only the shapes are wanted.
        parts = placed.part(np.broadcast_to(np.float32(0), weight.shape), node)
        for share, (variable, array) in enumerate(parts.items()):
            inner = variable.rpartition("/")[0]
            slot = Slot(node.name_weight(weight), array.shape, turn, share, len(parts))
            yield slot, inner, counts[inner]
            counts[inner] += 1


def _bind(turn: Callable[[Array, Node], Array], node: Node) -> Turn:
    return lambda array: turn(array, node)


def write_hdf5(path: Path, graph: Graph, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write a file that ``load_weights`` of the generated Keras model takes."""
    folders = {each.name: each.folder for each in place_layers(graph)}
    owners = {
        node.name_weight(weight): (node, weight)
        for node in graph.nodes
        for weight in node.own_weights
    }
    with h5py.File(path, "w") as file:
        for name, array in arrays:
            node, weight = owners[name]
            layer = name_layer(node.path)
            file.require_group(f"{folders[layer]}/{_VARIABLES}").attrs["name"] = layer
            parts = KERAS_WEIGHTS[type(node.op)][weight.name].part(array, node)
            places = [(i, number) for slot, i, number in _list_slots(node) if slot.name == name]
            for (inner, number), turned in zip(places, parts.values(), strict=True):
                folder = f"{folders[layer]}/{INNER_FOLDERS[inner]}" if inner else folders[layer]
                group = file.require_group(f"{folder}/{_VARIABLES}")
                group.attrs["name"] = inner or layer
                group.create_dataset(str(number), data=np.ascontiguousarray(turned, "<f4"))


HDF5 = Format(open_hdf5, list_layer_slots, write_hdf5)
KERAS = Format(
    open_keras,
    list_layer_slots,
    refusal="it holds a model: make a .safetensors file, and let 'weights convert' read that",
)
