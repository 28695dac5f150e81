"""The last stage: confirmed invoices to the finance system, oldest first, corrections after what they correct, within limits.

What happens to a single invoice is the truth table of `proforma.sync.delivery`. Here is decided which ones leave in this run, in
which order, how many at once, and when a run had better stop.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from queue import SimpleQueue
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.errors import RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.domain.money import total
from proforma.finance import Target
from proforma.store import Header, OutboxRow, Reader, Store
from proforma.sync.adoption import Adoption, Outlook
from proforma.sync.corrections import stays_here
from proforma.sync.delivery import CLOSED_HERE, Delivery, Pauses, Pushed
from proforma.sync.progress import Progress, Silent
from proforma.sync.send import DocumentOf
from proforma.sync.turns import Turns
from proforma.transport.errors import TransportError

_UNFINISHED: Final = (PushStatus.QUEUED, PushStatus.SENDING)
#: An invoice that finance stumbles over must not stop the rest; so many in a row mean that finance itself is down.
_FAULTS_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PushLimits:
    """Circuit breakers of one run: more new invoices or money than that, and nothing leaves before a person has looked.

    `amounts`: greatest sum of new invoices by currency code.
    """

    invoices_max: int | None = None
    amounts: Mapping[str, Decimal] = field(default_factory=dict)

    def exceeded_by(self, invoices: Sequence[Header]) -> str | None:
        """What is too much, in words."""
        if self.invoices_max is not None and len(invoices) > self.invoices_max:
            return f"{len(invoices)} invoices would leave, the limit is {self.invoices_max}"
        for code, limit in self.amounts.items():
            amount = total(abs(invoice.total) for invoice in invoices if invoice.currency == code)
            if amount > limit:
                return f"{amount} {code} would leave, the limit is {limit}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRules:
    """How a run goes about it: its limits, how many invoices are under way at once, and when those that arrived are asked about.

    `list_first`: before anything new is sent, the target is asked which documents of ours it holds.
    """

    limits: PushLimits = PushLimits()
    concurrency: int = 1
    pauses: Pauses = field(default_factory=Pauses)
    list_first: bool = True


class Push:
    """Sends what is due to one target."""

    def __init__(
        self,
        store: Store,
        target: Target,
        document_of: DocumentOf,
        *,
        now: Callable[[], datetime],
        rules: PushRules | None = None,
        sleep: Callable[[float], None] = time.sleep,
        progress: Progress | None = None,
        worker: str | None = None,
    ) -> None:
        """`worker`: the name of a worker that delivers beside others; None for whoever pushes alone."""
        owner = worker or f"{socket.gethostname()}:{os.getpid()}"
        self._store = store
        self._target = target
        self._document_of = document_of
        self._now = now
        self._rules = rules = rules or PushRules()
        self._progress = progress or Silent()
        self._delivery = Delivery(
            store, target, document_of, now=now, owner=owner, sleep=sleep, pauses=rules.pauses, worker=worker is not None
        )
        self._adoption = Adoption(store, target, document_of, now=now, owner=owner, pauses=rules.pauses)

    def run(self) -> Iterator[Pushed]:
        """Sends every due invoice of this target; yields each as its result is committed.

        Raises TransportError at the end when a transfer failed, at once when finance cannot be reached or refuses our sign-in: what is left
        stays queued or in doubt, and the next run goes on. Raises RefusedError `push-limit` before anything is sent, and UnfinishedError
        when another process is pushing.
        """
        with self._store.stage_lock("push"):
            due, invoices = self._due()
            self._progress.begin("push", len(due))
            outlook = self._outlook(due, invoices)
            yield from outlook.adopted
            adopted = {pushed.invoice_id for pushed in outlook.adopted}
            yield from self._in_order([row.invoice_id for row in due if row.invoice_id not in adopted], invoices, outlook)
            self._progress.end()

    def due(self) -> list[InvoiceId]:
        """What a run would send now. Raises RefusedError `push-limit`."""
        return [row.invoice_id for row in self._due()[0]]

    def one(self, invoice_id: InvoiceId) -> Pushed | None:
        """Sends one invoice as a worker, beside others; None when it is not this target's, or nothing is due of it.

        Run twice, at once or one after the other, it sends once: the second finds the claim of the first, or its result.
        Raises TransportError, and UnfinishedError while somebody pushes alone.
        """
        with self._store.shared_lock("push"):
            with self._store.read() as reader:
                row, headers = reader.outbox.get(invoice_id), reader.ledger.headers([invoice_id])
            if row is None or row.state not in _UNFINISHED or not self._is_due(row):
                return None
            outlook = self._outlook([row], headers, adopt=False)
            pushed = self._waiting(headers.get(invoice_id), outlook)
            pushed = pushed or self._delivery.deliver(invoice_id, ask_first=invoice_id in outlook.ask_first)
        if pushed.fault is not None:
            raise pushed.fault
        return pushed

    def _due(self) -> tuple[list[OutboxRow], Mapping[InvoiceId, Header]]:
        with self._store.read() as reader:
            due = [row for row in reader.outbox.all(states=_UNFINISHED) if self._is_due(row)]
            invoices = reader.ledger.headers(row.invoice_id for row in due)
        self._require_within_limits(due, invoices)
        return due, invoices

    def _is_due(self, row: OutboxRow) -> bool:
        return row.target == self._target.name and (row.next_attempt_at is None or row.next_attempt_at <= self._now())

    def _require_within_limits(self, due: Sequence[OutboxRow], invoices: Mapping[InvoiceId, Header]) -> None:
        """Only what never left counts: a doubt must be settled whatever its amount."""
        new = [invoices[row.invoice_id] for row in due if row.state is PushStatus.QUEUED and row.invoice_id in invoices]
        if exceeded := self._rules.limits.exceeded_by(new):
            raise RefusedError(
                "push-limit",
                f"{self._target.name}: {exceeded}",
                hint="look at them with `proforma push --dry-run`, then `proforma push --beyond-limits`",
            )

    def _outlook(self, due: Sequence[OutboxRow], invoices: Mapping[InvoiceId, Header], *, adopt: bool = True) -> Outlook:
        new = [row for row in due if row.state is PushStatus.QUEUED and not row.attempts and row.invoice_id in invoices]
        if not new or not self._rules.list_first:
            return Outlook()
        return self._adoption.outlook([invoices[row.invoice_id] for row in new], adopt=adopt)

    def _in_order(self, due: Sequence[InvoiceId], invoices: Mapping[InvoiceId, Header], outlook: Outlook) -> Iterator[Pushed]:
        """Wave after wave: a correction only after what it corrects has arrived."""
        stumbles = _Stumbles()
        left = list(due)
        while left and not stumbles.must_stop:
            still_here = set(left)
            wave = [invoice_id for invoice_id in left if _original(invoices, invoice_id) not in still_here]
            left = [invoice_id for invoice_id in left if _original(invoices, invoice_id) in still_here]
            for pushed in self._wave(wave, invoices, outlook, stumbles):
                self._progress.advance(1)
                yield pushed
        stumbles.raise_first()

    def _wave(
        self, wave: Sequence[InvoiceId], invoices: Mapping[InvoiceId, Header], outlook: Outlook, stumbles: _Stumbles
    ) -> Iterator[Pushed]:
        waiting = {id_: pushed for id_ in wave if (pushed := self._waiting(invoices.get(id_), outlook)) is not None}
        yield from waiting.values()
        going = (id_ for id_ in wave if id_ not in waiting)
        turns = Turns(
            self._store,
            self._document_of,
            going,
            ask_first=outlook.ask_first,
            ahead=self._delivery.hands_over,
            now=self._now,
            go_on=lambda: not stumbles.must_stop,
        )
        several = self._rules.concurrency > 1
        with closing(self._at_once(turns, stumbles) if several else self._in_turn(turns, stumbles)) as delivered:
            yield from delivered

    def _in_turn(self, turns: Turns, stumbles: _Stumbles) -> Generator[Pushed]:
        """One after the other."""
        with closing(self._delivery.deliver_all(turns)) as delivered:
            for pushed in delivered:
                stumbles.note(pushed.fault)
                yield pushed

    def _at_once(self, turns: Turns, stumbles: _Stumbles) -> Generator[Pushed]:
        """Some at once, each thread one after the other."""
        done: SimpleQueue[Pushed | None] = SimpleQueue()

        def deliver() -> None:
            try:
                for pushed in self._in_turn(turns, stumbles):
                    done.put(pushed)
            except BaseException:
                stumbles.must_stop = True
                raise
            finally:
                done.put(None)

        with ThreadPoolExecutor(self._rules.concurrency, thread_name_prefix="push") as threads:
            try:
                chains = [threads.submit(deliver) for _ in range(self._rules.concurrency)]
                for _ in chains:
                    yield from iter(done.get, None)
            finally:
                # Whatever ends this: what is under way is brought to its end, and nothing new begins.
                turns.end()
        for chain in chains:
            chain.result()

    def _waiting(self, invoice: Header | None, outlook: Outlook) -> Pushed | None:
        """What may be billed a second time stays where it is, and a correction of what finance does not have."""
        if invoice is not None and invoice.id in outlook.held:
            message = outlook.held[invoice.id]
            return Pushed(invoice_id=invoice.id, number=invoice.number, push=invoice.push, message=message, held=True)
        if invoice is None or invoice.corrects is None:
            return None
        with self._store.read() as reader:
            kept = stays_here(reader, invoice)
        if kept is None:
            return None
        if kept.end is not None:
            return self._delivery.end(invoice.id, kept.end, kept.message)
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=invoice.push, message=kept.message)


def due_documents(reader: Reader, target: str, document_of: DocumentOf) -> Iterator[tuple[Invoice, bytes | RefusedError]]:
    """What a push would send to a target now: each invoice with its document, or with what keeps it back."""
    for row in reader.outbox.all(states=_UNFINISHED):
        invoice = reader.ledger.invoice(row.invoice_id) if row.target == target else None
        if invoice is None:
            continue
        try:
            if row.state is PushStatus.SENDING and row.document:
                yield invoice, row.document
                continue
            document = document_of(invoice, reader)
            if (header := reader.ledger.headers([invoice.id]).get(invoice.id)) and (kept := stays_here(reader, header)):
                yield invoice, RefusedError("correction", kept.message)
                continue
            yield invoice, RefusedError("zero", CLOSED_HERE) if document.stays_here else document.body
        except RefusedError as refusal:
            yield invoice, refusal


def _original(invoices: Mapping[InvoiceId, Header], invoice_id: InvoiceId) -> InvoiceId | None:
    invoice = invoices.get(invoice_id)
    return invoice.corrects if invoice else None


class _Stumbles:
    """Faults of one run. One that no other invoice can escape stops it at once, as do several in a row."""

    def __init__(self) -> None:
        self._first: TransportError | None = None
        self._in_a_row = 0
        self.must_stop = False

    def note(self, fault: TransportError | None) -> None:
        if fault is None:
            self._in_a_row = 0
            return
        self._first = self._first or fault
        self._in_a_row += 1
        never_better = not fault.transient and not fault.doubtful
        unreachable = fault.status is None and not fault.doubtful
        self.must_stop = self.must_stop or never_better or unreachable or self._in_a_row >= _FAULTS_MAX

    def raise_first(self) -> None:
        if self._first is not None:
            raise self._first
