"""How a command ends when it cannot do what was asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, SpecError

if TYPE_CHECKING:
    from cnnspec.network import Network


class UsageError(Exception):
    """The command line asks for something that cannot be."""


class RejectedError(Exception):
    """A spec is wrong; carries the findings with the texts that their excerpts come from."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...], texts: Mapping[str, str]) -> None:
        super().__init__(f"{len(diagnostics)} findings")
        self.diagnostics = diagnostics
        self.texts = texts

    @property
    def blames_options(self) -> bool:
        """Whether it is the command line that is wrong, not the spec."""
        return all(diagnostic.rule == "invalid-option" for diagnostic in self.diagnostics)


@contextmanager
def keep_texts(network: Network) -> Iterator[None]:
    """Give the findings that come out of a block the texts of the network's files."""
    try:
        yield
    except SpecError as error:
        if not error.diagnostics:
            raise RuntimeError("a spec was refused without a reason") from error
        raise RejectedError(error.diagnostics, dict(network.texts)) from error
