"""Which row a URL means: by primary key, by a declared alternate key, by a lookup in one (W-55 to W-57)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

from proforma.mock.dataverse.errors import ODataError, syntax_error
from proforma.mock.dataverse.query import split_outside
from proforma.mock.dataverse.syntax import parse_literal
from proforma.mock.schema import LOOKUPS
from proforma.mock.values import Row, Value, as_guid
from proforma.mock.world import Table, World

_ADDRESS: Final = re.compile(r"(?:https?://[^/]+)?/?(?:api/data/v9\.\d/)?(\w+)\((.+)\)", re.DOTALL)
_FORBIDDEN: Final = re.compile(r"[/<>*%&:\\?+]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as the URL wrote it. `id` for the primary key, `cells` for an alternate one."""

    text: str
    id: str | None
    cells: Mapping[str, Value]


def key_of(table: Table, text: str) -> Key:
    """Read what stands between the parentheses; raises unless it is exactly one key of the table."""
    plain = as_guid(text.strip())
    if plain:
        return Key(text=text, id=plain, cells={})
    cells = dict(_cell(part, table) for part in split_outside(text, ","))
    if set(cells) == {table.schema.primary_id}:
        row_id = as_guid(str(cells[table.schema.primary_id]))
        if row_id:
            return Key(text=text, id=row_id, cells={})
    if not any(set(key) == set(cells) for key in _declared(table)):
        raise _bad_key(table)
    return Key(text=text, id=None, cells=cells)


def row_by_key(table: Table, key: Key) -> Row | None:
    """The row of a key, None when there is none."""
    return table.rows.get(key.id) if key.id else table.find(key.cells)


def referenced(world: World, text: str, targets: Collection[str] | None = None) -> tuple[Table, Row]:
    """The row that an address in a body names: relative with or without a slash, or absolute (W-103); raises when there is none."""
    found = _ADDRESS.fullmatch(text.strip())
    table = world.table(found[1]) if found else None
    if found is None or table is None or (targets is not None and table.schema.logical not in targets):
        raise ODataError(400, "0x80048d19", f"The value '{text}' does not name a row that can be bound here.")
    key = key_of(table, unquote(found[2]))
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    return table, row


def missing(table: Table, key: Key) -> ODataError:
    """404 for a key that finds nothing (W-182)."""
    logical = table.schema.logical
    if key.id:
        return ODataError(404, "0x80040217", f"{logical} With Id = {key.id} Does Not Exist")
    return ODataError(404, "0x80060891", f"A record with the specified key values does not exist in {logical} entity")


def taken_key(table: Table, row: Row) -> tuple[str, ...] | None:
    """The alternate key whose values another row already has, None when all are free (W-128)."""
    for key in _declared(table):
        cells = {name: row.get(name) for name in key}
        if any(value is None for value in cells.values()):
            continue
        found = table.find(cells)
        if found is not None and found[table.schema.primary_id] != row[table.schema.primary_id]:
            return key
    return None


def _declared(table: Table) -> list[tuple[str, ...]]:
    """Declared keys by the names their columns have in rows."""
    columns = table.schema.columns
    return [tuple(columns[n].wire if n in columns and columns[n].type in LOOKUPS else n for n in key) for key in table.keys]


def _cell(part: str, table: Table) -> tuple[str, Value]:
    name, equals, text = part.strip().partition("=")
    if not equals or not re.fullmatch(r"\w+", name.strip()):
        raise _bad_key(table)
    literal = parse_literal(text.strip())
    value: object = literal.value
    if isinstance(value, str) and literal.kind == "text" and _FORBIDDEN.search(value):
        raise syntax_error(f"The value of the key column '{name}' holds a character that does not work in a URL: / < > * % & : \\ ? +")
    if isinstance(value, Decimal) and value == value.to_integral_value():
        value = int(value)
    return name.strip(), value if value is None or isinstance(value, bool | int | str | Decimal) else text.strip()


def _bad_key(table: Table) -> ODataError:
    resource = f"Microsoft.Dynamics.CRM.{table.schema.logical}"
    message = (
        f"The key in the request URI is not valid for resource '{resource}'. Ensure that the names and number of key "
        f"properties match the declared or alternate key properties for the resource '{resource}'."
    )
    return ODataError(400, "0x0", message)
