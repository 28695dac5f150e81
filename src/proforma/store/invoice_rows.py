"""Invoices as rows of three tables, and back. What these rows say is what the invoice's events make, and nothing else writes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count, groupby
from operator import itemgetter
from typing import Final

import sqlalchemy as sa

from proforma.domain.codes import LineType
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice, InvoiceDetail, InvoiceLine
from proforma.store.columns import Cells, Row, codec
from proforma.store.headers import Header, header_of
from proforma.store.prepared import Prepared
from proforma.store.statements import chunks, insert, upsert
from proforma.store.tables import invoice_details, invoice_lines, invoices

#: Details whose cells are made at a time: those of a long invoice take as much memory as itself.
_ROWS_AT_ONCE: Final = 5_000
_HEADER: Final = codec(Header)
_DETAIL: Final = codec(InvoiceDetail)
HEADER_COLUMNS: Final = [invoices.c[name] for name in _HEADER.names]
_DETAIL_COLUMNS: Final = [invoice_details.c[name] for name in _DETAIL.names]
_LINES: Final = sa.select(invoice_lines).order_by(invoice_lines.c.invoice_id, invoice_lines.c.line)
_LINES_OF_ONE: Final = Prepared(_LINES.where(invoice_lines.c.invoice_id == sa.bindparam("wanted")))
_DETAILS: Final = sa.select(invoice_details.c.invoice_id, invoice_details.c.line, *_DETAIL_COLUMNS).order_by(
    invoice_details.c.invoice_id, invoice_details.c.line, invoice_details.c.place
)
_DETAILS_OF_ONE: Final = Prepared(_DETAILS.where(invoice_details.c.invoice_id == sa.bindparam("wanted")))
_HEADER_OF_ONE: Final = Prepared(sa.select(*HEADER_COLUMNS).where(invoices.c.id == sa.bindparam("wanted")))
_HEADER_KEPT: Final = Prepared(sa.select(*HEADER_COLUMNS).where(invoices.c.id == sa.bindparam("wanted")).with_for_update())
_REWRITE: Final = Prepared(
    sa.update(invoices)
    .where(invoices.c.id == sa.bindparam("wanted"))
    # Not the key, which never changes: told to set it, SQLite looks through every table that refers to it.
    .values({name: sa.bindparam(f"{name}_", type_=invoices.c[name].type) for name in _HEADER.names if name != "id"})
)


class Touched(Enum):
    """How much of an invoice's rows an act touches."""

    HEADER = "header"
    DETAILS = "details"
    LINES = "lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRows:
    """The cells of one invoice: its header, lines and details, each in the order of their table's columns; details can be read once."""

    header: Cells
    lines: tuple[Cells, ...]
    details: Iterator[Cells]


def rows_of(invoice: Invoice, ends: Header) -> InvoiceRows:
    """The rows of an invoice whose events and ledger rows end as in `ends`."""
    header = header_of(invoice).closed_like(ends)
    return InvoiceRows(
        header=_HEADER.encode([header])[0],
        lines=tuple(_line_row(invoice, n, line) for n, line in enumerate(invoice.lines, 1)),
        details=_all_detail_rows(invoice),
    )


def _line_row(invoice: Invoice, n: int, line: InvoiceLine) -> Cells:
    return (invoice.id, n, line.contract_line_id, line.type.value, line.description, str(line.amount))


def _all_detail_rows(invoice: Invoice) -> Iterator[Cells]:
    return (row for n, line in enumerate(invoice.lines, 1) for row in _detail_rows(invoice, n, line))


def _detail_rows(invoice: Invoice, n: int, line: InvoiceLine) -> Iterator[Cells]:
    status, places = invoice.status.value, count(1)
    for piece in chunks(line.details, _ROWS_AT_ONCE):
        yield from ((invoice.id, n, place, status, *row) for row, place in zip(_DETAIL.encode(piece), places, strict=False))


def write_new(connection: sa.Connection, invoice: Invoice, ends: Header) -> None:
    """Writes an invoice that is not there yet."""
    insert(connection, invoices, _HEADER.encode([header_of(invoice).closed_like(ends)]), columns=_HEADER.names)
    _write_lines(connection, invoice)


def rewrite(connection: sa.Connection, before: Invoice, invoice: Invoice, ends: Header, *, touched: Touched) -> None:
    """Brings the rows of an invoice from what it was to what it is.

    Where its lines are not touched, both may come without them, and the total in `ends` stays; where they are new, `before` may.
    """
    if touched is Touched.HEADER:
        _rewrite_header(connection, replace(header_of(invoice).closed_like(ends), total=ends.total))
    else:
        _rewrite_header(connection, header_of(invoice).closed_like(ends))
    if before.status is not invoice.status:
        details = sa.update(invoice_details).where(invoice_details.c.invoice_id == invoice.id)
        connection.execute(details.values(status=invoice.status.value))
    if touched is Touched.LINES:
        connection.execute(sa.delete(invoice_details).where(invoice_details.c.invoice_id == invoice.id))
        connection.execute(sa.delete(invoice_lines).where(invoice_lines.c.invoice_id == invoice.id))
        _write_lines(connection, invoice)
    elif touched is Touched.DETAILS:
        _rewrite_details(connection, before, invoice)


