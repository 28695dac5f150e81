"""Paging cookies of FetchXML: the place of a page's last row, as a client carries it to the next page (W-200, W-201)."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import TypeAlias
from urllib.parse import quote, unquote
from xml.sax.saxutils import quoteattr

from proforma.mock.dataverse.cells import comparable
from proforma.mock.dataverse.errors import syntax_error
from proforma.mock.dataverse.joins import Joined, Place
from proforma.mock.dataverse.ordering import rank
from proforma.mock.values import Value, as_guid

Orders: TypeAlias = "Sequence[tuple[Place, bool]]"


def cookie_text(page: int, rows: Sequence[Joined], orders: Orders) -> str:
    """The annotation behind a page: the cells of its first and last row by which the rows are ordered, encoded twice."""
    columns = "".join(_column(place, rows[0], rows[-1]) for place, _ in orders)
    once = quote(f'<cookie page="{page}">{columns}</cookie>', safe="")
    lower = re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), once)
    return f'<cookie pagenumber="{page + 1}" pagingcookie="{quote(lower, safe="")}" istracking="False" />'


def rows_behind(rows: Sequence[Joined], cookie: str, orders: Orders) -> int:
    """Index of the first row that stands behind the place of a cookie, whatever was deleted in the meantime."""
    last = _last(_inner(cookie), [place for place, _ in orders])
    return next((number for number, row in enumerate(rows) if _is_behind(row, last, orders)), len(rows))


def _inner(cookie: str) -> str:
    """The cookie within, whether the whole annotation came or only it, and however often it was encoded (W-92, W-201)."""
    text = cookie
    while "<" not in text and text != (decoded := unquote(text)):
        text = decoded
    outer = re.search(r'pagingcookie="([^"]*)"', text)
    return unquote(unquote(outer[1])) if outer else text


def _last(inner: str, places: Sequence[Place]) -> list[object]:
    ranks: list[object] = []
    for place in places:
        column = re.search(rf"<{re.escape(place.cell)}\s([^>]*)>", inner)
        value = re.search(r'(?:^|\s)last="([^"]*)"', column[1]) if column else None
        if column is None or (value is None and "lastnull" not in column[1]):
            raise syntax_error("The paging cookie cannot be read: send the one of the last answer.")
        text = html.unescape(value[1]).strip("{}") if value else None
        ranks.append(rank(None if text is None else comparable(place.kind, text)))
    return ranks


def _is_behind(row: Joined, last: Sequence[object], orders: Orders) -> bool:
    for (place, descending), there in zip(orders, last, strict=True):
        here: object = rank(place.read(row))
        if here != there:
            return (here > there) is not descending  # type: ignore[operator]
    return False


def _column(place: Place, first: Joined, last: Joined) -> str:
    parts = [_attribute("last", last[place.alias].get(place.cell)), _attribute("first", first[place.alias].get(place.cell))]
    return f"<{place.cell} {' '.join(parts)} />"


def _attribute(name: str, value: Value) -> str:
    if value is None:
        return f'{name}null="1"'
    text = str(value)
    return f"{name}={quoteattr(f'{{{text.upper()}}}' if as_guid(text) else text)}"
