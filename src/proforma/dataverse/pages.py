"""Pages of rows: decoded at once into the caller's row type, and row by row only when something in them is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

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


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that is not of the wanted type: its JSON as it came, and why. It goes to quarantine, the rest goes on (promise 5)."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """One page: its rows in the server's order, those that could not be read, and the link to the next page.

    `missing_columns`: optional columns that this environment does not have. `body` is the page as it came.
    """

    rows: list[Row]
    rejected: tuple[RejectedRow, ...]
    next_link: str | None
    delta_link: str | None
    missing_columns: frozenset[str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Contents(Generic[Row]):
    """What a page's body holds, before the client has looked at the links."""

    envelope: Envelope[Row]
    rejected: tuple[RejectedRow, ...] = ()
    body: bytes = b""


def read_contents(answer: Answer, row_type: type[Row]) -> _Contents[Row]:
    """The rows and links of an answer; raises BadResponseError when the page as a whole is not one."""
    answer.require_json()
    whole = try_typed(answer.body, cast("type[Envelope[Row]]", cast(Any, Envelope)[row_type]))
    if isinstance(whole, Undecodable):
        return _row_by_row(answer.body, row_type, answer.trace)
    return _Contents(whole, (), answer.body)


def _row_by_row(body: bytes, row_type: type[Row], trace: Trace) -> _Contents[Row]:
    rows: list[Row] = []
    rejected: list[RejectedRow] = []
    healed = without_lone_surrogates(body)
    envelope = decode_typed(healed, Envelope[msgspec.Raw], trace=trace)
    position = 0
    for piece in envelope.value:
        # The pieces lie in the healed copy in their order; each byte has the same place in the body as it came.
        position = healed.index(bytes(piece), position)
        raw = body[position : position + len(bytes(piece))]
        position += len(raw)
        row = try_typed(raw, row_type)
        if isinstance(row, Undecodable):
            rejected.append(RejectedRow(row.raw, row.reason))
        else:
            rows.append(row)
    if not rejected:
        # Each row alone is fine, so the fault lies around them, perhaps in a link: that is no page to go on from.
        raise BadResponseError("the page around the rows is damaged", todo="Run again.", trace=trace, transient=True)
    return _Contents(Envelope(rows, envelope.next_link, envelope.delta_link), tuple(rejected), body)
