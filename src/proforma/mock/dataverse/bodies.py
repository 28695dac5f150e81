"""What a create or update body says about a row: cells in the types of their columns, lookups, related rows (W-101 to W-120)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import msgspec

from proforma.mock.dataverse.errors import ODataError
from proforma.mock.dataverse.keys import referenced
from proforma.mock.dataverse.relations import Relation, collections_of
from proforma.mock.dataverse.rows import has_column
from proforma.mock.http import Request
from proforma.mock.schema import DATES, INTEGERS, LOOKUPS, NUMBERS, TEXTS, Column, TableSchema
from proforma.mock.values import Row, Value, as_guid, as_instant, as_number, decode, wire_instant
from proforma.mock.world import Table, World

_IGNORED: Final = frozenset(
    {"createdon", "modifiedon", "createdby", "modifiedby", "versionnumber", "createdonbehalfby", "modifiedonbehalfby"}
)
_MARK_BIND: Final = "@odata.bind"
_PAYLOAD: Final = "Error identified in Payload provided by the user"


@dataclass(slots=True)
class Body:
    """A body read. `parents`: rows to create before and point at; `children`: rows to create, `attached`: rows to point here."""

    cells: Row = field(default_factory=dict)
    parents: list[tuple[Column, Table, Mapping[str, Value]]] = field(default_factory=list)
    children: list[tuple[Relation, Mapping[str, Value]]] = field(default_factory=list)
    attached: list[tuple[Relation, Row]] = field(default_factory=list)


def read_body(world: World, table: Table, document: Mapping[str, Value], *, deep: bool = False) -> Body:
    """What a body sets; related rows only where `deep` (W-125). Raises `ODataError` for what the table cannot take."""
    body = Body()
    cleared: Row = {}
    for name, value in document.items():
        if name.endswith(_MARK_BIND):
            _bind(world, table, name.removesuffix(_MARK_BIND), value, body, cleared, deep=deep)
        elif "@" not in name and name not in _IGNORED:
            _cell(world, table, name, value, body, cleared, deep=deep)
    body.cells = {**cleared, **body.cells}  # of several targets of a lookup the bound one wins (W-105)
    return body


def document_of(request: Request) -> Mapping[str, Value]:
    """The JSON object of a body (W-12)."""
    kind = request.headers.get("content-type", "application/json")
    if not kind.lower().startswith("application/json"):
        raise ODataError(415, "0x0", f"The content type '{kind}' is not supported: send application/json.")
    try:
        document = decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise ODataError(400, "0x80048d19", f"{_PAYLOAD}: {problem}") from problem
    if not isinstance(document, dict):
        raise ODataError(400, "0x80048d19", f"{_PAYLOAD}: expected a JSON object.")
    return document


def cell_value(schema: TableSchema, column: Column, value: Value) -> Value:
    """A value in the type of its column; raises `ODataError` when it does not fit."""
    if value is None or value == "":
        return None
    if column.type in NUMBERS:
        return _number(schema, column, value)
    if column.type == "boolean" and not isinstance(value, bool):
        raise _misfit(schema, column, value, "Edm.Boolean")
    if column.type in TEXTS:
        return _text(schema, column, value)
    if column.type == "guid":
        return _guid(schema, column, value)
    return _instant(schema, column, value) if column.type in DATES else value


def _cell(world: World, table: Table, name: str, value: Value, body: Body, cleared: Row, *, deep: bool) -> None:
    schema = table.schema
    if name in schema.navs:
        if value is None:  # W-106
            cleared[schema.navs[name].wire] = None
        else:
            body.parents.append(_parent(world, schema, schema.navs[name], name, value, deep=deep))
        return
    if name in collections_of(schema):
        body.children += _children(schema, collections_of(schema)[name], value, deep=deep)
        return
    column = schema.wire.get(name)
    if column is not None and column.type in LOOKUPS:
        message = f"The property '{name}' is read-only: set the lookup with '{next(iter(column.navs), name)}@odata.bind'."
        raise ODataError(400, "0x0", message)
    if column is not None:
        body.cells[name] = cell_value(schema, column, value)
        return
    if not has_column(table, name):
        message = f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{schema.logical}'."
        raise ODataError(400, "0x0", f"An error occurred while validating input parameters: {message}")
    body.cells[name] = as_guid(value) or value if isinstance(value, str) else value


def _parent(
    world: World, schema: TableSchema, column: Column, nav: str, value: Value, *, deep: bool
) -> tuple[Column, Table, Mapping[str, Value]]:
    """A row to be created under a single-valued navigation property; `@odata.type` chooses among several targets (W-107)."""
    if not deep:
        raise _only_on_create(schema, nav)
    if not isinstance(value, dict):
        raise _payload(schema, f"expected an object under '{nav}'.")
    named = str(value.get("@odata.type", "")).removeprefix("#").rpartition(".")[2]
    targets = [t for logical in column.navs[nav] if named in ("", logical) and (t := world.table_of(logical))]
    if not targets:
        raise _payload(schema, f"no table is known for '{nav}'.")
    return column, targets[0], value


def _children(schema: TableSchema, relation: Relation, value: Value, *, deep: bool) -> list[tuple[Relation, Mapping[str, Value]]]:
    if not deep:
        raise _only_on_create(schema, relation.name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _payload(schema, f"expected a list of objects under '{relation.name}'.")
    return [(relation, item) for item in value if isinstance(item, dict)]


def _bind(world: World, table: Table, nav: str, value: Value, body: Body, cleared: Row, *, deep: bool) -> None:
    relation = collections_of(table.schema).get(nav)
    column = table.schema.navs.get(nav)
    if column is None and relation is not None:
        body.attached += [(relation, row) for row in _attached(world, table.schema, relation, value, deep=deep)]
        return
    if column is None:  # W-104
        message = (
            f"An undeclared property '{nav}' which only has property annotations in the payload "
            "but no property value was found in the payload."
        )
        raise _payload(table.schema, message)
    if value is None:
        cleared[column.wire] = None
        return
    target, row = referenced(world, str(value), column.navs[nav])
    body.cells[column.wire] = row[target.schema.primary_id]


def _attached(world: World, schema: TableSchema, relation: Relation, value: Value, *, deep: bool) -> list[Row]:
    if not deep:
        raise _only_on_create(schema, relation.name)
    found = [referenced(world, str(item), [relation.child.logical]) for item in value] if isinstance(value, list) else []
    if not isinstance(value, list):
        raise _payload(schema, f"expected a list of rows of '{relation.child.entity_set}' under '{relation.name}'.")
    return [row for _, row in found]


def _text(schema: TableSchema, column: Column, value: Value) -> Value:
    if not isinstance(value, str):
        raise _misfit(schema, column, value, "Edm.String")
    limit = column.details.length
    if limit is not None and len(value) > limit:  # W-119
        message = (
            f"A validation error occurred.  The length of the '{column.name}' attribute of the '{schema.logical}' entity "
            f"exceeded the maximum allowed length of '{limit}'."
        )
        raise ODataError(400, "0x80044331", message)
    return value.replace(" ", "") if column.type == "multiselect" else value  # W-115


def _number(schema: TableSchema, column: Column, value: Value) -> Value:
    number = as_number(value)
    if number is None:
        raise _misfit(schema, column, value, "Edm.Decimal")
    if column.type not in INTEGERS:
        return number
    if number != number.to_integral_value():
        raise _misfit(schema, column, value, "Edm.Int32")
    if column.options and int(number) not in column.options:  # W-120
        message = (
            f"A validation error occurred. The value {int(number)} of '{column.name}' "
            f"on record of type '{schema.logical}' is outside the valid range."
        )
        raise ODataError(400, "0x8004431a", message)
    return int(number)


def _guid(schema: TableSchema, column: Column, value: Value) -> Value:
    guid = as_guid(value) if isinstance(value, str) else None
    if guid is None:
        raise _misfit(schema, column, value, "Edm.Guid")
    return guid


def _instant(schema: TableSchema, column: Column, value: Value) -> Value:
    instant = as_instant(value) if isinstance(value, str) else None
    if instant is None:
        raise _misfit(schema, column, value, "Edm.Date" if column.type == "dateonly" else "Edm.DateTimeOffset")
    if column.type == "dateonly":
        if len(str(value)) != len("2026-01-01"):
            raise _misfit(schema, column, value, "Edm.Date")
        return value
    return wire_instant(instant)


def _only_on_create(schema: TableSchema, name: str) -> ODataError:
    return _payload(schema, f"related rows under '{name}' can only be written when a row is created: bind or associate existing ones.")


def _payload(schema: TableSchema, message: str) -> ODataError:
    return ODataError(400, "0x80048d19", f"{_PAYLOAD} for Entity :'{schema.entity_set}', {message}")


def _misfit(schema: TableSchema, column: Column, value: Value, kind: str) -> ODataError:
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    return _payload(schema, f"Cannot convert the literal {shown} to the expected type '{kind}' of '{column.name}'.")
