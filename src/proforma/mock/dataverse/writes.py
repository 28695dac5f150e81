"""Creating, changing and deleting rows, with the conditions of their headers (W-122 to W-144)."""

from __future__ import annotations

from uuid import uuid4

from proforma.mock.dataverse.bodies import cell_value, cells_of, document_of
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property
from proforma.mock.dataverse.keys import Key, key_of, missing, row_by_key, taken_key
from proforma.mock.dataverse.query import options_of, preferences_of
from proforma.mock.dataverse.rows import Renderer, etag_of
from proforma.mock.http import Request, Response, json_response
from proforma.mock.schema import LOOKUPS
from proforma.mock.values import Row, as_guid
from proforma.mock.world import Table, World, fill_state


def create_response(world: World, table: Table, request: Request, api: str) -> Response:
    """POST on an entity set: 204 with the new row's address, or 201 with the row (W-122, W-123)."""
    cells = cells_of(world, table, request)
    key = table.schema.primary_id
    row_id = as_guid(str(cells.get(key) or uuid4())) or str(uuid4())
    if row_id in table.rows:
        raise ODataError(412, "0x80040237", "A record with matching key values already exists.")
    row = _created(world, table, {**cells, key: row_id})
    address = f"{api}{table.schema.entity_set}({row_id})"
    return _written(world, table, request, row, api, address=address, created=True)


def patch_response(world: World, table: Table, request: Request, key_text: str, api: str) -> Response:
    """PATCH on a row: an update, or a create when the key finds nothing and no header forbids it (W-130)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    _check_conditions(table, request, key, row)
    cells = cells_of(world, table, request)
    if row is None:
        given = cells.get(table.schema.primary_id) or str(uuid4())
        row_id = key.id or str(given)
        written = _created(world, table, {**key.cells, **cells, table.schema.primary_id: row_id})
    else:
        kept = {name: value for name, value in cells.items() if name not in key.cells}  # W-132
        written = _changed(world, table, row, kept)
    address = f"{api}{table.schema.entity_set}({key.text})"
    return _written(world, table, request, written, api, address=address, created=row is None)


def delete_response(world: World, table: Table, request: Request, key_text: str) -> Response:
    """DELETE on a row (W-138, W-141)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    _check_version(request, row)
    world.delete(table, str(row[table.schema.primary_id]))
    return Response(status=204)


def property_response(world: World, table: Table, request: Request, key_text: str, name: str) -> Response:
    """PUT or DELETE of a single column (W-136)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    column = table.schema.wire.get(name)
    if row is None:
        raise missing(table, key)
    if column is None or column.type in LOOKUPS:
        raise no_property(name, table.schema.logical)
    _check_version(request, row)
    value = document_of(request).get("value") if request.method == "PUT" else None
    _changed(world, table, row, {name: cell_value(table.schema, column, value)})
    return Response(status=204)


def _check_conditions(table: Table, request: Request, key: Key, row: Row | None) -> None:
    if row is None and "if-match" in request.headers:  # W-130, W-144
        raise missing(table, key)
    if row is None:
        return
    if request.headers.get("if-none-match") == "*":
        raise ODataError(412, "0x80040237", "A record with matching key values already exists.")
    _check_version(request, row)


def _check_version(request: Request, row: Row) -> None:
    wanted = request.headers.get("if-match")
    if wanted not in (None, "*", "null", etag_of(row)):
        message = "The version of the existing record doesn't match the RowVersion property provided."
        raise ODataError(412, "0x80060882", message)


def _created(world: World, table: Table, cells: Row) -> Row:
    row = dict(cells)
    _refuse_taken(table, row)
    world.stamp(row)
    fill_state(table.schema, row)
    table.put(row)
    return row


def _changed(world: World, table: Table, row: Row, cells: Row) -> Row:
    changed = {**row, **cells, table.schema.primary_id: row[table.schema.primary_id]}
    _refuse_taken(table, changed)
    world.stamp(changed)
    table.put(changed)
    return changed


def _refuse_taken(table: Table, row: Row) -> None:
    key = taken_key(table, row)
    if key:
        columns = ", ".join(key)
        message = (
            f"Entity Key {columns} violated. A record with the same value for {columns} already exists. "
            "A duplicate record cannot be created. Select one or more unique values and try again."
        )
        raise ODataError(412, "0x80060892", message)


def _written(world: World, table: Table, request: Request, row: Row, api: str, *, address: str, created: bool) -> Response:
    preferences = preferences_of(request)
    if not preferences.representation:
        headers = [("OData-EntityId", address)]
        if request.method == "POST":
            headers.append(("Location", address))
        return Response(status=204, headers=tuple(headers))
    options = options_of(request)
    renderer = Renderer(world, table, select=options.select, expands=options.expands if created else (), preferences=preferences)
    context = f"{api}$metadata#{table.schema.entity_set}{_chosen(options.select)}/$entity"
    headers = [("Content-Type", JSON_TYPE), ("ETag", etag_of(row)), ("Preference-Applied", "return=representation")]
    return json_response(201 if created else 200, {"@odata.context": context, **renderer.row(row)}, *headers)


def _chosen(select: tuple[str, ...] | None) -> str:
    return f"({','.join(select)})" if select else ""
