"""After the push: what became of documents in finance, posted with a legal number, changed, or gone (F-27, F-78, F-90).

Nothing here changes finance. What differs from what was sent, and what is no longer there, is told to a person; our state stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target
from proforma.store import OutboxRow, StaleFenceError, Store, Transaction
from proforma.sync.delivery import LEASE_SECONDS, NEEDS_A_PERSON, Pauses, Pushed, external_of
from proforma.transport.errors import TransportError

#: Kind of the problems that finance's own changes make.
DRIFT: Final = "drift"
#: What the end of a push says that a person had taken back.
TAKEN_BACK: Final = "taken back"
#: So many documents are asked about in one run, those that waited longest first: a run ends in bounded time.
_ROWS_MAX: Final = 500


class Follow:
    """Asks one target about the documents that it has not posted yet, and about posted ones that are not paid."""

    def __init__(self, store: Store, target: Target, *, now: Callable[[], datetime], owner: str, pauses: Pauses) -> None:
        self._store = store
        self._target = target
        self._now = now
        self._owner = owner
        self._pauses = pauses

    def run(self) -> Iterator[Pushed]:
        """Asks about every document that is due; yields those of which there is news.

        Raises TransportError when finance cannot be asked; the rest is asked about in a later run.
        """
        if not self._target.can_be_followed:
            return
        with self._store.stage_lock("push"):
            with self._store.read() as reader:
                rows = reader.outbox.followed(self._target.name, self._now(), _ROWS_MAX)
            for row in rows:
                if (news := self._ask(row)) is not None:
                    yield news

    def _ask(self, listed: OutboxRow) -> Pushed | None:
        with self._store.begin() as tx:
            row = tx.outbox.claim(listed.invoice_id, self._owner, self._now(), LEASE_SECONDS, take_over=True, ended=True)
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
            tx.outbox.follow_at(row, self._now() + self._pauses.after(row.state))

    def _learned(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, found: Found | None) -> Pushed | None:
        if (found is None or found.state is PushStatus.CANCELLED) and (reason := self._cancel_reason(row)):
            return self._withdrawn(row, invoice, reason)
        if found is None:
            return self._drift(row, invoice, "document-gone", f"finance no longer has {row.external_number or row.reference}")
        if differences := found.differs_from(document):
            return self._drift(row, invoice, "document-changed", "changed in finance: " + "; ".join(differences))
        same = found.state is row.state and found.number in (None, row.external_number)
        if same and found.read_back in (None, invoice.read_back):
            self._as_sent(row, invoice)
            return None
        return self._keep(row, invoice, found)

    def _cancel_reason(self, row: OutboxRow) -> str | None:
        with self._store.read() as reader:
            return reader.outbox.cancel_reason(row.invoice_id)

    def _withdrawn(self, row: OutboxRow, invoice: Invoice, reason: str) -> Pushed:
        """A person had it taken back, and died or lost the answer before that was written (F-43)."""
        with self._store.begin() as tx:
            withdrawn(tx, row, reason, self._now())
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=PushStatus.CANCELLED, message=f"{TAKEN_BACK}: {reason}")

    def _as_sent(self, row: OutboxRow, invoice: Invoice) -> None:
        """Nothing is new, and nothing differs any more."""
        with self._store.begin() as tx:
            tx.outbox.follow_at(row, self._now() + self._pauses.after(row.state))
            tx.quarantine.resolve("invoice", [invoice.id], kind=DRIFT)

    def _keep(self, row: OutboxRow, invoice: Invoice, found: Found) -> Pushed:
        with self._store.begin() as tx:
            tx.outbox.result(
                row,
                found.state,
                at=self._now(),
                external=external_of(found),
                message=found.message,
                request_id=found.request_id,
                next_attempt_at=self._pauses.next(found, self._now()),
            )
            if found.state in NEEDS_A_PERSON:
                text = f"{invoice.number}: {found.message or 'refused after it was accepted'}"
                tx.quarantine.put("push", "invoice", invoice.id, f"push-{found.state}", text, row.document, self._now())
            tx.quarantine.resolve("invoice", [invoice.id], kind=DRIFT)
            if cancelled := found.state is PushStatus.CANCELLED:
                told = f"{invoice.number}: cancelled in finance, and still billed here: correct the invoice, or drop this with the reason"
                tx.quarantine.put(DRIFT, "invoice", invoice.id, "document-cancelled", told, None, self._now())
        return Pushed(
            invoice_id=invoice.id,
            number=invoice.number,
            push=found.state,
            external_number=found.number,
            message=told if cancelled else found.message,
            drifted=cancelled,
        )

    def _drift(self, row: OutboxRow, invoice: Invoice, reason: str, message: str) -> Pushed | None:
        """Somebody acted in finance: that is not ours to repair, and never a reason to send it again.

        A difference that a person has given up is not told again, as long as it is the same one (D-98).
        """
        told = f"{invoice.number}: {message}"
        with self._store.begin() as tx:
            given_up = tx.quarantine.was_dropped(DRIFT, "invoice", invoice.id, told)
            if not given_up:
                tx.quarantine.put(DRIFT, "invoice", invoice.id, reason, told, None, self._now())
            tx.outbox.follow_at(row, self._now() + self._pauses.after(row.state))
        return (
            None
            if given_up
            else Pushed(
                invoice_id=invoice.id,
                number=invoice.number,
                push=row.state,
                external_number=row.external_number,
                message=message,
                drifted=True,
            )
        )


def withdrawn(tx: Transaction, row: OutboxRow, reason: str, at: datetime) -> None:
    """Finance no longer has the document, because a person wanted it so."""
    tx.outbox.result(row, PushStatus.CANCELLED, at=at, message=f"{TAKEN_BACK}: {reason}")
    tx.quarantine.resolve("invoice", [row.invoice_id], kind=DRIFT)
