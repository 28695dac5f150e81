"""The entrance of the Dataverse side: who may ask, what the path means, which headers every answer has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

from proforma.mock.dataverse.actions import ACTIONS, bound_response, unbound_response, unqualified
from proforma.mock.dataverse.authors import SIGNED_IN, author_of
from proforma.mock.dataverse.batch import Batch
from proforma.mock.dataverse.below import below_response, references_response, single_response
from proforma.mock.dataverse.bulk import OPERATIONS, bulk_response
from proforma.mock.dataverse.bulk_delete import bulk_delete_response
from proforma.mock.dataverse.catalogue import served_tables
from proforma.mock.dataverse.csdl import metadata_document
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_operation, no_segment, not_served, wrong_method
from proforma.mock.dataverse.functions import function_response, is_function
from proforma.mock.dataverse.keys import key_of, missing, row_by_key
from proforma.mock.dataverse.messages import MESSAGE_SETS, fill_messages
from proforma.mock.dataverse.metadata import definitions_response, is_metadata
from proforma.mock.dataverse.paging import collection_response, count_response
from proforma.mock.dataverse.privileges import require
from proforma.mock.dataverse.query import preferences_of, split_outside, wants_number_texts
from proforma.mock.dataverse.writes import create_response, delete_response, patch_response
from proforma.mock.http import Request, Response, json_response, text_response
from proforma.mock.throttling import Refusal
from proforma.mock.tokens import Tokens
from proforma.mock.values import symbol_guid
from proforma.mock.world import Table, World

PREFIX: Final = "/api/data/"
URL_MAX: Final = 32_768
URL_IN_BATCH_MAX: Final = 65_536
BODY_BYTES_MAX: Final = 116_850_000
NAMESPACE: Final = "Microsoft.Dynamics.CRM."
_PATH: Final = re.compile(r"/api/data/(v9\.[012])(?:/(.*))?", re.DOTALL)
_SEGMENT: Final = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)


def dataverse_response(world: World, tokens: Tokens, request: Request, page_size: int) -> Response:
    """The answer to any request below `/api/data/`, errors in Dataverse's own form."""
    if len(request.path) + len(request.query) + 1 > URL_MAX:  # W-9
        return _finished(request, text_response(414, "The request URL is too long.", "text/html"))
    if not tokens.accepts(request.headers.get("authorization"), world):
        return _finished(request, _challenge(request))
    if len(request.body) > BODY_BYTES_MAX:  # W-188
        return _finished(request, ODataError(413, "0x80044150", "The request is too large.").response())
    return _finished(request, _served(world, request, page_size))


def throttled_response(request: Request, refusal: Refusal) -> Response:
    """429 with the seconds to wait, never a date (W-191, W-192)."""
    error = ODataError(429, refusal.code, refusal.message, ("Retry-After", str(refusal.retry_after)))
    return _finished(request, error.response(preferences_of(request).wants))


def _served(world: World, request: Request, page_size: int) -> Response:
    try:
        with world.written_by(author_of(world, request)):
            answer = _answer(world, request, page_size)
            return _typed(answer) if wants_number_texts(request) else answer
    except ODataError as refusal:
        return refusal.response(preferences_of(request).wants)


def _typed(answer: Response) -> Response:
    """The answer with a content type that says that numbers come as texts (W-110)."""
    told = ("Content-Type", f"{JSON_TYPE}; IEEE754Compatible=true")
    return replace(answer, headers=tuple(told if header == ("Content-Type", JSON_TYPE) else header for header in answer.headers))


def _finished(request: Request, response: Response) -> Response:
    """Headers that every answer has (W-21, W-23, W-194 to W-196)."""
    request_id, quota = str(uuid4()), request.quota
    pinned = () if quota.server is None else (("Set-Cookie", f"ARRAffinity=server-{quota.server}; path=/; HttpOnly"),)
    return response.with_headers(
        ("OData-Version", "4.0"),
        ("x-ms-service-request-id", request_id),
        ("REQ_ID", request_id),
        ("x-ms-dop-hint", "4"),
        ("x-ms-ratelimit-burst-remaining-xrm-requests", str(quota.requests)),
        ("x-ms-ratelimit-time-remaining-xrm-requests", f"{quota.seconds:,.2f}"),
        ("Cache-Control", "no-cache"),
        *pinned,
    )


def _challenge(request: Request) -> Response:
    """401 that tells where tokens come from (W-29, W-30)."""
    authority = f"{request.base}/oauth2/mock-tenant/oauth2/authorize"
    challenge = f"Bearer authorization_uri={authority}, resource_id={request.base}/"
    response = text_response(401, "HTTP Error 401 - Unauthorized: Access is denied", "text/html")
    return response.with_headers(("WWW-Authenticate", challenge))


