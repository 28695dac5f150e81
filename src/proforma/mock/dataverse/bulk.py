"""Many rows in one request: CreateMultiple, UpdateMultiple, UpsertMultiple, DeleteMultiple (W-145 to W-148)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from proforma.mock.dataverse.bodies import document_of
from proforma.mock.dataverse.errors import JSON_TYPE, NO_ROW, ODataError
from proforma.mock.dataverse.keys import key_of, row_by_key
from proforma.mock.dataverse.writes import created, row_id_of, upserted
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Value
from proforma.mock.world import Table, World

_KEYED: Final = re.compile(r".*?(\w+)\((.+)\)", re.DOTALL)


def bulk_response(world: World, table: Table, request: Request, api: str, operation: str) -> Response:
    """The answer to one of `OPERATIONS` on an entity set: all of it or nothing (W-147)."""
    if operation == "DeleteMultiple":
        raise ODataError(501, "0x80040203", "DeleteMultiple has not yet been implemented.")
    targets = _targets(table, document_of(request))
    with world.transaction():
        if operation == "CreateMultiple":
            ids = [created(world, table, target)[table.schema.primary_id] for target in targets]
            context = f"{api}$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse"
            return json_response(200, {"@odata.context": context, "Ids": ids}, ("Content-Type", JSON_TYPE))
        for target in targets:
            _upsert(world, table, target, create=operation == "UpsertMultiple")
    return Response(status=204)


OPERATIONS: Final = ("CreateMultiple", "UpdateMultiple", "UpsertMultiple", "DeleteMultiple")


def _targets(table: Table, document: Mapping[str, Value]) -> list[Mapping[str, Value]]:
    targets = document.get("Targets")
    if not isinstance(targets, list) or not targets:
        raise ODataError(400, "0x80048d19", "The parameter 'Targets' is missing: expected a list of rows.")
    found: list[Mapping[str, Value]] = []
    for target in targets:
        named = str(target.get("@odata.type", "")).removeprefix("#") if isinstance(target, dict) else ""
        if not isinstance(target, dict) or named != f"Microsoft.Dynamics.CRM.{table.schema.logical}":
            message = f"Every target needs '@odata.type': 'Microsoft.Dynamics.CRM.{table.schema.logical}'."
            raise ODataError(400, "0x80048d19", f"Error identified in Payload provided by the user for Entity :'', {message}")
        found.append(target)
    return found


def _upsert(world: World, table: Table, target: Mapping[str, Value], *, create: bool) -> None:
    named = _KEYED.fullmatch(str(target.get("@odata.id", ""))) if create else None
    row_id = row_id_of(target, table.schema.primary_id)
    if not row_id and not named:
        raise ODataError(400, "0x80040203", f"Every target needs its key '{table.schema.primary_id}'{' or @odata.id' if create else ''}.")
    key = key_of(table, row_id or (named[2] if named else ""))
    row = row_by_key(table, key)
    if row is None and not create:
        raise ODataError(404, NO_ROW, f"{table.schema.logical} With Ids = {key.text} Do Not Exist")
    upserted(world, table, target, key, row)
