"""A JSON/REST finance system: idempotency keys, upsert, look-up by reference; a world can switch each off (F-75, F-82)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from proforma.mock.finance.documents import Document, Documents
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value, as_number, decode, mapping_of
from proforma.mock.world import World, WorldError

PREFIX: Final = "/finance/rest/"
TARGET: Final = "rest"


class RestSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$finance: {rest: {...}}` of a world may say.

    `idempotency`, `upsert`, `find`: which ways of F-75 are offered. `settle_seconds`: how long a new document stays
    hidden from look-ups (F-85). `asynchronous` (written `async`): answer 202, accept after `polls` looks at the document.
    `closed_before`: invoice dates before it are refused. `accounts`, `units`: those there are, None lets all pass. `bearer`, `api_key`:
    what a caller must show.
    """

    idempotency_header: str = "Idempotency-Key"
    idempotency: bool = True
    upsert: bool = True
    find: bool = True
    key_lifetime_seconds: int = 86_400
    settle_seconds: int = 0
    asynchronous: bool = msgspec.field(default=False, name="async")
    polls: int = 1
    check_totals: bool = False
    closed_before: str | None = None
    reject_customers: tuple[str, ...] = ()
    accounts: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    bearer: str | None = None
    api_key_header: str = "X-Api-Key"
    api_key: str | None = None


class RefusalError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, errors: Sequence[Value] = ()) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.errors = status, code, message, list(errors)

    def response(self) -> Response:
        """The error as an answer; field errors stand in `errors`."""
        error: dict[str, Value] = {"code": self.code, "message": self.message}
        if self.errors:
            error["errors"] = self.errors
        return json_response(self.status, {"error": error})


def rest_settings(world: World) -> RestSettings:
    """The switches of the world; raises `WorldError` for an unknown one or a wrong type."""
    try:
        return msgspec.convert(world.setting("$finance", "rest") or {}, RestSettings)
    except msgspec.ValidationError as problem:
        raise WorldError(f"$finance.rest: {problem}") from problem


