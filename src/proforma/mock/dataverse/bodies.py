"""What a create or update body says about a row: cells in the types of their columns, bound lookups (W-101 to W-108)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

import msgspec

from proforma.mock.dataverse.errors import ODataError, not_served
from proforma.mock.dataverse.keys import key_of, missing, row_by_key
from proforma.mock.dataverse.rows import has_column
from proforma.mock.http import Request
from proforma.mock.schema import DATES, INTEGERS, LOOKUPS, NUMBERS, TEXTS, Column, TableSchema
from proforma.mock.values import Row, Value, as_guid, as_instant, as_number, decode, wire_instant
from proforma.mock.world import Table, World

_IGNORED: Final = frozenset(
    {"createdon", "modifiedon", "createdby", "modifiedby", "versionnumber", "createdonbehalfby", "modifiedonbehalfby"}
)
_MARK_BIND: Final = "@odata.bind"


def cells_of(world: World, table: Table, request: Request) -> Row:
    """The cells that the body of a POST or PATCH sets; raises `ODataError` for what the table cannot take."""
    cells: Row = {}
    for name, value in document_of(request).items():
        if name.endswith(_MARK_BIND):
            cells.update(_bound(world, table, name.removesuffix(_MARK_BIND), value))
        elif "@" not in name and name not in _IGNORED:
            cells.update(_cell(table, name, value))
    return cells


def document_of(request: Request) -> Mapping[str, Value]:
    """The JSON object of a body (W-12)."""
    kind = request.headers.get("content-type", "application/json")
    if not kind.lower().startswith("application/json"):
        raise ODataError(415, "0x0", f"The content type '{kind}' is not supported: send application/json.")
    try:
        document = decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise ODataError(400, "0x80048d19", f"Error identified in Payload provided by the user: {problem}") from problem
    if not isinstance(document, dict):
        raise ODataError(400, "0x80048d19", "Error identified in Payload provided by the user: expected a JSON object.")
    return document


def cell_value(schema: TableSchema, column: Column, value: Value) -> Value:
    """A value in the type of its column; raises `ODataError` when it does not fit."""
    if value is None or value == "":
        return None
    if column.type in NUMBERS:
        return _number(schema, column, value)
    if column.type == "boolean" and not isinstance(value, bool):
        raise _misfit(schema, column, value, "Edm.Boolean")
    if column.type in TEXTS and not isinstance(value, str):
        raise _misfit(schema, column, value, "Edm.String")
    if column.type == "guid":
        return _guid(schema, column, value)
    return _instant(schema, column, value) if column.type in DATES else value


def _cell(table: Table, name: str, value: Value) -> Row:
    schema = table.schema
    if name in schema.navs:
        return _nested(schema.navs[name], name, value)
    column = schema.wire.get(name)
    if column is not None and column.type in LOOKUPS:
        raise ODataError(
            400, "0x0", f"The property '{name}' is read-only: set the lookup with '{next(iter(column.navs), name)}@odata.bind'."
        )
    if column is not None:
        return {name: cell_value(schema, column, value)}
    if not has_column(table, name):
        message = f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{schema.logical}'."
        raise ODataError(400, "0x0", f"An error occurred while validating input parameters: {message}")
    return {name: as_guid(value) or value if isinstance(value, str) else value}


def _nested(column: Column, nav: str, value: Value) -> Row:
    if value is None:  # W-106
        return {column.wire: None}
    raise not_served(f"deep insert through '{nav}': bind an existing row with '{nav}@odata.bind'")


def _bound(world: World, table: Table, nav: str, value: Value) -> Row:
    column = table.schema.navs.get(nav)
    if column is None:  # W-104
        message = (
            f"An undeclared property '{nav}' which only has property annotations in the payload "
            "but no property value was found in the payload."
        )
        raise ODataError(
            400, "0x80048d19", f"Error identified in Payload provided by the user for Entity :'{table.schema.entity_set}', {message}"
        )
    if value is None:
        return {column.wire: None}
    found = re.fullmatch(r"(?:https?://[^/]+/api/data/v9\.\d/|/)?(\w+)\((.+)\)", str(value))
    target = world.table(found[1]) if found else None
    if found is None or target is None or target.schema.logical not in column.navs[nav]:
        raise ODataError(400, "0x80048d19", f"The value '{value}' does not name a row that '{nav}' can be bound to.")
    key = key_of(target, found[2])
    row = row_by_key(target, key)
    if row is None:
        raise missing(target, key)
    return {column.wire: row[target.schema.primary_id]}


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


def _misfit(schema: TableSchema, column: Column, value: Value, kind: str) -> ODataError:
    shown = str(value) if isinstance(value, Decimal) else repr(value)
    message = f"Cannot convert the literal {shown} to the expected type '{kind}' of '{column.name}'."
    return ODataError(400, "0x80048d19", f"Error identified in Payload provided by the user for Entity :'{schema.entity_set}', {message}")
