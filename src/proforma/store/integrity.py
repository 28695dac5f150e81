"""What must hold in the ledger, and what does not: the rows of each invoice against its events, everything else against the invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

import sqlalchemy as sa

from proforma.domain.codes import InvoiceStatus, Origin, PushStatus
from proforma.domain.invoices import ImpossibleEventError, Invoice, LedgerActual, SourceMark, fold
from proforma.store.columns import Cells, Row, codec
from proforma.store.events import UnreadableEventError, event_of, event_rows
from proforma.store.headers import Header, header_of
from proforma.store.invoice_rows import rows_of, stored_rows
from proforma.store.ledger_rows import merge, sealable
from proforma.store.seals import UNSEALED, chain
from proforma.store.tables import (
    invoice_details,
    invoices,
    ledger_actuals,
    marked_sources,
    number_series,
    outbox,
    outbox_attempts,
    source_marks,
)

_ACTUAL: Final = codec(LedgerActual)
_MARK: Final = codec(SourceMark)
_ENDS: Final = ("events", "events_seal", "ledger_rows", "ledger_seal")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrityFault:
    """Something that does not hold. `kind` is a word for programs, `subject` the invoice, source or file, `message` for people."""

    kind: str
    subject: str
    message: str


def check(connection: sa.Connection) -> list[IntegrityFault]:
    """Every fault found; reads the whole ledger, one invoice at a time."""
    faults = list(_file(connection))
    for invoice_id in connection.execute(sa.select(invoices.c.id).order_by(invoices.c.position)).scalars().all():
        faults.extend(_invoice(connection, invoice_id))
    faults.extend(_strays(connection))
    faults.extend(_numbers(connection))
    faults.extend(_marks(connection))
    return faults


def _file(connection: sa.Connection) -> Iterator[IntegrityFault]:
    """The database's own checks, where it has them."""
    if connection.dialect.name != "sqlite":
        return
    for row in connection.exec_driver_sql("PRAGMA integrity_check").all():
        if row[0] != "ok":
            yield IntegrityFault(kind="database", subject="file", message=str(row[0]))
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        yield IntegrityFault(kind="database", subject=str(row[0]), message=f"row {row[1]} belongs to a row of {row[2]} that is not there")


def _invoice(connection: sa.Connection, invoice_id: str) -> Iterator[IntegrityFault]:
    """One invoice: its events fold to what its rows say, its ledger rows are those that were written, its push is where it says."""
    ends = dict(zip(_ENDS, _ends(connection, invoice_id), strict=True))
    rows = event_rows(connection, invoice_id)
    try:
        folded = fold(event_of(row) for row in rows)
    except (UnreadableEventError, ImpossibleEventError) as fault:
        yield IntegrityFault(kind="events", subject=invoice_id, message=str(fault))
        return
    yield from _sealed_events(invoice_id, rows, ends)
    # The events of a long invoice are as large as all else of it.
    del rows
    yield from _projection(connection, folded, ends)
    yield from _ledger(connection, folded, ends)
    yield from _push(connection, folded)


def _ends(connection: sa.Connection, invoice_id: str) -> Row:
    return connection.execute(sa.select(*(invoices.c[name] for name in _ENDS)).where(invoices.c.id == invoice_id)).one()


def _sealed_events(invoice_id: str, rows: Sequence[Row], ends: dict[str, Any]) -> Iterator[IntegrityFault]:
    if [row[1] for row in rows] != list(range(1, ends["events"] + 1)):
        yield IntegrityFault(kind="events", subject=invoice_id, message=f"there are {len(rows)} events, {ends['events']} were written")
    seals = chain(UNSEALED, [tuple(row[:-1]) for row in rows])
    for row, seal in zip(rows, seals, strict=True):
        if row[-1] != seal:
            yield IntegrityFault(kind="events", subject=invoice_id, message=f"event {row[1]} is not the one that was written")
            return
    if not rows or ends["events_seal"] != seals[-1]:
        yield IntegrityFault(kind="events", subject=invoice_id, message="the last event is not the one that was written")


def _projection(connection: sa.Connection, folded: Invoice, ends: dict[str, Any]) -> Iterator[IntegrityFault]:
    expected = rows_of(folded, _with(folded, ends))
    stored = stored_rows(connection, folded.id)
    for name in _different(codec(Header).names, expected.header, stored.header):
        yield IntegrityFault(kind="invoice", subject=folded.id, message=f"{name} of {folded.number} is not what its events say")
    if expected.lines != stored.lines:
        yield IntegrityFault(kind="lines", subject=folded.id, message=f"the lines of {folded.number} are not what its events say")
    if any(one != other for one, other in zip_longest(expected.details, stored.details)):
        yield IntegrityFault(kind="details", subject=folded.id, message=f"the details of {folded.number} are not what its events say")


