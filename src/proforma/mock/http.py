"""A request as it came in and an answer as it goes out, before any server library has a say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self
from urllib.parse import unquote, unquote_plus

from proforma.mock.values import encode

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a user has left on one of the servers before it is told to wait (W-194)."""

    requests: int = 6000
    seconds: float = 1200.0
    server: int | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request. `path` and `query` are still percent-encoded; header names are lower case, repeats joined by commas."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    scheme: str = "http"
    client: str = ""
    quota: Quota = Quota()

    @property
    def base(self) -> str:
        """Scheme, host and port as the caller wrote them: every link starts so (W-6)."""
        return f"{self.scheme}://{self.headers.get('host', '127.0.0.1')}"

    @cached_property
    def parameters(self) -> tuple[tuple[str, str], ...]:
        """Names and values of the query, decoded, in order; a blank may have come as `+` or `%20` (W-7)."""
        pairs = (part.partition("=") for part in self.query.split("&") if part)
        return tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)

    @property
    def plain_path(self) -> str:
        """The path decoded."""
        return unquote(self.path)

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def with_headers(self, *headers: tuple[str, str]) -> Self:
        """The same answer with more headers."""
        return replace(self, headers=(*self.headers, *headers))


def json_response(status: int, document: object, *headers: tuple[str, str]) -> Response:
    """A JSON answer; a content type among the headers wins."""
    body = encode(document)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = (("Content-Type", "application/json"), *headers)
    return Response(status=status, headers=headers, body=body)


def text_response(status: int, text: str, kind: str = "text/plain; charset=utf-8") -> Response:
    """A plain text or HTML answer."""
    return Response(status=status, headers=(("Content-Type", kind),), body=text.encode())
