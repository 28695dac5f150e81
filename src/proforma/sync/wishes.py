"""What rows of Dataverse are to say about invoices and marks: worked out from the ledger whenever that has changed (D-26, D-110, F-90).

Nothing is remembered but how much of the ledger is in the wishes already, in the commit that makes them: a death in between costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from proforma.domain.codes import BillingStatus, PushStatus, SourceKind
from proforma.domain.contracts import Contract, ContractLine, Milestone, Retainer
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice, ReadBack, SourceMark
from proforma.domain.records import Actual
from proforma.mapping import Mappings, WriteBackMapping, WrittenColumn, fingerprint
from proforma.store import Billed, Store, Transaction, Wish
from proforma.store.write_backs import MARKS
from proforma.transport.decoding import JsonValue

#: So many invoices are looked at in one commit.
_INVOICES_MAX: Final = 200
_KINDS: Final[Mapping[type, SourceKind]] = {
    Actual: SourceKind.ACTUAL,
    Milestone: SourceKind.MILESTONE,
    Retainer: SourceKind.RETAINER,
    ContractLine: SourceKind.PRODUCT,
}
#: Until then an invoice is nobody's news.
_UNTOLD: Final = frozenset({PushStatus.NONE, PushStatus.QUEUED, PushStatus.SENDING})
_READY: Final = {BillingStatus.READY: True, BillingStatus.NOT_READY: False}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number", order="sorted")


class Wishes:
    """Brings the wishes up to date with the ledger."""

    def __init__(self, store: Store, mappings: Mappings, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._mappings = mappings
        self._now = now
        self._fingerprint = fingerprint(mappings.write_back)

    def plan(self) -> int:
        """Queues every wish that is new or another than before; how many."""
        queued = self._plan_marks()
        while True:
            with self._store.begin() as tx:
                changed = tx.write_backs.changed_invoices(self._fingerprint, _INVOICES_MAX)
                if not changed:
                    return queued
                queued += tx.write_backs.wish(list(self._of_invoices(tx, [invoice_id for invoice_id, _ in changed])), self._now())
                tx.write_backs.seen(changed, self._fingerprint)

    def _plan_marks(self) -> int:
        says = [m for m in self._mappings.write_back.values() if m.ready is not None and "marks" in m.ready.says]
        if not says:
            return 0
        with self._store.begin() as tx:
            sources, position = tx.write_backs.new_marks(self._fingerprint)
            queued = sum(tx.write_backs.wish(list(_of_sources(tx, mapping, sources)), self._now()) for mapping in says)
            tx.write_backs.seen([(MARKS, position)], self._fingerprint)
        return queued

    def _of_invoices(self, tx: Transaction, ids: Iterable[InvoiceId]) -> Iterator[Wish]:
        found = [invoice for invoice_id in ids if (invoice := tx.ledger.invoice(invoice_id)) is not None]
        for mapping in self._mappings.write_back.values():
            record = self._mappings.entities[mapping.entity].record
            if record is Contract:
                yield from _of_contracts(tx, mapping, dict.fromkeys(invoice.contract_id for invoice in found))
            else:
                kind = _KINDS[record]
                yield from _of_sources(tx, mapping, dict.fromkeys(d.source for i in found for d in i.details if d.kind is kind))


def _of_contracts(tx: Transaction, mapping: WriteBackMapping, ids: Iterable[str]) -> Iterator[Wish]:
    for contract_id in ids:
        newest = tx.write_backs.newest_invoice_of(contract_id)
        if newest is not None and (columns := _columns(mapping, newest)):
            yield Wish(entity=mapping.entity, row_id=contract_id, invoice_id=newest.invoice.id, content=_content(columns, None))


def _of_sources(tx: Transaction, mapping: WriteBackMapping, sources: Iterable[str]) -> Iterator[Wish]:
    rows = [source for source in sources if _is_guid(source)]
    billed, marks = tx.write_backs.newest_invoices(rows), tx.ledger.marks(rows)
    marked: Mapping[str, SourceMark] = {str(source): mark for source, mark in marks.items()}
    for row_id in rows:
        on = billed.get(row_id)
        columns = _columns(mapping, on) if on is not None else {}
        ready = _ready(mapping, on, marked.get(row_id))
        if columns or ready is not None:
            invoice_id = on.invoice.id if on is not None else None
            yield Wish(entity=mapping.entity, row_id=row_id, invoice_id=invoice_id, content=_content(columns, ready))


def _ready(mapping: WriteBackMapping, on: Billed | None, mark: SourceMark | None) -> bool | None:
    """Whether an actual is to be ready there: not once it is billed here; else as people marked it here; None leaves it (I-52, I-130)."""
    if mapping.ready is None:
        return None
    if on is not None and on.quantity != 0:
        return False if "billed" in mapping.ready.says else None
    return None if mark is None or mark.status is None or "marks" not in mapping.ready.says else _READY.get(mark.status)


def _columns(mapping: WriteBackMapping, billed: Billed) -> dict[str, JsonValue]:
    if billed.invoice.push in _UNTOLD:
        return {}
    facts = _facts(billed.invoice, billed.total)
    written = {name: _written(column, facts[column.fact]) for name, column in mapping.columns.items()}
    return {name: value for name, value in written.items() if value is not None}


def _facts(invoice: Invoice, total: Decimal) -> dict[str, str | date | Decimal | bool | None]:
    told = invoice.read_back or ReadBack()
    return {
        "status": invoice.push.value,
        "number": invoice.external_number,
        "reference": invoice.reference,
        "invoice": invoice.number,
        "posted_on": told.posted_on,
        "total": total,
        "tax": told.tax,
        "total_with_tax": told.total_with_tax,
        "remaining": told.remaining,
        "paid": None if told.remaining is None else told.remaining == 0,
    }


def _written(column: WrittenColumn, value: str | date | Decimal | bool | None) -> JsonValue:
    """What is written of a fact; None: nothing, the column stays as it is."""
    if column.words is not None and value is not None:
        word = "yes" if value is True else "no" if value is False else str(value)
        return column.words.get(word)
    return value.isoformat() if isinstance(value, date) else value


def _content(columns: Mapping[str, JsonValue], ready: bool | None) -> str:
    return _ENCODER.encode({"columns": columns} | ({} if ready is None else {"ready": ready})).decode()


def _is_guid(text: str) -> bool:
    """A detail added by hand may be its own source: no row of Dataverse has its id."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
