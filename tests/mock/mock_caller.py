"""A plain HTTP caller for the tests of the mock: no code of the product's clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self, cast

import requests

from proforma.mock import MockServer
from proforma.mock.values import Value, decode, encode

API = "/api/data/v9.2/"
Document = dict[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `document` is the JSON, decimals exact."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Document:
        return cast("Document", decode(self.body))

    @property
    def entries(self) -> list[Document]:
        """The JSON where it is a list."""
        return cast("list[Document]", decode(self.body))

    @property
    def rows(self) -> list[Document]:
        return cast("list[Document]", self.document["value"])

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, code and message of a refusal."""
        error = cast("dict[str, str]", self.document["error"])
        return self.status, error["code"], error["message"]


class Caller:
    """Calls one server with a bearer token; a path without a leading slash is below the Web API."""

    def __init__(self, url: str, *, verify: str | None = None) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        if verify:
            self._session.verify = verify

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def call(self, method: str, path: str, document: object = None, **headers: str | None) -> Answer:
        """One request; header names are written with underscores, None takes a header away."""
        given = {"authorization": "Bearer anything", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if document is not None:
            given.setdefault("content-type", "application/json")
        url = path if path.startswith("http") else self.url + (path if path.startswith("/") else API + path)
        body = document if isinstance(document, bytes) else encode(document) if document is not None else None
        sent = {name: value for name, value in given.items() if value is not None}
        response = self._session.request(method, url, data=body, headers=sent, timeout=20, allow_redirects=False)
        return Answer(status=response.status_code, headers=response.headers, body=response.content)

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.call("GET", path, **headers)

    def column(self, path: str, name: str) -> list[Value]:
        """One column of the rows of a collection."""
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return [row[name] for row in answer.rows]

    def pages(self, path: str, **headers: str | None) -> Iterator[Answer]:
        """A collection page after page, each link followed as it is."""
        link: Value = path
        while isinstance(link, str):
            answer = self.get(link, **headers)
            assert answer.status == 200, answer.body
            yield answer
            link = answer.document.get("@odata.nextLink")


def calling(server: MockServer) -> Caller:
    """A caller of a running mock."""
    return Caller(server.url, verify=str(server.certificate) if server.certificate else None)
