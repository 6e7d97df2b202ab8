"""The files that a spec names: each is opened once, and together they are bounded as one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Final

from cnnspec.diagnostics import Diagnostic, SpecError
from cnnspec.document import MAX_BYTES
from cnnspec.records import dataclass

# What a spec is made of: its own file, those that it extends and those that are its parts.
MAX_TOTAL_BYTES: Final = 2 * MAX_BYTES
# Systems take no longer paths, and to look for one takes longer than to read a spec.
MAX_PATH: Final = 1_000

# Takes what a spec says, and gives the file's name and its bytes.
OpenFile = Callable[[str], tuple[str, bytes]]


@dataclass(slots=True)
class BoundedFiles:
    """Opens files, up to so many bytes; `total` starts with those of the spec itself."""

    open_file: OpenFile
    total: int
    opened: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def open(self, name: str) -> tuple[str, bytes]:
        """Open what a spec names; raises SpecError where that cannot be, or is too much."""
        if name not in self.opened:
            if len(name) > MAX_PATH:
                message = f"a path of {len(name):,} characters; the limit is {MAX_PATH:,}"
                raise SpecError([Diagnostic("invalid-path", message)])
            file, data = self.open_file(name)
            self.total += len(data)
            if self.total > MAX_TOTAL_BYTES:
                message = (
                    f"the spec and the files that it names have more than {MAX_TOTAL_BYTES:,} bytes"
                )
                raise SpecError([Diagnostic("too-large", message)])
            self.opened[name] = file, data
        return self.opened[name]
