"""Preflight again at the moment of confirming (F-89): what finance would refuse of a draft is told while the draft can still be changed.

A finance system that is down blocks no confirmation (D-104): then our own records and mappings alone are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from proforma.domain.codes import InvoiceStatus
from proforma.domain.contracts import Contract
from proforma.domain.errors import RefusedError
from proforma.domain.ids import Guid
from proforma.domain.invoices import Changes, Confirmed, Invoice, Refusal
from proforma.store import Reader
from proforma.sync.draft import Answer
from proforma.sync.routes import Routes
from proforma.sync.workshop import Workshop
from proforma.transport.errors import TransportError

#: Stands where the reference of a confirmed invoice will.
_NO_REFERENCE = "PREFLIGHT-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedConfirmation:
    """What confirming did, and what finance would have said of invoices that were confirmed all the same."""

    answer: Answer
    warnings: tuple[Refusal, ...] = ()


def confirm_checked(workshop: Workshop, names: Sequence[str], *, as_of: date, accounting_date: date | None = None) -> CheckedConfirmation:
    """Confirms drafts, each looked at first as `finance.preflight.at_confirm` wants it: `refuse`, `warn` or `off`."""
    mode = workshop.configuration.finance.preflight.at_confirm
    found = {} if mode == "off" else dict(_Checks(workshop).of(names))
    refused = tuple(found.values()) if mode == "refuse" else ()
    going = [name for name in names if mode != "refuse" or name not in found]
    answer = workshop.desk.confirm(going, as_of=as_of, accounting_date=accounting_date) if going or not names else Answer()
    if not refused:
        confirmed = {id_ for id_, happening in answer.changes.happenings if isinstance(happening, Confirmed)}
        return CheckedConfirmation(answer=answer, warnings=tuple(said for said in found.values() if said.id in confirmed))
    changes: Changes = replace(answer.changes, refusals=(*answer.changes.refusals, *refused))
    return CheckedConfirmation(answer=replace(answer, changes=changes))


class _Checks:
    """Makes the document that each draft would become, and asks about each customer once."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._routes = Routes(workshop.configuration.finance)
        self._asks = workshop.configuration.finance.preflight.ask
        self._told: dict[tuple[str, str], str | None] = {}

    def of(self, names: Sequence[str]) -> Iterator[tuple[str, Refusal]]:
        """What is wrong with drafts, by the names that they were given."""
        with self._workshop.store.read() as reader:
            for name in names:
                invoice = reader.ledger.invoice(name)
                if invoice is not None and invoice.status is InvoiceStatus.DRAFT and (said := self._objection(reader, invoice)):
                    yield name, Refusal(id=Guid(invoice.id), reason="preflight", message=f"{invoice.number}: {said}")

    def _objection(self, reader: Reader, invoice: Invoice) -> str | None:
        target = self._target_of(reader, invoice)
        try:
            document = self._workshop.documents_for(target).of(replace(invoice, reference=_NO_REFERENCE), reader)
        except RefusedError as refusal:
            return refusal.message
        said = self._about_customer(target, document.customer)
        return None if said is None else f"finance would refuse it: customer {document.customer}: {said}"

    def _target_of(self, reader: Reader, invoice: Invoice) -> str:
        """A correction goes where its original went."""
        original = None if invoice.corrects is None else reader.outbox.get(invoice.corrects)
        return original.target if original else self._routes.target_of(reader.mirror.get(Contract, invoice.contract_id))

    def _about_customer(self, target: str, account: str) -> str | None:
        if not self._asks:
            return None
        if (target, account) not in self._told:
            try:
                self._told[target, account] = self._workshop.target_of(target).refuses_customer(account)
            except TransportError:
                self._asks = False  # it is down: confirming goes on, pushing waits
                return None
        return self._told[target, account]
