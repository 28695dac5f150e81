"""A billing desk over a real store, whose mirror is filled from a deal as a pull would fill it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, LineCustomer, Milestone, Retainer, ScheduleRow
from proforma.domain.ids import ContractId, Guid
from proforma.domain.invoices import Invoice, LedgerActual, SourceMark
from proforma.domain.masters import CurrencyRecord
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.domain.records import Actual
from proforma.invoicing import Book
from proforma.invoicing.accounts import Unproven, unproven
from proforma.store import Store
from proforma.sync.draft import BillingDesk, load_book

DEAL = ContractId(Guid("deal"))
State = tuple[list[Invoice], list[LedgerActual], dict[Any, SourceMark]]


class Office:
    """A store, and the desk at which people act on it; each act is a minute later than the one before."""

    def __init__(self, folder: Path) -> None:
        self.store = Store.open(f"sqlite:///{folder / 'proforma.db'}")
        self._now = datetime(2026, 3, 31, 12, tzinfo=UTC)
        self._generation = 0
        self.desk = BillingDesk(
            self.store, invoicing_policy=InvoicingPolicy(), pricing_policy=PricingPolicy(), target="rest", now=self._tick, by="ann"
        )

    def _tick(self) -> datetime:
        self._now += timedelta(minutes=1)
        return self._now

    def pull(self, book: Book) -> None:
        """The mirror says what the book's records say, and nothing else; drafts whose sources changed are flagged."""
        self._generation += 1
        tables: list[tuple[type[Any], Sequence[Any]]] = [
            (CurrencyRecord, list(book.currencies.values())), (Contract, book.contracts), (ContractLine, book.lines),
            (LineCustomer, book.line_customers), (ContractCustomer, book.contract_customers), (Actual, book.actuals),
            (Milestone, book.milestones), (Retainer, book.retainers), (ScheduleRow, book.schedule),
        ]  # fmt: skip
        with self.store.begin() as tx:
            for cls, rows in tables:
                tx.mirror.upsert(cls.__name__, cls, rows, [None] * len(rows), self._generation)
                tx.mirror.sweep(cls.__name__, self._generation, self._now)
        self.desk.flag_changed_sources()

    def state(self) -> State:
        """Everything that an act may change."""
        with self.store.read() as reader:
            return reader.ledger.invoices(include_deleted=True), reader.ledger.actuals(), reader.ledger.marks()

    def invoices(self) -> list[Invoice]:
        """All invoices, deleted ones too."""
        return self.state()[0]

    def wrong(self) -> list[Unproven | str]:
        """What does not hold: of the rows and their events, and of the books that they make."""
        with self.store.read() as reader:
            book = load_book(reader, [DEAL], InvoicingPolicy())
            return [*(str(fault) for fault in reader.ledger.check()), *unproven(book)]
