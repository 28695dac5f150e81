"""Records that are made quickly are like those that are not."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, field, replace
from inspect import signature

import pytest

from proforma.domain.frozen import made_quickly


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A record with every kind of field."""

    name: str
    number: int = 7
    words: tuple[str, ...] = field(default=(), kw_only=False)
    notes: dict[str, str] = field(default_factory=dict)


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same record, made quickly."""

    name: str
    number: int = 7
    words: tuple[str, ...] = field(default=(), kw_only=False)
    notes: dict[str, str] = field(default_factory=dict)


@made_quickly
@dataclass(frozen=True, slots=True, kw_only=True)
class Longer(Quick):
    """A record with the fields of another and one more."""

    more: str | None = None


def shown(record: object) -> str:
    """What a record shows of itself, without the name of its class."""
    return repr(record).partition("(")[2]


@pytest.mark.parametrize(
    "values",
    [{"name": "a"}, {"name": "a", "number": 1, "words": ("x", "y"), "notes": {"k": "v"}}],
    ids=["defaults", "all given"],
)
def test_a_record_made_quickly_says_what_a_plain_one_says(values: dict[str, object]) -> None:
    """Fields, defaults, order of parameters, equality, hash and changed copies are those of the dataclass."""
    plain, quick = Plain(**values), Quick(**values)  # type: ignore[arg-type]

    assert shown(quick) == shown(plain)
    assert type(quick) is Quick
    assert quick == Quick(**values)  # type: ignore[arg-type]
    assert shown(replace(quick, number=3)) == shown(replace(plain, number=3))
    assert list(signature(Quick).parameters) == list(signature(Plain).parameters)
    assert Quick(("z",), name="b").words == ("z",)


def test_a_record_made_quickly_is_frozen() -> None:
    """Nobody can change a field, nor add one."""
    quick = Quick(name="a")

    with pytest.raises(FrozenInstanceError):
        quick.name = "b"  # type: ignore[misc]
    with pytest.raises((FrozenInstanceError, TypeError)):
        quick.other = "b"  # type: ignore[attr-defined]
    assert quick == Quick(name="a")


def test_a_default_that_is_made_is_made_anew_for_each_record() -> None:
    """Two records never share what a factory makes."""
    first, second = Quick(name="a"), Quick(name="b")

    assert first.notes == second.notes == {}
    assert first.notes is not second.notes


def test_missing_and_unknown_values_are_refused() -> None:
    """As every class does it."""
    with pytest.raises(TypeError, match="name"):
        Quick()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        Quick(name="a", colour="red")  # type: ignore[call-arg]


def test_a_class_built_on_another_has_the_fields_of_both() -> None:
    """The one below is not disturbed."""
    longer = Longer(name="a", more="b")

    assert shown(longer) == "name='a', number=7, words=(), notes={}, more='b')"
    assert type(longer) is Longer
    assert longer != Quick(name="a")
