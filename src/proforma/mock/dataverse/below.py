"""What stands below a row in a path: single columns, related rows, collections, references (W-58, W-136, W-137)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proforma.mock.dataverse.bodies import document_of
from proforma.mock.dataverse.cells import has_column
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property, no_row, no_segment, wrong_method
from proforma.mock.dataverse.keys import key_of, missing, referenced, row_by_key
from proforma.mock.dataverse.paging import collection_response, count_response
from proforma.mock.dataverse.pairs import Pair, pairs_of
from proforma.mock.dataverse.query import options_of, preferences_of, refuse_on_one_row, shape_of
from proforma.mock.dataverse.relations import Relation, collections_of
from proforma.mock.dataverse.rows import Renderer, etag_of
from proforma.mock.dataverse.writes import changed, property_response
from proforma.mock.http import Request, Response, json_response, text_response
from proforma.mock.schema import Column
from proforma.mock.values import Row, Value, encode
from proforma.mock.world import Table, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A row of a table, as the path of a request named it."""

    world: World
    table: Table
    request: Request
    api: str
    row: Row
    key_text: str
    page_size: int

    @property
    def id(self) -> str:
        """The row's key."""
        return str(self.row[self.table.schema.primary_id])

    def only(self, *methods: str) -> None:
        """Refuse other methods (W-181)."""
        if self.request.method not in methods:
            raise wrong_method(self.request.method, *methods)


def single_response(world: World, table: Table, request: Request, api: str, row: Row) -> Response:
    """One row with its tag; 304 when the caller has it already (W-142)."""
    options, preferences = options_of(request), preferences_of(request)
    refuse_on_one_row(options)
    etag = etag_of(row)
    plain = not options.expands and not preferences.annotations
    if plain and request.headers.get("if-none-match") == etag:
        return Response(status=304, headers=(("ETag", etag),))
    renderer = Renderer(world, table, select=options.select, expands=options.expands, preferences=preferences, api=api)
    context = f"{api}$metadata#{table.schema.entity_set}{shape_of(options)}/$entity"
    applied = [("Preference-Applied", text) for text in preferences.applied if "annotations" in text]
    document = {"@odata.context": context, **renderer.row(row)}
    return json_response(200, document, ("Content-Type", JSON_TYPE), ("ETag", etag), *applied)


def below_response(world: World, table: Table, request: Request, api: str, key_text: str, rest: Sequence[str], page_size: int) -> Response:
    """The answer to a path that goes on behind a row; `rest` are its decoded segments from there."""
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    place = Place(world=world, table=table, request=request, api=api, row=row, key_text=key.text, page_size=page_size)
    name, more = rest[0], [*rest[1:]]
    member = re.fullmatch(r"(\w+)\((.+)\)", name, re.DOTALL)
    relation = collections_of(table.schema).get(member[1] if member else name)
    if relation is not None:
        return _collection(place, relation, member[2] if member else None, more)
    pair = pairs_of(table.schema).get(member[1] if member else name)
    if pair is not None:
        return _paired(place, pair, member[2] if member else None, more)
    column = table.schema.navs.get(name)
    if column is not None and more in ([], ["$ref"]):
        return _reference(place, column, name) if more else _related(place, column, name)
    if request.method in ("PUT", "DELETE") and not more:
        return property_response(world, table, request, key.text, name)
    place.only(*(("GET",) if more else ("GET", "PUT", "DELETE")))
    if not has_column(table, name):
        raise no_property(name, table.schema.logical)
    if more not in ([], ["$value"]):
        raise no_segment(more[0])
    return _property(place, name, raw=bool(more))


def _property(place: Place, name: str, *, raw: bool) -> Response:
    value: Value = place.row.get(name)
    if value is None:
        return Response(status=204)
    if raw:
        return text_response(200, value if isinstance(value, str) else encode(value).decode())
    context = f"{place.api}$metadata#{place.table.schema.entity_set}({place.key_text})/{name}"
    return json_response(200, {"@odata.context": context, "value": value}, ("Content-Type", JSON_TYPE))


def _target(place: Place, column: Column, nav: str) -> tuple[Table, Row] | None:
    """The row that a lookup points at through this navigation property."""
    row_id = str(place.row.get(column.wire))
    for logical in column.navs[nav]:
        table = place.world.table_of(logical)
        if table is not None and row_id in table.rows:
            return table, table.rows[row_id]
    return None


def _related(place: Place, column: Column, nav: str) -> Response:
    """The related row, 204 when there is none (W-58); PUT and DELETE belong to its reference."""
    place.only("GET")
    target = _target(place, column, nav)
    return single_response(place.world, target[0], place.request, place.api, target[1]) if target else Response(status=204)


