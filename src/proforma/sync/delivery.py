"""One confirmed invoice to one finance system, exactly once: the truth table of promise 4, row by row (F-83 … F-88).

    queued            commit *sending*, create  -> accepted | refused | conflict | in doubt | queued again
                      first find, where nothing else keeps a second document away, or where a key may have expired (F-66, F-76)
    sending (doubt)   find                      -> one, equal: accepted · one, begun: completed · one, different, or several: conflict
                                                   none: create with the very same bytes · no answer: stays in doubt
    doubt, no finding possible                  -> parked for a person

*Sending* is committed before the first byte leaves (F-84), a failed look-up is not an absence (F-86), and an absence is not believed
before the target had time to settle (F-85). Whatever a worker wants to write after another one took over changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.errors import ConfigurationError, RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target, TargetRefusedError
from proforma.store import External, OutboxRow, StaleFenceError, Store, Transaction
from proforma.sync.send import DocumentOf
from proforma.sync.turns import Made, Turn, Turns
from proforma.transport.errors import TransportError

#: Longer than any time-out of one attempt: a row still *sending* after that was left by a process that died.
LEASE_SECONDS: Final = 900
#: So long a settling is waited for; a longer one is left to a later run, while other invoices go on.
_WAIT_SECONDS_MAX: Final = 5.0

NEEDS_A_PERSON: Final = frozenset({PushStatus.REFUSED, PushStatus.CONFLICT, PushStatus.PARKED})
#: States in which a worker has something to do.
_WAITING: Final = frozenset({PushStatus.QUEUED, PushStatus.SENDING})
#: The reason that an invoice keeps which never left (D-28).
CLOSED_HERE: Final = "its total is 0: it ends here and is not sent, as document.zero of the finance mapping wants it"
ARRIVED: Final = frozenset({PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of one invoice in this run."""

    invoice_id: InvoiceId
    number: str
    push: PushStatus
    external_number: str | None = None
    message: str | None = None
    drifted: bool = False
    held: bool = False
    fault: TransportError | None = field(default=None, compare=False, repr=False)

    @property
    def needs_a_person(self) -> bool:
        """Whether it will not go on by itself, or was changed in finance."""
        return self.drifted or self.held or self.push in NEEDS_A_PERSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """How long to wait before a document is asked about again: until it is posted, and after that until it is paid (None: never)."""

    unposted: timedelta = timedelta(0)
    unpaid: timedelta | None = None

    def after(self, state: PushStatus) -> timedelta:
        """The pause after nothing was new."""
        return self.unpaid if state is PushStatus.POSTED and self.unpaid is not None else self.unposted

    def next(self, found: Found, now: datetime) -> datetime | None:
        """When a document is asked about again; None: nothing more is expected of it."""
        if found.state is PushStatus.POSTED:
            return None if self.unpaid is None or not found.remaining else now + self.unpaid
        return None if found.state is PushStatus.CANCELLED else now + self.unposted


@dataclass(frozen=True, slots=True)
class _Claimed:
    """An invoice with the row that is ours; no row: it belongs to somebody else. With a `document` it is committed as *sending*."""

    row: OutboxRow | None
    invoice: Invoice
    document: FinanceDocument | None = None


@dataclass(slots=True)
class _Handover:
    """From one invoice to the next: `made` is to be claimed by the commit that ends the one before, `claimed` once that is done."""

    made: Made | None
    claimed: _Claimed | None = None


