"""The short way from a row to the mirror, without the record, gives what the long way gives."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest
from mapping_files import guid, row
from shipped_rows import ACTUAL_ROW, ROWS

from proforma.mapping import CompiledEntity, RowRejectedError, compile_entity, load_mappings
from proforma.store.columns import codec

MAPPINGS = load_mappings(None)


def compiled(name: str) -> CompiledEntity[Any]:
    return compile_entity(MAPPINGS.entities[name])


@pytest.mark.parametrize("sparse", [False, True], ids=["filled", "empty"])
@pytest.mark.parametrize("name", ROWS)
def test_values_are_those_of_the_record(name: str, *, sparse: bool) -> None:
    """Field by field in the record's order, defaults included, and cell by cell as the mirror keeps them."""
    entity = compiled(name)
    given, _ = ROWS[name]
    needed = {"isocurrencycode": "USD", "msdyn_name": "adv_worktype", entity.mapping.key: guid("row")}
    read = row(entity, needed if sparse else given)

    record, values = entity.to_record(read), entity.to_values(read)

    assert values == tuple(getattr(record, item.name) for item in fields(record))
    assert [type(value) for value in values] == [type(getattr(record, item.name)) for item in fields(record)]
    assert codec(entity.record).encode_values([values]) == codec(entity.record).encode([record])


@pytest.mark.parametrize(("column", "value"), [("msdyn_billingstatus", 5), ("msdyn_transactiondate", "soon"), ("msdyn_actualid", None)])
def test_a_row_is_refused_for_the_same_reason(column: str, value: object) -> None:
    """Reason, message, column and place are those of the long way."""
    entity = compiled("actual")
    read = row(entity, {**ACTUAL_ROW, column: value})

    refusals = []
    for way in (entity.to_record, entity.to_values):
        with pytest.raises(RowRejectedError) as refusal:
            way(read)
        refusals.append((refusal.value.reason, refusal.value.message, refusal.value.column, refusal.value.at))
    assert refusals[0] == refusals[1]
