"""Creating, changing and deleting rows (W-122 to W-139)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from proforma.mock.dataverse.authors import sign
from proforma.mock.dataverse.bodies import Body, document_of, payload_error, read_body
from proforma.mock.dataverse.cells import has_column
from proforma.mock.dataverse.conditions import check_upsert, check_version
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property
from proforma.mock.dataverse.keys import Key, key_of, missing, row_by_key, taken_key
from proforma.mock.dataverse.privileges import require
from proforma.mock.dataverse.protection import refuse_change, refuse_creation, refuse_deletion
from proforma.mock.dataverse.query import options_of, preferences_of
from proforma.mock.dataverse.rows import Renderer, etag_of
from proforma.mock.http import Request, Response, json_response
from proforma.mock.schema import LOOKUPS
from proforma.mock.values import Row, Value, as_guid
from proforma.mock.world import Table, World, fill_state


def create_response(world: World, table: Table, request: Request, api: str) -> Response:
    """POST on an entity set: 204 with the new row's address, or 201 with the row (W-122, W-123)."""
    show = _representation(world, table, request, api, created=True)
    with world.transaction():
        row = created(world, table, document_of(request))
        _detect_duplicate(world, table, request, row)
    if show is not None:
        return show(row)
    address = f"{api}{table.schema.entity_set}({row[table.schema.primary_id]})"
    return Response(status=204, headers=(("Location", address), ("OData-EntityId", address)))


def created(world: World, table: Table, document: Mapping[str, Value], given: Mapping[str, Value] | None = None) -> Row:
    """A new row and those that its body nests; `given` cells stand unless the body says otherwise (W-125, W-132)."""
    body = read_body(world, table, document, deep=True)
    key = table.schema.primary_id
    cells = {**(given or {}), **body.cells}
    row_id = _new_id(table, cells.get(key))
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
    check_upsert(world, table, request, key, row)
    show = _representation(world, table, request, api, created=row is None)
    with world.transaction():
        after = upserted(world, table, document_of(request), key, row)
        _detect_duplicate(world, table, request, after)
    if show is not None:
        return show(after)
    return Response(status=204, headers=(("OData-EntityId", f"{api}{table.schema.entity_set}({key.text})"),))


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
    require(world, table, "write")
    refuse_change(world, table, row, cells)
    after = {**row, **cells, table.schema.primary_id: row[table.schema.primary_id]}
    _match_state(table, after, cells)
    _refuse_null(table, cells)
    _refuse_taken(table, after)
    return stored(world, table, after)


def stored(world: World, table: Table, row: Row) -> Row:
    """The row stored with a new version and its author, whatever it says: for the product's own acts."""
    new = row[table.schema.primary_id] not in table.rows
    world.stamp(row)
    sign(table.schema, row, world.author, new=new)
    if new:
        fill_state(table.schema, row)
    world.put(table, row)
    return row


def delete_response(world: World, table: Table, request: Request, key_text: str) -> Response:
    """DELETE on a row (W-138, W-141)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    check_version(world, table, request, row)
    require(world, table, "delete")
    refuse_deletion(world, table, row)
    world.delete(table, str(row[table.schema.primary_id]))
    return Response(status=204)


def property_response(world: World, table: Table, request: Request, key_text: str, name: str) -> Response:
    """PUT or DELETE of a single column (W-136)."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    column = table.schema.wire.get(name)
    if row is None:
        raise missing(table, key)
    if not has_column(table, name) or (column is not None and column.type in LOOKUPS):
        raise no_property(name, table.schema.logical)
    check_version(world, table, request, row)
    document = document_of(request) if request.method == "PUT" else {"value": None}
    if "value" not in document:
        raise payload_error(table.schema, "expected an object with 'value'.")
    changed(world, table, row, read_body(world, table, {name: document["value"]}).cells)
    return Response(status=204)


def _new_id(table: Table, given: Value) -> str:
    """The key that the caller chose, or a new one (W-122)."""
    if given is None:
        return str(uuid4())
    row_id = as_guid(given) if isinstance(given, str) else None
    if row_id is None:
        raise payload_error(table.schema, f"Cannot convert the literal '{given}' to the expected type 'Edm.Guid'.")
    return row_id


def _inserted(world: World, table: Table, cells: Row) -> Row:
    require(world, table, "create")
    refuse_creation(world, table, cells)
    row = dict(cells)
    _match_state(table, row, cells)
    _refuse_taken(table, row)
    if row.get("overriddencreatedon"):
        row["createdon"] = row["overriddencreatedon"]  # W-108
    return stored(world, table, row)


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


def _refuse_null(table: Table, cells: Mapping[str, Value]) -> None:
    """A column that the system needs cannot be emptied (W-139)."""
    for name, value in cells.items():
        column = table.schema.wire.get(name)
        if value is None and column is not None and column.details.required == "system":
            raise ODataError(400, "0x80040203", f"Attribute '{column.name}' cannot be set to NULL")


def _refuse_taken(table: Table, row: Row) -> None:
    key = taken_key(table, row)
    if key:
        columns = ", ".join(key)
        message = (
            f"Entity Key {columns} violated. A record with the same value for {columns} already exists. "
            "A duplicate record cannot be created. Select one or more unique values and try again."
        )
        raise ODataError(412, "0x80060892", message)


def _detect_duplicate(world: World, table: Table, request: Request, row: Row) -> None:
    """Duplicate detection, where the caller switched it on and the world has rules (W-16, W-127)."""
    if request.headers.get("mscrm.suppressduplicatedetection", "").lower() != "false":
        return
    for names in world.switches.duplicates.rules.get(table.schema.entity_set, ()):
        if _twins(table.rows.values(), row, names) > 1:
            message = "A record was not created or updated because a duplicate of the current record already exists."
            raise ODataError(412, "0x80040333", message)


def _twins(rows: Iterable[Row], row: Row, names: Sequence[str]) -> int:
    def cells(one: Row) -> list[object]:
        return [value.casefold() if isinstance(value, str) else value for value in map(one.get, names)]

    wanted = cells(row)
    return sum(cells(other) == wanted for other in rows) if None not in wanted else 0


def _representation(world: World, table: Table, request: Request, api: str, *, created: bool) -> Callable[[Row], Response] | None:
    """Shows the row where the caller wants to see it (W-123, W-129, W-131); made before the row is written, so that it can refuse."""
    preferences = preferences_of(request)
    if not preferences.representation:
        return None
    options = options_of(request)
    # An update shows no related rows, whatever it is asked (W-129).
    expands = options.expands if created else ()
    renderer = Renderer(world, table, select=options.select, expands=expands, preferences=preferences, api=api)
    context = f"{api}$metadata#{table.schema.entity_set}{_chosen(options.select)}/$entity"
    annotated = [("Preference-Applied", text) for text in preferences.applied if "annotations" in text]

    def show(row: Row) -> Response:
        headers = [("Content-Type", JSON_TYPE), ("ETag", etag_of(row)), ("Preference-Applied", "return=representation"), *annotated]
        return json_response(201 if created else 200, {"@odata.context": context, **renderer.row(row)}, *headers)

    return show


def _chosen(select: tuple[str, ...] | None) -> str:
    return f"({','.join(select)})" if select else ""


def row_id_of(document: Mapping[str, Value], name: str) -> str | None:
    """The key of a row that a body names, None when it names none."""
    value = document.get(name)
    return as_guid(value) if isinstance(value, str) else None
