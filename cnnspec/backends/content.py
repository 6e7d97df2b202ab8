"""What a compiled file is made of: pieces that are in memory, and parts of other files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.records import dataclass

# A copy through a buffer that stays in the processor's cache costs half of one that does not.
_STEP = 2**20


@dataclass(frozen=True, slots=True)
class FilePart:
    """A float32 array that lies in a file, in row order with the lowest byte first.

    Its bytes are read where they are written. `stamp` is the file's state when it was found sound.
    """

    path: Path
    offset: int
    shape: tuple[int, ...]
    stamp: tuple[int, int]

    def __len__(self) -> int:
        """How many bytes it has."""
        return 4 * prod(self.shape)

    def read(self) -> Iterator[memoryview]:
        """The bytes, a stretch at a time; each is overwritten by the next.

        Raises:
            SpecError: the file is not what it was, or cannot be read (`invalid-weights`).
        """
        try:
            yield from self._read()
        except OSError as error:
            reason = f"{self.path} cannot be read: {error.strerror or error}"
            raise SpecError([Diagnostic("invalid-weights", reason)]) from error

    def _read(self) -> Iterator[memoryview]:
        buffer = memoryview(bytearray(min(_STEP, len(self))))
        left = len(self)
        with self.path.open("rb", buffering=0) as file:
            file.seek(self.offset)
            while left:
                count = file.readinto(buffer[:left])
                if not count or stamp_file(self.path) != self.stamp:
                    message = f"{self.path} changed while it was read"
                    raise SpecError([Diagnostic("invalid-weights", message)])
                yield buffer[:count]
                left -= count


# A file's content in pieces, so that large arrays are written from where they lie.
Piece = bytes | memoryview | FilePart


def read_pieces(pieces: Iterable[Piece]) -> Iterator[bytes | memoryview]:
    """The bytes of all pieces in order."""
    for piece in pieces:
        if isinstance(piece, FilePart):
            yield from piece.read()
        else:
            yield piece


def stamp_file(path: Path) -> tuple[int, int]:
    """What differs once a file is written again: its size, and when that was, in nanoseconds."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
