"""Whose turn it is in a push, with documents that are made ahead, some at a time, out of one snapshot."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from proforma.domain.errors import ProformaError, RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument
from proforma.store import Reader, Store
from proforma.sync.collector import uncollected
from proforma.sync.send import DocumentOf

#: So many invoices are read at a time, if they are short: together so many details, a few MiB.
_AT_ONCE: Final = 32
_DETAILS_MAX: Final = 5_000
#: A document that has waited longer, for a slow system say, is made anew: names and numbers in it may have been pulled since.
_AGE_MAX: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Made:
    """An invoice and its document, made ahead. A confirmed invoice does not change; names and numbers in it are as old as the snapshot."""

    invoice: Invoice
    document: FinanceDocument


@dataclass(frozen=True, slots=True)
class Turn:
    """It is the turn of an invoice. `made` None: nothing was made ahead, as it is asked about first, too long, or cannot be sent."""

    invoice_id: InvoiceId
    ask_first: bool
    made: Made | None


class Turns:
    """The invoices in their order, each once, to however many threads ask for the next one."""

    def __init__(
        self,
        store: Store,
        document_of: DocumentOf,
        ids: Iterable[InvoiceId],
        *,
        ask_first: Container[InvoiceId],
        ahead: bool,
        now: Callable[[], datetime],
        go_on: Callable[[], bool],
    ) -> None:
        """`ask_first`: invoices that finance may have. `ahead`: documents are made ahead. `go_on`: whether anything new may begin."""
        self._store = store
        self._document_of = document_of
        self._ids = iter(ids)
        self._ask_first = ask_first
        self._makes_ahead = ahead
        self._now = now
        self._go_on = go_on
        self._ahead: deque[Turn] = deque()
        self._made_at = now()
        self._ended = False
        self._lock = threading.Lock()

    @property
    def go_on(self) -> bool:
        """Whether anything new may begin."""
        return not self._ended and self._go_on()

    def end(self) -> None:
        """Nobody has a turn any more."""
        self._ended = True

    def next(self) -> Turn | None:
        """Who comes next; None when all have had their turn, or nothing new may begin."""
        with self._lock:
            if not self.go_on:
                return None
            if not self._ahead:
                self._ahead = self._turns(list(islice(self._ids, _AT_ONCE)))
            elif self._now() - self._made_at > _AGE_MAX:
                self._ahead = self._turns([turn.invoice_id for turn in self._ahead])
            return self._ahead.popleft() if self._ahead else None

    def _turns(self, ids: list[InvoiceId]) -> deque[Turn]:
        self._made_at = self._now()
        made = self._made([id_ for id_ in ids if id_ not in self._ask_first]) if self._makes_ahead else {}
        return deque(Turn(id_, id_ in self._ask_first, made.get(id_)) for id_ in ids)

    def _made(self, ids: list[InvoiceId]) -> dict[InvoiceId, Made]:
        try:
            with uncollected(), self._store.read() as reader:
                return {invoice.id: made for invoice in _short(reader, ids) if (made := self._of(invoice, reader)) is not None}
        except ProformaError:
            # Whoever asks may have one under way: this fault is met again, and told, when the turn of these has come.
            return {}

    def _of(self, invoice: Invoice, reader: Reader) -> Made | None:
        try:
            document = self._document_of(invoice, reader)
        except RefusedError:
            return None
        return None if document.stays_here else Made(invoice, document)


def _short(reader: Reader, ids: list[InvoiceId]) -> list[Invoice]:
    """Of these invoices as many as may be kept at a time."""
    lengths, details, short = reader.ledger.lengths(ids), 0, []
    for id_ in ids:
        if details + lengths.get(id_, 0) <= _DETAILS_MAX:
            details += lengths.get(id_, 0)
            short.append(id_)
    return reader.ledger.named(short)
