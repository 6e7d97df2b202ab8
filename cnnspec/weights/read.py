"""A network's arrays from a file of any format, with all that does not fit found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnspec.backends.content import FilePart
from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.graph.ir import Graph
from cnnspec.naming import nearest
from cnnspec.records import dataclass
from cnnspec.weights.figures import Census
from cnnspec.weights.formats.base import Array, ArrayFile, Entry, Slot, Slots, keep, list_counters
from cnnspec.weights.formats.table import find_format, open_arrays
from cnnspec.weights.orders import Reordering, find_reorderings
from cnnspec.weights.rules import ORDERS, Rules

# Looking for near names is slow, and nobody reads hundreds of hints.
_MOST_HINTS = 20
_MOST_COMPARED = 5_000
# The types whose numbers are all float32 numbers as well.
_EXACT = frozenset({"F32", "F16", "BF16"})
_READABLE = _EXACT | {"F64"}


# An array of a file, or a share of one: its name there, and what it is to the network.
Held = tuple[str, Slot]


@dataclass(frozen=True, slots=True)
class NetworkFile:
    """An open file that holds what a network needs; arrays come in the network's order.

    `places` says for each of the network's arrays its name in the file, and how it stands there;
    there are several of both where the file has an array in shares, and none where `fills` has the
    number that it is filled with.
    """

    file: ArrayFile
    places: Mapping[str, Sequence[Held]]
    shapes: Mapping[str, tuple[int, ...]]
    reorderings: Mapping[str, Reordering]
    fills: Mapping[str, float]

    def read(self, name: str) -> Array:
        """One array, float32, in PyTorch's layout."""
        if name in self.fills:
            return np.full(self.shapes[name], self.fills[name], np.float32)
        shares = [
            slot.to_canonical(self.file.read(held)).astype(np.float32, copy=False)
            for held, slot in self.places[name]
        ]
        array = shares[0] if len(shares) == 1 else np.concatenate(shares)
        reordering = self.reorderings.get(name)
        if reordering is None:
            return array
        return np.take(array, reordering.places, axis=reordering.axis)

    def locate(self, name: str) -> FilePart | None:
        """Where one array lies in the file, if it does as it is in the network."""
        if name in self.fills:
            return None
        held, slot = self.places[name][0]
        kept = slot.shares == 1 and slot.to_canonical is keep and name not in self.reorderings
        return self.file.parts.get(held) if kept else None

    def read_all(self) -> Iterator[tuple[str, Array]]:
        """All arrays, one at a time."""
        for name in self.places:
            yield name, self.read(name)


def gather_weights(path: Path, graph: Graph, census: Census) -> dict[str, Array | FilePart]:
    """A network's arrays from a file of any format, in the order of the graph.

    Those that lie in the file as they should be are not kept, only found. All go into the census.

    Raises:
        SpecError: the file is damaged (`invalid-weights`), or its arrays are not the
            network's (`missing-array`, `unknown-array`, `wrong-shape`, `wrong-dtype`).
    """
    with open_weights(path, graph) as weights:
        return {
            name: weights.locate(name) or np.ascontiguousarray(array)
            for name, array in census.watch(weights.read_all())
        }


@contextmanager
def open_weights(
    path: Path,
    graph: Graph,
    rules: Rules | None = None,
    *,
    rounds: bool = False,
    types: frozenset[str] = _READABLE,
) -> Iterator[NetworkFile]:
    """Open a file and find a network's arrays in it.

    The counters that PyTorch keeps with each batch_norm (``num_batches_tracked``) are skipped:
    nothing is computed from them.

    Args:
        path: the file.
        graph: the network.
        rules: how names in the file become the network's.
        rounds: whether float64 numbers may be rounded to float32.
        types: what types its arrays may have.

    Raises:
        SpecError: with everything that does not fit.
    """
    rules = rules or Rules()
    reorderings = find_reorderings(graph) if rules.flatten == ORDERS[1] else {}
    form = find_format(path)
    with open_arrays(path) as file:
        found, unknown = _assign(file, form.list_slots, graph, rules)
        shapes = {name: weight.shape for name, weight in graph.list_weights()}
        fills = rules.fill(name for name in shapes if name not in found)
        found |= {name: [] for name in fills}
        faults = list(_compare(graph, file, found, unknown, types))
        faults += _find_rounded(file, found, rounds)
        if faults:
            raise SpecError(faults)
        yield NetworkFile(file, {name: found[name] for name in shapes}, shapes, reorderings, fills)


