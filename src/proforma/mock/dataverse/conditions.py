"""The conditions that headers put on a write (W-130, W-140 to W-144)."""

from __future__ import annotations

import re
from typing import Final

from proforma.mock.dataverse.errors import ODataError
from proforma.mock.dataverse.keys import Key, missing
from proforma.mock.dataverse.rows import etag_of
from proforma.mock.http import Request
from proforma.mock.values import Row
from proforma.mock.world import Table, World

_TAG: Final = re.compile(r'(?:W/)?"[^"]+"')


def check_upsert(world: World, table: Table, request: Request, key: Key, row: Row | None) -> None:
    """`If-Match` forbids to create, `If-None-Match: *` to change (W-130); `null` is no condition (W-11)."""
    if row is None:
        if _condition(request) is not None:
            raise missing(table, key)
        return
    if request.headers.get("if-none-match") == "*":
        raise ODataError(412, "0x80040237", "A record with matching key values already exists.")
    check_version(world, table, request, row)


def check_version(world: World, table: Table, request: Request, row: Row) -> None:
    """A tag must be the row's own (W-141): compared as text, never by order (W-140)."""
    wanted = _condition(request)
    if wanted in (None, "*"):
        return
    if table.schema.entity_set in world.switches.optimistic_concurrency.disabled:
        message = f"Optimistic concurrency isn't enabled for entity type {table.schema.logical}. The IfVersionMatch behavior can't be used."
        raise ODataError(400, "0x8006088d", message)
    if not _TAG.fullmatch(wanted or ""):
        message = "The RowVersion property must be provided when the value of ConcurrencyBehavior is IfVersionMatch."
        raise ODataError(400, "0x80060883", message)
    if wanted != etag_of(row):
        message = "The version of the existing record doesn't match the RowVersion property provided."
        raise ODataError(412, "0x80060882", message)


def _condition(request: Request) -> str | None:
    text = request.headers.get("if-match")
    return None if text is None or text.strip().lower() == "null" else text.strip()
