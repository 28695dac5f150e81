"""Pages of rows: decoded at once into the caller's row type, and row by row only when something in them is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar, cast

import msgspec

from proforma.transport.decoding import Undecodable, decode_typed, try_typed, without_lone_surrogates
from proforma.transport.errors import BadResponseError, Trace
from proforma.transport.session import Answer

Row = TypeVar("Row")


class Envelope(msgspec.Struct, Generic[Row], frozen=True, gc=False):
    """What surrounds the rows of a page; members that are not named here are passed over (W-90, W-165)."""

    value: list[Row]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class _Entry(msgspec.Struct, frozen=True, gc=False):
    """What tells a deletion from a row (W-168): no row has a context of its own."""

    context: str | None = msgspec.field(name="@odata.context", default=None)
    etag: str | None = msgspec.field(name="@odata.etag", default=None)
    id: object = None
    reason: object = None

    @property
    def is_deletion(self) -> bool:
        if self.context is not None and self.context.endswith("/$deletedEntity"):
            return True
        return self.reason == "deleted" and self.etag is None and self.id is not None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not of the wanted type: its JSON as it came, and why. It goes to quarantine, the rest goes on (promise 5)."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page: its rows in the server's order, those that could not be read, and the link to the next page.

    `deleted`: ids of rows that are gone, in a page of changes; one that is also among the rows is gone (W-169, deletions come last).
    `missing_columns`: optional columns that this environment does not have. `body` is the page as it came.
    """

    rows: list[Row]
    rejected: tuple[RejectedRow, ...]
    next_link: str | None
    delta_link: str | None
    missing_columns: frozenset[str]
    body: bytes = field(repr=False)
    deleted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Contents(Generic[Row]):
    """What a page's body holds, before the client has looked at the links."""

    envelope: Envelope[Row]
    rejected: tuple[RejectedRow, ...] = ()
    body: bytes = b""
    deleted: tuple[str, ...] = ()


#: How JSON writes the one character that is text to JSON and to Python, but to no database: SQLite ends there, PostgreSQL refuses it.
_NUL: Final = rb"\u0000"
_GUID: Final = re.compile(r"(?:.*\()?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\)?")


def read_page(answer: Answer, row_type: type[Row], *, changes: bool = False) -> _Contents[Row]:
    """The rows and links of an answer; raises BadResponseError when the page as a whole is not one.

    `changes`: deletions may be among the rows.
    """
    answer.require_json()
    if changes and (b"deletedEntity" in answer.body or b'"reason"' in answer.body):
        return _row_by_row(answer.body, row_type, answer.trace, changes=True)
    whole = try_typed(answer.body, cast("type[Envelope[Row]]", cast(Any, Envelope)[row_type]))
    if isinstance(whole, Undecodable) or _NUL in answer.body:
        return _row_by_row(answer.body, row_type, answer.trace, changes=False)
    return _Contents(whole, (), answer.body)


def read_changes(answer: Answer, row_type: type[Row]) -> _Contents[Row]:
    """As `read_page`, for the answer to a delta link: with no changes it may be without rows, and even without a body (W-172)."""
    if answer.status == 204:
        return _Contents(Envelope([]))
    answer.require_json()
    bare = try_typed(answer.body, _NoRows)
    if not isinstance(bare, Undecodable) and bare.value is msgspec.UNSET:
        return _Contents(Envelope([], bare.next_link, bare.delta_link), (), answer.body)
    return read_page(answer, row_type, changes=True)


class _NoRows(msgspec.Struct, frozen=True, gc=False):
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


def _deleted_id(raw: bytes, entry: _Entry) -> str | RejectedRow:
    found = _GUID.fullmatch(entry.id) if isinstance(entry.id, str) else None
    return RejectedRow(raw, "a deletion that names no row") if found is None else found[1].lower()


def _row_by_row(body: bytes, row_type: type[Row], trace: Trace, *, changes: bool) -> _Contents[Row]:
    rows: list[Row] = []
    rejected: list[RejectedRow] = []
    deleted: list[str] = []
    healed = without_lone_surrogates(body)
    envelope = decode_typed(healed, Envelope[msgspec.Raw], trace=trace)
    position = 0
    for piece in envelope.value:
        # The pieces lie in the healed copy in their order; each byte has the same place in the body as it came.
        position = healed.index(bytes(piece), position)
        raw = body[position : position + len(bytes(piece))]
        position += len(raw)
        entry = try_typed(raw, _Entry) if changes else None
        if isinstance(entry, _Entry) and entry.is_deletion:
            gone = _deleted_id(raw, entry)
            (rejected if isinstance(gone, RejectedRow) else deleted).append(gone)  # type: ignore[arg-type]
            continue
        row = try_typed(raw, row_type)
        if isinstance(row, Undecodable):
            rejected.append(RejectedRow(row.raw, row.reason))
        elif (column := _column_with_nul(raw)) is not None:
            rejected.append(RejectedRow(raw, f"the text of {column} holds the character U+0000, which no database keeps"))
        else:
            rows.append(row)
    if not rejected and not changes and _NUL not in body:
        # Each row alone is fine, so the fault lies around them, perhaps in a link: that is no page to go on from.
        raise BadResponseError("the page around the rows is damaged", todo="Run again.", trace=trace, transient=True)
    return _Contents(Envelope(rows, envelope.next_link, envelope.delta_link), tuple(rejected), body, tuple(deleted))


def _column_with_nul(raw: bytes) -> str | None:
    """The first column of a row whose text no database keeps."""
    if _NUL not in raw:
        return None
    columns = decode_typed(raw, dict[str, msgspec.Raw])
    texts = ((name, bytes(value)) for name, value in columns.items())
    return next((name for name, text in texts if _NUL in text and text[:1] == b'"' and "\0" in decode_typed(text, str)), None)
