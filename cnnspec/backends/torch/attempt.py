"""Attempts to write something that may turn out to be impossible."""

from __future__ import annotations

from collections.abc import Sequence

from cnnspec.backends.room import Room
from cnnspec.backends.rows import Row
from cnnspec.backends.site import Supports
from cnnspec.backends.units import Unit


class Attempt:
    """What a unit and the file's definitions were before some rows were tried."""

    def __init__(self, room: Room, unit: Unit, supports: Supports, rows: Sequence[Row]) -> None:
        self._room = room
        self._unit = unit, unit.save()
        self._supports = supports, supports.save()
        self._rows = rows

    def undo(self, *, in_vain: bool = True) -> None:
        """Have all as it was; what was written `in_vain` counts as such."""
        if in_vain:
            self._room.waste(self._rows)
        unit, of_unit = self._unit
        supports, of_supports = self._supports
        unit.restore(of_unit)
        supports.restore(of_supports)
