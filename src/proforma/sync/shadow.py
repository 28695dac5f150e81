"""A shadow target: documents are made for it and compared with what a finance system holds, and nothing is ever sent.

So a mapping is tried beside the present way of invoicing, or a new finance system beside the productive one, until nothing differs. What is
compared with was made by another target under our reference, or by hand with our invoice number in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from proforma.domain.errors import ConfigurationError, RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Invoice
from proforma.finance import FinanceDocument, Found, Target
from proforma.store import Comparison, Store
from proforma.sync.delivery import Pushed
from proforma.sync.send import DocumentOf

#: Kind of the problems that differences make.
SHADOW: Final = "shadow"
#: Outcomes of a comparison.
EQUAL: Final = "equal"
DIFFERENT: Final = "different"
MISSING: Final = "missing"
REFUSED: Final = "refused"
_INVOICES_MAX: Final = 200


class Shadow:
    """Compares confirmed invoices, each until it is equal; `name` is the shadow, `asked` the system that holds the documents."""

    def __init__(
        self,
        store: Store,
        asked: Target,
        document_of: DocumentOf,
        *,
        name: str,
        now: Callable[[], datetime],
        every: timedelta,
        sent_there: bool = False,
    ) -> None:
        """`sent_there`: the asked system is sent invoices by us, so that it has those which have arrived there and no others."""
        self._store = store
        self._asked = asked
        self._document_of = document_of
        self._name = name
        self._now = now
        self._every = every
        self._arrived_at = asked.name if sent_there else None

    def run(self) -> Iterator[Pushed]:
        """Compares what is due; yields each comparison. Raises TransportError when the system cannot be asked."""
        if not self._asked.can_be_asked:
            raise ConfigurationError(f"the shadow {self._name} cannot be compared: its system cannot be asked", hint="declare a find")
        with self._store.read() as reader:
            before = self._now() - self._every
            due = reader.comparisons.due(self._name, EQUAL, before, _INVOICES_MAX, arrived_at=self._arrived_at)
        for invoice_id in due:
            yield self._compared(invoice_id)

    def _compared(self, invoice_id: InvoiceId) -> Pushed:
        with self._store.read() as reader:
            invoice = reader.ledger.invoice(invoice_id)
            assert invoice is not None, "it was listed"
            try:
                document = self._document_of(invoice, reader)
            except RefusedError as refusal:
                return self._keep(invoice, REFUSED, refusal.message)
        found = self._asked.find(document) or self._asked.find(document.under(invoice.number))
        if not found and document.stays_here:
            return self._keep(invoice, EQUAL, None)
        if not found:
            return self._keep(invoice, MISSING, f"{self._asked.name} has neither {invoice.reference} nor {invoice.number}")
        differences = [*_differences(found[0], document)] if len(found) == 1 else [f"{len(found)} documents have this reference"]
        return self._keep(invoice, DIFFERENT if differences else EQUAL, "; ".join(differences) or None)

    def _keep(self, invoice: Invoice, outcome: str, message: str | None) -> Pushed:
        entity, told = f"{SHADOW}:{self._name}", f"{invoice.number}: {message}"
        comparison = Comparison(target=self._name, invoice_id=invoice.id, outcome=outcome, message=message, at=self._now())
        with self._store.begin() as tx:
            tx.comparisons.put(comparison)
            given_up = tx.quarantine.was_dropped(SHADOW, entity, invoice.id, told)
            if outcome == EQUAL:
                tx.quarantine.resolve(entity, [invoice.id], kind=SHADOW)
            elif not given_up:
                tx.quarantine.put(SHADOW, entity, invoice.id, f"shadow-{outcome}", told, None, self._now())
        said = f"shadow {self._name}: {message or 'equal'}"
        differs = outcome != EQUAL and not given_up
        return Pushed(invoice_id=invoice.id, number=invoice.number, push=invoice.push, message=said, drifted=differs)


def _differences(found: Found, document: FinanceDocument) -> Iterator[str]:
    """What differs but for the reference and the digest, which a document made by another way cannot share."""
    yield from replace(found, reference=None, digest=None, complete=True).differs_from(document)
    if found.invoice_date is not None and found.invoice_date.isoformat() != document.content["invoice_date"]:
        yield f"invoice date: finance has {found.invoice_date}, we have {document.content['invoice_date']}"
