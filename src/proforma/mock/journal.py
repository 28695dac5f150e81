"""What was asked of the mock, in order, without secrets (promise 7)."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from proforma.mock.http import Request
from proforma.mock.values import Value, decode

ENTRIES_MAX: Final = 200_000
_SECRET_HEADER: Final = re.compile(r"authorization|cookie|secret|token|password|api-?key|subscription-key", re.IGNORECASE)
_SECRET_PARAMETER: Final = re.compile(
    r"(?<![^&?])((?:access_token|id_token|refresh_token|token|sig|code|client_secret|password|api_?key|key)=)[^&]*",
    re.IGNORECASE,
)
_HIDDEN: Final = "***"


@dataclass(slots=True, kw_only=True)
class Entry:
    """One request. `status` is None until it is answered, and stays so when the connection was dropped."""

    number: int
    at: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    client: str
    body: Value = None
    status: int | None = None
    fault: str | None = None


class Journal:
    """The requests since the last clearing, oldest first; administration is not among them."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=ENTRIES_MAX)
        self._count = 0
        self.secret_headers: frozenset[str] = frozenset()

    def open(self, request: Request) -> Entry:
        """Note a request that came in; the caller sets what became of it."""
        self._count += 1
        entry = Entry(
            number=self._count,
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            method=request.method,
            path=request.path,
            query=_SECRET_PARAMETER.sub(rf"\1{_HIDDEN}", request.query),
            headers={name: self._shown(name, value) for name, value in request.headers.items()},
            client=request.client,
            body=_body(request),
        )
        self._entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._count = 0

    def entries(self) -> list[Entry]:
        """The requests, oldest first."""
        return list(self._entries)

    def _shown(self, name: str, value: str) -> str:
        if name in self.secret_headers or _SECRET_HEADER.search(name):
            kind, blank, _ = value.partition(" ")
            return f"{kind} {_HIDDEN}" if blank and name == "authorization" else _HIDDEN
        return value


def _body(request: Request) -> Value:
    """The document of a finance request; other bodies are not kept."""
    if not request.body or not request.path.startswith("/finance/"):
        return None
    try:
        return decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
