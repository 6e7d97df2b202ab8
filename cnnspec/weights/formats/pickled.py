"""What the pickle in a PyTorch file asks for, found without doing any of it.

With weights_only=True PyTorch calls its own functions alone, but with any arguments: with some that
take all memory, that are never done, or that make arrays of memory which no file was read into. So
a pickle is gone through here before PyTorch gets it, and may do what a state dict needs.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import field
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from cnnspec.diagnostics import SpecError
from cnnspec.records import dataclass
from cnnspec.weights.formats.base import refuse

# An array takes some 40 steps; Python takes a second for a million of them.
_MOST_STEPS = 1_000_000

# The bytes of each number in a storage, by the class that a file names.
_WIDTHS: Mapping[str, int] = MappingProxyType(
    {
        "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
        "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1,
        "ByteStorage": 1, "BoolStorage": 1, "ComplexFloatStorage": 8, "ComplexDoubleStorage": 16,
    }
)  # fmt: skip

STATE_ALONE = "save the state dict alone: torch.save(model.state_dict(), path)"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a pickle calls by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that lie in the file under a key: how many there are, and the bytes of each."""

    key: str
    count: int
    width: int

    @property
    def size(self) -> int:
        """The bytes of its numbers."""
        return self.count * self.width


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """An array: which numbers of a storage it has."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def reach(self) -> int:
        """How many numbers its storage must have."""
        if 0 in self.shape:
            return 0
        pairs = zip(self.shape, self.strides, strict=True)
        return max(
            self.offset + 1 + sum((size - 1) * stride for size, stride in pairs), prod(self.shape)
        )


_MARK = object()
_EMPTY = MappingProxyType({"EMPTY_TUPLE": tuple, "EMPTY_LIST": list, "EMPTY_DICT": dict})
_CONSTANTS = MappingProxyType({"NONE": None, "NEWTRUE": True, "NEWFALSE": False})
_PLAIN = frozenset(
    {"BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINSTRING"}
)
_TUPLES = MappingProxyType({"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3})


@dataclass(slots=True)
class Reader:
    """Goes through the pickles of one file, and takes down the storages and arrays they ask for."""

    path: Path
    storages: dict[str, Storage] = field(default_factory=dict)
    views: list[View] = field(default_factory=list)
    stack: list[object] = field(default_factory=list)
    memo: dict[int, object] = field(default_factory=dict)
    steps: int = 0

    def read(self, file: BinaryIO) -> object:
        """What the next pickle in a file stands for.

        Raises:
            SpecError: it asks for more than a state dict does.
            ValueError, IndexError, KeyError, TypeError: it is damaged.
        """
        self.stack.clear()
        self.memo.clear()
        for opcode, argument, _ in pickletools.genops(file):
            self.steps += 1
            if self.steps > _MOST_STEPS:
                raise refuse(f"{self.path} has a pickle of more than {_MOST_STEPS:,} steps")
            self._take(opcode.name, argument)
        return self.stack.pop()

    def _take(self, name: str, argument: object) -> None:
        if name in _PLAIN:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            count = _TUPLES[name]
            self.stack[-count:] = [tuple(self.stack[len(self.stack) - count :])]
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[int(str(argument))] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[int(str(argument))])
        elif name == "GLOBAL":
            self.stack.append(self._name(str(argument)))
        elif name in _STEPS:
            _STEPS[name](self)
        elif name not in ("PROTO", "STOP"):
            raise refuse(
                f"{self.path} has a pickle with {name}, which PyTorch does not read with "
                "weights_only=True",
                "save it without another pickle_protocol: torch.save(model.state_dict(), path)",
            )

    def _name(self, text: str) -> Named:
        named = Named(text.replace(" ", "."))
        if named.name not in _MAKERS and _find_width(named) is None:
            raise refuse(f"{self.path} asks for {named.name}, which is no array", STATE_ALONE)
        return named

    def _pop_marked(self) -> list[object]:
        items: list[object] = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def _mark(self) -> None:
        self.stack.append(_MARK)

    def _tuple(self) -> None:
        items = self._pop_marked()
        self.stack.append(tuple(items))

    def _append(self) -> None:
        item = self.stack.pop()
        self._extend([item])

    def _append_all(self) -> None:
        self._extend(self._pop_marked())

    def _extend(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("what it appends to is no list")
        target += items

    def _set(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._update(self.stack[-1], [key, value])

    def _set_all(self) -> None:
        items = self._pop_marked()
        self._update(self.stack[-1], items)

    def _update(self, target: object, items: list[object]) -> None:
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError("what it puts entries into is no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # PyTorch looks for a place by the key's hash, which tuples of tuples need years for.
            if not isinstance(key, str | int | float | None):
                raise refuse(f"{self.path} has a dict with a key that is no name", STATE_ALONE)
            target[key] = value

    def _build(self) -> None:
        """Take what a state dict has beside its arrays: the versions of its layers."""
        state = self.stack.pop()
        target = self.stack[-1]
        if not (isinstance(target, dict) and isinstance(state, dict) and {*state} <= {"_metadata"}):
            raise refuse(f"{self.path} sets attributes that no state dict has", STATE_ALONE)

    def _reduce(self) -> None:
        arguments, maker = self.stack.pop(), self.stack.pop()
        if not isinstance(maker, Named) or not isinstance(arguments, tuple):
            raise TypeError("what it calls has no name")
        if maker.name not in _MAKERS:
            raise refuse(f"{self.path} calls {maker.name}, which makes no array", STATE_ALONE)
        self.stack.append(_MAKERS[maker.name](self, arguments))

    def _make_dict(self, arguments: tuple[object, ...]) -> object:
        made: dict[object, object] = {}
        for pairs in arguments:
            if not isinstance(pairs, list) or len(arguments) > 1:
                raise TypeError("what it makes a dict of is no list")
            for pair in pairs:
                self._update(made, list(pair))
        return made

    def _make_view(self, arguments: tuple[object, ...]) -> object:
        storage, offset, shape, strides = arguments[:4]
        numbers = (offset, *_as_tuple(shape), *_as_tuple(strides))
        if any(arguments[5:]) or not isinstance(storage, Storage):
            raise refuse(f"{self.path} has an array in another form than plain numbers")
        whole = [n for n in numbers if isinstance(n, int) and n >= 0]
        if len(whole) < len(numbers) or len(_as_tuple(shape)) != len(_as_tuple(strides)):
            raise refuse(
                f"{self.path} has an array in storage {storage.key!r} whose place is not told in "
                f"whole numbers from 0: {str(numbers)[:100]}"
            )
        rank = len(_as_tuple(shape))
        self.views.append(
            View(storage, whole[0], tuple(whole[1 : 1 + rank]), tuple(whole[1 + rank :]))
        )
        return self.views[-1]

    def _make_parameter(self, arguments: tuple[object, ...]) -> object:
        if not isinstance(arguments[0], View) or any(arguments[2:]):
            raise refuse(f"{self.path} has a parameter that is more than an array")
        return arguments[0]

    def _find_storage(self) -> None:
        """Take down what stands for numbers: a word, their class, key, device and count."""
        place = _as_tuple(self.stack.pop())
        word, kind, key, _, count = place[:5]
        width = _find_width(kind)
        if word != "storage" or width is None or not isinstance(key, str):
            raise refuse(f"{self.path} points at something that is no storage of numbers")
        if not isinstance(count, int) or not 0 <= count < 2**60:
            raise refuse(f"{self.path} says that storage {key!r} has {str(count)[:40]} numbers")
        storage = Storage(key, count, width)
        if self.storages.setdefault(key, storage) != storage:
            raise refuse(f"{self.path} describes storage {key!r} in two ways")
        if any(part is not None for part in place[5:]):
            raise refuse(f"{self.path} has a part of storage {key!r} in a form given up in 2018")
        self.stack.append(storage)

    def check_views(self, found: object) -> None:
        """Raise SpecError for arrays with numbers that their storage lacks."""
        names = {id(v): k for k, v in found.items()} if isinstance(found, Mapping) else {}
        for view in self.views:
            if view.reach > view.storage.count:
                raise _explain_reach(self.path, names.get(id(view), "an array"), view)


def _explain_reach(path: Path, name: object, view: View) -> SpecError:
    shape = "x".join(map(str, view.shape))
    return refuse(
        f"{path} has more numbers in {name} than it holds: {shape} of them need {view.reach} in "
        f"storage {view.storage.key!r}, which has {view.storage.count}"
    )


def _as_tuple(value: object) -> tuple[object, ...]:
    if not isinstance(value, tuple):
        raise TypeError("what should be a tuple is none")
    return value


def _find_width(value: object) -> int | None:
    if not isinstance(value, Named):
        return None
    module, _, kind = value.name.rpartition(".")
    return _WIDTHS.get(kind) if module in ("torch", "torch.cuda") else None


_STEPS: Mapping[str, Callable[[Reader], None]] = MappingProxyType(
    {
        "MARK": Reader._mark,
        "TUPLE": Reader._tuple,
        "APPEND": Reader._append,
        "APPENDS": Reader._append_all,
        "SETITEM": Reader._set,
        "SETITEMS": Reader._set_all,
        "BUILD": Reader._build,
        "REDUCE": Reader._reduce,
        "BINPERSID": Reader._find_storage,
    }
)

# What a state dict is made by.
_MAKERS: Mapping[str, Callable[[Reader, tuple[object, ...]], object]] = MappingProxyType(
    {
        "collections.OrderedDict": Reader._make_dict,
        "torch._utils._rebuild_tensor": Reader._make_view,
        "torch._utils._rebuild_tensor_v2": Reader._make_view,
        "torch._utils._rebuild_parameter": Reader._make_parameter,
    }
)
