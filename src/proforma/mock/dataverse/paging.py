"""A collection: filtered, ordered, cut into pages (W-76 to W-96)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias
from urllib.parse import quote, unquote_plus

from proforma.mock.dataverse.apply import apply_response
from proforma.mock.dataverse.errors import JSON_TYPE, syntax_error
from proforma.mock.dataverse.fetch import fetch_response
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.dataverse.ordering import Cursor, Ordering, cursor_of, token_of
from proforma.mock.dataverse.query import Options, Preferences, options_of, preferences_of, shape_of
from proforma.mock.dataverse.rows import Renderer
from proforma.mock.dataverse.tracking import changes_count, is_tracked, tracked_response
from proforma.mock.dataverse.views import with_view
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

Passes: TypeAlias = Callable[[Row], bool]

ROWS_MAX: Final = 5000
_TOTAL: Final = "Microsoft.Dynamics.CRM.totalrecordcount"


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of one answer and, when more follow, the token that leads to them."""

    rows: Sequence[Row]
    token: str | None


def collection_response(world: World, table: Table, request: Request, api: str, page_size: int, belongs: Passes | None = None) -> Response:
    """The answer to a GET on an entity set, or on those of its rows that belong to another row.

    `page_size` is the most rows this server gives at once.
    """
    options, preferences = with_view(world, options_of(request)), preferences_of(request)
    if is_tracked(options, preferences):
        _refuse_aggregates(options, "Change Tracking")
        return tracked_response(world, table, request, api, options, preferences, min(page_size, ROWS_MAX))
    if options.fetch is not None:
        if belongs is not None:
            raise syntax_error("fetchXml is sent to an entity set, not to a collection of a row.")
        return fetch_response(world, table, api, options, preferences, page_size)
    if options.apply is not None:
        return apply_response(world, table, api, options, preferences, belongs)
    renderer = Renderer(world, table, select=options.select, expands=options.expands, preferences=preferences, api=api)
    passes = _passes(world, table, options, belongs)
    ordering = Ordering(world, table, options.order)
    page = _page(ordering, table, options, preferences, passes, page_size)
    document: dict[str, Value] = {"@odata.context": f"{api}$metadata#{table.schema.entity_set}{shape_of(options)}"}
    document.update(_counts(table, options, preferences, passes))
    document["value"] = [renderer.row(row) for row in page.rows]
    if page.token is not None:
        document["@odata.nextLink"] = _next_link(request, page.token)
    applied = [("Preference-Applied", text) for text in preferences.applied if "representation" not in text.lower()]
    return json_response(200, document, ("Content-Type", JSON_TYPE), *applied)


def count_response(world: World, table: Table, request: Request, belongs: Passes | None = None) -> Response:
    """The answer to `/$count`: digits behind a byte order mark, 5,000 at most (W-79)."""
    options = with_view(world, options_of(request))
    _refuse_aggregates(options, "/$count")
    if options.delta_token is not None:
        total = changes_count(world, table, options)
    else:
        total = _total(table, _passes(world, table, options, belongs))
    text = "\ufeff" + str(min(total, ROWS_MAX))
    return Response(status=200, headers=(("Content-Type", "text/plain"),), body=text.encode())


def _refuse_aggregates(options: Options, beside: str) -> None:
    """Options that would have to be passed over in silence otherwise."""
    for option, name in ((options.apply, "$apply"), (options.fetch, "fetchXml")):
        if option is not None:
            raise syntax_error(f"The query parameter {name} is not supported together with {beside}")


def _passes(world: World, table: Table, options: Options, belongs: Passes | None) -> Passes | None:
    """What a row must fulfil, None when every row does."""
    if not options.filter:
        return belongs
    passes = row_filter(world, table, options.filter, options.aliases)
    return passes if belongs is None else lambda row: belongs(row) and passes(row)


def _page(
    ordering: Ordering,
    table: Table,
    options: Options,
    preferences: Preferences,
    passes: Callable[[Row], bool] | None,
    page_size: int,
) -> Page:
    cursor = cursor_of(options.skip_token) if options.skip_token is not None else None
    limit = _limit(preferences, cursor, page_size)
    # $top alone cuts without a next link; next to a page size it is ignored (W-77).
    top = options.top if options.top is not None and preferences.page_size is None and cursor is None else None
    wanted = min(limit if top is None else top, ROWS_MAX)
    ordered = ordering.rows()
    start = ordering.after(ordered, cursor.last) if cursor else 0
    behind = islice(ordered, start, None)
    rows = list(islice((row for row in behind if passes is None or passes(row)), wanted + 1))
    if len(rows) <= wanted:
        return Page(rows, None)
    rows.pop()
    if top is not None or not rows:
        return Page(rows, None)
    following = Cursor(page=(cursor.page + 1) if cursor else 1, page_size=limit, last=ordering.last(rows[-1]))
    return Page(rows, token_of(following, table.schema.primary_id))


def _limit(preferences: Preferences, cursor: Cursor | None, page_size: int) -> int:
    """Rows of a page: what the request says, else what the token remembers, else the server's own (W-89, W-93)."""
    largest = min(page_size, ROWS_MAX)
    asked = preferences.page_size or (cursor.page_size if cursor else largest)
    return min(asked, largest)


def _counts(table: Table, options: Options, preferences: Preferences, passes: Callable[[Row], bool] | None) -> dict[str, Value]:
    """`@odata.count` and its annotations (W-78)."""
    counts: dict[str, Value] = {}
    total = _total(table, passes) if options.count else -1
    if preferences.wants(_TOTAL):
        counts[f"@{_TOTAL}"] = min(total, ROWS_MAX)
        counts[f"@{_TOTAL}limitexceeded"] = total > ROWS_MAX
    if options.count:
        count = min(total, ROWS_MAX)
        counts["@odata.count"] = str(count) if preferences.number_texts else count
    return counts


def _total(table: Table, passes: Callable[[Row], bool] | None) -> int:
    return len(table.rows) if passes is None else sum(map(passes, table.rows.values()))


def _next_link(request: Request, token: str) -> str:
    """The same URL with the options as they were sent, without the old token and the count (W-90, W-95)."""
    dropped = ("$skiptoken", "$count")
    kept = [part for part in request.query.split("&") if part and unquote_plus(part.partition("=")[0]) not in dropped]
    options = "&".join([*kept, "$skiptoken=" + quote(token, safe="")])
    return f"{request.base}{request.path}?{options}"
