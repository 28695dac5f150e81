"""Actions: which there are, how they are called, what their bodies say (W-204 to W-208)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from proforma.mock.dataverse.billing_status import mark
from proforma.mock.dataverse.bodies import document_of
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_operation, no_segment
from proforma.mock.dataverse.keys import key_of, missing, referenced, row_by_key
from proforma.mock.dataverse.not_to_exceed import reevaluate
from proforma.mock.dataverse.revision import revise
from proforma.mock.dataverse.rows import Renderer, etag_of
from proforma.mock.http import Request, Response, json_response
from proforma.mock.project_columns import ACTUALS, INVOICES
from proforma.mock.values import Row, Value, as_guid
from proforma.mock.world import Table, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call. `rows`: those it is bound to or names, of the action's own table; `ids`: all other ids; `flag`: its one true or false."""

    world: World
    rows: Sequence[Row]
    ids: Sequence[str]
    flag: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action of the product: the entity set that it is bound to, and what it does; `gives_row`: a row of that set."""

    entity_set: str
    act: Callable[[Call], Row | None]
    gives_row: bool = False


def _mark(call: Call) -> None:
    if call.flag is None:
        raise ODataError(400, "0x80040203", "A parameter is missing: expected true for ready or false for not ready to invoice.")
    for row in call.rows:
        mark(call.world, row, ready=call.flag)


def _reevaluate(call: Call) -> None:
    reevaluate(call.world, call.rows)


def _revise(call: Call) -> Row:
    if len(call.rows) != 1:
        raise ODataError(400, "0x80040203", "One invoice is revised at a time.")
    return revise(call.world, call.rows[0], call.ids)


Actions: TypeAlias = "Mapping[str, Action]"
# Names: articles/actuals/create-update-actuals.md. Their parameters are not published, so values are told apart by what they are.
ACTIONS: Final[Actions] = {
    "msdyn_MarkActualReadyToInvoiceOrNot": Action(entity_set=ACTUALS, act=_mark),
    "msdyn_ReevaluateActualNotToExceedStatus": Action(entity_set=ACTUALS, act=_reevaluate),
    "msdyn_revise": Action(entity_set=INVOICES, act=_revise, gives_row=True),
}


def unbound_response(world: World, request: Request, api: str, name: str) -> Response:
    """The answer to `POST {api}Name`."""
    action = ACTIONS[name]
    if request.method != "POST":
        raise no_operation(f"{request.base}{request.plain_path}")
    return _done(world, action, api, name, (), document_of(request))


def bound_response(world: World, table: Table, request: Request, api: str, key_text: str | None, rest: Sequence[str]) -> Response:
    """The answer to a call that is bound to a row or to an entity set; `rest` begins with the name behind its namespace."""
    name = rest[0].removeprefix("Microsoft.Dynamics.CRM.")
    action = ACTIONS.get(name)
    if action is None or action.entity_set != table.schema.entity_set or len(rest) > 1:
        raise no_segment(rest[-1])
    if request.method != "POST":
        raise no_operation(f"{request.base}{request.plain_path}")
    return _done(world, action, api, name, _bound_rows(table, key_text), document_of(request) if request.body else {})


def unqualified(table: Table, name: str) -> bool:
    """Whether the name is that of a bound action without its namespace."""
    return name in ACTIONS and ACTIONS[name].entity_set == table.schema.entity_set


def _bound_rows(table: Table, key_text: str | None) -> tuple[Row, ...]:
    if key_text is None:
        return ()
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    return (row,)


def _done(world: World, action: Action, api: str, name: str, bound: Sequence[Row], document: Mapping[str, Value]) -> Response:
    """All of the action or nothing of it; 204, or the row that it made (W-205)."""
    table = world.table(action.entity_set)
    assert table is not None
    rows, ids = list(bound), list[str]()
    for row_id in _ids_in(world, table, list(document.values())):
        if row_id in table.rows:
            rows.append(table.rows[row_id])
        else:
            ids.append(row_id)
    if not rows:
        raise (
            missing(table, key_of(table, ids[0])) if ids else ODataError(400, "0x80040203", f"{name} names no row of {action.entity_set}.")
        )
    flags = [value for value in document.values() if isinstance(value, bool)]
    with world.transaction():
        made = action.act(Call(world=world, rows=rows, ids=ids, flag=flags[0] if flags else None))
    if made is None:
        return Response(status=204)
    context = f"{api}$metadata#{action.entity_set}/$entity"
    body = {"@odata.context": context, **Renderer(world, table).row(made)}
    return json_response(200, body, ("Content-Type", JSON_TYPE), ("ETag", etag_of(made)))


def _ids_in(world: World, table: Table, values: Sequence[Value]) -> Iterator[str]:
    """Ids among the parameters: GUIDs, several of them in a text or a list, and rows by key or address (W-207)."""
    for value in values:
        if isinstance(value, str):
            yield from (guid for part in value.split(",") if (guid := as_guid(part.strip())))
        elif isinstance(value, list):
            yield from _ids_in(world, table, value)
        elif isinstance(value, dict):
            yield _entity(world, table, value)


def _entity(world: World, table: Table, value: Mapping[str, Value]) -> str:
    address = value.get("@odata.id")
    if isinstance(address, str):
        target, row = referenced(world, address)
        return str(row[target.schema.primary_id])
    ids = [guid for name, item in value.items() if name.endswith("id") and isinstance(item, str) and (guid := as_guid(item))]
    if not ids:
        raise ODataError(400, "0x80048d19", "EdmEntityObject passed should have the key property value set.")
    return ids[0]
