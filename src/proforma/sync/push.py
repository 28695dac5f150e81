"""The last stage: confirmed invoices to the finance system, exactly once (promise 4, F-83 … F-88).

The truth table, row by row:

    queued            commit *sending*, create  -> accepted | refused | conflict | in doubt | queued again
    sending (doubt)   find                      -> one, equal: accepted · one, different or several: conflict
                                                   none: create with the very same bytes · no answer: stays in doubt
    doubt, no finding possible                  -> parked for a person

*Sending* is committed before the first byte leaves (F-84), and a failed look-up is not an absence (F-86).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.errors import ConfigurationError, RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Guarantee, Target, TargetRefusedError
from proforma.store import OutboxRow, Store, Transaction
from proforma.sync.progress import Progress, Silent
from proforma.transport.errors import TransportError

#: Longer than any time-out of one attempt: a row still *sending* after that was left by a process that died.
LEASE_SECONDS: Final = 900

_NEEDS_A_PERSON: Final = frozenset({PushStatus.REFUSED, PushStatus.CONFLICT, PushStatus.PARKED})
_UNFINISHED: Final = (PushStatus.QUEUED, PushStatus.SENDING)
_DONE: Final = frozenset({PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED})

DocumentOf = Callable[[Invoice], FinanceDocument]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of one invoice in this run."""

    invoice_id: InvoiceId
    number: str
    push: PushStatus
    external_number: str | None = None
    message: str | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether it will not go on by itself."""
        return self.push in _NEEDS_A_PERSON


class Push:
    """Sends what is due, one invoice after the other, oldest first."""

    def __init__(
        self,
        store: Store,
        target: Target,
        document_of: DocumentOf,
        *,
        now: Callable[[], datetime],
        settle_seconds: float = 0,
        sleep: Callable[[float], None] = time.sleep,
        progress: Progress | None = None,
    ) -> None:
        self._store = store
        self._target = target
        self._document_of = document_of
        self._now = now
        self._settle_seconds = settle_seconds
        self._sleep = sleep
        self._progress = progress or Silent()
        self._owner = f"{socket.gethostname()}:{os.getpid()}"

    def run(self) -> Iterator[Pushed]:
        """Sends every due invoice of this target; yields each as its result is committed.

        Raises TransportError when the target cannot be reached or refuses our sign-in: what is left stays queued or in doubt,
        and the next run goes on. Raises UnfinishedError when another process is pushing.
        """
        with self._store.stage_lock("push"):
            with self._store.read() as reader:
                due = [row.invoice_id for row in reader.outbox.all(states=_UNFINISHED) if self._is_due(row)]
            self._progress.begin("push", len(due))
            for invoice_id in due:
                yield self._push(invoice_id)
                self._progress.advance(1)
            self._progress.end()

    def _is_due(self, row: OutboxRow) -> bool:
        return row.target == self._target.name and (row.next_attempt_at is None or row.next_attempt_at <= self._now())

    def _push(self, invoice_id: InvoiceId) -> Pushed:
        with self._store.begin() as tx:
            # The stage lock says that nobody else is sending: whatever an older owner claimed is ours now, with a higher fence (F-84).
            row = tx.outbox.claim(invoice_id, self._owner, self._now(), LEASE_SECONDS, take_over=True)
            invoice = tx.ledger.invoice(invoice_id)
        if row is None or invoice is None:
            raise ConfigurationError(f"invoice {invoice_id} is in the outbox and not in the ledger", hint="run `proforma db check`")
        if row.state is PushStatus.SENDING:
            return self._resolve_doubt(row, invoice)
        return self._send_new(row, invoice)

    def _send_new(self, row: OutboxRow, invoice: Invoice) -> Pushed:
        try:
            document = self._document_of(invoice)
        except RefusedError as refusal:
            return self._settle(row, invoice, PushStatus.REFUSED, message=refusal.message)
        if self._target.guarantee is Guarantee.FIND_FIRST:
            found = self._target.find(row.reference)
            if found:
                return self._compare(row, invoice, document, found)
        return self._send(row, invoice, document)

    def _send(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, *, after_doubt: bool = False) -> Pushed:
        with self._store.begin() as tx:
            # Promise 4: committed before the first byte leaves; from here on a death is a doubt.
            row = tx.outbox.sending(row, document.body, document.digest, self._now())
        try:
            created = self._target.create(document)
        except TargetRefusedError as refusal:
            if refusal.exists:
                return self._compare(row, invoice, document, self._target.find(row.reference))
            return self._settle(row, invoice, PushStatus.REFUSED, message=refusal.message)
        except TransportError as fault:
            if not fault.doubtful:
                # Nothing was carried out: back into the queue, and the fault ends this run.
                self._settle(row, invoice, PushStatus.QUEUED, message=str(fault))
                raise
            if after_doubt:
                raise  # stays *sending*: the next run asks before it tells
            return self._resolve_doubt(row, invoice)
        return self._settle(row, invoice, created.state, found=created)

    def _resolve_doubt(self, row: OutboxRow, invoice: Invoice) -> Pushed:
        """Asks the target before telling it again (F-32, F-85). While it cannot be asked the row stays in doubt."""
        document = FinanceDocument.frozen(row.document or b"")
        if not self._target.can_be_asked:
            if self._now() - self._first_sent(row) < self._target.repeatable_for:
                return self._send(row, invoice, document, after_doubt=True)
            message = "it is not known whether finance has this invoice, and this target cannot be asked: look it up there by reference"
            return self._settle(row, invoice, PushStatus.PARKED, message=message)
        self._sleep(self._settle_seconds)
        found = self._target.find(row.reference)
        if found:
            return self._compare(row, invoice, document, found)
        return self._send(row, invoice, document, after_doubt=True)

    def _first_sent(self, row: OutboxRow) -> datetime:
        with self._store.read() as reader:
            return min(attempt.at for attempt in reader.outbox.attempts(row.invoice_id))

    def _compare(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, found: tuple[Found, ...]) -> Pushed:
        """One that is equal is ours; anything else is for a person, and nothing is deleted (F-30, F-87)."""
        if not found:
            message = (
                f"finance says that reference {row.reference} is taken, yet finds no document: look there for a deleted or foreign one"
            )
            return self._settle(row, invoice, PushStatus.CONFLICT, message=message)
        if len(found) > 1:
            message = f"finance has {len(found)} documents with reference {row.reference}: look at them there, keep one"
            return self._settle(row, invoice, PushStatus.CONFLICT, message=message)
        differences = found[0].differs_from(document)
        if differences:
            message = f"finance has another document with reference {row.reference}: " + "; ".join(differences)
            return self._settle(row, invoice, PushStatus.CONFLICT, message=message)
        return self._settle(row, invoice, found[0].state, found=found[0])

    def _settle(
        self, row: OutboxRow, invoice: Invoice, push: PushStatus, *, found: Found | None = None, message: str | None = None
    ) -> Pushed:
        with self._store.begin() as tx:
            tx.outbox.result(
                row,
                push,
                at=self._now(),
                external_id=found.external_id if found else None,
                external_number=found.number if found else None,
                message=message,
            )
            self._tell_a_person(tx, row, invoice, push, message)
        return Pushed(
            invoice_id=invoice.id,
            number=invoice.number,
            push=push,
            external_number=found.number if found else None,
            message=message,
        )

    def _tell_a_person(self, tx: Transaction, row: OutboxRow, invoice: Invoice, push: PushStatus, message: str | None) -> None:
        """A push that needs a person is listed by `proforma problems` until it succeeds (promise 5)."""
        if push in _NEEDS_A_PERSON:
            text = f"{invoice.number}: {message}"
            tx.quarantine.put("push", "invoice", invoice.id, f"push-{push}", text, row.document, self._now())
        elif push in _DONE:
            tx.quarantine.resolve("invoice", [invoice.id])
