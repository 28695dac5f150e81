"""Takes a document back from finance while nobody has posted or changed it there (F-43): the act of a person, once, with its reason.

    accepted, as it was sent     commit *cancelling*, tell finance   -> cancelled | refused | not known
    posted, changed, in doubt    refused with the reason; nothing is told
    *cancelling*, and gone       cancelled: it went by our own act, which a death or a lost answer kept from being written
    *cancelling*, and there      told again by the next attempt

The invoice stays confirmed: its correction gives the work back, and has nothing to credit in finance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from proforma.domain.codes import InvoiceStatus, PushStatus
from proforma.domain.errors import ConfigurationError
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target, TargetRefusedError
from proforma.store import OutboxRow, Reader, StaleFenceError, Store, Transaction
from proforma.sync.delivery import LEASE_SECONDS
from proforma.sync.follow import withdrawn
from proforma.transport.errors import TransportError

#: Why nothing can be taken back, by the state of the push.
_NOT_THERE: Final[Mapping[PushStatus, str]] = {
    PushStatus.NONE: "it is not confirmed, so finance has nothing of it",
    PushStatus.QUEUED: "finance has nothing of it yet",
    PushStatus.SENDING: "it is not known whether finance has it: `proforma push` asks first",
    PushStatus.SENT: "finance has not said yet whether it takes it: `proforma push` asks",
    PushStatus.POSTED: "it is posted: only a correction changes it",
    PushStatus.REFUSED: "finance has refused it: see `proforma problems list`",
    PushStatus.CONFLICT: "finance has another document under its reference: see `proforma problems list`",
    PushStatus.PARKED: "it is not known whether finance has it: see `proforma problems list`",
    PushStatus.CANCELLED: "it is cancelled already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What became of one invoice: taken back, or `refused` by the code of a reason; after a `fault` the next attempt finds out."""

    invoice: Invoice
    message: str
    refused: str | None = None
    fault: TransportError | None = None


