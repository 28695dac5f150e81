"""`$batch` as the finance system takes it: change sets as a whole or not at all, and 200 for the batch whatever its parts are (F-10)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from proforma.mock.http import Request, Response

OPERATIONS_MAX: Final = 5000
_BOUNDARY: Final = re.compile(r'boundary="?([^";\s]+)"?')


class BatchError(ValueError):
    """A body that is no batch."""


def batch_response(
    request: Request, root: str, answer: Callable[[Request], Response], transaction: Callable[[], AbstractContextManager[None]]
) -> Response:
    """The parts one after the other; `answer` takes requests whose path begins with `root`. Raises BatchError."""
    boundary = f"batchresponse_{uuid4()}"
    pieces: list[bytes] = []
    for headers, content in _parts(request.body, request.headers.get("content-type", "")):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            changes = [_request(request, root, part) for _, part in _parts(content, kind)]
            pieces.append(_change_set(changes, answer, transaction))
        else:
            pieces.append(_http(answer(_request(request, root, content))))
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + piece for piece in pieces) + f"--{boundary}--\r\n".encode()
    return Response(status=200, headers=(("Content-Type", f"multipart/mixed; boundary={boundary}"),), body=body)


class _UndoneError(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__("a change set failed")
        self.response = response


def _change_set(
    changes: list[Request], answer: Callable[[Request], Response], transaction: Callable[[], AbstractContextManager[None]]
) -> bytes:
    if len(changes) > OPERATIONS_MAX:
        raise BatchError(f"A change set has at most {OPERATIONS_MAX} operations.")
    done: list[bytes] = []
    try:
        with transaction():
            for number, change in enumerate(changes, start=1):
                response = answer(change)
                if response.status >= 400:
                    raise _UndoneError(response)
                done.append(_http(response, number))
    except _UndoneError as undone:
        return _http(undone.response)
    boundary = f"changesetresponse_{uuid4()}"
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + piece for piece in done) + f"--{boundary}--\r\n".encode()
    return f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode() + inner


def _parts(body: bytes, kind: str) -> Iterator[tuple[Mapping[str, str], bytes]]:
    found = _BOUNDARY.search(kind)
    if found is None:
        raise BatchError("Expected multipart/mixed with a boundary.")
    pieces = re.split(rb"(?:\A|\r?\n)--" + re.escape(found[1].encode()) + rb"(--)?[ \t]*(?=\r?\n|\Z)", body)
    # Text and closing marks take turns; the last mark is the closing one.
    if len(pieces) < 5 or pieces[-2] != b"--":
        raise BatchError("The batch is not closed by its boundary.")
    for piece in pieces[2:-1:2]:
        headers, content = _headed(piece.lstrip(b"\r\n"))
        yield headers, content


def _headed(text: bytes) -> tuple[dict[str, str], bytes]:
    head, _, rest = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = (line.partition(":") for line in head.decode().splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines}, rest


def _request(outer: Request, root: str, content: bytes) -> Request:
    line, _, rest = content.replace(b"\r\n", b"\n").lstrip(b"\n").partition(b"\n")
    words = line.decode().split(" ")
    if len(words) != 3:
        raise BatchError(f"The request line {line.decode()!r} cannot be read.")
    headers, body = _headed(rest)
    address = urlsplit(words[1])
    path = address.path if address.path.startswith("/") else root + address.path
    authorization = {"authorization": outer.headers.get("authorization", ""), "host": outer.headers.get("host", "")}
    return replace(outer, method=words[0], path=path, query=address.query, headers={**headers, **authorization}, body=body.strip())


def _http(response: Response, content_id: int | None = None) -> bytes:
    named = "" if content_id is None else f"Content-ID: {content_id}\r\n"
    headers = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
    status = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
    head = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{named}\r\n{status}{headers}\r\n"
    return head.encode() + response.body + b"\r\n"
