"""The order of rows, and the place in that order from which the next page goes on."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from proforma.mock.dataverse.cells import Reader, column_reader
from proforma.mock.dataverse.errors import syntax_error
from proforma.mock.dataverse.query import Order
from proforma.mock.values import Row, Value, decode, encode
from proforma.mock.world import Table, World

Rank: TypeAlias = tuple[int, object]
Place: TypeAlias = tuple[Rank, ...]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BAD: Final = "The $skiptoken cannot be read: follow @odata.nextLink as it is."


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page ended: the place of its last row, and how the pages are cut. The place survives changes of rows.

    `stamp` is the delta token that the last page will give when changes are tracked.
    """

    page: int
    page_size: int
    last: tuple[Value, ...]
    stamp: str | None = None


class Ordering:
    """The columns of `$orderby` and the primary key after them (W-76)."""

    def __init__(self, world: World, table: Table, orders: Sequence[Order]) -> None:
        self._table = table
        key = table.schema.primary_id
        steps = [(order.steps, order.descending) for order in orders]
        if (key,) not in [order.steps for order in orders]:
            steps.append(((key,), False))
        self._columns: list[tuple[tuple[str, ...], Reader, bool]] = [
            (path, column_reader(world, table, path)[1], descending) for path, descending in steps
        ]

    def rows(self) -> list[Row]:
        """All rows of the table in this order; nulls come first."""
        through_lookups = any(len(path) > 1 for path, _, _ in self._columns)
        if through_lookups:  # the order also hangs on other tables' rows: not remembered
            return self.sorted(self._table.rows.values())
        return self._table.ordered([(path, descending) for path, _, descending in self._columns], self.sorted)

    def place(self, row: Row) -> Place:
        """Where the row stands."""
        return tuple(rank(read(row)) for _, read, _ in self._columns)

    def last(self, row: Row) -> tuple[Value, ...]:
        """The cells that a cursor remembers of the row."""
        return tuple(_kept(read(row)) for _, read, _ in self._columns)

    def after(self, rows: Sequence[Row], cells: Sequence[Value]) -> int:
        """Index of the first row behind the place that these cells name."""
        if len(cells) != len(self._columns):
            raise syntax_error(_BAD)
        wanted = tuple(rank(cell) for cell in cells)
        low, high = 0, len(rows)
        while low < high:
            middle = (low + high) // 2
            if self._behind(wanted, self.place(rows[middle])):
                high = middle
            else:
                low = middle + 1
        return low

    def _behind(self, here: Place, other: Place) -> bool:
        """Whether `other` comes after `here`."""
        for mine, theirs, (_, _, descending) in zip(here, other, self._columns, strict=True):
            if mine != theirs:
                return (theirs < mine) is descending
        return False

    def sorted(self, rows: Iterable[Row]) -> list[Row]:
        """Some rows in this order."""
        ordered = list(rows)
        for _, read, descending in reversed(self._columns):
            ordered.sort(key=lambda row, read=read: rank(read(row)), reverse=descending)  # type: ignore[misc]
        return ordered


def rank(cell: object) -> Rank:
    """Cells of any type in one order: null, numbers and instants, texts, the rest as text."""
    if cell is None:
        return 0, 0
    if isinstance(cell, str):
        return 2, cell
    if isinstance(cell, datetime):
        return 1, _microseconds(cell)
    return (1, cell) if isinstance(cell, int | Decimal) else (3, str(cell))


def _kept(cell: object) -> Value:
    """A cell as a token carries it; it ranks as the cell itself does."""
    if isinstance(cell, datetime):
        return _microseconds(cell)
    return cell if cell is None or isinstance(cell, bool | int | str | Decimal) else str(cell)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def token_of(cursor: Cursor, key: str) -> str:
    """The text of a `$skiptoken`, in the shape Dataverse gives it (W-91)."""
    columns = html.escape(encode(list(cursor.last)).decode(), quote=True)
    inner = f'<cookie page="{cursor.page}"><{key} last="{columns}" /></cookie>'
    tracking = f'istracking="True" stamp="{cursor.stamp}"' if cursor.stamp else 'istracking="False"'
    return (
        f'<cookie pagenumber="{cursor.page + 1}" pagingcookie="{quote(quote(inner, safe=""), safe="")}" '
        f'{tracking} pagesize="{cursor.page_size}" />'
    )


def cursor_of(token: str) -> Cursor:
    """The cursor that a token carries, whatever encoding it went through on the way (W-92)."""
    size = re.search(r'pagesize="(\d+)"', token)
    cookie = re.search(r'pagingcookie="([^"]*)"', token)
    stamp = re.search(r' stamp="([^"]*)"', token)
    if size is None or cookie is None:
        raise syntax_error(_BAD)
    inner = unquote(unquote(cookie[1]))
    found = re.fullmatch(r'<cookie page="(\d+)"><\w+ last="([^"]*)" /></cookie>', inner)
    if found is None:
        raise syntax_error(_BAD)
    try:
        cells = decode(html.unescape(found[2]))
    except msgspec.DecodeError as problem:
        raise syntax_error(_BAD) from problem
    if not isinstance(cells, list):
        raise syntax_error(_BAD)
    return Cursor(page=int(found[1]), page_size=int(size[1]), last=tuple(cells), stamp=stamp[1] if stamp else None)
