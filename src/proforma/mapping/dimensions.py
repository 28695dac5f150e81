"""Under which columns a table carries the pricing dimensions of an environment (P-30, P-31)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proforma.domain.prices import ROLE_DIMENSION, UNIT_DIMENSION, DimensionFieldName, PricingDimension
from proforma.mapping.entities import EntityMapping
from proforma.mapping.specifications import COLUMN


@dataclass(frozen=True, slots=True)
class DimensionColumn:
    """A dimension's name and the logical name of its column on one table; whether it is a lookup or an option is found out by asking."""

    name: str
    column: str


def dimension_columns(
    mapping: EntityMapping, dimensions: Sequence[PricingDimension], field_names: Sequence[DimensionFieldName]
) -> tuple[DimensionColumn, ...]:
    """The dimension columns that a mapping must read beyond its own `dimensions`, none where it asks for no custom ones.

    A field name given for the table wins over the mapping; otherwise a dimension has the column of its own name, unless the mapping
    names one. A name that cannot be a column is passed over. Source: P-31.
    """
    if not mapping.custom_dimensions:
        return ()
    renamed = {
        row.dimension_id: row.column.lower()
        for row in field_names
        if row.active and row.column and row.table is not None and row.table.lower() == mapping.table
    }
    # The words for the two standard dimensions are ours, so they are no column names.
    mapped = {*mapping.dimensions, ROLE_DIMENSION, UNIT_DIMENSION}
    found: dict[str, DimensionColumn] = {}
    for dimension in dimensions:
        if not dimension.active or (dimension.name in mapped and dimension.id not in renamed):
            continue
        column = renamed.get(dimension.id, dimension.name)
        if COLUMN.fullmatch(column):
            found[dimension.name] = DimensionColumn(dimension.name, column)
    return tuple(found[name] for name in sorted(found))
