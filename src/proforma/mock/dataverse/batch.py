"""`$batch`: requests and change sets in one multipart body, answered in one (W-150 to W-162)."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from uuid import uuid4

import msgspec

from proforma.mock.dataverse.errors import JSON_TYPE, ODataError
from proforma.mock.http import Request, Response
from proforma.mock.values import Value, decode, encode, mapping_of
from proforma.mock.world import World

REQUESTS_MAX: Final = 1000
_BOUNDARY: Final = re.compile(r"""multipart/mixed\s*;.*?boundary\s*=\s*("?)([^";\s]+)\1""", re.IGNORECASE)
_ABSOLUTE: Final = re.compile(r"https?://[^/?#]+", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"\$(?!batch\b|metadata\b)([\w.\-]+)")
_OUTER: Final = ("host", "authorization", "callerobjectid", "mscrmcallerid", "x-forwarded-proto", "odata-maxversion")
_MIME: Final = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"

Serve = Callable[[Request], Response]


class BatchError(ODataError):
    """A body that is no batch: a plain JSON error, not multipart (W-161)."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "0x80048d19", f"Error identified in Payload provided by the user for Entity :'', {message}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One request of a batch and the Content-ID by which others of its change set name it."""

    content_id: str | None
    request: Request


class Batch:
    """One batch being worked on. `serve` answers a single request and raises nothing."""

    def __init__(self, world: World, outer: Request, api: str, serve: Serve) -> None:
        self._world, self._outer, self._api, self._serve = world, outer, api, serve

    def response(self) -> Response:
        """Work on every part in order; stop at the first failure unless told to go on (W-158)."""
        parts = list(self._parts())
        goes_on = "odata.continue-on-error" in self._outer.headers.get("prefer", "").lower()
        boundary, status, pieces = f"batchresponse_{uuid4()}", 200, []
        for part in parts:
            text, failed = self._worked(part)
            pieces.append(text)
            if failed and not goes_on:
                status = 400
                break
        body = b"".join(b"--" + boundary.encode() + b"\r\n" + piece for piece in pieces) + f"--{boundary}--\r\n".encode()
        return Response(status=status, headers=(("Content-Type", f"multipart/mixed; boundary={boundary}"),), body=body)

    def _parts(self) -> Iterator[Part | list[Part]]:
        total, ids = 0, set[str]()
        for headers, content in _split(self._outer.body, _boundary(self._outer.headers.get("content-type", ""))):
            members = [self._part(headers, content)]
            changes = headers.get("content-type", "").lower().startswith("multipart/mixed")
            if changes:
                members = [self._part(*piece) for piece in _split(content, _boundary(headers["content-type"]))]
                _check_changes(members, ids)
            total += len(members)
            if total > REQUESTS_MAX:
                raise BatchError(f"A batch has at most {REQUESTS_MAX} requests.")
            yield members if changes else members[0]

    def _part(self, headers: Mapping[str, str], content: bytes) -> Part:
        if headers.get("content-type", "").lower().startswith("multipart/mixed"):
            return Part(content_id=None, request=self._outer)
        line, _, rest = content.lstrip(b"\r\n").partition(b"\n")
        words = line.decode(errors="replace").strip()
        method, _, address = words.partition(" ")
        url, _, version = address.rpartition(" ")
        if not version.startswith("HTTP/"):
            raise BatchError(f"The request line '{words[:200]}' cannot be read: expected METHOD URL HTTP/1.1.")
        own, body = _headed(rest)
        path, _, query = _ABSOLUTE.sub("", url.strip()).partition("?")
        inherited = {name: value for name, value in self._outer.headers.items() if name in _OUTER}
        request = replace(self._outer, method=method.upper(), path=self._path(path), query=query, headers={**own, **inherited}, body=body)
        return Part(content_id=headers.get("content-id") or own.get("content-id"), request=request)

    def _path(self, path: str) -> str:
        """A path from the root, from a service root that was left out, or behind a reference (W-151)."""
        prefix = self._api.removeprefix(self._outer.base)
        return path if path.startswith(("/", "$")) and not path.startswith(("$batch", "$metadata")) else prefix + path

    def _worked(self, part: Part | list[Part]) -> tuple[bytes, bool]:
        if isinstance(part, Part):
            response = self._answered(part.request, {})
            return _mime(response, part.content_id), response.status >= 400
        return self._changed(part)

    def _changed(self, parts: Sequence[Part]) -> tuple[bytes, bool]:
        """A change set: all of it, or one part that says what failed (W-154, W-159)."""
        boundary, pieces, known = f"changesetresponse_{uuid4()}", [], dict[str, str]()
        try:
            with self._world.transaction():
                for part in parts:
                    response = self._answered(part.request, known)
                    if response.status >= 400:
                        raise _FailedError(_mime(response, part.content_id))
                    if part.content_id:
                        known[part.content_id] = self._address(part.request, response, known)
                    pieces.append(_mime(response, part.content_id))
        except _FailedError as failure:
            return failure.piece, True
        inner = b"".join(b"--" + boundary.encode() + b"\r\n" + piece for piece in pieces) + f"--{boundary}--\r\n".encode()
        return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + inner, False

    def _answered(self, request: Request, known: Mapping[str, str]) -> Response:
        try:
            return self._serve(self._resolved(request, known))
        except ODataError as refusal:
            return refusal.response()

    def _resolved(self, request: Request, known: Mapping[str, str]) -> Request:
        """References in path and body replaced by addresses (W-155)."""
        path = request.path
        if path.startswith("$"):
            name, slash, rest = path.partition("/")
            path = _ABSOLUTE.sub("", _known(name, known)) + slash + rest
        body = request.body
        if b"$" in body and request.headers.get("content-type", "application/json").startswith("application/json"):
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                body = encode(_bound(decode(body), known))
        return replace(request, path=path, body=body)

    def _address(self, request: Request, response: Response, known: Mapping[str, str]) -> str:
        """The address of the row that an operation made or changed."""
        address = response.header("OData-EntityId")
        if address is None and response.body and request.method == "POST":
            document = mapping_of(decode(response.body))
            entity_set = re.split(r"[(/]", str(document.get("@odata.context")).partition("#")[2])[0]
            table = self._world.table(entity_set)
            if table is not None:
                return f"{self._api}{entity_set}({document.get(table.schema.primary_id)})"
        return address or self._outer.base + self._resolved(request, known).path


class _FailedError(Exception):
    def __init__(self, piece: bytes) -> None:
        super().__init__("a change set failed")
        self.piece = piece


def _boundary(kind: str) -> bytes:
    found = _BOUNDARY.match(kind.strip())
    if found is None:
        raise BatchError("Expected the content type multipart/mixed with a boundary.")
    return found[2].encode()


def _split(body: bytes, boundary: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and content of every part; the preamble and what follows the end are passed over (W-152, W-153)."""
    pieces = re.split(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)", body)
    if len(pieces) < 3:
        raise BatchError(f"The boundary '{boundary.decode(errors='replace')}' does not stand in the body.")
    for end, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if end:
            return
        yield _headed(re.sub(rb"^\r?\n", b"", piece))


