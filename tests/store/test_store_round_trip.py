"""Every record class comes back from its table exactly as it went in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_builders import NOON

from proforma.domain.decisions import PriceDecision
from proforma.store import Store
from proforma.store.tables import MIRROR

_DIGITS_19 = st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**19) + 1, 10**19 - 1), st.integers(0, 10))
_ODD = st.sampled_from([Decimal("0.00"), Decimal("-0.0"), Decimal("1E+3"), Decimal("922337203685477.5807"), Decimal("0.0000000001")])
_TEXT = st.text(max_size=40) | st.sampled_from(["", 'Ærø\'s "Café"', "'; DROP TABLE runs; --", "\x00", "😀", "null", "%s ? :x {}"])
_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_INSTANTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=_OFFSETS) | st.sampled_from(  # noqa: DTZ001 - zones follow
    [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]
)
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_BY_TYPE: Mapping[object, st.SearchStrategy[Any]] = {
    str: _TEXT,
    int: _WHOLE,
    bool: st.booleans(),
    Decimal: _DIGITS_19 | _ODD,
    date: st.dates() | st.sampled_from([date.min, date.max, date(2024, 2, 29)]),
    datetime: _INSTANTS,
}


def values(hint: object) -> st.SearchStrategy[Any]:
    """Values of a field's type, the edges included."""
    while (base := getattr(hint, "__supertype__", None)) is not None:
        hint = base
    if get_origin(hint) in (Union, UnionType):
        return st.one_of(st.none(), *(values(option) for option in get_args(hint) if option is not NoneType))
    if get_origin(hint) is tuple:
        return st.lists(_TEXT, max_size=3).map(tuple)
    if get_origin(hint) is not None:
        return st.dictionaries(_TEXT, _TEXT | _WHOLE, max_size=3)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    return _BY_TYPE[hint]


def records(cls: type[Any], key: str) -> st.SearchStrategy[Any]:
    """Records of a class with any content; the key is a GUID."""
    hints = get_type_hints(cls)
    content = {entry.name: values(hints[entry.name]) for entry in fields(cls)}
    return st.builds(cls, **{**content, key: st.uuids().map(str)})


def same(one: Any, other: Any) -> bool:
    """Equal, and with the same digits: 1.0 and 1.00 are equal decimals but not the same."""
    return one == other and _digits(one) == _digits(other)


def _digits(record: Any) -> list[str]:
    return [str(value) for entry in fields(record) if isinstance(value := getattr(record, entry.name), Decimal)]


def in_utc(record: Any) -> Any:
    """The record with its instants in UTC, which is how they are kept."""
    changes = {
        entry.name: getattr(record, entry.name).astimezone(UTC)
        for entry in fields(record)
        if isinstance(getattr(record, entry.name), datetime)
    }
    return type(record)(**{entry.name: changes.get(entry.name, getattr(record, entry.name)) for entry in fields(record)})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, empty_stores: Callable[[], str]) -> Iterator[tuple[Store, ...]]:
    """One store of either kind for all examples: each has ids of its own."""
    file = tmp_path_factory.mktemp("round-trip") / "proforma.db"
    with Store.open(f"sqlite:///{file}") as on_file, Store.open(empty_stores()) as on_server:
        yield on_file, on_server


def keepable(store: Store, kept: list[Any]) -> list[Any]:
    """PostgreSQL keeps no text with a NUL character."""
    return kept if store._engine.dialect.name == "sqlite" else [record for record in kept if "\\x00" not in repr(record)]


@pytest.mark.parametrize("cls", list(MIRROR), ids=lambda cls: cls.__name__)
def test_a_record_comes_back_from_the_mirror_as_it_was(shared: tuple[Store, ...], cls: type[Any]) -> None:
    """Decimals of 19 digits, the calendar's edges, any text, big numbers, empty fields: nothing is changed on the way."""

    @given(st.lists(records(cls, "id"), min_size=1, max_size=4, unique_by=lambda record: UUID(record.id)))
    @settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    def comes_back(kept: list[Any]) -> None:
        for store in shared:
            kept = keepable(store, kept)
            with store.begin() as tx:
                tx.mirror.upsert(cls.__name__, cls, kept, [1] * len(kept), 1)
            with store.read() as reader:
                found = reader.mirror.get_many(cls, [record.id for record in kept])
            for record in kept:
                assert same(found[record.id], in_utc(record))

    comes_back()


def test_a_price_decision_comes_back_as_it_was(shared: tuple[Store, ...]) -> None:
    """A decision with any figures is kept as it is, but for its trail, and not written again when it is the same."""

    @given(records(PriceDecision, "record_id"))
    @settings(max_examples=30, deadline=None)
    def comes_back(decision: PriceDecision) -> None:
        for store in shared:
            kept = keepable(store, [decision])
            with store.begin() as tx:
                tx.decisions.save(kept, NOON)
                written_again = tx.decisions.save(kept, NOON)
            with store.read() as reader:
                assert written_again == 0
                for one in kept:
                    assert same(reader.decisions.get(one.record_id), replace(one, trail=()))

    comes_back()
