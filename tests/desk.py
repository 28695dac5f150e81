"""A billing desk over a real store, whose mirror is filled from a deal as a pull would fill it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, LineCustomer, Milestone, Retainer, ScheduleRow
from proforma.domain.ids import ContractId, Guid
from proforma.domain.invoices import Invoice, LedgerActual, SourceMark
from proforma.domain.masters import CurrencyRecord
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.domain.records import Actual
from proforma.invoicing import Book, source_changes
from proforma.invoicing.accounts import Unproven, unproven
from proforma.store import Store
from proforma.sync.draft import BillingDesk, load_book

DEAL = ContractId(Guid("deal"))
State = tuple[list[Invoice], list[LedgerActual], dict[Any, SourceMark]]


#: In memory where there is such a folder: each act commits, and no test of acts is about the disk.
ROOM: Final = "/dev/shm" if Path("/dev/shm").is_dir() else None


@cache
def _template() -> Path:
    """An empty store, migrated once."""
    folder = Path(tempfile.mkdtemp(prefix="proforma-desk-", dir=ROOM))
    Store.open(f"sqlite:///{folder / 'proforma.db'}").close()
    return folder / "proforma.db"


class Office:
    """A store, and the desk at which people act on it; each act is a minute later than the one before."""

    def __init__(self, folder: Path) -> None:
        file = folder / "proforma.db"
        if not file.exists():
            shutil.copy(_template(), file)
        self.store = Store.open(f"sqlite:///{file}")
        self._now = datetime(2026, 3, 31, 12, tzinfo=UTC)
        self._mirrored: dict[type[Any], dict[Guid, Any]] = {}
        self.desk = self.desk_with(InvoicingPolicy())

    def desk_with(self, policy: InvoicingPolicy) -> BillingDesk:
        """A desk at which another policy is followed."""
        return BillingDesk(self.store, invoicing_policy=policy, pricing_policy=PricingPolicy(), target="rest", now=self.now, by="ann")

    def now(self) -> datetime:
        """A minute later than asked last."""
        self._now += timedelta(minutes=1)
        return self._now

    def pull(self, book: Book) -> None:
        """The mirror says what the book's records say, and nothing else: what changed comes, what is gone goes.

        Drafts whose sources changed are flagged.
        """
        tables: list[tuple[type[Any], Sequence[Any]]] = [
            (CurrencyRecord, list(book.currencies.values())), (Contract, book.contracts), (ContractLine, book.lines),
            (LineCustomer, book.line_customers), (ContractCustomer, book.contract_customers), (Actual, book.actuals),
            (Milestone, book.milestones), (Retainer, book.retainers), (ScheduleRow, book.schedule),
        ]  # fmt: skip
        with self.store.begin() as tx:
            for cls, rows in tables:
                before, now = self._mirrored.get(cls, {}), {row.id: row for row in rows}
                changed = [row for id_, row in now.items() if row != before.get(id_)]
                tx.mirror.upsert(cls.__name__, cls, changed, [None] * len(changed), 1)
                tx.mirror.delete(cls.__name__, before.keys() - now.keys(), self._now)
                self._mirrored[cls] = now
        self.desk.flag_changed_sources()

    def overlooked(self) -> list[ContractId]:
        """After a pull: the contracts of which a look at everything would flag a draft, take a flag away, or tell of other rows."""
        with self.store.read() as reader:
            told = reader.ledger.passed_over()
            return [
                id_
                for id_ in sorted({header.contract_id for header in reader.ledger.all_headers()})
                if (found := source_changes(load_book(reader, [id_], InvoicingPolicy()))).happenings
                or {(row.source, row.reason, row.message) for row in found.passed_over}
                != {(row.source, row.reason, row.message) for row in told if row.contract_id == id_}
            ]

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