class Cancellation:
    """Takes documents back, each from the system that it was sent to."""

    def __init__(self, store: Store, target_of: Callable[[str], Target], *, now: Callable[[], datetime], by: str) -> None:
        self._store = store
        self._target_of = target_of
        self._now = now
        self._by = by

    def run(self, names: Sequence[str], *, reason: str) -> list[Withdrawn]:
        """One invoice after the other, by number or id.

        Raises ConfigurationError for an unknown one before anything is done, and UnfinishedError while somebody pushes.
        """
        if not reason.strip():
            raise ConfigurationError("the reason is empty", hint="say why it is taken back: it stays on record")
        with self._store.stage_lock("push"):
            with self._store.read() as reader:
                ids = dict.fromkeys(_known(reader, name).id for name in names)
            return [self._one(id_, reason) for id_ in ids]

    def _one(self, invoice_id: str, reason: str) -> Withdrawn:
        with self._store.begin() as tx:
            invoice = _known(tx, invoice_id)
            if invoice.push is not PushStatus.ACCEPTED:
                return Withdrawn(invoice=invoice, refused=f"push-{invoice.push}", message=_NOT_THERE[invoice.push])
            if waits := _correction_in_the_way(tx, invoice):
                return Withdrawn(invoice=invoice, refused="corrected", message=waits)
            # Alone under the lock of the stage nobody else is at work on it.
            row = tx.outbox.claim(invoice_id, self._by, self._now(), LEASE_SECONDS, take_over=True)
            began = tx.outbox.cancel_reason(invoice_id)
        if row is None or row.document is None:
            raise ConfigurationError(f"invoice {invoice.number} is accepted and its document is not kept", hint="run `proforma db check`")
        try:
            return self._withdraw(row, invoice, FinanceDocument.frozen(row.document), began, reason)
        except StaleFenceError:
            return Withdrawn(
                invoice=invoice, refused="taken-over", message="somebody else has taken it over; what was learned is not written"
            )

    def _withdraw(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, began: str | None, reason: str) -> Withdrawn:
        target = self._target_of(row.target)
        if not target.can_cancel:
            said = f"{row.target} offers no way to take a document back: its mapping declares no `cancel`, or nothing to ask by"
            return self._refuse(row, invoice, "cancel-unsupported", said)
        try:
            found = target.status(document, row.external_id)
        except TransportError as fault:
            return self._unknown(row, invoice, fault)
        if began is not None and (found is None or found.state is PushStatus.CANCELLED):
            return self._done(row, invoice, began)
        if found is None:
            said = f"finance no longer has {row.external_number or row.reference}: somebody has deleted it there"
            return self._refuse(row, invoice, "document-gone", said)
        if objection := _objection(document, found):
            return self._refuse(row, invoice, *objection)
        with self._store.begin() as tx:
            row = tx.outbox.cancelling(row, reason, self._now())
        return self._tell(target, row, invoice, document, found, reason)

    def _tell(self, target: Target, row: OutboxRow, invoice: Invoice, document: FinanceDocument, found: Found, reason: str) -> Withdrawn:
        """The intent is committed; from here on a death leaves a document that is gone by our own act, or one that is still there."""
        late = row.lease_until is not None and self._now() >= row.lease_until
        if late or self._store.fence_of(row.invoice_id) != row.fence:
            raise StaleFenceError(f"the push of {row.reference} was taken over before it was taken back")
        try:
            target.cancel(document, found)
        except TargetRefusedError as refusal:
            return self._refuse(row, invoice, "finance-refused", refusal.message)
        except TransportError as fault:
            return self._in_doubt(target, row, invoice, document, reason, fault)
        return self._done(row, invoice, reason)

    def _in_doubt(
        self, target: Target, row: OutboxRow, invoice: Invoice, document: FinanceDocument, reason: str, fault: TransportError
    ) -> Withdrawn:
        """No clear answer: finance is asked whether the document is still there (F-32)."""
        try:
            gone = target.status(document, row.external_id)
        except TransportError:
            return self._unknown(row, invoice, fault)
        if gone is None or gone.state is PushStatus.CANCELLED:
            return self._done(row, invoice, reason)
        return self._unknown(row, invoice, fault)

    # ---- what is written -------------------------------------------------------------------------------------------------

    def _done(self, row: OutboxRow, invoice: Invoice, reason: str) -> Withdrawn:
        with self._store.begin() as tx:
            withdrawn(tx, row, reason, self._now())
        return Withdrawn(invoice=invoice, message="taken back; it is still billed here: `proforma invoice correct` gives its work back")

    def _refuse(self, row: OutboxRow, invoice: Invoice, reason: str, message: str) -> Withdrawn:
        """Nothing was done, and the next push asks how the document stands."""
        with self._store.begin() as tx:
            if tx.outbox.cancel_reason(invoice.id) is None:
                tx.outbox.follow_at(row, self._now())
            else:  # what was begun has come to nothing
                tx.outbox.result(row, row.state, at=self._now(), message=message, next_attempt_at=self._now())
        return Withdrawn(invoice=invoice, refused=reason, message=message)

    def _unknown(self, row: OutboxRow, invoice: Invoice, fault: TransportError) -> Withdrawn:
        """It stays as it was; whether it is gone is found out by the next attempt, or by the next push."""
        with self._store.begin() as tx:
            tx.outbox.follow_at(row, self._now())
        return Withdrawn(invoice=invoice, message=str(fault), fault=fault)


def _objection(document: FinanceDocument, found: Found) -> tuple[str, str] | None:
    """Why a document must not be taken back: a code, and words."""
    if found.state is not PushStatus.ACCEPTED:
        number = f" as {found.number}" if found.number else ""
        return f"push-{found.state}", f"it is {found.state} there{number}: only a correction changes it"
    if differences := found.differs_from(document):
        return "document-changed", "changed in finance: " + "; ".join(differences)
    return None


def _correction_in_the_way(tx: Transaction, invoice: Invoice) -> str | None:
    """A credit that has left, or may have, stands for this very document: it must not stand alone."""
    if invoice.status is not InvoiceStatus.CORRECTED:
        return None
    corrections = [header for header in tx.ledger.all_headers() if header.corrects == invoice.id]
    for header in corrections:
        push = tx.outbox.get(header.id)
        if push is not None and push.state is not PushStatus.CANCELLED and (push.attempts or push.state is not PushStatus.QUEUED):
            return f"{header.number} corrects it and is {push.state}: take that back first"
    return None


def _known(reader: Reader | Transaction, name: str) -> Invoice:
    invoice = reader.ledger.invoice(name)
    if invoice is None:
        raise ConfigurationError(f"there is no invoice {name!r}", hint="see `proforma invoice list --all`")
    return invoice
