"""The client of one environment: who we are there, and its rows page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import msgspec

from proforma.dataverse.errors import (
    StaleLinkError,
    TrackingRefusedError,
    UnknownColumnError,
    UnknownEntitySetError,
    is_stale,
    may_be_about_tracking,
    may_pass,
    unknown_column,
    unknown_segment,
)
from proforma.dataverse.pages import Page, read_changes, read_page
from proforma.dataverse.query import Query
from proforma.transport.auth import TokenSource
from proforma.transport.errors import BadResponseError, BadUrlError, HttpStatusError, Trace
from proforma.transport.origin import Origin
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier
from proforma.transport.session import Answer, Request, Session

Row = TypeVar("Row")
T = TypeVar("T")

PAGE_ROWS_MAX: Final = 5000
_API_PATH: Final = "/api/data/v9.2"
# W-10, W-11: the versions, and a word that keeps caches from answering in the server's place. It is no condition.
_HEADERS: Final = {
    "Accept": "application/json",
    "OData-MaxVersion": "4.0",
    "OData-Version": "4.0",
    "If-None-Match": "null",
}


class Identity(msgspec.Struct, frozen=True, rename="pascal"):
    """Whom the environment takes us for (W-33)."""

    business_unit_id: UUID
    user_id: UUID
    organization_id: UUID


def environment(url: str) -> Origin:
    """The Web API of an environment, given by its address alone or with the path of a version (W-1, W-2)."""
    origin = Origin.parse(url)
    if origin.prefix == "/":
        return Origin.parse(origin.root + _API_PATH)
    if not origin.prefix.startswith("/api/data/v"):
        todo = "Write the address of the environment alone, such as https://contoso.crm4.dynamics.com."
        raise BadUrlError(f"{origin.base} is not the Web API of an environment", todo=todo)
    return origin


def scope_of(url: str) -> str:
    """The scope for which an application asks a token for this environment (W-27)."""
    return environment(url).root + "/.default"


class DataverseClient:
    """Reads one environment; several threads may share it.

    `page_size` counts rows (at most 5,000, W-89). Columns found missing are remembered as long as the client lives.
    """

    def __init__(
        self,
        url: str,
        tokens: TokenSource,
        *,
        page_size: int = PAGE_ROWS_MAX,
        session: Session | None = None,
        retrier: Retrier | None = None,
    ) -> None:
        self._remote = Remote(environment(url), tokens, session=session, retrier=retrier, transient=may_pass)
        self._page_size = page_size
        self._missing: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._remote.close()

    @property
    def waited_seconds(self) -> float:
        """Seconds spent waiting for the environment's permission so far, for progress."""
        return self._remote.retrier.waited_seconds

    def who_am_i(self) -> Identity:
        """The user, business unit and organisation behind our credentials: the cheapest proof that everything fits."""
        return self.get("WhoAmI", Identity)

    def get(self, link: str, type_: type[T]) -> T:
        """What a GET answers, decoded as `type_`; `link` is relative to the Web API. Raises the faults of the transfer."""
        request = Request(method="GET", link=link, headers=_HEADERS)
        return self._remote.read(request, lambda answer: answer.decode(type_))

    def read(self, request: Request, reader: Callable[[Answer], T]) -> T:
        """What `reader` makes of the answer to a request, sent with the headers of the Web API; the faults are those of `Remote.read`."""
        return self._remote.read(replace(request, headers={**_HEADERS, **request.headers}), reader)

    def pages(self, query: Query, row_type: type[Row], *, start: str | None = None, since: str | None = None) -> Iterator[Page[Row]]:
        """The pages of `query`, each row decoded as `row_type`.

        `start` continues at a stored `next_link`. `since` is a stored `delta_link`: what changed after it was given out, rows as they
        are now and ids of deleted ones (W-168); when the last page has no next delta link, the old one stays good (W-172, W-173).
        A row that cannot be decoded is handed over in `rejected`. The links of a page are checked before it is handed over, so that
        a bad one is never stored. Raises UnknownColumnError, UnknownEntitySetError, TrackingRefusedError, StaleLinkError for a link that
        the environment no longer takes, and the faults of the transfer.
        """
        link = since if start is None else start
        page = self._first_page(query, row_type) if link is None else self._continued(query, row_type, link, delta=start is None)
        seen = {link} if link is not None else set()
        while True:
            if page.next_link in seen:
                raise _loop(query, self._remote.origin)
            yield page
            if page.next_link is None:
                return
            seen.add(page.next_link)
            page = self._next_page(query, row_type, page)

    def _first_page(self, query: Query, row_type: type[Row]) -> Page[Row]:
        """The first page, asked for again without each optional column that the environment turns out to lack."""
        while True:
            missing = self._missing_columns(query)
            try:
                return self._page(query, row_type, query.link(without=missing), missing)
            except HttpStatusError as refusal:
                self._learn_missing_column(query, refusal, missing)

    def _next_page(self, query: Query, row_type: type[Row], page: Page[Row]) -> Page[Row]:
        try:
            return self._page(query, row_type, page.next_link or "", page.missing_columns)
        except HttpStatusError as refusal:
            if is_stale(refusal, stored=False):
                raise _stale(query, refusal) from refusal
            raise

    def _learn_missing_column(self, query: Query, refusal: HttpStatusError, missing: frozenset[str]) -> None:
        """Remember the column that the refusal names, or raise what the refusal means."""
        column = unknown_column(refusal)
        if unknown_segment(refusal) == query.entity_set:
            raise UnknownEntitySetError(query.entity_set, trace=refusal.trace) from refusal
        if column is None and query.track_changes and may_be_about_tracking(refusal):
            todo = f"Switch change tracking on for the table behind {query.entity_set}, or read it without."
            raise TrackingRefusedError(refusal.what, todo=todo, trace=refusal.trace) from refusal
        if column is None:
            raise refusal
        # A required column, one used only in filter or order, or one that is refused although it was left out.
        if column not in query.optional or column in query.select or column in missing:
            raise UnknownColumnError(query.entity_set, column, trace=refusal.trace) from refusal
        with self._lock:
            self._missing[query.entity_set] = self._missing.get(query.entity_set, frozenset()) | {column}

    def _missing_columns(self, query: Query) -> frozenset[str]:
        with self._lock:
            return self._missing.get(query.entity_set, frozenset()) & (frozenset(query.optional) - frozenset(query.select))

    def _continued(self, query: Query, row_type: type[Row], link: str, *, delta: bool) -> Page[Row]:
        try:
            return self._page(query, row_type, link, _not_selected_by(link, query), delta=delta)
        except HttpStatusError as refusal:
            if is_stale(refusal, stored=True):
                raise _stale(query, refusal) from refusal
            raise

    def _page(self, query: Query, row_type: type[Row], link: str, missing: frozenset[str], *, delta: bool = False) -> Page[Row]:
        # The same preference goes with every page: a link alone may fall back to the default size (W-89, W-93).
        preferences = f"odata.maxpagesize={query.page_size or self._page_size}"
        if query.track_changes:
            preferences = f"odata.track-changes,{preferences}"
        request = Request(method="GET", link=link, headers={**_HEADERS, "Prefer": preferences})
        read = read_changes if delta else partial(read_page, changes=query.track_changes)
        contents = self._remote.read(request, lambda answer: read(answer, row_type))
        envelope = contents.envelope
        for onward in (envelope.next_link, envelope.delta_link):
            if onward is not None:
                self._remote.origin.resolve(onward)
        return Page(
            rows=envelope.value,
            rejected=contents.rejected,
            next_link=envelope.next_link,
            delta_link=envelope.delta_link,
            missing_columns=missing,
            body=contents.body,
            deleted=contents.deleted,
        )


def _not_selected_by(link: str, query: Query) -> frozenset[str]:
    """The optional columns that a stored link no longer asks for: they were missing when the query began."""
    selected = parse_qs(urlsplit(link).query).get("$select")
    if selected is None:
        return frozenset()
    return frozenset(query.optional) - frozenset(selected[0].split(","))


def _stale(query: Query, refusal: HttpStatusError) -> StaleLinkError:
    todo = f"Pull {query.entity_set} from the beginning."
    return StaleLinkError(f"the stored link is no longer accepted: {refusal.what}", todo=todo, trace=refusal.trace)


def _loop(query: Query, origin: Origin) -> BadResponseError:
    return BadResponseError(
        "the server links to a page that was already read",
        todo="Nothing more can be read like this; report it with the name of the entity set.",
        trace=Trace(method="GET", url=origin.base + query.entity_set),
    )
