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
from proforma.finance.questions import questions_about
from proforma.store import Reader
from proforma.sync.draft import Answer
from proforma.sync.inquiry import Inquiry, NotAsked
from proforma.sync.routes import Routes
from proforma.sync.workshop import Workshop

#: Stands where the reference of a confirmed invoice will.
_NO_REFERENCE = "PREFLIGHT-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedConfirmation:
    """What confirming did, what finance would have said of invoices that were confirmed all the same, and what it was not asked."""

    answer: Answer
    warnings: tuple[Refusal, ...] = ()
    not_asked: tuple[tuple[str, NotAsked], ...] = ()


def confirm_checked(workshop: Workshop, names: Sequence[str], *, as_of: date, accounting_date: date | None = None) -> CheckedConfirmation:
    """Confirms drafts, each looked at first as `finance.preflight.at_confirm` wants it: `refuse`, `warn` or `off`."""
    mode = workshop.configuration.finance.preflight.at_confirm
    checks = _Checks(workshop, posting=accounting_date or as_of)
    found = {} if mode == "off" else dict(checks.of(names))
    refused = tuple(found.values()) if mode == "refuse" else ()
    going = [name for name in names if mode != "refuse" or name not in found]
    answer = workshop.desk.confirm(going, as_of=as_of, accounting_date=accounting_date) if going or not names else Answer()
    if not refused:
        confirmed = {id_ for id_, happening in answer.changes.happenings if isinstance(happening, Confirmed)}
        warnings = tuple(said for said in found.values() if said.id in confirmed)
        return CheckedConfirmation(answer=answer, warnings=warnings, not_asked=checks.not_asked)
    changes: Changes = replace(answer.changes, refusals=(*answer.changes.refusals, *refused))
    return CheckedConfirmation(answer=replace(answer, changes=changes), not_asked=checks.not_asked)


class _Checks:
    """Makes the document that each draft would become, and asks about each key of it once."""

    def __init__(self, workshop: Workshop, *, posting: date) -> None:
        self._workshop = workshop
        self._posting = posting
        self._routes = Routes(workshop.configuration.finance)
        self._asks = workshop.configuration.finance.preflight.ask
        self._inquiries: dict[str, Inquiry] = {}

    def of(self, names: Sequence[str]) -> Iterator[tuple[str, Refusal]]:
        """What is wrong with drafts, by the names that they were given."""
        with self._workshop.store.read() as reader:
            for name in names:
                invoice = reader.ledger.invoice(name)
                if invoice is not None and invoice.status is InvoiceStatus.DRAFT and (said := self._objection(reader, invoice)):
                    yield name, Refusal(id=Guid(invoice.id), reason="preflight", message=f"{invoice.number}: {said}")

    @property
    def not_asked(self) -> tuple[tuple[str, NotAsked], ...]:
        """What each system was not asked about."""
        return tuple((name, why) for name, inquiry in self._inquiries.items() for why in inquiry.not_asked)

    def _objection(self, reader: Reader, invoice: Invoice) -> str | None:
        target = self._target_of(reader, invoice)
        confirmed = replace(invoice, reference=_NO_REFERENCE, accounting_date=self._posting)
        try:
            document = self._workshop.documents_for(target).of(confirmed, reader)
        except RefusedError as refusal:
            return refusal.message
        if not self._asks or document.stays_here:
            return None
        inquiry = self._inquiry(target)
        said = {
            f"{question.kind} {question.key}: {objection}": None
            for question in questions_about(document, precision=invoice.currency.precision)
            if (objection := inquiry.objection(question))
        }
        return f"finance would refuse it: {'; '.join(said)}" if said else None

    def _inquiry(self, name: str) -> Inquiry:
        if name not in self._inquiries:
            self._inquiries[name] = Inquiry(self._workshop.target_of(name))
        return self._inquiries[name]

    def _target_of(self, reader: Reader, invoice: Invoice) -> str:
        """A correction goes where its original went."""
        original = None if invoice.corrects is None else reader.outbox.get(invoice.corrects)
        return original.target if original else self._routes.target_of(reader.mirror.get(Contract, invoice.contract_id))