def _with(folded: Invoice, ends: dict[str, Any]) -> Header:
    header = header_of(folded)
    return Header(**{name: getattr(header, name) for name in codec(Header).names if name not in ends}, **ends)


def _different(names: Sequence[str], expected: Cells, stored: Cells) -> list[str]:
    return [name for name, one, other in zip(names, expected, stored, strict=True) if one != other]


def _ledger(connection: sa.Connection, folded: Invoice, ends: dict[str, Any]) -> Iterator[IntegrityFault]:
    table = ledger_actuals.c
    written = sa.select(*(table[name] for name in _ACTUAL.names)).where(table.invoice_id == folded.id).order_by(table.position)
    rows = [tuple(row) for row in connection.execute(written)]
    if rows and folded.status not in (InvoiceStatus.CONFIRMED, InvoiceStatus.CORRECTED):
        yield IntegrityFault(kind="ledger", subject=folded.id, message=f"{folded.number} is {folded.status} and has ledger rows")
    seals = chain(UNSEALED, sealable(rows))
    if len(rows) != ends["ledger_rows"] or (seals[-1] if seals else UNSEALED) != ends["ledger_seal"]:
        message = f"the ledger rows of {folded.number} are not those that were written: {len(rows)} of {ends['ledger_rows']} are there"
        yield IntegrityFault(kind="ledger", subject=folded.id, message=message)


def _push(connection: sa.Connection, folded: Invoice) -> Iterator[IntegrityFault]:
    row = connection.execute(sa.select(outbox).where(outbox.c.invoice_id == folded.id)).first()
    if row is None:
        if folded.push is not PushStatus.NONE:
            yield IntegrityFault(kind="outbox", subject=folded.id, message=f"{folded.number} is {folded.push} and has no outbox row")
        return
    said = (folded.reference, folded.push.value, folded.external_id, folded.external_number)
    if (row.reference, row.state, row.external_id, row.external_number) != said:
        yield IntegrityFault(kind="outbox", subject=folded.id, message=f"the outbox row of {folded.number} is not what its events say")
    sent = sa.select(sa.func.count()).where(
        outbox_attempts.c.invoice_id == folded.id, outbox_attempts.c.outcome == PushStatus.SENDING.value
    )
    attempts = connection.execute(sent).scalar_one()
    if attempts != row.attempts:
        message = f"{folded.number} was sent {row.attempts} times, {attempts} attempts are kept"
        yield IntegrityFault(kind="outbox", subject=folded.id, message=message)


def _strays(connection: sa.Connection) -> Iterator[IntegrityFault]:
    """Ledger rows of details that no invoice has."""
    table = ledger_actuals.c
    missing = sa.select(table.id, table.detail_id).where(table.detail_id.not_in(sa.select(invoice_details.c.id)))
    for row in connection.execute(missing.order_by(table.position)):
        yield IntegrityFault(kind="ledger", subject=row[0], message=f"the ledger row belongs to detail {row[1]}, which is on no invoice")


def _numbers(connection: sa.Connection) -> Iterator[IntegrityFault]:
    """A number beyond its series would be given out a second time."""
    for prefix, last in connection.execute(sa.select(number_series.c.prefix, number_series.c.last)):
        for number in connection.execute(
            sa.select(invoices.c.number).where(
                invoices.c.number.startswith(prefix, autoescape=True), invoices.c.origin == Origin.LOCAL.value
            )
        ).scalars():
            rest = number.removeprefix(prefix)
            if rest.isdecimal() and int(rest) > last:
                yield IntegrityFault(kind="number", subject=number, message=f"the number lies beyond its series, which stands at {last}")


def _marks(connection: sa.Connection) -> Iterator[IntegrityFault]:
    made = sa.select(*(source_marks.c[name] for name in _MARK.names)).order_by(source_marks.c.position)
    merged: dict[str, SourceMark] = {}
    try:
        for mark in _MARK.decode(connection.execute(made)):
            merged[mark.source] = merge(merged.get(mark.source), mark)
    except (KeyError, ValueError) as fault:
        yield IntegrityFault(kind="mark", subject="history", message=f"a mark cannot be read: {fault}")
        return
    expected = {str(row[0]): row for row in _MARK.encode(merged.values())}
    stored = connection.execute(sa.select(*(marked_sources.c[name] for name in _MARK.names)))
    found = {str(row[0]): tuple(row) for row in stored}
    for source in sorted(expected.keys() | found.keys()):
        if expected.get(source) != found.get(source):
            yield IntegrityFault(kind="mark", subject=source, message="the mark of the source is not what its history says")