def _reference(place: Place, column: Column, nav: str) -> Response:
    """`x(id)/nav/$ref`: read, set or clear (W-58, W-106, W-137)."""
    place.only("GET", "PUT", "DELETE")
    if place.request.method == "GET":
        target = _target(place, column, nav)
        if target is None:
            return Response(status=204)
        document = {"@odata.context": f"{place.api}$metadata#$ref", "@odata.id": address_of(place.api, *target)}
        return json_response(200, document, ("Content-Type", JSON_TYPE))
    cell: Value = None
    if place.request.method == "PUT":
        table, row = referenced(place.world, _named(place.request), column.navs[nav])
        cell = row[table.schema.primary_id]
    changed(place.world, place.table, place.row, {column.wire: cell})
    return Response(status=204)


def _collection(place: Place, relation: Relation, member: str | None, more: list[str]) -> Response:
    """A collection of a row: rows, count, references, and one member of it."""
    if member is not None:
        return _member(place, relation, member, more)
    belongs = _belongs(relation, place.id)
    table = relation.table(place.world)
    if not more:
        place.only("GET")
        return collection_response(place.world, table, place.request, place.api, place.page_size, belongs)
    if more == ["$count"]:
        place.only("GET")
        return count_response(place.world, table, place.request, belongs)
    if more == ["$ref"]:
        return _references(place, relation, table)
    raise no_segment(more[0])


def _belongs(relation: Relation, row_id: str) -> Callable[[Row], bool]:
    return lambda row: row.get(relation.column.wire) == row_id


def _references(place: Place, relation: Relation, table: Table) -> Response:
    place.only("GET", "POST", "DELETE")
    if place.request.method == "GET":
        return references_response(place.api, table, relation.rows(place.world, place.id))
    if place.request.method == "POST":
        _, row = referenced(place.world, _named(place.request), [table.schema.logical])
        changed(place.world, table, row, {relation.column.wire: place.id})
        return Response(status=204)
    _, row = referenced(place.world, place.request.parameter("$id") or "", [table.schema.logical])
    return _detached(place, relation, table, row)


def _paired(place: Place, pair: Pair, member: str | None, more: list[str]) -> Response:
    """A many-to-many collection of a row: rows, count, references, and one member of it."""
    if more == ["$ref"] and (member is not None or place.request.method != "GET"):
        return _pairing(place, pair, member)
    if member is not None:
        raise no_segment(more[0] if more else member)
    place.only("GET")
    table, rows = pair.table(place.world), pair.rows(place.world, place.id)
    keys = {row[table.schema.primary_id] for row in rows}

    def belongs(row: Row) -> bool:
        return row[table.schema.primary_id] in keys

    if not more:
        return collection_response(place.world, table, place.request, place.api, place.page_size, belongs)
    if more == ["$count"]:
        return count_response(place.world, table, place.request, belongs)
    if more == ["$ref"]:
        return references_response(place.api, table, rows)
    raise no_segment(more[0])


def _pairing(place: Place, pair: Pair, member: str | None) -> Response:
    """Two rows are paired, or no more (W-137)."""
    place.only(*(("DELETE",) if member else ("GET", "POST", "DELETE")))
    table = pair.table(place.world)
    if place.request.method == "POST":
        _, row = referenced(place.world, _named(place.request), [table.schema.logical])
        pair.join(place.world, place.id, str(row[table.schema.primary_id]))
        return Response(status=204)
    address = f"{table.schema.entity_set}({member})" if member else place.request.parameter("$id") or ""
    _, row = referenced(place.world, address, [table.schema.logical])
    row_id = str(row[table.schema.primary_id])
    if not pair.part(place.world, place.id, row_id):
        raise no_row(table.schema.logical, row_id)
    return Response(status=204)


def _member(place: Place, relation: Relation, member: str, more: list[str]) -> Response:
    """`x(id)/collection(id2)`: the row, or its reference to be removed."""
    table = relation.table(place.world)
    key = key_of(table, member)
    row = row_by_key(table, key)
    if row is None or row.get(relation.column.wire) != place.id:
        raise missing(table, key)
    if more == ["$ref"]:
        place.only("DELETE")
        return _detached(place, relation, table, row)
    if more:
        raise no_segment(more[0])
    place.only("GET")
    return single_response(place.world, table, place.request, place.api, row)


def _detached(place: Place, relation: Relation, table: Table, row: Row) -> Response:
    if row.get(relation.column.wire) == place.id:
        changed(place.world, table, row, {relation.column.wire: None})
    return Response(status=204)


def references_response(api: str, table: Table, rows: Sequence[Row]) -> Response:
    """A collection of references (W-58)."""
    value: list[Value] = [{"@odata.id": address_of(api, table, row)} for row in rows]
    return json_response(200, {"@odata.context": f"{api}$metadata#Collection($ref)", "value": value}, ("Content-Type", JSON_TYPE))


def address_of(api: str, table: Table, row: Row) -> str:
    """The absolute address of a row."""
    return f"{api}{table.schema.entity_set}({row[table.schema.primary_id]})"


def _named(request: Request) -> str:
    """The `@odata.id` of a reference's body."""
    named = document_of(request).get("@odata.id")
    if not isinstance(named, str):
        raise ODataError(400, "0x80048d19", "Error identified in Payload provided by the user: expected an object with '@odata.id'.")
    return named
