"""The default finance document of an invoice (F-80): plain data, exact amounts, and a digest that tells a changed repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias, TypeVar

import msgspec

from proforma.domain.codes import BillingType
from proforma.domain.errors import RefusedError
from proforma.domain.ids import ProductId, UnitId
from proforma.domain.invoices import Invoice, InvoiceDetail, InvoiceLine
from proforma.domain.money import EXACT, plain, round_amount, total
from proforma.mapping.accounts import Account, Accounts, DocumentFacts, ProductFacts, customer_account, name_of, unit_code
from proforma.mapping.finance import COMMENT_WORDS, DocumentRules, FinanceMapping

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
Document: TypeAlias = dict[str, Value]

K = TypeVar("K")

#: So many figures are remembered as they are written, a few hundred KiB.
_FIGURES_MAX: Final = 1 << 12
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
#: Type of a line that only says something.
COMMENT: Final = "comment"
#: Key of the digest, which covers all other keys.
DIGEST: Final = "sha256"


def document(invoice: Invoice, facts: DocumentFacts, mapping: FinanceMapping) -> Document:
    """The document that finance gets for a confirmed invoice (F-80, I-122).

    Amounts carry the currency's decimals, as text or, where the mapping asks, as `Decimal` for `encode`. On every line
    quantity × unit_price is exactly the amount, and the lines add up to the total; lines of which nothing is sent are left out. Lines of
    type `comment` have neither quantity nor price and an amount of 0.
    A total below 0 makes a credit.
    Raises RefusedError `amount-not-rounded` when an amount has more decimals than its currency, `total-differs` when what is sent does not
    add up to the invoice, `no-reference` when the invoice was never confirmed, and what `proforma.mapping.accounts` refuses.
    """
    if invoice.reference is None:
        raise RefusedError("no-reference", f"invoice {invoice.number} is not confirmed, so it has no reference yet")
    rules = mapping.document
    writer = _Writer(facts, rules, invoice.currency.precision)
    lines, billed = writer.lines(invoice.lines), invoice.total
    if total(writer.sent) != billed:
        raise RefusedError("total-differs", f"the lines of invoice {invoice.number} add up to {total(writer.sent)}, not to {billed}")
    content: Document = {
        "reference": invoice.reference,
        "kind": "credit" if billed < 0 else "invoice",
        "number": invoice.number,
        "corrects": facts.corrects_reference,
        "company": facts.company,
        "customer": {
            "account": customer_account(facts.customer_number, rules),
            "name": facts.customer_name,
            "kind": facts.customer_kind.value,
        },
        "currency": invoice.currency.code,
        "invoice_date": invoice.invoice_date.isoformat(),
        "due_date": _day(due_date(invoice.invoice_date, facts, rules)),
        "posting_date": _day(invoice.accounting_date),
        "purchase_order": facts.purchase_order,
        "contract": {"number": facts.contract_number, "name": facts.contract_name, "id": invoice.contract_id},
        "lines": lines,
        "total": writer.money(billed),
    }
    return content | {DIGEST: digest(content)}


def due_date(invoice_date: date, facts: DocumentFacts, rules: DocumentRules) -> date | None:
    """The day that the contract says, else so many days after the invoice date as the mapping says; None leaves it to finance."""
    return facts.due_date if facts.due_date or rules.due_days is None else invoice_date + timedelta(days=rules.due_days)


def canonical(content: Mapping[str, Value]) -> bytes:
    """The form that the digest covers: JSON with sorted keys, without spaces, every amount as text, the digest itself left out."""
    return msgspec.json.encode({key: value for key, value in content.items() if key != DIGEST}, order="sorted")


def digest(content: Mapping[str, Value]) -> str:
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(content)).hexdigest()


def encode(content: Value | Mapping[str, Value]) -> bytes:
    """The document as it goes over the wire; amounts that are `Decimal` become JSON numbers with every digit (F-79)."""
    return _encode(content)


class _Writer:
    """Writes lines and details, and remembers the amounts it wrote."""

    def __init__(self, facts: DocumentFacts, rules: DocumentRules, precision: int) -> None:
        self._facts = facts
        self._rules = rules
        self._precision = precision
        self._accounts = Accounts(facts, rules)
        #: Of the two forms of a figure, exact and as text, the one that the mapping wants.
        self._form = 1 if rules.amounts == "text" else 0
        self.sent: list[Decimal] = []

    def lines(self, lines: Sequence[InvoiceLine]) -> list[Value]:
        written: list[Value] = []
        for line in lines:
            details = [detail for detail in line.details if detail.billing_type in self._rules.include]
            for account, booked in self._by_account(line, details).items():
                written.append(self._line(len(written) + 1, line, booked, account))
            said = [detail for detail in line.details if detail.billing_type in self._rules.comments]
            written += [self._comment(len(written) + number, line, detail) for number, detail in enumerate(said, start=1)]
        return written

    def _comment(self, number: int, line: InvoiceLine, detail: InvoiceDetail) -> Value:
        """A line that says what was done and adds nothing (D-28, F-72): without a quantity and a price."""
        told = self._detail(detail)
        text = self._rules.comment_text
        for name in COMMENT_WORDS:
            text = text.replace("{" + name + "}", str(told.get(name) or ""))
        booked = self._accounts.of(line.type, detail) if self._rules.comments_booked else None
        comment: Document = {
            "line": number,
            "type": COMMENT,
            "item": None,
            "description": " ".join(text.split()),
            "quantity": None,
            "unit": None,
            "unit_price": None,
            "amount": self.money(Decimal(0)),
            "contract_line": line.contract_line_id,
            "details": [told],
        }
        if booked is not None:
            comment[booked.kind] = booked.number
        return comment

    def _by_account(self, line: InvoiceLine, details: list[InvoiceDetail]) -> dict[Account | None, list[InvoiceDetail]]:
        """The details of a line by what finance books them on, in their order; all together where the mapping does not say."""
        if not self._rules.accounts:
            return {None: details} if details else {}
        grouped: dict[Account | None, list[InvoiceDetail]] = {}
        for detail in details:
            grouped.setdefault(self._accounts.of(line.type, detail), []).append(detail)
        return grouped

    def _line(self, number: int, line: InvoiceLine, details: Sequence[InvoiceDetail], account: Account | None) -> Document:
        amount = total(detail.value for detail in details)
        self.sent.append(amount)
        quantity, unit_id, price = _summed(details, amount)
        product = self._product(_only(detail.product_id for detail in details))
        written: Document = {
            "line": number,
            "type": line.type.value,
            "item": None if product is None else product.number,
            "description": line.description,
            "quantity": self._number(quantity),
            "unit": self._unit(unit_id),
            "unit_price": self._number(price, places=self._precision),
            "amount": self.money(amount),
            "contract_line": line.contract_line_id,
            "details": [self._detail(detail) for detail in details],
        }
        if account is not None:
            written[account.kind] = account.number
        return written

    def _detail(self, detail: InvoiceDetail) -> Document:
        """One source; keys without a value are left out. `full_amount` says what a detail is worth that adds another amount to its line."""
        facts = self._facts
        product = self._product(detail.product_id)
        value = detail.value
        values: Document = {
            "source": detail.source,
            "date": _day(detail.day),
            "billing_type": detail.billing_type.value,
            "description": detail.external_description or detail.description,
            "quantity": self._number(detail.quantity),
            "unit": self._unit(detail.unit_id),
            "unit_price": None if detail.price is None else self._number(detail.price, places=self._precision),
            "amount": self.money(value),
            "full_amount": None if detail.amount == value else self.money(detail.amount),
            "previous_amount": None if detail.previous_amount is None else self.money(detail.previous_amount),
            "project": name_of(facts.projects, detail.project_id),
            "task": name_of(facts.tasks, detail.task_id),
            "role": name_of(facts.roles, detail.role_id),
            "resource": name_of(facts.resources, detail.resource_id),
            "category": name_of(facts.categories, detail.category_id),
            "product": None if product is None else {"number": product.number, "name": product.name},
        }
        return {key: written for key, written in values.items() if written is not None}

    def _unit(self, unit_id: UnitId | None) -> str | None:
        name = name_of(self._facts.units, unit_id)
        return None if name is None else unit_code(name, self._rules)

    def _product(self, product_id: ProductId | None) -> ProductFacts | None:
        return None if product_id is None else self._facts.products.get(product_id)

    def money(self, amount: Decimal) -> Value:
        """An amount with the decimals of its currency. It was rounded when it was made; here that is checked, not repaired."""
        return _money(amount, self._precision)[self._form]

    def _number(self, value: Decimal, *, places: int = 0) -> Value:
        return _number(value, places)[self._form]


# Figures repeat from line to line and from invoice to invoice, and what is written depends on the value alone: 8 and 8.00 are the same.
@lru_cache(maxsize=_FIGURES_MAX)
def _money(amount: Decimal, precision: int) -> tuple[Decimal, str]:
    exact = round_amount(amount, precision=precision)
    if exact != amount:
        raise RefusedError("amount-not-rounded", f"the amount {amount} has more than {precision} decimals")
    return _written(exact)


@lru_cache(maxsize=_FIGURES_MAX)
def _number(value: Decimal, places: int) -> tuple[Decimal, str]:
    """A quantity or price without trailing zeros, but with at least `places` decimals."""
    short = EXACT.normalize(value)
    exponent = short.as_tuple().exponent
    assert isinstance(exponent, int)  # only infinities and NaN have none
    return _written(round_amount(short, precision=max(places, -exponent, 0)))


def _written(value: Decimal) -> tuple[Decimal, str]:
    """As a number and as text, without a negative zero."""
    return abs(value) if value.is_zero() else value, plain(value)


def _summed(details: Sequence[InvoiceDetail], amount: Decimal) -> tuple[Decimal, UnitId | None, Decimal]:
    """Quantity, unit and price of a line: those of its chargeable details where they agree and give it exactly, else once the amount."""
    billed = [detail for detail in details if detail.billing_type is BillingType.CHARGEABLE]
    if billed and all(_alike(detail, billed[0]) for detail in billed):
        unit_id, price, quantity = billed[0].unit_id, billed[0].price, total(detail.quantity for detail in billed)
        if price is not None and EXACT.multiply(quantity, price) == amount:
            return quantity, unit_id, price
    return Decimal(1), None, amount


def _alike(detail: InvoiceDetail, first: InvoiceDetail) -> bool:
    return detail.unit_id == first.unit_id and detail.price == first.price and not detail.previous


def _only(product_ids: Iterable[ProductId | None]) -> ProductId | None:
    """The product that all share, None where they differ or have none."""
    different = set(product_ids)
    return different.pop() if len(different) == 1 else None


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
