"""What an edit makes of one detail: which fields it may touch, and the amount that follows (I-81, I-82, I-97, I-111)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final

from proforma.domain.codes import BillingType, SourceKind, TransactionType
from proforma.domain.errors import RefusedError
from proforma.domain.ids import RecordId
from proforma.domain.invoices import Invoice, InvoiceDetail
from proforma.domain.money import EXACT, PRECISION_MAX
from proforma.invoicing.amounts import recomputed
from proforma.invoicing.billing import figures
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.actuals import worth

_TOO_LARGE: Final = Decimal(10) ** 15
_FINEST: Final = Decimal(1).scaleb(-PRECISION_MAX)
_TEXTS: Final = frozenset({"description", "external_description"})
_FIGURES: Final = frozenset({"quantity", "price"})
#: Fields that a person may change on a draft, by what the detail was made from (I-81).
_ON_DRAFTS: Final = {
    SourceKind.ACTUAL: _FIGURES | _TEXTS | {"billing_type", "tax"},
    SourceKind.MANUAL: _FIGURES | _TEXTS | {"billing_type", "tax"},
    SourceKind.MILESTONE: _TEXTS | {"billing_type", "tax"},
    SourceKind.PRODUCT: frozenset({"tax"}),
}
#: The same on a correction (I-97).
_ON_CORRECTIONS: Final = {
    SourceKind.ACTUAL: _FIGURES | {"tax"},
    SourceKind.MANUAL: _FIGURES | {"tax"},
    SourceKind.MILESTONE: frozenset[str](),
}


def edited(facts: Facts, invoice: Invoice, detail: InvoiceDetail, changes: Mapping[str, str]) -> InvoiceDetail:
    """The detail after an edit. Raises RefusedError `not-editable`, `negative-quantity` or `milestone-full-credit-only`."""
    _check_fields(invoice, detail, changes)
    after = detail
    for field, text in changes.items():
        after = _SETTERS[field](after, text)
    _check_quantity(detail, after)
    if (after.quantity, after.price) != (detail.quantity, detail.price):
        amount = _amount(facts, after, precision=invoice.currency.precision)
        after = replace(after, amount=amount)
    return after if after == detail else replace(after, touched=True)


def _check_fields(invoice: Invoice, detail: InvoiceDetail, changes: Mapping[str, str]) -> None:
    allowed = (_ON_DRAFTS if invoice.corrects is None else _ON_CORRECTIONS).get(detail.kind, frozenset())
    for field in changes:
        if field in allowed:
            continue
        if invoice.corrects is not None and detail.kind is SourceKind.MILESTONE and field in _FIGURES:
            raise RefusedError(
                "milestone-full-credit-only", "a milestone is credited in full or not at all: remove it to leave it as it is"
            )
        raise RefusedError("not-editable", f"{field} of a {detail.type.value} detail cannot be changed here")


def _check_quantity(before: InvoiceDetail, after: InvoiceDetail) -> None:
    """A quantity may be negative only where the source's is (I-81, I-97)."""
    source = before.original or before.previous
    if after.quantity < 0 and (source is None or source.quantity >= 0):
        raise RefusedError("negative-quantity", "the quantity cannot be negative: a credit is a correction of the invoice")


def _set_quantity(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, quantity=number(text))


def _set_price(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, price=number(text))


def _set_tax(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, tax=number(text) if text else None)


def _set_billing_type(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, billing_type=billing_type(text))


def _set_description(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, description=text)


def _set_external_description(detail: InvoiceDetail, text: str) -> InvoiceDetail:
    return replace(detail, external_description=text)


_SETTERS: Final[Mapping[str, Callable[[InvoiceDetail, str], InvoiceDetail]]] = {
    "quantity": _set_quantity,
    "price": _set_price,
    "tax": _set_tax,
    "billing_type": _set_billing_type,
    "description": _set_description,
    "external_description": _set_external_description,
}


def is_billable(value: Decimal) -> bool:
    """Whether a number can stand on an invoice: finite, with no more digits before and after the point than Dataverse's widest columns."""
    return value.is_finite() and abs(value) < _TOO_LARGE and EXACT.quantize(value, _FINEST) == value


def number(text: str) -> Decimal:
    """The decimal that a person wrote. Raises RefusedError `not-editable` when it is none that can be billed."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise RefusedError("not-editable", f"{text!r} is not a number")
    if not is_billable(value):
        raise RefusedError("not-editable", f"{text!r} has too many digits: at most 15 before the point and {PRECISION_MAX} after it")
    return value


def billing_type(text: str) -> BillingType:
    """The billing type that a person wrote; Not Available cannot be invoiced (I-26). Raises RefusedError `not-editable`."""
    try:
        value = BillingType(text)
    except ValueError:
        value = BillingType.NOT_AVAILABLE
    if value is BillingType.NOT_AVAILABLE:
        raise RefusedError("not-editable", f"{text!r} is not one of chargeable, non-chargeable, complimentary")
    return value


def _amount(facts: Facts, detail: InvoiceDetail, *, precision: int) -> Decimal:
    """The amount that follows; the row itself, where Dataverse still has it, says by which method, and whether a discount is in it."""
    actual = facts.actuals.get(RecordId(detail.source))
    is_work = actual is not None and actual.type is TransactionType.UNBILLED_SALES
    extended = is_work and actual is not None and worth(facts, actual, facts.book.decisions.get(actual.id)).extended
    return recomputed(figures(detail), detail.original or detail.previous, actual, extended=extended, precision=precision)
