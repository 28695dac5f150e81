"""The ledger rows of a confirmed detail (I-68, I-69, I-88).

R  reversal (unadjustable)     U  unbilled sales     B  billed sales

unedited                 R U −8 −1,600 · B 8 1,600
lowered, 8 to 6          R U −8 · U 6 · U 2 · R U −6 · R U −2 · B 6 · B 2       the 2 are no longer chargeable
otherwise edited         R U as it was · U new · R U new · B new
by hand                  U · R U · B          on a fixed-price line: B
milestone, product       B
retainer billed          B +1,000 · U −1,000
retainer applied, 300    R U +1,000 · B −300 · U −700
"""

from __future__ import annotations

from decimal import Decimal

from proforma.domain.codes import BillingType, LedgerType, SourceKind
from proforma.domain.ids import Guid, RetainerId, SourceId
from proforma.domain.invoices import Figures, InvoiceDetail, LedgerActual
from proforma.domain.money import total
from proforma.invoicing.amounts import left_over
from proforma.invoicing.facts import Facts
from proforma.invoicing.journal import Journal, lump, negated
from proforma.invoicing.retainers import balance


def figures(detail: InvoiceDetail) -> Figures:
    """What the detail says now."""
    return Figures(quantity=detail.quantity, price=detail.price, amount=detail.amount, billing_type=detail.billing_type)


def post(facts: Facts, journal: Journal, detail: InvoiceDetail) -> None:
    """Writes the rows of one detail of an invoice that corrects nothing."""
    match detail.kind:
        case SourceKind.ACTUAL:
            _post_work(facts, journal, detail)
        case SourceKind.MANUAL:
            _post_by_hand(facts, journal, detail)
        case SourceKind.MILESTONE | SourceKind.PRODUCT:
            journal.billed(detail, figures(detail))
        case SourceKind.RETAINER:
            journal.billed(detail, lump(detail.amount))
            journal.unbilled(detail, lump(-detail.amount))
        case SourceKind.ADVANCE:
            _post_application(facts, journal, detail)


def _post_work(facts: Facts, journal: Journal, detail: InvoiceDetail) -> None:
    assert detail.original is not None, "work from an actual remembers what the actual said"
    origin = detail.source if detail.source in facts.given_back else None
    journal.unbilled_reversal(detail, negated(detail.original), reverses=origin)
    if not detail.is_edited:
        journal.billed(detail, figures(detail))
        return
    parts = edited_parts(detail, detail.original, precision=journal.precision)
    made = [journal.unbilled(detail, part) for part in parts]
    for part, id_ in zip(parts, made, strict=True):
        journal.unbilled_reversal(detail, negated(part), reverses=id_)
    for part in parts:
        journal.billed(detail, part)


def edited_parts(detail: InvoiceDetail, original: Figures, *, precision: int) -> tuple[Figures, ...]:
    """What an edited detail becomes: itself, and when the quantity was lowered what is left of the original (I-88).

    What is left keeps the old price and is not chargeable; a detail that was not chargeable keeps its type.
    """
    now = figures(detail)
    rest_type = BillingType.NON_CHARGEABLE if now.billing_type is BillingType.CHARGEABLE else now.billing_type
    if now.quantity == 0 and original.quantity != 0:
        return (Figures(quantity=original.quantity, price=original.price, amount=original.amount, billing_type=rest_type),)
    rest = remainder(now, original, precision=precision, billing_type=rest_type)
    return (now,) if rest is None else (now, rest)


def remainder(now: Figures, before: Figures, *, precision: int, billing_type: BillingType) -> Figures | None:
    """What is left of the figures before when the quantity was lowered, at the price before; None when it was not lowered."""
    quantity = total((before.quantity, -now.quantity))
    turned = now.quantity != 0 and (now.quantity < 0) is not (before.quantity < 0)
    if not quantity or turned or (quantity < 0) is not (before.quantity < 0):
        return None
    amount = left_over(quantity, now, before, precision=precision)
    return Figures(quantity=quantity, price=before.price, amount=amount, billing_type=billing_type)


def _post_by_hand(facts: Facts, journal: Journal, detail: InvoiceDetail) -> None:
    now = figures(detail)
    if facts.is_time_and_material(detail.contract_line_id):
        made = journal.unbilled(detail, now)
        journal.unbilled_reversal(detail, negated(now), reverses=made)
    journal.billed(detail, now)


def _post_application(facts: Facts, journal: Journal, detail: InvoiceDetail) -> None:
    """An application of nothing leaves no trace in the ledger."""
    if not detail.amount:
        return
    retainer_id = RetainerId(detail.source)
    available = balance(facts, facts.retainers[retainer_id]).available
    journal.unbilled_reversal(detail, lump(available), reverses=open_balance(facts, retainer_id))
    journal.billed(detail, lump(detail.amount))
    rest = total((available, detail.amount))
    if rest > Decimal(0):
        journal.unbilled(detail, lump(-rest))


def open_balance(facts: Facts, retainer_id: RetainerId) -> Guid | None:
    """Our negative unbilled row that stands for what is left of a retainer; None when Dataverse holds it, or nothing is left."""
    rows = facts.ledger.get(SourceId(retainer_id), ())
    reversed_ids = {r.reverses for r in rows if r.reversal}
    open_rows = [r for r in rows if _is_open(r) and r.id not in reversed_ids]
    return open_rows[-1].id if open_rows else None


def _is_open(row: LedgerActual) -> bool:
    return row.type is LedgerType.UNBILLED and not row.reversal and row.amount < 0
