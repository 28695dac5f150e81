"""Table definitions of an environment: its columns with their types, and the options of its choices (W-44 to W-51).

Everything is read as JSON through the client, with its time-outs, caps and origin check; `$metadata` and its XML are not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import msgspec

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.query import Query, literal
from proforma.transport.errors import BadResponseError, HttpStatusError

#: Types of columns that hold the id of another row, and those that hold an option.
LOOKUPS: Final = frozenset({"Lookup", "Customer", "Owner"})
CHOICES: Final = frozenset({"Picklist", "State", "Status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDefinition:
    """One table. `columns`: the type of each column by its logical name; a lookup `x` is read as `_x_value` (W-40, W-49)."""

    name: str
    entity_set: str | None
    key: str | None
    tracked: bool | None
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableName:
    """What a table is called: by programs, in links ("" where none lead to it), its key, and by people.

    `keys`: its alternate keys, each by the logical names of its columns (W-46, W-52).
    """

    name: str
    entity_set: str
    key: str | None = None
    label: str = ""
    keys: tuple[tuple[str, ...], ...] = ()


class _Label(msgspec.Struct, frozen=True, rename="pascal"):
    label: str | None = None


class _Labels(msgspec.Struct, frozen=True, rename="pascal"):
    user_localized_label: _Label | None = None


class _Attribute(msgspec.Struct, frozen=True, rename="pascal"):
    logical_name: str
    attribute_type: str | None = None
    display_name: _Labels | None = None


class _Key(msgspec.Struct, frozen=True, rename="pascal"):
    key_attributes: list[str]


class _Table(msgspec.Struct, frozen=True, rename="pascal"):
    logical_name: str
    attributes: list[_Attribute] = []
    entity_set_name: str | None = None
    primary_id_attribute: str | None = None
    change_tracking_enabled: bool | None = None
    display_name: _Labels | None = None
    keys: list[_Key] = []


class _Attributes(msgspec.Struct, frozen=True):
    value: list[_Attribute]


class _Tables(msgspec.Struct, frozen=True):
    value: list[_Table]


class _Option(msgspec.Struct, frozen=True, rename="pascal"):
    value: int
    label: _Labels | None = None


class _OptionSet(msgspec.Struct, frozen=True, rename="pascal"):
    options: list[_Option] = []


class _Choice(msgspec.Struct, frozen=True, rename="pascal"):
    logical_name: str
    option_set: _OptionSet | None = None


class _Choices(msgspec.Struct, frozen=True):
    value: list[_Choice]


def table_definition(client: DataverseClient, name: str) -> TableDefinition | None:
    """The table of this logical name, None when the environment has none."""
    select = "$select=LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled"
    try:
        found = client.get(f"{_table(name)}?{select}&$expand=Attributes($select=LogicalName,AttributeType)", _Table)
    except HttpStatusError as refusal:
        if refusal.status == 404:
            return None
        raise
    return TableDefinition(
        name=found.logical_name,
        entity_set=found.entity_set_name,
        key=found.primary_id_attribute,
        tracked=found.change_tracking_enabled,
        columns=MappingProxyType({column.logical_name: column.attribute_type or "" for column in found.attributes}),
    )


def table_names(client: DataverseClient) -> list[TableName]:
    """All tables of the environment; they come in one answer (W-44). Raises HttpStatusError where it does not let us look."""
    select = "$select=LogicalName,EntitySetName,PrimaryIdAttribute,DisplayName&$expand=Keys($select=KeyAttributes)"
    return [
        TableName(
            name=table.logical_name,
            entity_set=table.entity_set_name or "",
            key=table.primary_id_attribute,
            label=_text(table.display_name),
            keys=tuple(tuple(key.key_attributes) for key in table.keys),
        )
        for table in client.get(f"EntityDefinitions?{select}", _Tables).value
    ]


def labels(client: DataverseClient, name: str) -> dict[str, str]:
    """What people call the columns of a table, by logical name, in the reader's language (W-51). Empty where we may not look."""
    try:
        found = client.get(f"{_table(name)}/Attributes?$select=LogicalName,DisplayName", _Attributes)
    except HttpStatusError:
        return {}
    return {column.logical_name: _text(column.display_name) for column in found.value}


class _Counts(msgspec.Struct, frozen=True, rename="pascal"):
    values: list[int]


class _RecordCounts(msgspec.Struct, frozen=True, rename="pascal"):
    entity_record_count_collection: _Counts


def row_count(client: DataverseClient, name: str) -> int | None:
    """About how many rows the table has, as the environment last counted them, up to a day ago (W-78); None when it does not say."""
    try:
        found = client.get(f"RetrieveTotalRecordCount(EntityNames=[{literal(name)}])", _RecordCounts)
    except (HttpStatusError, BadResponseError):
        return None
    return found.entity_record_count_collection.values[0] if found.entity_record_count_collection.values else None


class _Counted(msgspec.Struct, frozen=True):
    rows: int = 0


class _CountedRows(msgspec.Struct, frozen=True):
    value: list[_Counted] = []


_AGGREGATE_LIMIT: Final = "0x8004e023"


def counted(client: DataverseClient, query: Query) -> int | None:
    """The rows of a query, counted now; None when they are more than the 50,000 that are counted at once (W-82).

    `$count` would end at 5,000 (W-78, W-79), and `row_count` knows whole tables alone.
    """
    try:
        found = client.get(query.count_link(), _CountedRows)
    except HttpStatusError as refusal:
        if (refusal.code or "").lower() == _AGGREGATE_LIMIT:
            return None
        raise
    return found.value[0].rows if found.value else 0


def options(client: DataverseClient, name: str, kind: str) -> dict[str, dict[int, str]]:
    """The options of the table's columns of one kind of `CHOICES`: label by number, by column; each kind is asked for alone (W-50)."""
    cast = f"Microsoft.Dynamics.CRM.{kind}AttributeMetadata"
    found = client.get(f"{_table(name)}/Attributes/{cast}?$select=LogicalName&$expand=OptionSet($select=Options)", _Choices)
    return {choice.logical_name: _by_number(choice.option_set) for choice in found.value}


def _by_number(given: _OptionSet | None) -> dict[int, str]:
    return {} if given is None else {option.value: _text(option.label) for option in given.options}


def _text(label: _Labels | None) -> str:
    return (label.user_localized_label.label or "") if label and label.user_localized_label else ""


def _table(name: str) -> str:
    return f"EntityDefinitions(LogicalName={literal(name)})"


class _Lookup(msgspec.Struct, frozen=True, rename="pascal"):
    logical_name: str
    targets: list[str] = []


class _Lookups(msgspec.Struct, frozen=True):
    value: list[_Lookup]


def lookup_targets(client: DataverseClient, name: str) -> dict[str, tuple[str, ...]]:
    """Logical names of the tables that each lookup of a table may lead to, by the lookup's logical name."""
    found = client.get(f"{_table(name)}/Attributes/Microsoft.Dynamics.CRM.LookupAttributeMetadata?$select=LogicalName,Targets", _Lookups)
    return {lookup.logical_name: tuple(lookup.targets) for lookup in found.value}
