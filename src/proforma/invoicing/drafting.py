"""Creating proforma invoices by hand: for contracts, for selected rows, on a new draft or an open one (I-72 … I-78).

A draft makes no actuals; only where its sources stand changes (I-9).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from proforma.domain.codes import AdjustmentStatus, BillingStatus, BillingType, InvoiceStatus
from proforma.domain.contracts import Contract
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractId, CurrencyId, CustomerId, InvoiceId, SourceId
from proforma.domain.invoices import Changes, Drafted, Invoice, InvoiceDetail, LinesChanged, Refusal
from proforma.invoicing.book import Book
from proforma.invoicing.changes import happened, joined, refused
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.details import arranged, detail_of
from proforma.invoicing.facts import Facts
from proforma.invoicing.origins import require_local
from proforma.invoicing.retainers import applied_anew, balances, refund, refundable
from proforma.invoicing.sources import Source, collect
from proforma.invoicing.sources.picking import is_pickable
from proforma.invoicing.watching import attention, by_contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Draughtsman:
    """What drafting one act needs: the facts, the sources of each contract, who drafts, and for which day."""

    facts: Facts
    sources: Mapping[ContractId | None, Sequence[Source]]
    clerk: Clerk
    as_of: date
    periodic: bool = False
    refunds: bool = True

    def of(self, contract_id: ContractId) -> Sequence[Source]:
        """The sources of one contract."""
        return self.sources.get(contract_id, ())


def create(
    book: Book,
    clerk: Clerk,
    *,
    contracts: Sequence[ContractId],
    as_of: date,
    only: Sequence[SourceId] = (),
    to_existing: bool = False,
) -> Changes:
    """Drafts for everything ready of these contracts, one a contract and customer, whatever their schedules say (I-72, I-73).

    `only` takes just those rows, and refuses the ones that are not ready (I-74); rows of other contracts are passed by.
    `to_existing` puts the rows on the newest open draft of contract and customer, where there is one. A contract with nothing to
    bill gives no draft and no refusal; a refused contract does not stop the others.
    """
    facts = Facts(book)
    # Rows that were selected are all that a person wants on the invoice (I-74): nothing is paid back beside them.
    drawing = Draughtsman(facts=facts, sources=by_contract(collect(facts)), clerk=clerk, as_of=as_of, refunds=not only)
    selected = frozenset(only)
    return joined(_of_contract(drawing, id_, selected, to_existing=to_existing) for id_ in dict.fromkeys(contracts))


def _of_contract(drawing: Draughtsman, contract_id: ContractId, only: Collection[SourceId], *, to_existing: bool) -> Changes:
    contract = drawing.facts.contracts.get(contract_id)
    if contract is None or not drawing.facts.is_invoiceable(contract_id):
        return refused(contract_id, "contract-not-active", "only an active, work-based project contract can be invoiced")
    try:
        require_local(drawing.facts, contract_id)
    except RefusedError as refusal:
        return refused(contract_id, refusal.reason, refusal.message)
    rows = [s for s in drawing.of(contract_id) if not only or s.id in only]
    picked = [s for s in rows if is_pickable(s, as_of=drawing.as_of)]
    try:
        drafts = drafts_of(drawing, contract, picked, to_existing=to_existing)
    except RefusedError as fault:
        return refused(contract_id, fault.reason, str(fault))
    seen = Changes(
        refusals=tuple(_refusals(rows)) if only else (),
        passed_over=attention(drawing.facts, drawing.of(contract_id), contract_id),
        considered=(contract_id,),
    )
    return joined((*drafts, seen))


def _refusals(rows: Iterable[Source]) -> Iterable[Refusal]:
    """Selected rows that cannot be taken because of their state; a faulty one is passed over and listed instead (I-74)."""
    found: dict[SourceId, Refusal] = {}
    for row in rows:
        if row.status is not BillingStatus.READY:
            message = f"the row is {row.status.value}: only ready rows can be billed"
            found[row.id] = Refusal(id=row.id, reason="not-ready", message=message)
        elif row.adjustment in (AdjustmentStatus.ADJUSTED, AdjustmentStatus.UNADJUSTABLE):
            found[row.id] = Refusal(id=row.id, reason="adjusted", message="the row was taken back")
        elif row.elsewhere:
            found[row.id] = Refusal(id=row.id, reason="on-draft", message="an invoice of Dataverse itself holds the row")
    return found.values()


def drafts_of(drawing: Draughtsman, contract: Contract, picked: Sequence[Source], *, to_existing: bool = False) -> list[Changes]:
    """One draft for each customer of the picked rows, the primary customer's first; none where nothing is chargeable (I-35, I-77)."""
    customers = {s.customer_id for s in picked if s.customer_id is not None} | set(_refunded(drawing, contract))
    order = sorted(customers, key=lambda c: (c != contract.customer_id, c))
    return [_of_customer(drawing, contract, c, [s for s in picked if s.customer_id == c], to_existing) for c in order]