def _headed(text: bytes) -> tuple[dict[str, str], bytes]:
    """Header lines up to the first blank one, lower-case names, and what follows."""
    headers: dict[str, str] = {}
    while text:
        line, _, rest = text.partition(b"\n")
        name, colon, value = line.strip().decode(errors="replace").partition(":")
        if not name:
            return headers, rest
        if not colon:
            return headers, text
        headers[name.strip().lower()] = value.strip()
        text = rest
    return headers, b""


def _check_changes(parts: Sequence[Part], ids: set[str]) -> None:
    """No reads, and a Content-ID of its own for each (W-154, W-161)."""
    for part in parts:
        if part.request.method == "GET":
            raise BatchError("A change set must not have GET requests.")
        if part.content_id is None:
            raise BatchError("Every request of a change set needs a Content-ID header.")
        if part.content_id in ids:
            raise BatchError(f"The Content-ID '{part.content_id}' stands in the batch a second time.")
        ids.add(part.content_id)


def _bound(value: Value, known: Mapping[str, str]) -> Value:
    if isinstance(value, list):
        return [_bound(item, known) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _named(item, known) if name.endswith(("@odata.bind", "@odata.id")) else _bound(item, known) for name, item in value.items()
    }


def _named(value: Value, known: Mapping[str, str]) -> Value:
    if isinstance(value, list):
        return [_named(item, known) for item in value]
    return _known(value, known) if isinstance(value, str) and _REFERENCE.fullmatch(value) else value


def _known(name: str, known: Mapping[str, str]) -> str:
    address = known.get(name.removeprefix("$"))
    if address is None:
        raise ODataError(400, "0x80048d19", f"Content-ID Reference: '{name}' does not exist in the batch context.")
    return address


def _mime(response: Response, content_id: str | None) -> bytes:
    """One answer as a part (W-156, W-157)."""
    named = f"Content-ID: {content_id}\r\n" if content_id else ""
    headers = [("OData-Version", "4.0"), *response.headers]
    if response.status >= 400:
        headers.append(("REQ_ID", str(uuid4())))
    lines = "".join(f"{name}: {_streamed(value)}\r\n" for name, value in headers)
    status = HTTPStatus(response.status).phrase.replace("-", " ")
    head = f"{_MIME}{named}\r\nHTTP/1.1 {response.status} {status}\r\n{lines}\r\n"
    return head.encode() + response.body + b"\r\n"


def _streamed(value: str) -> str:
    return f"{value}; odata.streaming=true" if value == JSON_TYPE else value
