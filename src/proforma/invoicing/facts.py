"""The book, by id: what every rule looks up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeVar

from proforma.domain.codes import BillingMethod, BillingStatus, ContractState, InvoiceStatus, LedgerType, OrderType, SourceKind
from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, LineCustomer, Milestone, Retainer
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, Guid, InvoiceId, MilestoneId, RecordId, RetainerId
from proforma.domain.invoices import Invoice, InvoiceDetail, LedgerActual
from proforma.domain.money import DEFAULT_PRECISION, Currency
from proforma.domain.records import Actual
from proforma.invoicing.book import Book

_LATEST: Final = datetime.max.replace(tzinfo=UTC)

Item = TypeVar("Item")
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Holding:
    """A source on one of our own live invoices; corrections hold nothing, they take back.

    Where a source on an invoice of Dataverse stands, Dataverse says itself (I-130).
    """

    invoice: Invoice
    detail: InvoiceDetail

    @property
    def is_draft(self) -> bool:
        """Whether the invoice can still be edited."""
        return self.invoice.status is InvoiceStatus.DRAFT


class Facts:
    """A book with its indexes; made once for each act and never changed."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.contracts: dict[ContractId, Contract] = {c.id: c for c in book.contracts}
        self.lines: dict[ContractLineId, ContractLine] = {line.id: line for line in book.lines if line.active}
        self.actuals: dict[RecordId, Actual] = {a.id: a for a in book.actuals if a.active}
        self.milestones: dict[MilestoneId, Milestone] = {m.id: m for m in book.milestones if m.active}
        self.retainers: dict[RetainerId, Retainer] = {r.id: r for r in (*_created_here(book.invoices), *book.retainers) if r.active}
        self.invoices: dict[InvoiceId, Invoice] = {i.id: i for i in book.invoices}
        self.holdings = _grouped((h.detail.source, h) for h in _holdings(book.invoices))
        self.taken_over = _grouped((d.source, (i, d)) for i, d in _taken_over(book.invoices))
        self.details: dict[Guid, InvoiceDetail] = {d.id: d for i in book.invoices for d in i.details}
        self.invoice_of: dict[Guid, Invoice] = {d.id: i for i in book.invoices for d in i.details}
        self.ledger = _grouped((row.source, row) for row in book.ledger)
        self.ledger_of_detail = _grouped((row.detail_id, row) for row in book.ledger)
        self.given_back: dict[Guid, LedgerActual] = {row.id: row for row in book.ledger if is_given_back(row)}
        self._line_customers = _grouped((c.contract_line_id, c) for c in book.line_customers if c.active and c.contract_line_id)
        self._contract_customers = _grouped((c.contract_id, c) for c in book.contract_customers if c.active and c.contract_id)
        self._orders = _line_orders(self.lines.values())

    def line_customers(self, line_id: ContractLineId) -> Sequence[LineCustomer]:
        """Customers of a contract line, by id (I-32)."""
        return sorted(self._line_customers.get(line_id, ()), key=lambda c: c.id)

    def contract_customers(self, contract_id: ContractId) -> Sequence[ContractCustomer]:
        """Customers of a contract, by id (I-32)."""
        return sorted(self._contract_customers.get(contract_id, ()), key=lambda c: c.id)

    def line_order(self, line_id: ContractLineId | None) -> int:
        """Place of a line among the lines of its contract, from 0 (I-76)."""
        return 0 if line_id is None else self._orders.get(line_id, len(self._orders))

    def line(self, line_id: ContractLineId | None) -> ContractLine | None:
        """The contract line, None when the book has none of that id."""
        return None if line_id is None else self.lines.get(line_id)

    def is_time_and_material(self, line_id: ContractLineId | None) -> bool:
        """Whether the line is project-based and billed by time and material (I-22)."""
        line = self.line(line_id)
        return line is not None and line.is_project_based and line.billing_method is BillingMethod.TIME_AND_MATERIAL

    def currency(self, contract: Contract) -> Currency:
        """Currency of a contract, and so of its invoices (I-113). Raises RefusedError when the contract names none that is known."""
        record = None if contract.currency_id is None else self.book.currencies.get(contract.currency_id)
        if record is None:
            raise RefusedError(
                "currency-mismatch", "the contract has no currency", at=f"contract {contract.id}", hint="set its currency in Dataverse"
            )
        return record.currency

    def is_foreign(self, contract_id: ContractId | None, currency_id: CurrencyId | None) -> bool:
        """Whether a currency is another than the contract's, and nothing is converted (I-56); one that nobody named is the contract's."""
        contract = None if contract_id is None else self.contracts.get(contract_id)
        return contract is not None and None not in (contract.currency_id, currency_id) and contract.currency_id != currency_id

    def precision(self, contract_id: ContractId | None) -> int:
        """Decimals of the contract's amounts; two while its currency is unknown (I-112)."""
        contract = None if contract_id is None else self.contracts.get(contract_id)
        record = None if contract is None or contract.currency_id is None else self.book.currencies.get(contract.currency_id)
        return DEFAULT_PRECISION if record is None else record.currency.precision

    def is_invoiceable(self, contract_id: ContractId | None) -> bool:
        """Whether the contract is work-based and active (I-20, I-21)."""
        contract = None if contract_id is None else self.contracts.get(contract_id)
        return contract is not None and contract.order_type is OrderType.WORK_BASED and contract.state is ContractState.ACTIVE

    def is_work_based(self, contract_id: ContractId | None) -> bool:
        """Whether the contract is a project contract at all (I-20)."""
        contract = None if contract_id is None else self.contracts.get(contract_id)
        return contract is not None and contract.order_type is OrderType.WORK_BASED


def _created_here(invoices: Iterable[Invoice]) -> Iterable[Retainer]:
    """Retainers that were created on a draft and so stand in our invoices alone (I-66)."""
    for holding in _holdings(invoices):
        detail, invoice = holding.detail, holding.invoice
        if detail.kind is SourceKind.RETAINER and detail.original is None:
            yield Retainer(
                id=RetainerId(detail.source),
                description=detail.description,
                contract_id=invoice.contract_id,
                customer_id=invoice.customer_id,
                amount=detail.amount,
                invoice_date=detail.day or invoice.invoice_date,
                status=BillingStatus.READY,
                currency_id=invoice.currency_id,
            )


def is_given_back(row: LedgerActual) -> bool:
    """Whether a correction put this row back into the backlog: unbilled, and born not ready (I-98)."""
    return row.type is LedgerType.UNBILLED and not row.reversal and row.billing_status is BillingStatus.NOT_READY


def _holdings(invoices: Iterable[Invoice]) -> Iterable[Holding]:
    return (Holding(i, d) for i in invoices if i.is_live and i.corrects is None and not i.is_taken_over for d in i.details)


def _taken_over(invoices: Iterable[Invoice]) -> Iterable[tuple[Invoice, InvoiceDetail]]:
    """What invoices of the source system bill, held ones too; corrected details take back (I-130)."""
    return ((i, d) for i in invoices if i.is_taken_over and i.is_live for d in i.details if d.previous is None)


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, list[Item]]:
    groups: dict[Key, list[Item]] = defaultdict(list)
    for key, item in pairs:
        groups[key].append(item)
    return dict(groups)


def _line_orders(lines: Iterable[ContractLine]) -> dict[ContractLineId, int]:
    """The contract's own order; lines without one come after, by creation, then id (I-76)."""
    ordered = sorted(lines, key=lambda line: (line.order is None, line.order or 0, line.created_at or _LATEST, line.id))
    return {line.id: place for place, line in enumerate(ordered)}
