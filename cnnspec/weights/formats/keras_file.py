"""Keras's weight files (``.weights.h5``) and the weights inside of its models (``.keras``).

Such a file has a folder for each layer, called by the layer's class, with the layer's name as an
attribute; its variables are numbered there in the order in which the layer made them. Arrays are
called by layer and number here: ``conv1/0`` is the kernel. Layers inside of a layer have folders in
its folder: ``attention1/query/0``.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import h5py
import numpy as np

from cnnspec.backends.keras.paths import name_layer
from cnnspec.backends.keras.rehearsal import place_layers
from cnnspec.backends.keras.weights import INNER_FOLDERS, KERAS_WEIGHTS
from cnnspec.graph.ir import Graph, Node
from cnnspec.leftovers import blame_folder, temporary_folder
from cnnspec.weights.formats.archives import list_members
from cnnspec.weights.formats.base import (
    DTYPES,
    Array,
    ArrayFile,
    Format,
    Slot,
    Turn,
    blame_file,
    refuse,
    view_bytes,
    widen_bfloat16,
)
from cnnspec.weights.formats.hdf5_apart import list_apart

if TYPE_CHECKING:
    from typing_extensions import Buffer

_MEMBER = "model.weights.h5"
_VARIABLES = "vars"
_STEP = 2**20
# Weights are noise, which hardly shrinks; what shrinks more is made to fill the disk.
_MOST_SHRUNK = 20
# Each way of packing has errors of its own for numbers that it did not pack.
_UNPACKING = (
    OSError, RuntimeError, KeyError, ValueError, zipfile.BadZipFile, EOFError, zlib.error,
    lzma.LZMAError, MemoryError,
)  # fmt: skip


@contextmanager
def open_hdf5(path: Path, said: Path | None = None) -> Iterator[ArrayFile]:
    """Open a ``.weights.h5`` file, which messages call `said`."""
    said = said or path
    with path.open("rb") as file:
        found = list_apart(path, str(said), frozenset(INNER_FOLDERS.values()))
        entries = {name: entry for name, (entry, _) in found.items()}

        def read(name: str) -> Array:
            entry, offset = found[name]
            array = np.empty(entry.shape, DTYPES[entry.dtype])
            file.seek(offset)
            if file.readinto(view_bytes(array)) != entry.size:
                raise refuse(f"{said} became shorter while it was read")
            return widen_bfloat16(array) if entry.dtype == "BF16" else array

        length = path.stat().st_size
        for name, (entry, offset) in found.items():
            if offset + entry.size > length:
                raise refuse(f"{said} ends before the {entry.size} bytes of {name}")
        yield ArrayFile(entries, read)


@contextmanager
def open_keras(path: Path) -> Iterator[ArrayFile]:
    """Open a ``.keras`` archive; its weights are unpacked, and nothing else of it is used."""
    with temporary_folder() as folder:
        unpacked = folder / _MEMBER
        with blame_folder(folder), unpacked.open("wb") as plain:
            plain.writelines(_unpack(path))
        with open_hdf5(unpacked, path) as file:
            yield file


def _unpack(path: Path) -> Iterator[bytes]:
    """The weights in an archive, in pieces."""
    with blame_file(path, "Keras archive", *_UNPACKING):
        member = list_members(path)[_MEMBER]
        if member.file_size > _MOST_SHRUNK * member.compress_size + 2**20:
            raise refuse(
                f"{path} would be {member.file_size} bytes unpacked: weights never shrink so"
            )
        with zipfile.ZipFile(path) as archive, archive.open(member) as packed:
            while piece := packed.read(_STEP):
                yield piece


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


class _Target(io.FileIO):
    """A file that says only at its end what the disk refused: HDF5 crashes when it is told."""

    failure: OSError | None = None

    def write(self, data: Buffer) -> int:
        left = memoryview(data).cast("B")
        while left and self.failure is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.failure = self.failure or error
            return self.tell() if size is None else size

    def close(self) -> None:
        super().close()
        if self.failure is not None:
            raise self.failure


def write_hdf5(path: Path, graph: Graph, arrays: Iterable[tuple[str, Array]]) -> None:
    """Write a file that ``load_weights`` of the generated Keras model takes."""
    folders = {each.name: each.folder for each in place_layers(graph)}
    owners = {
        node.name_weight(weight): (node, weight)
        for node in graph.nodes
        for weight in node.own_weights
    }
    with _Target(path, "w+b") as target, h5py.File(target, "w") as file:
        for name, array in arrays:
            if target.failure is not None:
                break
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
