"""FetchXML answered: rows with what hangs on them, or groups, page by page (W-199 to W-203)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proforma.mock.dataverse.aggregates import grouped
from proforma.mock.dataverse.cookies import cookie_text, rows_behind
from proforma.mock.dataverse.errors import JSON_TYPE, syntax_error
from proforma.mock.dataverse.fetchxml import Attribute, Fetch, Order, Part, all_orders, links_of, read_fetch
from proforma.mock.dataverse.formatted import formatted_value
from proforma.mock.dataverse.groups import groups_of
from proforma.mock.dataverse.joins import Joined, Joins, Place
from proforma.mock.dataverse.ordering import rank
from proforma.mock.dataverse.query import Options, Preferences
from proforma.mock.dataverse.rows import FORMATTED, Renderer
from proforma.mock.http import Response, json_response
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

ROWS_MAX: Final = 5000
_ROWS_WITHOUT_COOKIE_MAX: Final = 50_000
_MORE: Final = "Microsoft.Dynamics.CRM.morerecords"
_COOKIE: Final = "Microsoft.Dynamics.CRM.fetchxmlpagingcookie"
_TOTAL: Final = "Microsoft.Dynamics.CRM.totalrecordcount"


def fetch_response(world: World, table: Table, api: str, options: Options, preferences: Preferences, page_size: int) -> Response:
    """The answer to a collection with `fetchXml`; `page_size` is the most rows this server gives at once."""
    _refuse_options(options)
    fetch = read_fetch(options.fetch or "")
    if fetch.entity.name != table.schema.logical:  # W-199
        message = f"The entity '{fetch.entity.name}' of the FetchXML does not match the entity set '{table.schema.entity_set}'."
        raise syntax_error(message)
    size = min(fetch.count or page_size, page_size, ROWS_MAX)
    joins = Joins(world, fetch)
    document: dict[str, Value] = {"@odata.context": f"{api}$metadata#{table.schema.entity_set}{_shape(fetch)}"}
    if fetch.aggregate:
        document.update(_page_of_groups(groups_of(joins, fetch), fetch, preferences, size))
    else:
        document.update(_Rows(world, fetch, joins, preferences, api).page(size))
    applied = [("Preference-Applied", text) for text in preferences.applied if "annotations" in text]
    return json_response(200, document, ("Content-Type", JSON_TYPE), *applied)


def _refuse_options(options: Options) -> None:
    given = {"$select": options.select, "$filter": options.filter, "$orderby": options.order, "$expand": options.expands}
    for name, option in {**given, "$apply": options.apply}.items():
        if option:
            raise syntax_error(f"The query parameter {name} is not supported together with fetchXml")


def _page_of_groups(groups: Sequence[Row], fetch: Fetch, preferences: Preferences, size: int) -> Row:
    """Groups are paged by number alone (W-202)."""
    start = _start_by_number(fetch, size)
    end = start + (size if fetch.top is None else min(fetch.top, ROWS_MAX))
    more: Row = {f"@{_MORE}": True} if fetch.top is None and len(groups) > end and preferences.wants(_MORE) else {}
    return {**more, "value": [*groups[start:end]]}


def _start_by_number(fetch: Fetch, size: int) -> int:
    start = (fetch.page - 1) * size
    if start >= _ROWS_WITHOUT_COOKIE_MAX:  # W-202
        raise syntax_error("Paging cookie is required when trying to retrieve a set of records on any high pages.")
    return start


def _shape(fetch: Fetch) -> str:
    """What `@odata.context` says of the columns (W-60)."""
    names = [attribute.alias or attribute.name for attribute in fetch.entity.attributes or ()]
    return f"({','.join(names)})" if names else ""


class _Rows:
    """The rows of a query without aggregates."""

    def __init__(self, world: World, fetch: Fetch, joins: Joins, preferences: Preferences, api: str) -> None:
        self._world, self._fetch, self._joins, self._preferences = world, fetch, joins, preferences
        self._table = joins.tables[""]
        self._key = self._table.schema.primary_id
        self._orders = self._ordered_by()
        self._select = self._selected()
        self._renderer = Renderer(world, self._table, select=self._select, preferences=preferences, api=api)

    def page(self, size: int) -> Row:
        """The rows of one page and, where more follow and the caller asked, the ways to go on (W-200)."""
        fetch, preferences = self._fetch, self._preferences
        rows = self._all()
        start = rows_behind(rows, fetch.cookie, self._orders) if fetch.cookie and self._has_cookie() else _start_by_number(fetch, size)
        end = start + (size if fetch.top is None else min(fetch.top, ROWS_MAX))
        page, found = rows[start:end], dict[str, Value]()
        if fetch.total and preferences.wants(_TOTAL):
            found[f"@{_TOTAL}"] = min(len(rows), ROWS_MAX)
            found[f"@{_TOTAL}limitexceeded"] = len(rows) > ROWS_MAX
        if fetch.top is None and len(rows) > end:
            if page and self._has_cookie() and preferences.wants(_COOKIE):
                found[f"@{_COOKIE}"] = cookie_text(fetch.page, page, self._orders)
            if preferences.wants(_MORE):
                found[f"@{_MORE}"] = True
        return {**found, "value": [self._shown(row) for row in page]}

    def _all(self) -> list[Joined]:
        rows = self._joins.rows()
        for place, descending in reversed(self._orders):
            rows.sort(key=lambda row, read=place.read: rank(read(row)), reverse=descending)  # type: ignore[misc]
        if not self._fetch.distinct:
            return rows
        return [members[0] for members in grouped(rows, [lambda row: repr(self._shown(row))]).values()]

    def _shown(self, row: Joined) -> dict[str, Value]:
        """A row as JSON shows it; what is null is left out (W-203), and rows that are only distinct have no tag and no key."""
        shown = self._renderer.row(row[""], etag=not self._fetch.distinct)
        if self._fetch.distinct and self._select is not None and self._key not in self._select:
            del shown[self._key]
        shown = {name: value for name, value in shown.items() if value is not None}
        for part in self._joins.parts.values():
            for attribute, name in self._named(part):
                self._add(shown, row[part.alias], self._joins.place(part.alias, attribute), name)
        return shown

    def _named(self, part: Part) -> list[tuple[str, str]]:
        """Columns and the names under which they are shown: `alias.column`, or an alias of their own (W-199)."""
        attributes: Sequence[Attribute] | None = part.attributes
        if attributes is None:
            columns = self._joins.tables[part.alias].schema.columns if part.alias else {}
            return [(name, f"{part.alias}.{name}") for name in columns]
        return [(a.name, a.alias or f"{part.alias}.{a.name}") for a in attributes if part.alias or a.alias]

    def _add(self, shown: dict[str, Value], row: Row, place: Place, name: str) -> None:
        value = row.get(place.cell)
        if value is None:
            return
        marked = place.column is not None and self._preferences.wants(FORMATTED)
        text = formatted_value(self._world, row, place.column, value) if marked and place.column else None
        if text is not None:
            shown[f"{name}@{FORMATTED}"] = text
        shown[name] = value

    def _selected(self) -> list[str] | None:
        """Cells of the entity itself under their own names; the key where there are none."""
        attributes = self._fetch.entity.attributes
        if attributes is None:
            return None
        return [self._joins.place("", a.name).cell for a in attributes if a.alias is None] or ([] if self._fetch.distinct else [self._key])

    def _ordered_by(self) -> list[tuple[Place, bool]]:
        """The orders, and the key behind them so that pages never overlap."""
        orders = [(self._order(part, order), order.descending) for part, order in all_orders(self._fetch)]
        by_key = any(place.cell == self._key and not place.alias for place, _ in orders)
        return orders if by_key else [*orders, (self._joins.place("", self._key), False)]

    def _order(self, part: Part, order: Order) -> Place:
        alias = part.alias if order.entity is None else order.entity
        if not order.by_alias:
            return self._joins.place(alias, order.name)
        named = [attribute.name for attribute in self._joins.part(alias).attributes or () if attribute.alias == order.name]
        if not named:
            raise syntax_error(f"No attribute has the alias '{order.name}'.")
        return self._joins.place(alias, named[0])

    def _has_cookie(self) -> bool:
        """Whether a row's own cells say where it stands; beside linked rows, or made distinct, they do not (W-202)."""
        return not self._fetch.distinct and not any(link.joins for link in links_of(self._fetch.entity))
