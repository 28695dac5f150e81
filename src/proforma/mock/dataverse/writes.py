"""Creating, changing and deleting rows, with the conditions of their headers (W-122 to W-144)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import uuid4

from proforma.mock.dataverse.bodies import Body, cell_value, document_of, read_body
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property
from proforma.mock.dataverse.keys import Key, key_of, missing, row_by_key, taken_key
from proforma.mock.dataverse.query import options_of, preferences_of
from proforma.mock.dataverse.rows import Renderer, etag_of
from proforma.mock.http import Request, Response, json_response
from proforma.mock.schema import LOOKUPS
from proforma.mock.values import Row, Value, as_guid
from proforma.mock.world import Table, World, fill_state


def create_response(world: World, table: Table, request: Request, api: str) -> Response:
    """POST on an entity set: 204 with the new row's address, or 201 with the row (W-122, W-123)."""
    document = document_of(request)
    strict = request.headers.get("mscrm.suppressduplicatedetection", "").lower() == "false"  # W-16
    with world.transaction():
        row = created(world, table, document)
        if strict:
            _refuse_duplicate(world, table, row)
    address = f"{api}{table.schema.entity_set}({row[table.schema.primary_id]})"
    return _written(world, table, request, row, api, address=address, created=True)


def created(world: World, table: Table, document: Mapping[str, Value], given: Mapping[str, Value] | None = None) -> Row:
    """A new row and those that its body nests; `given` cells stand unless the body says otherwise (W-125, W-132)."""
    body = read_body(world, table, document, deep=True)
    key = table.schema.primary_id
    cells = {**(given or {}), **body.cells}
    row_id = as_guid(str(cells.get(key) or uuid4())) or str(uuid4())
    if row_id in table.rows:
        raise ODataError(412, "0x80040237", "A record with matching key values already exists.")
    for column, target, nested in body.parents:
        cells[column.wire] = created(world, target, nested)[target.schema.primary_id]
    row = _inserted(world, table, {**cells, key: row_id})
    _write_children(world, row_id, body)
    return row


def patch_response(world: World, table: Table, request: Request, key_text: str, api: str) -> Response:
    """PATCH on a row: an update, or a create when the key finds nothing and no header forbids it (W-130)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    _check_conditions(table, request, key, row)
    with world.transaction():
        written = upserted(world, table, document_of(request), key, row)
    address = f"{api}{table.schema.entity_set}({key.text})"
    return _written(world, table, request, written, api, address=address, created=row is None)


def upserted(world: World, table: Table, document: Mapping[str, Value], key: Key, row: Row | None) -> Row:
    """The row of a key changed, or made when there is none (W-130 to W-133)."""
    if row is None:
        read_body(world, table, document)  # related rows are not made by an upsert
        given = {**key.cells, table.schema.primary_id: key.id} if key.id else dict(key.cells)
        own = {name: value for name, value in document.items() if name != table.schema.primary_id or not key.id}
        return created(world, table, own, given)
    cells = read_body(world, table, document).cells
    return changed(world, table, row, {name: value for name, value in cells.items() if name not in key.cells})


def changed(world: World, table: Table, row: Row, cells: Row) -> Row:
    """The row with other cells and a new version (W-135)."""
    after = {**row, **cells, table.schema.primary_id: row[table.schema.primary_id]}
    _match_state(table, after, cells)
    _refuse_taken(table, after)
    world.stamp(after)
    world.put(table, after)
    return after


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
    changed(world, table, row, {name: cell_value(table.schema, column, value)})
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


def _inserted(world: World, table: Table, cells: Row) -> Row:
    row = dict(cells)
    _match_state(table, row, cells)
    _refuse_taken(table, row)
    if row.get("overriddencreatedon"):
        row["createdon"] = row["overriddencreatedon"]  # W-108
    world.stamp(row)
    fill_state(table.schema, row)
    world.put(table, row)
    return row


def _write_children(world: World, row_id: str, body: Body) -> None:
    for relation, nested in body.children:
        created(world, relation.table(world), nested, {relation.column.wire: row_id})
    for relation, row in body.attached:
        changed(world, relation.table(world), row, {relation.column.wire: row_id})


def _match_state(table: Table, row: Row, cells: Mapping[str, Value]) -> None:
    """A state alone takes its first status with it; a status of another state is refused (W-139)."""
    column = table.schema.columns.get("statuscode")
    state, status = row.get("statecode"), row.get("statuscode")
    if column is None or not column.details.states:
        return
    if "statecode" in cells and "statuscode" not in cells:
        if isinstance(state, int) and isinstance(status, int) and column.details.states.get(status) != state:
            row["statuscode"] = column.first_status.get(state)
        return
    belongs = column.details.states.get(status) if isinstance(status, int) else None
    if "statuscode" in cells and belongs is not None and state not in (None, belongs):
        message = (
            f"{status} is not a valid status code for state code {state} on {table.schema.logical} with Id {row[table.schema.primary_id]}."
        )
        raise ODataError(400, "0x80048408", message)


def _refuse_taken(table: Table, row: Row) -> None:
    key = taken_key(table, row)
    if key:
        columns = ", ".join(key)
        message = (
            f"Entity Key {columns} violated. A record with the same value for {columns} already exists. "
            "A duplicate record cannot be created. Select one or more unique values and try again."
        )
        raise ODataError(412, "0x80060892", message)


def _refuse_duplicate(world: World, table: Table, row: Row) -> None:
    """Duplicate detection, where the caller switched it on and the world has rules (W-16, W-127)."""
    for names in world.switches.duplicates.rules.get(table.schema.entity_set, ()):
        if _twins(table.rows.values(), row, names) > 1:
            message = "A record was not created or updated because a duplicate of the current record already exists."
            raise ODataError(412, "0x80040333", message)


def _twins(rows: Iterable[Row], row: Row, names: Sequence[str]) -> int:
    def cells(one: Row) -> list[object]:
        return [value.casefold() if isinstance(value, str) else value for value in map(one.get, names)]

    wanted = cells(row)
    return sum(cells(other) == wanted for other in rows) if None not in wanted else 0


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


def row_id_of(document: Mapping[str, Value], name: str) -> str | None:
    """The key of a row that a body names, None when it names none."""
    value = document.get(name)
    return as_guid(value) if isinstance(value, str) else None
