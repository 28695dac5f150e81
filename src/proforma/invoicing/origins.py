"""One origin a contract: its invoices are made here or in the source system, never in both (I-130)."""

from __future__ import annotations

from proforma.domain.codes import InvoiceStatus, LedgerType, Origin
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ContractId
from proforma.domain.invoices import Invoice
from proforma.invoicing.facts import Facts


def is_made_elsewhere(facts: Facts, contract_id: ContractId | None) -> bool:
    """Whether the source system makes the invoices of a contract."""
    contract = None if contract_id is None else facts.contracts.get(contract_id)
    return contract is not None and facts.book.policy.origin_of(contract) is Origin.DATAVERSE


def require_local(facts: Facts, contract_id: ContractId | None) -> None:
    """Raises RefusedError `origin-dataverse` or `origin-conflict` where nothing of a contract may be decided or billed here."""
    if is_made_elsewhere(facts, contract_id):
        raise RefusedError("origin-dataverse", "the invoices of this contract are made in Dataverse (invoicing.origin): decide it there")
    taken = next((i for i in facts.invoices.values() if i.contract_id == contract_id and i.is_taken_over), None)
    if taken is not None:
        raise RefusedError(
            "origin-conflict",
            f"invoice {taken.number} of this contract was taken over from Dataverse, and a contract has one origin: "
            "name the contract in invoicing.origins as dataverse",
        )


def require_made_here(invoice: Invoice) -> None:
    """Raises RefusedError `origin-dataverse` for an invoice that only the source system can change."""
    if invoice.is_taken_over:
        raise RefusedError("origin-dataverse", f"invoice {invoice.number} was made in Dataverse: change or correct it there")


def billed_here(facts: Facts, contract_id: ContractId) -> Invoice | None:
    """One of our own invoices that still bills something of a contract; none where all was deleted or credited."""
    standing = {row.invoice_id for row in facts.book.ledger if row.type is LedgerType.BILLED and not row.reversal and not row.adjusted}
    own = (i for i in facts.invoices.values() if i.contract_id == contract_id and i.is_live and not i.is_taken_over)
    return next((i for i in own if i.status is InvoiceStatus.DRAFT or i.id in standing), None)
