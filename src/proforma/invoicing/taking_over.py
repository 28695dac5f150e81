"""Taking over the invoices that were confirmed in the source system, and watching those that were (I-130).

confirmed there ──whole, and our prices──▶ confirmed here, queued for finance
                ──other prices──▶ held: a draft here, until our prices agree or a person confirms or gives it up
                ──not whole, not understood──▶ a finding; nothing is taken over
taken over, then changed or canceled there ──▶ a finding; nothing here is changed
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from proforma.domain.codes import InvoiceStatus, OrderType, Origin, UpstreamStatus
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import (
    Changes,
    Compared,
    Confirmed,
    Corrected,
    Deleted,
    Drafted,
    Happening,
    Invoice,
    InvoiceDetail,
    LinesChanged,
    PriceDifference,
)
from proforma.domain.money import plain
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice
from proforma.invoicing.after import after
from proforma.invoicing.book import Book
from proforma.invoicing.changes import joined
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.comparing import Comparison, Pricer
from proforma.invoicing.details import arranged
from proforma.invoicing.facts import Facts
from proforma.invoicing.references import reference
from proforma.invoicing.sources import Fault, collect
from proforma.invoicing.upstream import Reader, Reading, Rows, Upstream

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
#: A message names so many differences or faults and counts the rest.
_TOLD_MAX: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something about one invoice of the source system that a person must see.

    `kind`: held (not taken over, or not yet), upstream-changed (after it was taken over), price-warning (taken over all the same).
    """

    kind: str
    invoice_id: InvoiceId
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """What one run over a contract's invoices did and found; `judged`: the invoices that were looked at."""

    changes: Changes
    findings: tuple[Finding, ...]
    judged: tuple[InvoiceId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """What taking over goes by: the day, the invoices a person has accepted as they are, how each was compared last."""

    as_of: date
    price: Pricer
    accepted: Collection[InvoiceId] = ()
    compared: Mapping[InvoiceId, tuple[PriceDifference, ...]] = field(default_factory=dict)


def take_over(book: Book, clerk: Clerk, upstream: Upstream, how: Takeover) -> TakenOver:
    """Takes over what is confirmed in the source system and fits, oldest first, corrections after what they correct.

    A second run finds nothing new. An invoice that is held is judged anew each time.
    """
    desk = _Desk(book, clerk, upstream, how)
    for header in sorted(upstream.invoices, key=lambda h: (h.created_at or _EARLIEST, h.id)):
        desk.handle(header)
    desk.look_for_gone()
    return TakenOver(changes=joined(desk.parts), findings=tuple(desk.findings), judged=tuple(desk.judged))


class _Desk:
    def __init__(self, book: Book, clerk: Clerk, upstream: Upstream, how: Takeover) -> None:
        self.parts: list[Changes] = []
        self.findings: list[Finding] = []
        self.judged: list[InvoiceId] = []
        self._book = book
        self._clerk = clerk
        self._upstream = upstream
        self._how = how
        self._rows: dict[str, UpstreamDetail] = {row.id: row for row in upstream.details}
        facts = Facts(book)
        # Taking over changes no source: where they stand, the source system says (I-130).
        self._sources = collect(facts)
        self._known = Rows(facts, upstream, self._sources)
        self._open(book)

    def _open(self, book: Book) -> None:
        self._book = book
        self._facts = Facts(book)
        self._reader = Reader(self._facts, self._known)
        self._comparison = Comparison(self._facts, self._sources, self._how.price)

    def handle(self, header: UpstreamInvoice) -> None:
        """One invoice of the source system."""
        if header.id in self._upstream.given_up or header.order_type is not OrderType.WORK_BASED:
            return
        known = self._facts.invoices.get(header.id)
        if known is not None and known.status is not InvoiceStatus.DRAFT:
            self.judged.append(header.id)
            self._watch(known, header)
        elif known is not None or self._is_asked(header):
            self.judged.append(header.id)
            self._judge(known, header)

    def look_for_gone(self) -> None:
        """Invoices that were taken over, or held, and that the source system has no more."""
        there = {header.id for header in self._upstream.invoices}
        for invoice in list(self._facts.invoices.values()):
            if invoice.is_taken_over and invoice.id not in there:
                self.judged.append(invoice.id)
                self._gone(invoice, "is gone from Dataverse")

    def _is_asked(self, header: UpstreamInvoice) -> bool:
        """Whether it is for us: not a draft there, not canceled, and not older than what is taken over."""
        since = self._book.policy.take_over_from
        is_old = since is not None and header.invoice_date is not None and header.invoice_date < since
        return header.active and not is_old and header.status not in (None, UpstreamStatus.DRAFT, UpstreamStatus.IN_REVIEW)

    # ---- not taken over yet ------------------------------------------------------------------------------------------------

    def _judge(self, known: Invoice | None, header: UpstreamInvoice) -> None:
        if known is not None and not header.active:
            self._gone(known, "was canceled in Dataverse")
            return
        state = _state_fault(header)
        reading = self._reader.read(header)
        faults = (state,) if state is not None else reading.faults
        if faults:
            self._find("held", header.id, reason=faults[0].reason, message=_told(reading.number, [fault.message for fault in faults]))
            return
        self._take(known, reading)

    def _take(self, known: Invoice | None, reading: Reading) -> None:
        """Drafts it as it is; confirms it at once unless it must be held."""
        pairs = [self._comparison.of(detail, self._rows.get(detail.id)) for detail in reading.details]
        differences = tuple(found for _, found in pairs if found is not None)
        invoice = self._invoice(reading, [detail for detail, _ in pairs])
        happenings: list[tuple[InvoiceId, Happening]] = []
        if known is None:
            happenings.append((invoice.id, Drafted(invoice=invoice)))
        elif known.lines != invoice.lines:
            happenings.append((invoice.id, LinesChanged(act="take-over", lines=invoice.lines)))
        if known is None or self._how.compared.get(invoice.id) != differences:
            happenings.append((invoice.id, Compared(differences=differences)))
        is_held = bool(differences) and self._book.policy.price_difference == "hold" and invoice.id not in self._how.accepted
        if not is_held:
            confirmed = Confirmed(reference=reference(invoice), accounting_date=invoice.invoice_date)
            happenings.append((invoice.id, confirmed))
            happenings += [(original.id, Corrected(by=invoice.id)) for original in reading.corrects]
        self._tell_of_prices(invoice, differences, is_held=is_held)
        self._commit(happenings)

    def _tell_of_prices(self, invoice: Invoice, differences: Sequence[PriceDifference], *, is_held: bool) -> None:
        if not differences or (not is_held and (self._book.policy.price_difference == "accept" or invoice.id in self._how.accepted)):
            return
        told = _told(invoice.number, [f"{difference.source}: {difference.message}" for difference in differences])
        advice = "; confirm it to push it as it is, or give it up with `proforma problems drop`" if is_held else "; it was taken over"
        self._find("held" if is_held else "price-warning", invoice.id, reason=differences[0].reason, message=told + advice)

    def _invoice(self, reading: Reading, details: Sequence[InvoiceDetail]) -> Invoice:
        header = reading.header
        assert header.contract_id is not None
        assert header.customer_id is not None
        contract = self._facts.contracts[header.contract_id]
        assert contract.currency_id is not None
        return Invoice(
            id=header.id,
            number=reading.number,
            contract_id=contract.id,
            customer_id=header.customer_id,
            currency=self._facts.currency(contract),
            currency_id=contract.currency_id,
            as_of=self._how.as_of,
            invoice_date=header.invoice_date or self._how.as_of,
            created_at=self._clerk.at,
            lines=arranged(self._facts, details),
            corrects=max(reading.corrects, key=lambda i: (i.created_at, i.number)).id if reading.corrects else None,
            origin=Origin.DATAVERSE,
        )

    # ---- taken over --------------------------------------------------------------------------------------------------------

    def _watch(self, known: Invoice, header: UpstreamInvoice) -> None:
        """What was taken over stays as it is, whatever becomes of it there; paid and posted is only good news."""
        if not header.active:
            self._gone(known, "was canceled in Dataverse")
            return
        changed = list(_changed(known, self._reader.read(header)))
        if header.status in (UpstreamStatus.DRAFT, UpstreamStatus.IN_REVIEW):
            changed.insert(0, f"it is {header.status.value} again")
        if changed:
            self._find("upstream-changed", known.id, reason="changed-after-take-over", message=_told(known.number, changed) + _ADVICE)

    def _gone(self, known: Invoice, what: str) -> None:
        """A held one is given up with it; one that was taken over is for a person."""
        if known.status is InvoiceStatus.DRAFT:
            self._commit([(known.id, Deleted())])
        else:
            message = f"{known.number} {what} after it was taken over{_ADVICE}"
            self._find("upstream-changed", known.id, reason="changed-after-take-over", message=message)

    # ---- what comes of it --------------------------------------------------------------------------------------------------

    def _find(self, kind: str, invoice_id: InvoiceId, *, reason: str, message: str) -> None:
        self.findings.append(Finding(kind=kind, invoice_id=invoice_id, reason=reason, message=message))

    def _commit(self, happenings: Sequence[tuple[InvoiceId, Happening]]) -> None:
        if happenings:
            changes = Changes(happenings=tuple(happenings))
            self.parts.append(changes)
            self._open(after(self._book, changes, self._clerk))


_ADVICE: Final = ": nothing was changed here; correct it in Dataverse by a correction invoice, or in finance"


def _state_fault(header: UpstreamInvoice) -> Fault | None:
    """Why an invoice in this state is not taken over: only a confirmed one is."""
    match header.status:
        case UpstreamStatus.CONFIRMED:
            return None
        case UpstreamStatus.PAID | UpstreamStatus.POSTED:
            return Fault(
                "settled-already", f"it was {header.status.value} before we saw it confirmed: finance has it already, or never will"
            )
        case UpstreamStatus.UNKNOWN:
            return Fault("unknown-status", "its status is a number that mappings/dataverse/dataverse-invoice.yaml does not explain")
        case _:
            return Fault("not-confirmed", "it is a draft again in Dataverse")


def _changed(known: Invoice, reading: Reading) -> Iterator[str]:
    """What an invoice says otherwise than when it was taken over."""
    header = reading.header
    if (header.contract_id, header.customer_id) != (known.contract_id, known.customer_id):
        yield "contract or customer changed"
    before, now = {d.id: d for d in known.details}, {d.id: d for d in reading.details}
    for id_ in sorted(before.keys() | now.keys()):
        one, other = before.get(id_), now.get(id_)
        if one is None or other is None:
            yield f"detail {id_} {'was added' if one is None else 'is gone'}"
        elif _said(one) != _said(other):
            yield f"detail {id_} says {plain(other.amount)}, it said {plain(one.amount)}"


def _said(detail: InvoiceDetail) -> tuple[object, ...]:
    return (detail.contract_line_id, detail.day, detail.quantity, detail.price, detail.amount, detail.billing_type)


def _told(number: str, messages: Sequence[str]) -> str:
    more = f"; and {len(messages) - _TOLD_MAX} more" if len(messages) > _TOLD_MAX else ""
    return f"{number}: {'; '.join(messages[:_TOLD_MAX])}{more}"