def _rewrite_details(connection: sa.Connection, before: Invoice, invoice: Invoice) -> None:
    """Writes only the rows at whose place another detail stands than before: of a hundred thousand mostly a few."""
    old, new = _places(before), _places(invoice)
    # The same object, not equal ones: 960.0 and 960.00 are equal, and the rows hold the digits.
    moved = [place for place, detail in new.items() if old.get(place) is not detail]
    status = invoice.status.value
    cells = _DETAIL.encode(new[place] for place in moved)
    upsert(connection, invoice_details, [(invoice.id, *place, status, *row) for place, row in zip(moved, cells, strict=True)])
    for line, places in groupby(sorted(old.keys() - new.keys()), key=itemgetter(0)):
        beyond = (invoice_details.c.invoice_id == invoice.id, invoice_details.c.line == line)
        connection.execute(sa.delete(invoice_details).where(*beyond, invoice_details.c.place >= next(places)[1]))
    connection.execute(sa.delete(invoice_lines).where(invoice_lines.c.invoice_id == invoice.id))
    insert(connection, invoice_lines, [_line_row(invoice, n, line) for n, line in enumerate(invoice.lines, 1)])


def _places(invoice: Invoice) -> dict[tuple[int, int], InvoiceDetail]:
    """The details by number of line and place in it."""
    return {(n, place): detail for n, line in enumerate(invoice.lines, 1) for place, detail in enumerate(line.details, 1)}


def _rewrite_header(connection: sa.Connection, header: Header) -> None:
    cells = {f"{name}_": cell for name, cell in zip(_HEADER.names, _HEADER.encode([header])[0], strict=True)}
    _REWRITE.run(connection, wanted=header.id, **cells)


def _write_lines(connection: sa.Connection, invoice: Invoice) -> None:
    insert(connection, invoice_lines, [_line_row(invoice, n, line) for n, line in enumerate(invoice.lines, 1)])
    for piece in chunks(_all_detail_rows(invoice), _ROWS_AT_ONCE):
        insert(connection, invoice_details, piece)


def read_invoices(connection: sa.Connection, headers: Iterable[Header]) -> list[Invoice]:
    """The whole invoices of these headers, in their order."""
    kept = list(headers)
    lines: dict[InvoiceId, tuple[InvoiceLine, ...]] = {}
    for piece in chunks([header.id for header in kept]):
        lines.update(_lines(connection, piece))
    return [header.invoice(lines.get(header.id, ())) for header in kept]


def read_headers(connection: sa.Connection, *conditions: sa.ColumnElement[bool], for_update: bool = False) -> list[Header]:
    """The headers that fit, in order of creation; `for_update` keeps other writers off them (SQLite: they are off already)."""
    statement = sa.select(*HEADER_COLUMNS).where(*conditions).order_by(invoices.c.position)
    # All rows in one go: handed out one by one each costs as much as making its record.
    return list(_HEADER.decode(connection.execute(statement.with_for_update() if for_update else statement).all()))


def read_header(connection: sa.Connection, invoice_id: str, *, for_update: bool = False) -> Header | None:
    """The header of one invoice, as `read_headers` does it."""
    statement = _HEADER_KEPT if for_update else _HEADER_OF_ONE
    return next(_HEADER.decode(statement.rows(connection, wanted=invoice_id)), None)


def _lines(connection: sa.Connection, ids: Sequence[InvoiceId]) -> dict[InvoiceId, tuple[InvoiceLine, ...]]:
    details = _details(connection, ids)
    rows: Iterable[Row]
    if len(ids) == 1:
        rows = _LINES_OF_ONE.rows(connection, wanted=ids[0])
    else:
        rows = connection.execute(_LINES.where(invoice_lines.c.invoice_id.in_(ids))).all()
    lines: defaultdict[InvoiceId, list[InvoiceLine]] = defaultdict(list)
    for invoice_id, n, contract_line_id, kind, description, _amount in rows:
        line = InvoiceLine(
            contract_line_id=contract_line_id,
            type=LineType(kind),
            description=description,
            details=tuple(details.get((invoice_id, n), ())),
        )
        lines[invoice_id].append(line)
    return {invoice_id: tuple(each) for invoice_id, each in lines.items()}


def _details(connection: sa.Connection, ids: Sequence[InvoiceId]) -> dict[tuple[InvoiceId, int], list[InvoiceDetail]]:
    rows: Sequence[Row]
    if len(ids) == 1:
        rows = _DETAILS_OF_ONE.rows(connection, wanted=ids[0])
    else:
        rows = connection.execute(_DETAILS.where(invoice_details.c.invoice_id.in_(ids))).all()
    details: defaultdict[tuple[InvoiceId, int], list[InvoiceDetail]] = defaultdict(list)
    for row, detail in zip(rows, _DETAIL.decode(row[2:] for row in rows), strict=True):
        details[row[0], row[1]].append(detail)
    return details


def stored_rows(connection: sa.Connection, invoice_id: str) -> InvoiceRows:
    """The cells of one invoice as they lie in the tables, whatever they say; the header is empty when it is not there."""
    header = connection.execute(sa.select(*HEADER_COLUMNS).where(invoices.c.id == invoice_id)).first()
    lines = sa.select(invoice_lines).where(invoice_lines.c.invoice_id == invoice_id).order_by(invoice_lines.c.line)
    details = sa.select(invoice_details).where(invoice_details.c.invoice_id == invoice_id)
    return InvoiceRows(
        header=() if header is None else tuple(header),
        lines=tuple(tuple(row) for row in connection.execute(lines)),
        details=(tuple(row) for row in connection.execute(details.order_by(invoice_details.c.line, invoice_details.c.place))),
    )
