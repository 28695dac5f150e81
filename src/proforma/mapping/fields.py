"""What a domain record holds: for each of its fields the kind of value, and what an empty column becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from proforma.domain import contracts, masters, prices, records, units, upstream
from proforma.domain.ids import Guid


class Kind(StrEnum):
    """Kinds of values, under the words that messages use."""

    TEXT = "text"
    GUID = "id"
    INTEGER = "whole number"
    DECIMAL = "decimal number"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "yes or no"
    CHOICE = "word of a closed list"
    DIMENSION = "dimension value"
    DIMENSIONS = "dimension values"


@dataclass(frozen=True, slots=True)
class FieldType:
    """Kind of one field. `choices`: the words of a closed list. `empty`: what an empty column gives; a required field has none."""

    kind: Kind
    choices: type[StrEnum] | None = None
    required: bool = False
    empty: object = None


#: The records that a mapping may fill, by name.
RECORDS: Final[Mapping[str, type]] = MappingProxyType(
    {
        record.__name__: record
        for record in (
            masters.CurrencyRecord,
            units.Unit,
            masters.OrganizationalUnit,
            masters.Role,
            masters.Category,
            masters.Product,
            masters.Customer,
            masters.Resource,
            masters.Task,
            prices.PriceList,
            prices.PriceListAttachment,
            prices.RolePrice,
            prices.RolePriceMarkup,
            prices.PriceOverride,
            prices.CategoryPrice,
            prices.PriceListItem,
            prices.PricingDimension,
            prices.DimensionFieldName,
            prices.DatedExchangeRate,
            contracts.Quote,
            contracts.QuoteLine,
            contracts.Contract,
            contracts.ContractLine,
            contracts.LineRole,
            contracts.LineCategory,
            contracts.LineTask,
            contracts.ContractCustomer,
            contracts.LineCustomer,
            contracts.Milestone,
            contracts.Retainer,
            contracts.ScheduleRow,
            contracts.Project,
            contracts.Subcontract,
            records.Actual,
            records.Estimate,
            records.TransactionConnection,
            upstream.UpstreamInvoice,
            upstream.UpstreamLine,
            upstream.UpstreamDetail,
        )
    }
)

_KINDS: Final[Mapping[object, Kind]] = {
    str: Kind.TEXT,
    int: Kind.INTEGER,
    bool: Kind.BOOLEAN,
    Decimal: Kind.DECIMAL,
    date: Kind.DATE,
    datetime: Kind.INSTANT,
}


@cache
def fields_of(record: type) -> Mapping[str, FieldType]:
    """The fields of a record in the order of its definition."""
    hints = get_type_hints(record)
    return MappingProxyType({item.name: _field_type(hints[item.name], item) for item in fields(record)})


def _field_type(hint: Any, item: Field[Any]) -> FieldType:
    if get_origin(hint) in (Union, UnionType):
        hint = next(option for option in get_args(hint) if option is not NoneType)
    kind, choices = _kind(hint)
    required = item.default is MISSING and item.default_factory is MISSING
    return FieldType(kind, choices, required, None if item.default is MISSING else item.default)


def _kind(hint: Any) -> tuple[Kind, type[StrEnum] | None]:
    if get_origin(hint) is not None:
        return Kind.DIMENSIONS, None
    base = hint
    while hasattr(base, "__supertype__"):
        if base is Guid:
            return Kind.GUID, None
        base = base.__supertype__
    if isinstance(base, type) and issubclass(base, StrEnum):
        return Kind.CHOICE, base
    return _KINDS[base], None
