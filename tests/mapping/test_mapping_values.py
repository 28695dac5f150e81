"""The short way from a page to the mirror, without records, gives what the long way gives."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import msgspec
import pytest
from mapping_files import guid, row
from shipped_rows import ACTUAL_ROW, ROWS

from proforma.mapping import VERSION, CompiledEntity, Form, RowRejectedError, compile_entity, load_mappings
from proforma.mapping.values import Memory
from proforma.store import codec

MAPPINGS = load_mappings(None)


def compiled(name: str) -> CompiledEntity[Any]:
    return compile_entity(MAPPINGS.entities[name])


def cells_of(entity: CompiledEntity[Any], *rows: msgspec.Struct) -> list[tuple[Any, ...]]:
    """The rows as the mirror keeps them, in one page."""
    forms = {name: Form(*form) for name, form in codec(entity.record).forms().items()}
    made, misfits = entity.shaping(forms)(rows)
    assert misfits == []
    return made


@pytest.mark.parametrize("sparse", [False, True], ids=["filled", "empty"])
@pytest.mark.parametrize("name", ROWS)
def test_cells_are_those_of_the_record(name: str, *, sparse: bool) -> None:
    """Field by field in the record's order, defaults included, as values and as the mirror keeps them, also when a row comes again."""
    entity = compiled(name)
    given, _ = ROWS[name]
    needed = {"isocurrencycode": "USD", "msdyn_name": "adv_worktype", entity.mapping.key: guid("row")}
    read = row(entity, needed if sparse else given)

    record = entity.to_record(read)
    (values, again), _ = entity.shaping({})([read, read])

    assert values == again == tuple(getattr(record, item.name) for item in fields(record))
    assert [type(value) for value in values] == [type(getattr(record, item.name)) for item in fields(record)]
    assert cells_of(entity, read, read) == codec(entity.record).encode([record, record])


def test_rows_that_share_columns_keep_what_is_their_own() -> None:
    """What is remembered of one row's role, unit or day never shows in another's."""
    entity = compiled("actual")
    days = ["2026-03-02T08:00:00Z", "2026-03-02T23:59:59Z", "2026-03-03"]
    rows = [
        row(entity, {**ACTUAL_ROW, "msdyn_actualid": guid(day), "msdyn_startdatetime": day, "_msdyn_resourcecategory_value": role})
        for day in days
        for role in (guid("one"), guid("other").upper(), None)
    ]

    assert cells_of(entity, *rows) == codec(entity.record).encode(entity.to_record(each) for each in rows)


def test_behind_the_fields_comes_the_tail() -> None:
    """The row's change number stands where it is asked for, also when it travels as text; a table without one has none."""
    read = row(compiled("actual"), {**ACTUAL_ROW, "versionnumber": "4711"})
    made, _ = compiled("actual").shaping({}, ("actual", VERSION, 7, None))([read])

    assert made[0][-4:] == ("actual", 4711, 7, None)


@pytest.mark.parametrize(("column", "value"), [("msdyn_billingstatus", 5), ("msdyn_transactiondate", "soon"), ("msdyn_actualid", None)])
def test_a_row_is_refused_for_the_same_reason(column: str, value: object) -> None:
    """It is among the misfits, each time anew, its neighbours are not; reason, message, column and place are those of the long way."""
    entity = compiled("actual")
    good, bad = row(entity, ACTUAL_ROW), row(entity, {**ACTUAL_ROW, column: value})

    made, misfits = entity.shaping({})([good, bad, good, bad])
    told = entity.rejection(bad)
    with pytest.raises(RowRejectedError) as refusal:
        entity.to_record(bad)

    assert (len(made), misfits) == (2, [bad, bad])
    assert (told.reason, told.message, told.at) == (refusal.value.reason, refusal.value.message, refusal.value.at)
    assert told.column == column


def test_memory_is_bounded() -> None:
    """However many values come, what is remembered stays small, and every answer is right."""
    doubled = Memory(lambda number: number * 2)

    assert all(doubled[number] == number * 2 for number in range(100_000))
    assert len(doubled) <= 1 << 15
