"""The ledger: invoices as the fold of their events, the actuals of confirmations, and the marks of people. Nothing in it is ever lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import product
from operator import itemgetter
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from proforma.domain.codes import BillingStatus, InvoiceStatus, LedgerType, Origin, PushStatus
from proforma.domain.hands import FIGURES_COME_FROM, has_a_hand, joined_by
from proforma.domain.ids import ContractId, Guid, InvoiceId, RecordId, SourceId
from proforma.domain.invoices import (
    Changes,
    DetailsChanged,
    Happening,
    ImpossibleEventError,
    Invoice,
    InvoiceEvent,
    LedgerActual,
    LinesChanged,
    PassedOver,
    ScheduleMark,
    SourceMark,
    apply,
)
from proforma.store.columns import Cells, Row, codec, instant, instant_text
from proforma.store.events import event_of, event_row, event_rows
from proforma.store.headers import Header, header_of
from proforma.store.integrity import IntegrityFault, check
from proforma.store.invoice_rows import Touched, read_header, read_headers, read_invoices, rewrite, write_new
from proforma.store.ledger_rows import merge, sealable
from proforma.store.seals import UNSEALED, chain
from proforma.store.statements import IN_LIST_MAX, chunks, distinct, insert, upsert
from proforma.store.tables import (
    invoice_details,
    invoice_events,
    invoices,
    ledger_actuals,
    marked_sources,
    number_series,
    passed_over,
    schedule_marks,
    source_marks,
)

Source = TypeVar("Source", bound=str)

_INVOICES_AT_ONCE: Final = 20
_MAKING: Final = {kind.__name__: kind for kind in FIGURES_COME_FROM}
_ACTUAL: Final = codec(LedgerActual)
_MARK: Final = codec(SourceMark)
_ACTUAL_COLUMNS: Final = [ledger_actuals.c[name] for name in _ACTUAL.names]
_MARK_COLUMNS: Final = [marked_sources.c[name] for name in _MARK.names]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPassedOver(PassedOver):
    """A row passed over, and since when."""

    since: datetime


class Ledger:
    """The ledger, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def invoice(self, id_or_number: str) -> Invoice | None:
        """One invoice, by its id or its number."""
        header = read_header(self._connection, id_or_number)
        headers = read_headers(self._connection, invoices.c.number == id_or_number) if header is None else [header]
        return next(iter(read_invoices(self._connection, headers)), None)

    def headers(self, ids: Iterable[str]) -> dict[InvoiceId, Header]:
        """The headers of these invoices: all there is to know of them but their lines."""
        found = (read_headers(self._connection, invoices.c.id.in_(piece)) for piece in chunks(list(ids)))
        return {header.id: header for headers in found for header in headers}

    def named(self, ids: Sequence[str]) -> list[Invoice]:
        """Those of the invoices that are there, in order of creation, all read at once."""
        return self._invoices(invoices.c.id.in_(ids))

    def lengths(self, ids: Sequence[str]) -> dict[InvoiceId, int]:
        """How many details each of these invoices has; those without any are left out."""
        of = invoice_details.c.invoice_id
        rows = self._connection.execute(sa.select(of, sa.func.count()).where(of.in_(ids)).group_by(of))
        return {row[0]: row[1] for row in rows}

    def place_of(self, id_or_number: str) -> tuple[InvoiceId, ContractId] | None:
        """Id and contract of an invoice, by its id or its number, without reading it."""
        named = sa.or_(invoices.c.id == id_or_number, invoices.c.number == id_or_number)
        row = self._connection.execute(sa.select(invoices.c.id, invoices.c.contract_id).where(named)).first()
        return None if row is None else (row[0], row[1])

    def all_headers(self, *, include_deleted: bool = False) -> list[Header]:
        """The invoices without their lines, in order of creation; deleted drafts only when asked."""
        conditions = () if include_deleted else (invoices.c.status != InvoiceStatus.DELETED.value,)
        return read_headers(self._connection, *conditions)

    def counts(self) -> dict[InvoiceStatus, int]:
        """Number of invoices in each status that occurs; deleted drafts are not counted."""
        rows = self._connection.execute(sa.select(invoices.c.status, sa.func.count()).group_by(invoices.c.status))
        return {InvoiceStatus(row[0]): row[1] for row in rows if row[0] != InvoiceStatus.DELETED.value}

    def origins(self) -> dict[Origin, int]:
        """Number of invoices by where they were made; deleted drafts are not counted."""
        return self._by_origin(invoices.c.status != InvoiceStatus.DELETED.value)

    def drafts(self) -> dict[Origin, int]:
        """Number of drafts by where they were made; those of the source system are held."""
        return self._by_origin(invoices.c.status == InvoiceStatus.DRAFT.value)

    def _by_origin(self, condition: sa.ColumnElement[bool]) -> dict[Origin, int]:
        rows = self._connection.execute(sa.select(invoices.c.origin, sa.func.count()).where(condition).group_by(invoices.c.origin))
        return {Origin(row[0]): row[1] for row in rows}

    def flagged(self) -> int:
        """Number of sources on drafts that changed or vanished since (promise 2)."""
        drafts = read_headers(self._connection, invoices.c.status == InvoiceStatus.DRAFT.value)
        return sum(len(header.flags) for header in drafts)

    def invoices(self, contract_ids: Iterable[str] | None = None, include_deleted: bool = False) -> list[Invoice]:
        """The invoices (of these contracts) in order of creation; deleted drafts only when asked."""
        return list(self.each_invoice(contract_ids, include_deleted=include_deleted, size=IN_LIST_MAX))

    def each_invoice(
        self, contract_ids: Iterable[str] | None = None, *, include_deleted: bool = False, size: int = _INVOICES_AT_ONCE
    ) -> Iterator[Invoice]:
        """As `invoices`, `size` of them read at a time: memory follows the largest, not their number."""
        wanted = sa.select(invoices.c.position)
        if not include_deleted:
            wanted = wanted.where(invoices.c.status != InvoiceStatus.DELETED.value)
        positions = sorted(row[0] for row in self._rows(wanted, (invoices.c.contract_id, contract_ids)))
        for piece in chunks(positions, size):
            yield from self._invoices(invoices.c.position.in_(piece))

    def events(self, invoice_id: str) -> list[InvoiceEvent]:
        """Everything that happened to an invoice, in order."""
        return [event_of(row) for row in event_rows(self._connection, invoice_id)]

    def makers(self, ids: Iterable[InvoiceId]) -> dict[InvoiceId, tuple[str, ...]]:
        """The persons who made or changed each of these invoices as a draft, first acts first; no figures are read (I-87)."""
        event = invoice_events.c
        wanted = list(ids)
        statement = (
            sa.select(event.invoice_id, event.sequence, event.by, event.kind, invoices.c.periodic)
            .join(invoices, invoices.c.id == event.invoice_id)
            .where(event.kind.in_(_MAKING))
        )
        found: dict[InvoiceId, tuple[str, ...]] = dict.fromkeys(wanted, ())
        for id_, _, by, kind, periodic in sorted(self._rows(statement, (event.invoice_id, wanted)), key=itemgetter(0, 1)):
            if has_a_hand(_MAKING[kind], periodic=bool(periodic)):
                found[id_] = joined_by(found[id_], by)
        return found

    def marks(self, sources: Iterable[Source] | None = None) -> dict[SourceId, SourceMark]:
        """The marks by source, merged: the last ready state and the last not-to-exceed status given (I-52, I-45)."""
        found = self._rows(sa.select(*_MARK_COLUMNS), (marked_sources.c.source, sources))
        return {mark.source: mark for mark in _MARK.decode(found)}

    def run_rows(self) -> dict[RecordId, bool]:
        """The schedule rows that the periodic run has handled here, and whether it succeeded (I-79)."""
        rows = self._connection.execute(sa.select(schedule_marks.c.row_id, schedule_marks.c.successful))
        return {row[0]: row[1] == 1 for row in rows}

    def actuals(
        self, contract_ids: Iterable[str] | None = None, invoice_ids: Iterable[str] | None = None, ids: Iterable[str] | None = None
    ) -> list[LedgerActual]:
        """The ledger's actuals (of these contracts, on these invoices, of these ids) in order of writing."""
        table = ledger_actuals.c
        statement = sa.select(table.position, *_ACTUAL_COLUMNS)
        rows = self._rows(statement, (table.contract_id, contract_ids), (table.invoice_id, invoice_ids), (table.id, ids))
        return list(_ACTUAL.decode(row[1:] for row in sorted(rows, key=itemgetter(0))))

    def invoices_with(self, source: str) -> list[Invoice]:
        """The invoices, deleted drafts left out, that a source is or was on, in order of creation."""
        details = invoice_details.c
        holding = sa.select(details.invoice_id).where(details.source == source, details.status != InvoiceStatus.DELETED.value)
        return self._invoices(invoices.c.id.in_(holding))

    def sources_starting_with(self, prefix: str, limit: int) -> list[SourceId]:
        """At most `limit` sources whose ids begin so: of details, and what corrections gave back (I-98)."""
        row = ledger_actuals.c
        given_back = (row.type == LedgerType.UNBILLED.value, row.reversal == 0, row.billing_status == BillingStatus.NOT_READY.value)
        wanted = sa.union(
            *(
                sa.select(column).where(column >= prefix, column < prefix + "~", *conditions)
                for column, conditions in ((invoice_details.c.source, ()), (row.id, given_back))
            )
        ).limit(limit)
        return list(self._connection.execute(wanted).scalars())

    def contracts_holding(self, source_ids: Iterable[Source]) -> dict[Source, ContractId]:
        """The contract of the newest living invoice (draft, confirmed or corrected) that each source is on; free sources are not in it."""
        details = invoice_details.c
        statement = (
            sa.select(details.source, invoices.c.contract_id, invoices.c.position)
            .join(invoices, invoices.c.id == details.invoice_id)
            .where(details.status != InvoiceStatus.DELETED.value)
        )
        rows = self._rows(statement, (details.source, source_ids))
        return {row[0]: row[1] for row in sorted(rows, key=itemgetter(2))}

    def passed_over(self) -> list[OpenPassedOver]:
        """The rows that could not be billed and that a person must see, oldest first."""
        table = passed_over.c
        rows = self._connection.execute(sa.select(passed_over).order_by(table.since, table.source, table.reason))
        return [
            OpenPassedOver(source=row.source, reason=row.reason, message=row.message, contract_id=row.contract_id, since=instant(row.since))
            for row in rows
        ]

    def lowest_unsent(self, prefix: str, since: datetime) -> str | None:
        """The lowest number of a series whose invoice has not arrived in finance by our books, of those drafted since; deleted ones too."""
        table = invoices.c
        unsent = table.push.in_([state.value for state in (PushStatus.NONE, PushStatus.QUEUED, PushStatus.SENDING)])
        mine = sa.and_(table.number.startswith(prefix, autoescape=True), table.created_at >= instant_text(since))
        found = self._connection.execute(sa.select(sa.func.min(table.number)).where(unsent, mine)).scalar()
        return None if found is None else str(found)

    def check(self) -> list[IntegrityFault]:
        """Everything that does not hold together: rows against events, ledger against invoices, outbox against confirmations."""
        return check(self._connection)

    def _invoices(self, *conditions: sa.ColumnElement[bool]) -> list[Invoice]:
        return read_invoices(self._connection, read_headers(self._connection, *conditions))

    def _rows(self, statement: sa.Select[Any], *searches: tuple[sa.ColumnElement[Any], Iterable[str] | None]) -> list[Row]:
        """The rows whose columns have one of the values each, long lists searched piece by piece; None searches nothing."""
        pieces = ([column.in_(piece) for piece in chunks(distinct(values))] for column, values in searches if values is not None)
        return [row for conditions in product(*pieces) for row in self._connection.execute(statement.where(*conditions))]