class RestTarget:
    """Answers requests below `/finance/rest/` and keeps what it accepted in the common list of documents."""

    def __init__(self, documents: Documents, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents, self._clock = documents, clock

    def respond(self, world: World, request: Request) -> Response:
        """The answer to any request of this target."""
        settings = rest_settings(world)
        try:
            _check_caller(settings, request)
            return self._route(world, settings, request)
        except RefusalError as refusal:
            return refusal.response()

    def _route(self, world: World, settings: RestSettings, request: Request) -> Response:
        path = request.path.removeprefix(PREFIX.rstrip("/")).strip("/")
        found = re.fullmatch(r"invoices/([^/]+)", path)
        name = unquote(found[1]) if found else None
        match request.method, path:
            case "POST", "invoices":
                return self._create(world, settings, request)
            case "GET", "invoices":
                return self._find(settings, request)
            case "GET", "references":
                return self._references(settings, request)
            case "GET", "customers":
                return _customers(world, settings, request)
            case "GET", "accounts" | "units" | "open-days":
                return _known(settings, path, request)
            case "PUT", _ if name:
                return self._upsert(world, settings, request, name)
            case "GET", _ if name:
                return self._one(settings, name)
            case "DELETE", _ if name:
                return self._delete(name)
        if name or path in ("invoices", "customers", "references", "accounts", "units", "open-days"):
            raise RefusalError(405, "method-not-allowed", f"{request.method} is not offered on /{path}.")
        raise RefusalError(404, "not-found", f"Nothing is served at /{path}.")

    def _create(self, world: World, settings: RestSettings, request: Request) -> Response:
        body = _body(request)
        key = request.headers.get(settings.idempotency_header.lower())
        earlier = self._by_key(settings, key) if key and settings.idempotency else None
        if earlier is not None:
            if earlier.body != body:
                raise RefusalError(409, "idempotency-key-reused", f"The key {key} was used for another document.")
            return self._accepted(settings, earlier, request, ("Idempotent-Replayed", "true"))
        _check(world, settings, body)
        return self._accepted(settings, self._add(settings, body, key), request)

    def _upsert(self, world: World, settings: RestSettings, request: Request, reference: str) -> Response:
        if not settings.upsert:
            raise RefusalError(405, "method-not-allowed", "This system does not offer PUT on invoices.")
        body = _body(request)
        if body.get("reference") != reference:
            raise RefusalError(422, "invalid", "The document is not valid.", [_field("reference", f"must be {reference}")])
        _check(world, settings, body)
        earlier = self._documents.of(TARGET, reference)
        if earlier and request.headers.get("if-none-match") == "*":
            raise RefusalError(412, "exists", f"An invoice with the reference {reference} exists already.")
        if earlier:
            earlier[0].body = body
            return json_response(200, _shown(earlier[0]))
        return self._accepted(settings, self._add(settings, body, None), request)

    def _find(self, settings: RestSettings, request: Request) -> Response:
        reference = request.parameter("reference")
        if not settings.find:
            raise RefusalError(405, "method-not-allowed", "This system does not offer a search for invoices.")
        if reference is None:
            raise RefusalError(400, "bad-request", "Say which invoices: ?reference=REFERENCE.")
        settled = self._clock() - settings.settle_seconds
        found = [d for d in self._documents.of(TARGET, reference) if d.received_monotonic <= settled]
        return json_response(200, {"value": [_shown(self._polled(settings, document)) for document in found]})

    def _references(self, settings: RestSettings, request: Request) -> Response:
        """The references in a range, `from` included and `before` not."""
        first, before = request.parameter("from") or "", request.parameter("before")
        if not settings.find:
            raise RefusalError(404, "not-found", "Nothing is served at /references.")
        mine = (document.reference for document in self._documents.of_target(TARGET))
        found: list[Value] = [{"reference": name} for name in mine if first <= name and (before is None or name < before)]
        return json_response(200, {"value": found})

    def _one(self, settings: RestSettings, document_id: str) -> Response:
        document = self._documents.by_id(TARGET, document_id)
        if document is None:
            raise RefusalError(404, "not-found", f"No invoice has the id {document_id}.")
        return json_response(200, _shown(self._polled(settings, document)))

    def _delete(self, document_id: str) -> Response:
        document = self._documents.by_id(TARGET, document_id)
        if document is None:
            raise RefusalError(404, "not-found", f"No invoice has the id {document_id}.")
        if document.state == "posted":
            raise RefusalError(409, "posted", f"The invoice {document.number} is posted and cannot be deleted.")
        self._documents.remove(document)
        return Response(status=204)

    def _add(self, settings: RestSettings, body: Mapping[str, Value], key: str | None) -> Document:
        state = "processing" if settings.asynchronous else "accepted"
        return self._documents.add(target=TARGET, body=body, key=key, state=state, now=self._clock())

    def _by_key(self, settings: RestSettings, key: str) -> Document | None:
        """The document that this key made, unless the key is too old to be remembered (F-76)."""
        oldest = self._clock() - settings.key_lifetime_seconds
        return next((d for d in self._documents.with_key(TARGET, key) if d.received_monotonic >= oldest), None)

    def _polled(self, settings: RestSettings, document: Document) -> Document:
        if document.state == "processing":
            document.polls += 1
            if document.polls >= settings.polls:
                document.state = "accepted"
        return document

    def _accepted(self, settings: RestSettings, document: Document, request: Request, *headers: tuple[str, str]) -> Response:
        location = f"{request.base}{PREFIX}invoices/{document.id}"
        status = 202 if settings.asynchronous and document.state == "processing" else 201
        return json_response(status, _shown(document), ("Location", location), *headers)


def _check_caller(settings: RestSettings, request: Request) -> None:
    authorization = request.headers.get("authorization", "")
    if settings.bearer is not None and authorization != f"Bearer {settings.bearer}":
        raise RefusalError(401, "unauthorized", "A bearer token is needed.")
    shown = request.headers.get(settings.api_key_header.lower())
    if settings.api_key is not None and shown != settings.api_key:
        raise RefusalError(401, "unauthorized", f"The header {settings.api_key_header} is missing or wrong.")


def _body(request: Request) -> Mapping[str, Value]:
    try:
        document = decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise RefusalError(400, "bad-json", f"The body is not JSON: {problem}") from problem
    if not isinstance(document, dict):
        raise RefusalError(400, "bad-json", "The body must be a JSON object.")
    return document


def _check(world: World, settings: RestSettings, body: Mapping[str, Value]) -> None:
    """Refuse a document that lacks what every invoice needs, or that this world's switches forbid."""
    errors = [_field(name, "is required") for name in ("reference", "currency") if not body.get(name)]
    customer = mapping_of(body.get("customer"))
    account = customer.get("account")
    if not account:
        errors.append(_field("customer.account", "is required"))
    elif account in settings.reject_customers:
        errors.append(_field("customer.account", f"the customer {account} is blocked"))
    if as_number(body.get("total")) is None:
        errors.append(_field("total", "must be a number"))
    errors += _line_errors(settings, body)
    date = body.get("invoice_date")
    if settings.closed_before and isinstance(date, str) and date < settings.closed_before:
        errors.append(_field("invoice_date", f"the period before {settings.closed_before} is closed"))
    if errors:
        raise RefusalError(422, "invalid", "The document is not valid.", errors)


def _line_errors(settings: RestSettings, body: Mapping[str, Value]) -> list[Value]:
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        return [_field("lines", "at least one line is required")]
    strangers = [number for number, line in enumerate(lines) if not isinstance(line, dict)]
    if strangers:
        return [_field(f"lines[{number}]", "must be an object") for number in strangers]
    if unknown := [error for number, line in enumerate(lines) for error in _unknown(settings, number, mapping_of(line))]:
        return unknown
    amounts = [as_number(mapping_of(line).get("amount")) for line in lines]
    total = as_number(body.get("total"))
    if settings.check_totals and total is not None and sum(amount or 0 for amount in amounts) != total:
        return [_field("total", "is not the sum of the lines")]
    return []


def _unknown(settings: RestSettings, number: int, line: Mapping[str, Value]) -> list[Value]:
    lists = {"account": settings.accounts, "unit": settings.units}
    return [
        _field(f"lines[{number}].{name}", f"there is no {name} {line[name]}")
        for name, known in lists.items()
        if line.get(name) and known is not None and line[name] not in known
    ]


def _field(name: str, message: str) -> Value:
    return {"field": name, "message": message}


def _shown(document: Document) -> Row:
    """The document as this system shows it: what was sent, and its own id, number and state."""
    return {**document.body, "id": document.id, "number": document.number, "state": document.state}


def _known(settings: RestSettings, path: str, request: Request) -> Response:
    """Whether there is a key: `?key=`; a day that is open."""
    key = request.parameter("key") or ""
    if path == "open-days":
        there = settings.closed_before is None or key >= settings.closed_before
    else:
        known = settings.accounts if path == "accounts" else settings.units
        there = known is None or key in known
    return json_response(200, {"value": [{"key": key}] if there else []})


def _customers(world: World, settings: RestSettings, request: Request) -> Response:
    """Accounts of the world by number, name or id."""
    wanted = request.parameter("account")
    table = world.table("accounts")
    found: list[Value] = []
    for row in table.rows.values() if table else ():
        names = [row.get("accountnumber"), row.get("accountid"), row.get("name")]
        if wanted is None or wanted in names:
            account = row.get("accountnumber") or row.get("accountid")
            blocked = any(name in settings.reject_customers for name in names)
            found.append({"account": account, "name": row.get("name"), "blocked": blocked})
    return json_response(200, {"value": found})