def _of_customer(drawing: Draughtsman, contract: Contract, customer_id: CustomerId, picked: Sequence[Source], to_existing: bool) -> Changes:
    existing = newest_draft(drawing.facts, contract.id, customer_id) if to_existing else None
    if existing is not None:
        return extended(drawing, existing, picked, act="add")
    refunds = refundable(drawing.facts, contract.id, customer_id) if drawing.refunds else []
    if not refunds and not any(s.billing_type is BillingType.CHARGEABLE for s in picked):
        return Changes()
    invoice = Invoice(
        id=InvoiceId(drawing.clerk.new_id()),
        number=drawing.clerk.next_number(),
        contract_id=contract.id,
        customer_id=customer_id,
        currency=drawing.facts.currency(contract),
        currency_id=_currency_id(contract),
        as_of=drawing.as_of,
        invoice_date=drawing.as_of,
        created_at=drawing.clerk.at,
        lines=arranged(drawing.facts, _with_retainers(drawing, contract.id, customer_id, [], picked)),
        periodic=drawing.periodic,
    )
    return happened(invoice.id, Drafted(invoice=invoice))


def _refunded(drawing: Draughtsman, contract: Contract) -> Iterable[CustomerId]:
    """Customers who get the rest of a retainer back: that may be all that an invoice says (I-70, I-77)."""
    owners = {r.customer_id for r in drawing.facts.retainers.values() if r.contract_id == contract.id and r.customer_id is not None}
    return (c for c in owners if drawing.refunds and refundable(drawing.facts, contract.id, c))


def _currency_id(contract: Contract) -> CurrencyId:
    assert contract.currency_id is not None, "a contract without currency is refused before"
    return contract.currency_id


def newest_draft(facts: Facts, contract_id: ContractId, customer_id: CustomerId) -> Invoice | None:
    """The most recently created draft of contract and customer; a correction takes no new work (I-74, I-97)."""
    drafts = (
        i
        for i in facts.invoices.values()
        if i.status is InvoiceStatus.DRAFT and i.corrects is None and i.contract_id == contract_id and i.customer_id == customer_id
    )
    return max(drafts, key=lambda i: (i.created_at, i.number), default=None)


def extended(drawing: Draughtsman, invoice: Invoice, picked: Sequence[Source], *, act: str) -> Changes:
    """More rows on a draft, and its retainers applied anew; nothing happens when there is nothing to add (I-74, I-85)."""
    details = tuple(invoice.details)
    after = _with_retainers(drawing, invoice.contract_id, invoice.customer_id, details, picked, without=invoice.id)
    if {d.id: d for d in after} == {d.id: d for d in details}:
        return Changes()
    return happened(invoice.id, LinesChanged(act=act, lines=arranged(drawing.facts, after)))


def _with_retainers(
    drawing: Draughtsman,
    contract_id: ContractId,
    customer_id: CustomerId,
    details: Sequence[InvoiceDetail],
    picked: Sequence[Source],
    without: InvoiceId | None = None,
) -> tuple[InvoiceDetail, ...]:
    new = [detail_of(drawing.facts, s, drawing.clerk.new_id()) for s in picked]
    if drawing.refunds:
        new += [refund(found, drawing.clerk) for found in refundable(drawing.facts, contract_id, customer_id)]
    usable = balances(drawing.facts, contract_id, customer_id, without=without)
    return applied_anew((*details, *new), usable, drawing.clerk)