class LedgerWriter(Ledger):
    """The ledger, written: one act's changes at a time, all of them in the caller's transaction (I-89)."""

    def next_number(self, prefix: str) -> str:
        """The next number of a series, "PF-000001" first; without gaps, because a transaction that fails takes its numbers back."""
        make = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        last = number_series.c.last
        first = make(number_series).values(prefix=prefix, last=1)
        counted = first.on_conflict_do_update(index_elements=["prefix"], set_={"last": last + 1}).returning(last)
        return f"{prefix}{self._connection.execute(counted).scalar_one():06d}"

    def save(self, changes: Changes, *, at: datetime, by: str, read: Iterable[Invoice] = ()) -> list[Invoice]:
        """Appends what happened, and brings everything that follows from it up to date; answers the invoices as they are now.

        `read`: invoices that the caller has read in this transaction. Those that neither it nor an event brings come without lines.
        Raises ImpossibleEventError when an event does not fit its invoice; the transaction must then be given up.
        """
        touched = self.append(changes.happenings, at=at, by=by, read=read)
        self._append_actuals(changes.ledger)
        self._adjust(changes.adjusted)
        self._mark(changes.marks)
        self._mark_schedule(changes.schedule)
        self._pass_over(changes, at)
        return touched

    def append(
        self, happenings: Sequence[tuple[InvoiceId, Happening]], *, at: datetime, by: str, read: Iterable[Invoice] = ()
    ) -> list[Invoice]:
        """Appends events to their invoices, in order, and rewrites the rows of the invoices from them; as `save`."""
        by_invoice: defaultdict[InvoiceId, list[Happening]] = defaultdict(list)
        for invoice_id, happening in happenings:
            by_invoice[invoice_id].append(happening)
        headers = self._headers(by_invoice)
        lines = {invoice.id: invoice.lines for invoice in read if invoice.id in headers}
        # Lines are read only where an event speaks of some of them: a confirmation or a push does not touch them.
        unread = [header for id_, header in headers.items() if id_ not in lines and _touched(by_invoice[id_]) is Touched.DETAILS]
        lines.update({invoice.id: invoice.lines for invoice in read_invoices(self._connection, unread)})
        known = {id_: header.invoice(lines.get(id_, ())) for id_, header in headers.items()}
        return [
            self._append_to(invoice_id, headers.get(invoice_id), known.get(invoice_id), _Act(tuple(each), at, by))
            for invoice_id, each in by_invoice.items()
        ]

    def _headers(self, ids: Iterable[InvoiceId]) -> dict[InvoiceId, Header]:
        """The headers, kept from other writers."""
        wanted = list(ids)
        if len(wanted) == 1:
            header = read_header(self._connection, wanted[0], for_update=True)
            return {} if header is None else {header.id: header}
        found = (read_headers(self._connection, invoices.c.id.in_(piece), for_update=True) for piece in chunks(wanted))
        return {header.id: header for headers in found for header in headers}

    def _append_to(self, invoice_id: InvoiceId, header: Header | None, before: Invoice | None, act: _Act) -> Invoice:
        first = 1 if header is None else header.events + 1
        events = [
            InvoiceEvent(invoice_id=invoice_id, sequence=first + n, at=act.at, by=act.by, happening=happening)
            for n, happening in enumerate(act.happenings)
        ]
        after = before
        for event in events:
            after = apply(after, event)
        assert after is not None, "an invoice is grouped only when something happened to it"
        if after.id != invoice_id:
            raise ImpossibleEventError(f"invoice {after.id} is drafted under the id {invoice_id}")
        rows = [event_row(event) for event in events]
        seals = chain(UNSEALED if header is None else header.events_seal, rows)
        ends = replace(header or header_of(after), events=events[-1].sequence, events_seal=seals[-1])
        if before is None:
            write_new(self._connection, after, ends)
        else:
            rewrite(self._connection, before, after, ends, touched=_touched(act.happenings))
        insert(self._connection, invoice_events, [(*row, seal) for row, seal in zip(rows, seals, strict=True)])
        return after

    def _append_actuals(self, actuals: Sequence[LedgerActual]) -> None:
        by_invoice: defaultdict[InvoiceId, list[Cells]] = defaultdict(list)
        rows = _ACTUAL.encode(actuals)
        for actual, cells in zip(actuals, rows, strict=True):
            by_invoice[actual.invoice_id].append(cells)
        headers = self._headers(by_invoice)
        insert(self._connection, ledger_actuals, rows, columns=_ACTUAL.names)
        for invoice_id, each in by_invoice.items():
            header = headers.get(invoice_id)
            if header is None:
                raise ImpossibleEventError(f"ledger rows of invoice {invoice_id}, which is not there")
            ends = {
                "ledger_rows": header.ledger_rows + len(each),
                "ledger_seal": chain(header.ledger_seal, sealable(each))[-1],
            }
            self._connection.execute(sa.update(invoices).where(invoices.c.id == invoice_id).values(ends))

    def _adjust(self, ids: Sequence[Guid]) -> None:
        for piece in chunks(ids):
            self._connection.execute(sa.update(ledger_actuals).where(ledger_actuals.c.id.in_(piece)).values(adjusted=1))

    def _mark(self, marks: Sequence[SourceMark]) -> None:
        merged = self.marks({mark.source for mark in marks}) if marks else {}
        for mark in marks:
            merged[mark.source] = merge(merged.get(mark.source), mark)
        insert(self._connection, source_marks, _MARK.encode(marks), columns=_MARK.names)
        upsert(self._connection, marked_sources, _MARK.encode(merged.values()))

    def _mark_schedule(self, marks: Sequence[ScheduleMark]) -> None:
        upsert(self._connection, schedule_marks, [(mark.row_id, int(mark.successful), instant_text(mark.at)) for mark in marks])

    def _pass_over(self, changes: Changes, at: datetime) -> None:
        """The considered contracts' rows are now these and no others; a row that is still passed over keeps its `since`."""
        table = passed_over.c
        now = instant_text(at)
        since: dict[tuple[str, str], str] = {}
        known = sa.select(table.source, table.reason, table.since)
        pieces = [table.contract_id.in_(piece) for piece in chunks([id_ for id_ in changes.considered if id_ is not None])]
        for fits in [*pieces, *([table.contract_id.is_(None)] if None in changes.considered else [])]:
            since.update({(row[0], row[1]): row[2] for row in self._connection.execute(known.where(fits))})
            self._connection.execute(sa.delete(passed_over).where(fits))
        for source, reason, first in self._rows(known, (table.source, [each.source for each in changes.passed_over])):
            since[source, reason] = first
        rows: dict[tuple[str, str], Cells] = {
            (each.source, each.reason): (
                each.source,
                each.reason,
                each.contract_id,
                each.message,
                since.get((each.source, each.reason), now),
            )
            for each in changes.passed_over
        }
        upsert(self._connection, passed_over, list(rows.values()))


def _touched(happenings: Iterable[Happening]) -> Touched:
    kinds = {type(happening) for happening in happenings}
    if LinesChanged in kinds:
        return Touched.LINES
    return Touched.DETAILS if DetailsChanged in kinds else Touched.HEADER


@dataclass(frozen=True, slots=True)
class _Act:
    happenings: tuple[Happening, ...]
    at: datetime
    by: str