class Delivery:
    """Moves single invoices along the truth table; several threads may share it, each with its own invoice."""

    def __init__(
        self,
        store: Store,
        target: Target,
        document_of: DocumentOf,
        *,
        now: Callable[[], datetime],
        owner: str,
        sleep: Callable[[float], None],
        pauses: Pauses,
        worker: bool = False,
    ) -> None:
        """`worker`: others deliver from the same store at the same time; `owner` is then the name of this worker."""
        self._store = store
        self._target = target
        self._document_of = document_of
        self._now = now
        self._owner = owner
        self._sleep = sleep
        self._pauses = pauses
        self._worker = worker

    def deliver(self, invoice_id: InvoiceId, *, ask_first: bool = False) -> Pushed:
        """Takes one invoice as far as it goes now. A fault of the transfer is in the result: its row stays queued or in doubt.

        `ask_first`: finance may have it, whatever our books say.
        """
        return self._taken_on(self._claim(invoice_id, ask_first=ask_first), ask_first=ask_first)

    def deliver_all(self, turns: Turns) -> Generator[Pushed]:
        """One after the other, as `deliver`; only for who pushes alone. Each comes when its result is committed.

        The commit that keeps what finance said of one makes the next one *sending*. Who wants no more while that one has not left has
        to close this.
        """
        turn, claimed = turns.next(), None
        while turn is not None:
            claimed = claimed or self._claim_turn(turn)
            following = turns.next()
            handover = _Handover(following.made if following else None)
            pushed = self._taken_on(claimed, ask_first=turn.ask_first, handover=handover)
            turn, claimed = following if handover.claimed or turns.go_on else None, handover.claimed
            try:
                yield pushed
            except GeneratorExit:
                if claimed is not None:
                    self._give_back(claimed)
                raise

    @property
    def hands_over(self) -> bool:
        """Whether the next invoice may be *sending* by the commit that ends the one before, a little longer before it leaves.

        Not where finance is asked before each, and not where a death in between would be for a person to settle.
        """
        return self._target.repeatable_for > timedelta(0)

    def _taken_on(self, claimed: _Claimed, *, ask_first: bool, handover: _Handover | None = None) -> Pushed:
        row, invoice, document = claimed.row, claimed.invoice, claimed.document
        if row is None:
            return self._as_it_is(invoice, "another worker is at this invoice, or it has come to its end")
        try:
            if document is not None:
                return self._tell(row, invoice, document, handover=handover)
            if row.state is PushStatus.SENDING:
                return self._resolve_doubt(row, invoice)
            return self._begin(row, invoice, ask_first=ask_first)
        except StaleFenceError:
            log.warning("another worker has taken an invoice over", extra={"event": "fenced", "invoice": invoice.number})
            return self._as_it_is(invoice, "another worker has taken this invoice over; what this one learned was not written")

    def end(self, invoice_id: InvoiceId, push: PushStatus, message: str) -> Pushed:
        """Ends the push of an invoice of which nothing was ever sent, for a reason of ours."""
        with self._store.begin() as tx:
            row = tx.outbox.claim(invoice_id, self._owner, self._now(), LEASE_SECONDS, take_over=not self._worker)
            invoice = tx.ledger.invoice(invoice_id)
            assert invoice is not None, "it was listed"
            if row is None or row.state is not PushStatus.QUEUED or row.attempts:
                if row is not None:
                    tx.outbox.release(row)
                return Pushed(invoice_id=invoice_id, number=invoice.number, push=invoice.push, message="another worker has taken it over")
            tx.outbox.result(row, push, at=self._now(), message=message)
            tell_a_person(tx, row, invoice, push, message, self._now())
        return Pushed(invoice_id=invoice_id, number=invoice.number, push=push, message=message)

    def _claim_turn(self, turn: Turn) -> _Claimed:
        if turn.made is None:
            return self._claim(turn.invoice_id, ask_first=turn.ask_first)
        with self._store.begin() as tx:
            return self._claim_made(tx, turn.made)

    def _claim_made(self, tx: Transaction, made: Made) -> _Claimed:
        """As `_claim`, with a document that was made ahead: it holds as long as the invoice is still queued under its reference."""
        row = self._row_of(tx, made.invoice.id, take_over=True)
        leaves = row is not None and row.state is PushStatus.QUEUED and row.reference == made.document.reference
        if row is None or not leaves or self._may_be_there(row, made.invoice):
            return _Claimed(row, made.invoice)
        return _Claimed(self._sending(tx, row, made.document), made.invoice, made.document)

    def _give_back(self, claimed: _Claimed) -> None:
        """An invoice that was about to leave stays: nothing of it was sent."""
        if claimed.row is None:
            return
        with suppress(StaleFenceError), self._store.begin() as tx:
            if claimed.document is None:
                tx.outbox.release(claimed.row)
            else:
                tx.outbox.result(claimed.row, PushStatus.QUEUED, at=self._now(), message="the push was ended before it left")

    def _claim(self, invoice_id: InvoiceId, *, ask_first: bool) -> _Claimed:
        """The invoice is ours. What leaves without a question is *sending* by the same commit, and comes with its document.

        No row: another worker has the invoice, or has brought it to its end.
        """
        with self._store.begin() as tx:
            # Alone under the stage's lock nobody else is sending: whatever an older owner claimed is ours now, with a higher fence (F-84).
            take_over = not self._worker or self._is_left(tx, invoice_id)
            row = self._row_of(tx, invoice_id, take_over=take_over)
            invoice = tx.ledger.invoice(invoice_id)
            if invoice is None:
                raise ConfigurationError(f"invoice {invoice_id} is in the outbox and not in the ledger", hint="run `proforma db check`")
            asks = ask_first and self._target.can_be_asked
            document = None if row is None or asks else self._leaving(tx, row, invoice)
            if row is not None and document is not None:
                row = self._sending(tx, row, document)
        return _Claimed(row, invoice, document)

    def _row_of(self, tx: Transaction, invoice_id: InvoiceId, *, take_over: bool) -> OutboxRow | None:
        """The row, claimed; None when somebody else has it, or has brought it so far since it was listed that nothing is left to send.

        Of one that waits for a person by now a document may exist: only the person's retry sends it again.
        """
        row = tx.outbox.claim(invoice_id, self._owner, self._now(), LEASE_SECONDS, take_over=take_over)
        if row is not None and row.state not in _WAITING:
            tx.outbox.release(row)
            return None
        return row

    def _leaving(self, tx: Transaction, row: OutboxRow, invoice: Invoice) -> FinanceDocument | None:
        """The document of an invoice that may leave at once; None when there is a doubt, a question or a refusal first."""
        if row.state is not PushStatus.QUEUED or self._may_be_there(row, invoice):
            return None
        try:
            document = self._document_of(invoice, tx)
        except RefusedError:
            return None
        return None if document.stays_here else document

    def _is_left(self, tx: Transaction, invoice_id: InvoiceId) -> bool:
        """Whether the claim on an invoice belongs to a worker that is dead or frozen; one that nobody knows keeps it until it ends."""
        row = tx.outbox.get(invoice_id)
        return row is not None and row.owner is not None and tx.leases.was_worker(row.owner) and not tx.leases.worker_is_alive(row.owner)

    def _as_it_is(self, invoice: Invoice, message: str) -> Pushed:
        with self._store.read() as reader:
            present = reader.ledger.invoice(invoice.id) or invoice
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=present.push, message=message)

    # ---- sending ---------------------------------------------------------------------------------------------------------

    def _begin(self, row: OutboxRow, invoice: Invoice, *, ask_first: bool) -> Pushed:
        try:
            document = self._document_of(invoice)
        except RefusedError as refusal:
            return self._settle(row, invoice, PushStatus.REFUSED, message=refusal.message)
        found: tuple[Found, ...] = ()
        if self._target.can_be_asked and (ask_first or self._may_be_there(row, invoice)):
            try:
                found = self._target.find(document)
            except TransportError as fault:
                return self._back_to_the_queue(row, invoice, fault)
        if found:
            return self._compare(row, invoice, document, found)
        # What may have left and cannot be asked about is no longer ours to end.
        if document.stays_here and (self._target.can_be_asked or not row.attempts):
            return self._settle(row, invoice, PushStatus.CANCELLED, message=CLOSED_HERE)
        return self._send(row, invoice, document)

    def _may_be_there(self, row: OutboxRow, invoice: Invoice) -> bool:
        """Whether a document may exist that no key would tell: a key that expired, a store from a backup, a retry (F-66, F-76).

        What was sent in a history that is lost was sent after the invoice was drafted; it may have been confirmed a second time since.
        """
        return self._target.can_be_asked and (row.attempts > 0 or not self._is_repeatable(invoice.created_at))

    def _is_repeatable(self, since: datetime) -> bool:
        """Whether the target itself still makes a second sending harmless. What a clock ahead of ours has written is new."""
        age = max(self._now() - since, timedelta(0))
        return age < self._target.repeatable_for

    def _send(
        self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, begun: Found | None = None, *, doubt: bool = False
    ) -> Pushed:
        with self._store.begin() as tx:
            row = self._sending(tx, row, document)
        return self._tell(row, invoice, document, begun, doubt=doubt)

    def _sending(self, tx: Transaction, row: OutboxRow, document: FinanceDocument) -> OutboxRow:
        """Promise 4: committed before the first byte leaves; from that commit on a death is a doubt."""
        return tx.outbox.sending(row, document.body, document.digest, self._now())

    def _tell(
        self,
        row: OutboxRow,
        invoice: Invoice,
        document: FinanceDocument,
        begun: Found | None = None,
        *,
        doubt: bool = False,
        handover: _Handover | None = None,
    ) -> Pushed:
        """Sends what is committed as *sending*."""
        self._require_lease(row)
        try:
            created = self._target.create(document, begun)
        except TargetRefusedError as refusal:
            return self._refused(row, invoice, document, refusal)
        except TransportError as fault:
            if not fault.doubtful and not doubt and begun is None:
                return self._back_to_the_queue(row, invoice, fault)
            if doubt or begun is not None:
                return self._stays_in_doubt(row, invoice, fault)
            return self._resolve_doubt(row, invoice, fault)
        # What was created is compared too, as far as the answer tells: finance may have rounded or defaulted (F-65).
        if differences := created.differs_from(document):
            return self._conflict(row, invoice, f"finance made another document of {row.reference}: " + "; ".join(differences), created)
        return self._settle(row, invoice, created.state, found=created, handover=handover)

    def _require_lease(self, row: OutboxRow) -> None:
        """A worker that was frozen past its lease, or overtaken since, sends nothing: somebody else may be sending already (F-84)."""
        if row.lease_until is not None and self._now() >= row.lease_until:
            raise StaleFenceError(f"the lease of {row.reference} ran out before its document left")
        if self._store.fence_of(row.invoice_id) != row.fence:
            raise StaleFenceError(f"the push of {row.reference} was taken over before its document left")

    def _refused(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, refusal: TargetRefusedError) -> Pushed:
        """A refusal is believed when it is clear; "exists already" and words unknown to us send us to look (F-33)."""
        if (refusal.exists or not refusal.certain) and self._target.can_be_asked:
            try:
                found = self._target.find(document)
            except TransportError as fault:
                return self._stays_in_doubt(row, invoice, fault)
            if found or refusal.exists:
                return self._compare(row, invoice, document, found)
        push = PushStatus.CONFLICT if refusal.exists else PushStatus.REFUSED
        return self._settle(row, invoice, push, message=refusal.message, request_id=refusal.request_id)

    # ---- doubts ----------------------------------------------------------------------------------------------------------

    def _resolve_doubt(self, row: OutboxRow, invoice: Invoice, cause: TransportError | None = None) -> Pushed:
        """Asks the target before telling it again (F-32, F-85). While it cannot be asked the row stays in doubt."""
        document = FinanceDocument.frozen(row.document or b"")
        if not self._target.can_be_asked:
            return self._without_asking(row, invoice, document)
        settled_at = self._last_sent(row) + timedelta(seconds=self._target.settle_seconds)
        wait = (settled_at - self._now()).total_seconds()
        if wait > _WAIT_SECONDS_MAX:
            return self._ask_later(row, invoice, settled_at, cause)
        if wait > 0:
            self._sleep(wait)
        try:
            found = self._target.find(document)
        except TransportError as fault:
            return self._stays_in_doubt(row, invoice, fault)
        return self._compare(row, invoice, document, found) if found else self._send(row, invoice, document, doubt=True)

    def _without_asking(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument) -> Pushed:
        if self._is_repeatable(row.queued_at):
            return self._send(row, invoice, document, doubt=True)
        message = "it is not known whether finance has this invoice, and this target cannot be asked: look it up there by reference"
        return self._settle(row, invoice, PushStatus.PARKED, message=message)

    def _last_sent(self, row: OutboxRow) -> datetime:
        with self._store.read() as reader:
            sent = (attempt.at for attempt in reader.outbox.attempts(row.invoice_id) if attempt.outcome == PushStatus.SENDING)
            return max(sent, default=row.queued_at)

    def _ask_later(self, row: OutboxRow, invoice: Invoice, settled_at: datetime, cause: TransportError | None) -> Pushed:
        said = f" ({cause})" if cause else ""
        message = f"not known whether it arrived; finance is asked after {settled_at:%Y-%m-%d %H:%M:%S} UTC, when it has settled{said}"
        with self._store.begin() as tx:
            request_id = cause.request_id if cause else None
            tx.outbox.in_doubt_until(row, at=self._now(), message=message, request_id=request_id, next_attempt_at=settled_at)
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=PushStatus.SENDING, message=message)

    def _stays_in_doubt(self, row: OutboxRow, invoice: Invoice, fault: TransportError) -> Pushed:
        with self._store.begin() as tx:
            tx.outbox.in_doubt_until(row, at=self._now(), message=str(fault), request_id=fault.request_id)
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=PushStatus.SENDING, message=str(fault), fault=fault)

    def _back_to_the_queue(self, row: OutboxRow, invoice: Invoice, fault: TransportError) -> Pushed:
        """Nothing was carried out."""
        pushed = self._settle(row, invoice, PushStatus.QUEUED, message=str(fault), request_id=fault.request_id)
        return replace(pushed, fault=fault)

    # ---- what was found --------------------------------------------------------------------------------------------------

    def _compare(self, row: OutboxRow, invoice: Invoice, document: FinanceDocument, found: tuple[Found, ...]) -> Pushed:
        """One that is equal is ours, one that was begun is completed; anything else is for a person, nothing is deleted (F-30, F-87)."""
        if not found:
            message = f"finance says that reference {row.reference} is taken, yet finds no document: look for a deleted or foreign one"
            return self._conflict(row, invoice, message)
        if len(found) > 1:
            message = f"finance has {len(found)} documents with reference {row.reference}: look at them there, keep one"
            return self._conflict(row, invoice, message)
        differences = found[0].differs_from(document)
        if differences:
            message = f"finance has another document with reference {row.reference}: " + "; ".join(differences)
            return self._conflict(row, invoice, message, found[0])
        if not found[0].complete:
            return self._send(row, invoice, document, found[0])
        if row.document is None:
            with self._store.begin() as tx:
                tx.outbox.keep(row, document.body, document.digest)
        return self._settle(row, invoice, found[0].state, found=found[0])

    def _conflict(self, row: OutboxRow, invoice: Invoice, message: str, found: Found | None = None) -> Pushed:
        """Whose document it is, is not known: its id and number are told in words and not taken over."""
        where = f" (there: {found.number or found.external_id})" if found and (found.number or found.external_id) else ""
        return self._settle(row, invoice, PushStatus.CONFLICT, message=message + where)

    def _settle(
        self,
        row: OutboxRow,
        invoice: Invoice,
        push: PushStatus,
        *,
        found: Found | None = None,
        message: str | None = None,
        request_id: str | None = None,
        handover: _Handover | None = None,
    ) -> Pushed:
        number, following = found.number if found else None, None
        message = message or (found.message if found else None)
        with self._store.begin() as tx:
            tx.outbox.result(
                row,
                push,
                at=self._now(),
                external=external_of(found) if found else External(),
                message=message,
                request_id=request_id or (found.request_id if found else None),
                next_attempt_at=None if found is None or push is PushStatus.SENT else self._pauses.next(found, self._now()),
            )
            tell_a_person(tx, row, invoice, push, message, self._now())
            if handover is not None and handover.made is not None:
                following = self._claim_made(tx, handover.made)
        if handover is not None:
            # Not before the commit: what was not committed is not ours.
            handover.claimed = following
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=push, external_number=number, message=message)


def external_of(found: Found) -> External:
    """How finance calls what was found."""
    return External(id=found.external_id, number=found.number, read_back=found.read_back)


def tell_a_person(tx: Transaction, row: OutboxRow, invoice: Invoice, push: PushStatus, message: str | None, at: datetime) -> None:
    """A push that needs a person is listed by `proforma problems` until it succeeds (promise 5)."""
    if push in NEEDS_A_PERSON:
        tx.quarantine.put("push", "invoice", invoice.id, f"push-{push}", f"{invoice.number}: {message}", row.document, at)
    elif push in ARRIVED:
        tx.quarantine.resolve("invoice", [invoice.id])
