"""An invoice is the fold of its events, and only events that fit its state may follow (I, section 20)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from proforma.domain.codes import BillingType, InvoiceStatus, LineType, PushStatus, SourceKind, TransactionClass
from proforma.domain.ids import ContractId, ContractLineId, CurrencyId, CustomerId, Guid, InvoiceId, SourceId
from proforma.domain.invoices import (
    Confirmed,
    Corrected,
    Deleted,
    DetailsChanged,
    Drafted,
    Figures,
    Flagged,
    Happening,
    ImpossibleEventError,
    Invoice,
    InvoiceDetail,
    InvoiceEvent,
    InvoiceLine,
    LinesChanged,
    PushChanged,
    fold,
)
from proforma.domain.money import Currency

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
ID = InvoiceId(Guid("00000000-0000-4000-8000-000000000001"))


def _detail(amount: str, billing_type: BillingType = BillingType.CHARGEABLE, previous: str | None = None) -> InvoiceDetail:
    before = None
    if previous is not None:
        before = Figures(quantity=Decimal(1), price=Decimal(previous), amount=Decimal(previous), billing_type=billing_type)
    return InvoiceDetail(
        id=Guid("d"), source=SourceId(Guid("s")), kind=SourceKind.ACTUAL, type=LineType.TIME, transaction_class=TransactionClass.TIME,
        contract_line_id=ContractLineId(Guid("l")), billing_type=billing_type, quantity=Decimal(1), price=Decimal(amount),
        amount=Decimal(amount), previous=before,
    )  # fmt: skip


def _line(*details: InvoiceDetail) -> InvoiceLine:
    return InvoiceLine(contract_line_id=ContractLineId(Guid("l")), type=LineType.TIME, description="Work", details=details)


def _draft(*lines: InvoiceLine) -> Invoice:
    return Invoice(
        id=ID, number="PF-000001", contract_id=ContractId(Guid("c")), customer_id=CustomerId(Guid("k")), currency=Currency("USD", 2),
        currency_id=CurrencyId(Guid("u")), as_of=date(2026, 3, 31), invoice_date=date(2026, 3, 31), created_at=AT, lines=lines,
    )  # fmt: skip


def _events(*happenings: Happening) -> list[InvoiceEvent]:
    return [InvoiceEvent(invoice_id=ID, sequence=n, at=AT, by="tester", happening=h) for n, h in enumerate(happenings, 1)]


CONFIRMED = Confirmed(reference="PF-000001-AAAA", accounting_date=date(2026, 3, 31))


def test_a_whole_life_folds_to_its_present_state() -> None:
    """Drafted, changed, confirmed, sent and corrected: the fold is the state that follows from all of it, and nothing else."""
    changed = LinesChanged(act="edit", lines=(_line(_detail("180.00")),))
    accepted = PushChanged(push=PushStatus.ACCEPTED, attempt=1, external_id="7", external_number="INV-7")
    invoice = fold(_events(Drafted(invoice=_draft(_line(_detail("200.00")))), changed, CONFIRMED, accepted, Corrected(by=ID)))
    assert invoice == replace(
        _draft(_line(_detail("180.00"))),
        status=InvoiceStatus.CORRECTED,
        push=PushStatus.ACCEPTED,
        reference="PF-000001-AAAA",
        accounting_date=date(2026, 3, 31),
        confirmed_at=AT,
        external_id="7",
        external_number="INV-7",
    )


@pytest.mark.parametrize(
    "happenings",
    [
        (CONFIRMED,),
        (Drafted(invoice=_draft()), Drafted(invoice=_draft())),
        (Drafted(invoice=_draft()), CONFIRMED, LinesChanged(act="edit", lines=())),
        (Drafted(invoice=_draft()), CONFIRMED, DetailsChanged(act="edit")),
        (Drafted(invoice=_draft()), CONFIRMED, Deleted()),
        (Drafted(invoice=_draft()), CONFIRMED, CONFIRMED),
        (Drafted(invoice=_draft()), CONFIRMED, Flagged(sources=())),
        (Drafted(invoice=_draft()), PushChanged(push=PushStatus.SENT)),
        (Drafted(invoice=_draft()), Corrected(by=ID)),
        (),
    ],
)
def test_what_cannot_follow_is_refused(happenings: tuple[Happening, ...]) -> None:
    """I-102, promise 6: a confirmed invoice is never edited, deleted or confirmed again, and a draft is never sent."""
    with pytest.raises(ImpossibleEventError):
        fold(_events(*happenings))


def test_only_chargeable_details_add_to_an_invoice() -> None:
    """I-26, I-86: non-chargeable and complimentary details are shown and add nothing."""
    free = (_detail("400.00", BillingType.NON_CHARGEABLE), _detail("50.00", BillingType.COMPLIMENTARY))
    invoice = _draft(_line(_detail("1200.00"), *free))
    assert invoice.total == Decimal("1200.00")


def test_a_correction_counts_differences() -> None:
    """I-96: 8 × 200 corrected to 6 × 200 is worth 1,200 − 1,600 = −400."""
    corrected = _detail("1200.00", previous="1600.00")
    assert corrected.invoice_amount == Decimal("-400.00")
    assert _draft(_line(corrected)).total == Decimal("-400.00")
