"""After the push: what became of documents in finance, posted with a legal number, changed, or gone (F-27, F-78, F-90).

Nothing here changes finance. What differs from what was sent, and what is no longer there, is told to a person; our state stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target
from proforma.store import OutboxRow, StaleFenceError, Store
from proforma.sync.delivery import LEASE_SECONDS, NEEDS_A_PERSON, Pushed, external_of
from proforma.transport.errors import TransportError

_FOLLOWED: Final = (PushStatus.SENT, PushStatus.ACCEPTED)
#: Kind of the problems that finance's own changes make.
DRIFT: Final = "drift"
#: So many documents are asked about in one run, those that waited longest first: a run ends in bounded time.
_ROWS_MAX: Final = 500


class Follow:
    """Asks one target about the documents that it has not posted yet."""

    def __init__(self, store: Store, target: Target, *, now: Callable[[], datetime], owner: str, every: timedelta) -> None:
        self._store = store
        self._target = target
        self._now = now
        self._owner = owner
        self._every = every

    def run(self) -> Iterator[Pushed]:
        """Asks about every document that is due; yields those of which there is news.

        Raises TransportError when finance cannot be asked; the rest is asked about in a later run.
        """
        if not self._target.can_be_followed:
            return
        with self._store.stage_lock("push"):
            with self._store.read() as reader:
                rows = [row for row in reader.outbox.all(states=_FOLLOWED) if self._is_due(row)][:_ROWS_MAX]
            for row in rows:
                if (news := self._ask(row)) is not None:
                    yield news

    def _is_due(self, row: OutboxRow) -> bool:
        return row.target == self._target.name and (row.next_attempt_at is None or row.next_attempt_at <= self._now())

    def _ask(self, listed: OutboxRow) -> Pushed | None:
        with self._store.begin() as tx:
            row = tx.outbox.claim(listed.invoice_id, self._owner, self._now(), LEASE_SECONDS, take_over=True)
            invoice = tx.ledger.invoice(listed.invoice_id)
        if row is None or invoice is None or row.document is None:
            return None
        document = FinanceDocument.frozen(row.document)
        try:
            found = self._target.status(document, row.external_id)
        except TransportError:
            # Taken over meanwhile: the other worker decides when it is asked again, and the fault is still one.
            with suppress(StaleFenceError):
                self._later(row)
            raise
        try:
            return self._learned(row, invoice, document, found)
        except StaleFenceError:
            return None

    def _later(self, row: OutboxRow) -> None:
        with self._store.begin() as tx:
            tx.outbox.follow_at(row, self._now() + self._every)

    def _learned(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, found: Found | None) -> Pushed | None:
        if found is None:
            return self._drift(row, invoice, "document-gone", f"finance no longer has {row.external_number or row.reference}")
        if differences := found.differs_from(document):
            return self._drift(row, invoice, "document-changed", "changed in finance: " + "; ".join(differences))
        if found.state is row.state and found.number in (None, row.external_number):
            self._later(row)
            return None
        return self._keep(row, invoice, found)

    def _keep(self, row: OutboxRow, invoice: Invoice, found: Found) -> Pushed:
        with self._store.begin() as tx:
            tx.outbox.result(
                row,
                found.state,
                at=self._now(),
                external=external_of(found),
                message=found.message,
                request_id=found.request_id,
                next_attempt_at=self._now() + self._every,
            )
            if found.state in NEEDS_A_PERSON:
                text = f"{invoice.number}: {found.message or 'refused after it was accepted'}"
                tx.quarantine.put("push", "invoice", invoice.id, f"push-{found.state}", text, row.document, self._now())
            tx.quarantine.resolve("invoice", [invoice.id], kind=DRIFT)
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=found.state, external_number=found.number, message=found.message)

    def _drift(self, row: OutboxRow, invoice: Invoice, reason: str, message: str) -> Pushed:
        """Somebody acted in finance: that is not ours to repair, and never a reason to send it again."""
        with self._store.begin() as tx:
            tx.quarantine.put(DRIFT, "invoice", invoice.id, reason, f"{invoice.number}: {message}", None, self._now())
            tx.outbox.follow_at(row, self._now() + self._every)
        return Pushed(
            invoice_id=invoice.id, number=invoice.number, push=row.state, external_number=row.external_number, message=message, drifted=True
        )