def _assign(
    file: ArrayFile, list_slots: Slots, graph: Graph, rules: Rules
) -> tuple[dict[str, list[Held]], list[str]]:
    """Each of the network's arrays that the file has, and the names of the file that are left."""
    renamed = rules.rename(file.entries)
    plain = [name for name in file.entries if name not in renamed]
    slots = list_slots(graph, plain)
    own = {name_share(slot): slot for slot in slots.values()}
    counters = set(list_counters(graph))
    found: dict[str, dict[int, Held]] = {}
    unknown, doubled = [], []
    for name in file.entries:
        new = renamed.get(name, name)
        if new is None:
            continue
        slot = own.get(new) if name in renamed else slots.get(name)
        if slot is None:
            if new not in counters:
                unknown.append(name)
        elif slot.share in found.get(slot.name, {}):
            first = found[slot.name][slot.share][0]
            message = f"{first} and {name} are both {name_share(slot)}"
            doubled.append(Diagnostic("ambiguous-name", message))
        else:
            found.setdefault(slot.name, {})[slot.share] = name, slot
    if doubled:
        raise SpecError(doubled)
    shares = {name: [held[share] for share in sorted(held)] for name, held in found.items()}
    return shares, [
        f"{renamed[name]} (from {name})" if name in renamed else name for name in unknown
    ]


def name_share(slot: Slot) -> str:
    """The name of an array, with the number of a share of it."""
    return slot.name if slot.shares == 1 else f"{slot.name}[{slot.share}]"


def _compare(
    graph: Graph,
    file: ArrayFile,
    found: Mapping[str, Sequence[Held]],
    unknown: list[str],
    types: frozenset[str],
) -> Iterator[Diagnostic]:
    """All differences between the arrays of a network and those of a file."""
    wanted = dict(graph.list_weights())
    missing = [name for name in wanted if name not in found]
    for shares in filter(None, found.values()):
        first = shares[0][1]
        for share in sorted(set(range(first.shares)) - {slot.share for _, slot in shares}):
            name = name_share(replace(first, share=share))
            yield Diagnostic("missing-array", f"the weights lack {name}")
    for index, name in enumerate(missing):
        message = f"the weights lack {name} ({_join(wanted[name].shape)})"
        hint = nearest(name, unknown, _MOST_COMPARED) if index < _MOST_HINTS else None
        advice = f"the file has {hint}: rename it if that is the same array"
        yield Diagnostic("missing-array", message, help=(advice,) if hint else ())
    for index, name in enumerate(unknown):
        message = f"the network has no {name}, which the weights have"
        hint = nearest(name, missing or wanted, _MOST_COMPARED) if index < _MOST_HINTS else None
        yield Diagnostic("unknown-array", message, help=(f"did you mean {hint}?",) if hint else ())
    for name in wanted:
        if name in found:
            for held, slot in found[name]:
                yield from _compare_entry(name_share(slot), slot, file.entries[held], types)


def _compare_entry(
    name: str, slot: Slot, entry: Entry, types: frozenset[str]
) -> Iterator[Diagnostic]:
    if entry.shape != slot.shape:
        message = f"{name} must be {_join(slot.shape)}, but the weights have {_join(entry.shape)}"
        yield Diagnostic("wrong-shape", message)
    if entry.dtype not in types:
        message = f"{name} must be F32 (float32), but the weights have {entry.dtype}"
        yield Diagnostic("wrong-dtype", message, help=("convert the arrays to float32",))


def _find_rounded(
    file: ArrayFile, found: Mapping[str, Sequence[Held]], rounds: bool
) -> Iterator[Diagnostic]:
    """The float64 arrays whose numbers float32 does not have."""
    for name, held in [(name, held) for name, parts in found.items() for held, _ in parts]:
        if file.entries[held].dtype != "F64":
            continue
        array = file.read(held)
        with np.errstate(over="ignore"):
            near = array.astype(np.float32)
        beyond = int(np.count_nonzero(np.isinf(near) & np.isfinite(array)))
        other = int(np.count_nonzero((near != array) & ~np.isnan(array)))
        if beyond:
            message = f"{beyond} of the {array.size} numbers of {name} are too large for float32"
            yield Diagnostic("wrong-dtype", message)
        elif other and not rounds:
            message = f"{other} of the {array.size} numbers of {name} are float64 and no float32"
            yield Diagnostic("wrong-dtype", message, help=("--round takes the nearest ones",))


def _join(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "a single number"
