"""Records are the standard library's data classes, as far as they are used."""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import field, fields, replace

import pytest

from cnnspec.ops.conv import Conv
from cnnspec.records import dataclass

KINDS: tuple[dict[str, bool], ...] = (
    {"frozen": True, "slots": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "eq": False},
)


def make(decorate: Callable[[type], type], name: str = "Point") -> type:
    class Point:
        """A place."""

        x: int
        y: list[int] = field(default_factory=list)
        label: str = field(default="", repr=False, compare=False)
        size: float = field(default=1.0, kw_only=True)

    for attribute in ("__name__", "__qualname__"):
        setattr(Point, attribute, name)
    return decorate(Point)


@pytest.fixture(params=KINDS, ids=lambda kind: " ".join(kind))
def both(request: pytest.FixtureRequest) -> tuple[type, type]:
    return make(dataclass(**request.param)), make(dataclasses.dataclass(**request.param))


def test_they_have_the_same_constructor_text_and_fields(both: tuple[type, type]) -> None:
    ours, theirs = both
    assert repr(ours(1, size=2.0)) == repr(theirs(1, size=2.0)) == "Point(x=1, y=[], size=2.0)"
    assert [f.name for f in fields(ours)] == [f.name for f in fields(theirs)]
    assert ours.__match_args__ == theirs.__match_args__
    assert ours.__slots__ == theirs.__slots__
    assert replace(ours(1), x=3).x == 3
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        ours()


def test_they_are_equal_in_the_same_cases(both: tuple[type, type]) -> None:
    for kind in both:
        one = kind(1, [2])
        assert one == one
        assert one != kind(2, [2])
        assert one != make(dataclass(frozen=True))(1, [2])
    ours, theirs = both
    assert (ours(1) == ours(1, label="other")) == (theirs(1) == theirs(1, label="other"))


def test_they_have_a_hash_in_the_same_cases(both: tuple[type, type]) -> None:
    ours, theirs = both
    assert (ours.__hash__ is None) == (theirs.__hash__ is None)
    if ours.__eq__ is not object.__eq__ and ours.__hash__ is not None:
        assert hash(ours(1, ())) == hash(ours(1, (), "other"))
        assert len({ours(1, ()), ours(1, (), "other"), ours(2, ())}) == 2


def test_a_text_of_ones_own_stays() -> None:
    @dataclass(frozen=True, slots=True)
    class Named:
        name: str

        def __repr__(self) -> str:
            return self.name

    assert repr(Named("here")) == "here"


def test_records_without_fields_are_equal() -> None:
    @dataclass(frozen=True, slots=True)
    class Nothing:
        """No fields at all."""

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


def test_a_record_adds_fields_to_those_of_another() -> None:
    @dataclass(frozen=True, slots=True)
    class Base:
        x: int

    @dataclass(frozen=True, slots=True)
    class More(Base):
        y: int

    assert More(1, 2) == More(1, 2) != More(1, 3)
    assert Base(1) != More(1, 2)


def test_an_op_is_the_same_in_another_process() -> None:
    op = Conv(out_channels=2, kernel_size=3)
    again = pickle.loads(pickle.dumps(op))
    assert again == op
    assert hash(again) == hash(op)
