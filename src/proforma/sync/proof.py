"""`proforma db check`: what the store checks of its own rows, and what invoicing proves of the books that they make."""

from __future__ import annotations

from collections.abc import Iterator

from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId
from proforma.domain.policies import InvoicingPolicy
from proforma.invoicing.accounts import Unproven, unproven
from proforma.store import IntegrityFault, Reader
from proforma.sync.collector import uncollected
from proforma.sync.draft import load_book


def faults(reader: Reader, policy: InvoicingPolicy) -> Iterator[IntegrityFault]:
    """Everything that does not hold, contract by contract; memory follows the largest contract, not the database."""
    yield from _own_faults(reader)
    for batch in reader.mirror.batches(Contract):
        for contract in batch:
            for fault in _unproven(reader, contract.id, policy):
                yield IntegrityFault(kind=fault.kind, subject=fault.subject, message=fault.message)


@uncollected()
def _own_faults(reader: Reader) -> list[IntegrityFault]:
    return reader.ledger.check()


@uncollected()
def _unproven(reader: Reader, contract_id: ContractId, policy: InvoicingPolicy) -> list[Unproven]:
    return list(unproven(load_book(reader, [contract_id], policy)))
