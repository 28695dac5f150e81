"""The ledger rows of a confirmed correction (I-98, I-99).

B0  the billed row that is corrected; it becomes adjusted

8 to 0          R B −8 · U 8 not ready
8 to 6          R B −8 · U 6 · R U −6 · B 6 · U 2 not ready       a fee gives nothing back
8 to 10         R B −8 · U 10 · R U −10 · B 10
other price     as 8 to 10
milestone       R B; the milestone is ready again
retainer        R B −1,000 · R U +1,000; the retainer is ready again
application     R B +300 · R U +700 · U −1,000; its amount is available again
unchanged       nothing
"""

from __future__ import annotations

from dataclasses import dataclass

from proforma.domain.codes import BillingStatus, LedgerType, SourceKind, TransactionClass
from proforma.domain.ids import Guid, RetainerId
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail, LedgerActual
from proforma.domain.money import total
from proforma.invoicing.billing import figures, open_balance, remainder
from proforma.invoicing.facts import Facts
from proforma.invoicing.journal import Journal, lump, negated
from proforma.invoicing.retainers import ZERO, balance


@dataclass(frozen=True, slots=True)
class Credited:
    """What a credited detail does beside its own rows: the billed row that becomes adjusted, and whether its source is ready again."""

    adjusted: Guid
    is_ready_again: bool = False


def standing_row(facts: Facts, detail_id: Guid) -> LedgerActual | None:
    """The billed row of a detail that no correction has taken back yet; of an edited detail the one that it shows (I-100)."""
    for row in facts.ledger_of_detail.get(detail_id, ()):
        if row.type is LedgerType.BILLED and not row.reversal and not row.adjusted:
            return row
    return None


def is_changed(detail: InvoiceDetail) -> bool:
    """Whether the correction says anything else than what was invoiced (I-98)."""
    return detail.previous is not None and figures(detail) != detail.previous


def changes_something(invoice: Invoice) -> bool:
    """Whether any detail of a correction differs from what was invoiced (I-89)."""
    return any(is_changed(d) for d in invoice.details)


def credit(facts: Facts, journal: Journal, detail: InvoiceDetail) -> Credited | None:
    """Writes the rows of one detail of a correction; None when it changes nothing."""
    before = detail.previous
    billed = None if detail.corrects_detail is None else standing_row(facts, detail.corrects_detail)
    if before is None or billed is None or not is_changed(detail):
        return None
    match detail.kind:
        case SourceKind.RETAINER:
            journal.billed_reversal(detail, lump(-before.amount), reverses=billed.id)
            journal.unbilled_reversal(detail, lump(before.amount), reverses=open_balance(facts, RetainerId(detail.source)))
        case SourceKind.ADVANCE:
            journal.billed_reversal(detail, lump(-before.amount), reverses=billed.id)
            _free(facts, journal, detail, before)
        case _:
            journal.billed_reversal(detail, negated(before), reverses=billed.id)
            _credit_work(facts, journal, detail, before)
    return Credited(billed.id, is_ready_again=detail.kind in (SourceKind.MILESTONE, SourceKind.RETAINER))


def _credit_work(facts: Facts, journal: Journal, detail: InvoiceDetail, before: Figures) -> None:
    if detail.kind is SourceKind.MILESTONE:
        return
    gives_back = detail.kind is SourceKind.ACTUAL or facts.is_time_and_material(detail.contract_line_id)
    now = figures(detail)
    if detail.quantity == 0:
        if gives_back:
            journal.unbilled(detail, before, status=BillingStatus.NOT_READY)
        return
    if gives_back:
        made = journal.unbilled(detail, now)
        journal.unbilled_reversal(detail, negated(now), reverses=made)
    journal.billed(detail, now)
    rest = remainder(now, before, precision=journal.precision, billing_type=before.billing_type)
    if rest is not None and gives_back and detail.transaction_class is not TransactionClass.FEE:
        journal.unbilled(detail, rest, status=BillingStatus.NOT_READY)


def _free(facts: Facts, journal: Journal, detail: InvoiceDetail, before: Figures) -> None:
    """What is left of the retainer is booked anew, larger by what was applied (I-99)."""
    retainer_id = RetainerId(detail.source)
    left = balance(facts, facts.retainers[retainer_id]).available
    if left > ZERO:
        journal.unbilled_reversal(detail, lump(left), reverses=open_balance(facts, retainer_id))
    journal.unbilled(detail, lump(-total((left, -before.amount))))