def _answer(world: World, request: Request, page_size: int) -> Response:
    found = _PATH.fullmatch(request.path)
    if found is None:
        raise no_segment(request.path.removeprefix(PREFIX))
    api = f"{request.base}{PREFIX}{found[1]}/"
    segments = [unquote(segment) for segment in split_outside(found[2] or "", "/") if segment]
    if not segments:
        return _service_document(world, request, api)
    if is_metadata(segments[0]) or segments == ["$metadata"]:
        _only(request, "GET")
        return metadata_document(world, request) if segments == ["$metadata"] else definitions_response(world, request, api, segments)
    if segments == ["$batch"]:
        _only(request, "POST")
        return Batch(world, request, api, lambda inner: _in_batch(world, inner, page_size)).response()
    answer = _operation_response(world, request, api, segments[0]) if len(segments) == 1 else None
    if answer is not None:
        return answer
    if segments[0].startswith("$"):
        raise not_served(segments[0])
    return _resource(world, request, api, segments, page_size)


def _operation_response(world: World, request: Request, api: str, segment: str) -> Response | None:
    """The answer of an unbound function or action (W-204, W-206); None when the segment names none."""
    if re.fullmatch(r"WhoAmI(\(\))?", segment):
        return _who_am_i(world, request, api)
    if is_function(segment):
        return function_response(world, request, api, segment)
    if segment == "BulkDelete":
        return bulk_delete_response(world, request, api)
    return unbound_response(world, request, api, segment) if segment in ACTIONS else None


def _in_batch(world: World, request: Request, page_size: int) -> Response:
    """A request of a batch: longer URLs (W-8), no batch in a batch (W-150)."""
    if len(request.path) + len(request.query) + 1 > URL_IN_BATCH_MAX:
        raise ODataError(414, "0x0", "The request URL is too long.")
    if request.path.endswith("/$batch"):
        raise ODataError(400, "0x80048d19", "A batch must not hold another batch.")
    return _served(world, request, page_size)


def _resource(world: World, request: Request, api: str, segments: Sequence[str], page_size: int) -> Response:
    head = _SEGMENT.fullmatch(segments[0])
    if head is not None and head[1] in MESSAGE_SETS:
        fill_messages(world)
    table = world.table(head[1]) if head else None
    if head is None or table is None:
        raise no_segment(segments[0])
    rest = segments[1:]
    if rest and rest[0].startswith(NAMESPACE):
        return _operation(world, table, request, api, head[2], rest)
    if rest and (unqualified(table, rest[0]) or (head[2] is None and rest[0] in OPERATIONS)):
        raise ODataError(400, "0x80060888", "Request message has unresolved parameters")  # W-204
    if request.method == "GET":
        require(world, table, "read")
    if head[2] is None:
        return _collection(world, table, request, api, rest, page_size)
    if rest:
        return below_response(world, table, request, api, head[2], rest, page_size)
    return _row(world, table, request, api, head[2])


def _operation(world: World, table: Table, request: Request, api: str, key_text: str | None, rest: Sequence[str]) -> Response:
    """A bound operation: on the collection, or on a row (W-204)."""
    name = rest[0].removeprefix(NAMESPACE)
    if key_text is None and name in OPERATIONS and len(rest) == 1:
        if request.method != "POST":
            raise no_operation(f"{request.base}{request.path}")
        return bulk_response(world, table, request, api, name)
    return bound_response(world, table, request, api, key_text, rest)


def _collection(world: World, table: Table, request: Request, api: str, rest: Sequence[str], page_size: int) -> Response:
    if rest and rest not in (["$count"], ["$ref"]):
        raise no_segment(rest[0])
    if rest:
        _only(request, "GET")
        if rest == ["$ref"]:
            return references_response(api, table, list(table.rows.values())[:page_size])
        return count_response(world, table, request)
    if request.method == "POST":
        return create_response(world, table, request, api)
    _only(request, "GET", "POST")
    return collection_response(world, table, request, api, page_size)


def _row(world: World, table: Table, request: Request, api: str, key_text: str) -> Response:
    if request.method == "PATCH":
        return patch_response(world, table, request, key_text, api)
    if request.method == "DELETE":
        return delete_response(world, table, request, key_text)
    _only(request, "GET", "PATCH", "DELETE")
    key = key_of(table, key_text)
    row = row_by_key(table, key)
    if row is None:
        raise missing(table, key)
    return single_response(world, table, request, api, row)


def _service_document(world: World, request: Request, api: str) -> Response:
    _only(request, "GET")
    sets = [{"name": s.entity_set, "kind": "EntitySet", "url": s.entity_set} for s in served_tables(world)]
    return json_response(200, {"@odata.context": f"{api}$metadata", "value": sets}, ("Content-Type", JSON_TYPE))


def _who_am_i(world: World, request: Request, api: str) -> Response:
    if request.method != "GET":  # W-33, W-208
        raise no_operation(f"{request.base}{request.path}")
    document = {
        "@odata.context": f"{api}$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse",
        "BusinessUnitId": symbol_guid("@mock-business-unit"),
        "UserId": world.author.user if world.author else SIGNED_IN,
        "OrganizationId": symbol_guid("@mock-organization"),
    }
    return json_response(200, document, ("Content-Type", JSON_TYPE))


def _only(request: Request, *methods: str) -> None:
    if request.method not in methods:
        raise wrong_method(request.method, *methods)
