"""The default finance document of an invoice (F-80): plain data, exact amounts, and a digest that tells a changed repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeAlias, TypeVar

import msgspec

from proforma.domain.codes import BillingType, CustomerKind
from proforma.domain.errors import RefusedError
from proforma.domain.ids import CategoryId, ProductId, ProjectId, ResourceId, RoleId, TaskId, UnitId
from proforma.domain.invoices import Invoice, InvoiceDetail, InvoiceLine
from proforma.domain.money import EXACT, plain, round_amount, total
from proforma.mapping.finance import AccountKind, AccountRule, DocumentRules, FinanceMapping

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
Document: TypeAlias = dict[str, Value]

K = TypeVar("K")

#: Key of the digest, which covers all other keys.
DIGEST: Final = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFacts:
    """What finance may know a product by."""

    number: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """Names and numbers that an invoice itself does not carry, looked up by the caller; ids that are missing stay without a name.

    `customer_number`: how finance knows the customer (D-4). `corrects_reference`: reference of the invoice that this one corrects.
    """

    customer_number: str
    customer_name: str | None = None
    customer_kind: CustomerKind = CustomerKind.ACCOUNT
    contract_number: str | None = None
    contract_name: str | None = None
    company: str | None = None
    corrects_reference: str | None = None
    due_date: date | None = None
    purchase_order: str | None = None
    units: Mapping[UnitId, str] = field(default_factory=dict)
    projects: Mapping[ProjectId, str] = field(default_factory=dict)
    tasks: Mapping[TaskId, str] = field(default_factory=dict)
    roles: Mapping[RoleId, str] = field(default_factory=dict)
    resources: Mapping[ResourceId, str] = field(default_factory=dict)
    categories: Mapping[CategoryId, str] = field(default_factory=dict)
    products: Mapping[ProductId, ProductFacts] = field(default_factory=dict)


def document(invoice: Invoice, facts: DocumentFacts, mapping: FinanceMapping) -> Document:
    """The document that finance gets for a confirmed invoice (F-80, I-122).

    Amounts carry the currency's decimals, as text or, where the mapping asks, as `Decimal` for `encode`. On every line
    quantity × unit_price is exactly the amount, and the lines add up to the total; lines of which nothing is sent are left out.
    A total below 0 makes a credit.
    Raises RefusedError `amount-not-rounded` when an amount has more decimals than its currency, `total-differs` when what is sent does not
    add up to the invoice, `no-reference` when the invoice was never confirmed.
    """
    if invoice.reference is None:
        raise RefusedError("no-reference", f"invoice {invoice.number} is not confirmed, so it has no reference yet")
    rules = mapping.document
    writer = _Writer(facts, rules, invoice.currency.precision)
    lines = writer.lines(invoice.lines)
    if total(writer.sent) != invoice.total:
        raise RefusedError("total-differs", f"the lines of invoice {invoice.number} add up to {total(writer.sent)}, not to {invoice.total}")
    content: Document = {
        "reference": invoice.reference,
        "kind": "credit" if invoice.total < 0 else "invoice",
        "number": invoice.number,
        "corrects": facts.corrects_reference,
        "company": facts.company,
        "customer": {
            "account": rules.customers.get(facts.customer_number, facts.customer_number),
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
        "total": writer.money(invoice.total),
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
    return msgspec.json.Encoder(decimal_format="number").encode(content)


class _Writer:
    """Writes lines and details, and remembers the amounts it wrote."""

    def __init__(self, facts: DocumentFacts, rules: DocumentRules, precision: int) -> None:
        self._facts = facts
        self._rules = rules
        self._precision = precision
        self._accounts = Accounts(facts, rules)
        self.sent: list[Decimal] = []

    def lines(self, lines: Sequence[InvoiceLine]) -> list[Value]:
        written: list[Value] = []
        for line in lines:
            details = [detail for detail in line.details if detail.billing_type in self._rules.include]
            for account, booked in self._by_account(line, details).items():
                written.append(self._line(len(written) + 1, line, booked) | _booking(account))
        return written

    def _by_account(self, line: InvoiceLine, details: Sequence[InvoiceDetail]) -> dict[Account | None, list[InvoiceDetail]]:
        """The details of a line by what finance books them on, in their order; all together where the mapping does not say."""
        grouped: dict[Account | None, list[InvoiceDetail]] = {}
        for detail in details:
            grouped.setdefault(self._accounts.of(line, detail) if self._rules.accounts else None, []).append(detail)
        return grouped

    def _line(self, number: int, line: InvoiceLine, details: Sequence[InvoiceDetail]) -> Document:
        amount = total(detail.value for detail in details)
        self.sent.append(amount)
        quantity, unit_id, price = _summed(details, amount)
        product = self._product(_only(detail.product_id for detail in details))
        return {
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

    def _detail(self, detail: InvoiceDetail) -> Value:
        """One source; keys without a value are left out. `full_amount` says what a detail is worth that adds another amount to its line."""
        facts = self._facts
        product = self._product(detail.product_id)
        values: Document = {
            "source": detail.source,
            "date": _day(detail.day),
            "billing_type": detail.billing_type.value,
            "description": detail.external_description or detail.description,
            "quantity": self._number(detail.quantity),
            "unit": self._unit(detail.unit_id),
            "unit_price": None if detail.price is None else self._number(detail.price, places=self._precision),
            "amount": self.money(detail.value),
            "full_amount": None if detail.amount == detail.value else self.money(detail.amount),
            "previous_amount": None if detail.previous_amount is None else self.money(detail.previous_amount),
            "project": _name(facts.projects, detail.project_id),
            "task": _name(facts.tasks, detail.task_id),
            "role": _name(facts.roles, detail.role_id),
            "resource": _name(facts.resources, detail.resource_id),
            "category": _name(facts.categories, detail.category_id),
            "product": None if product is None else {"number": product.number, "name": product.name},
        }
        return {key: value for key, value in values.items() if value is not None}

    def _unit(self, unit_id: UnitId | None) -> str | None:
        name = _name(self._facts.units, unit_id)
        return None if name is None else self._rules.units.get(name, name)

    def _product(self, product_id: ProductId | None) -> ProductFacts | None:
        return None if product_id is None else self._facts.products.get(product_id)

    def money(self, amount: Decimal) -> Value:
        """An amount with the decimals of its currency. It was rounded when it was made; here that is checked, not repaired."""
        exact = round_amount(amount, precision=self._precision)
        if exact != amount:
            raise RefusedError("amount-not-rounded", f"the amount {amount} has more than {self._precision} decimals")
        return self._written(exact)

    def _number(self, value: Decimal, *, places: int = 0) -> Value:
        """A quantity or price without trailing zeros, but with at least `places` decimals."""
        short = EXACT.normalize(value)
        exponent = short.as_tuple().exponent
        assert isinstance(exponent, int)  # only infinities and NaN have none
        return self._written(round_amount(short, precision=max(places, -exponent, 0)))

    def _written(self, value: Decimal) -> Value:
        if self._rules.amounts == "text":
            return plain(value)
        return abs(value) if value.is_zero() else value  # no negative zero


@dataclass(frozen=True, slots=True)
class Account:
    """What finance books a line on."""

    kind: AccountKind
    number: str


class Accounts:
    """Finds what a detail is booked on: the first rule of the mapping that fits (F-54)."""

    def __init__(self, facts: DocumentFacts, rules: DocumentRules) -> None:
        self._facts = facts
        self._rules = rules

    def of(self, line: InvoiceLine, detail: InvoiceDetail) -> Account:
        """The account of a detail. Raises RefusedError `account-unmapped` when no rule fits."""
        names = self._names(detail)
        rule = next((rule for rule in self._rules.accounts if _fits(rule, line, names)), None)
        if rule is None:
            said = ", ".join(f"{name} {text!r}" for name, text in (("type", str(line.type)), *names.items()) if text)
            raise RefusedError("account-unmapped", f"the finance mapping has no account for {said}: add a rule to document.accounts")
        return Account(rule.kind, _filled(rule.number, names))

    def _names(self, detail: InvoiceDetail) -> dict[str, str | None]:
        facts = self._facts
        product = None if detail.product_id is None else facts.products.get(detail.product_id)
        return {
            "customer": self._rules.customers.get(facts.customer_number, facts.customer_number),
            "contract": facts.contract_number,
            "project": _name(facts.projects, detail.project_id),
            "category": _name(facts.categories, detail.category_id),
            "role": _name(facts.roles, detail.role_id),
            "product": None if product is None else product.number or product.name,
        }


def _fits(rule: AccountRule, line: InvoiceLine, names: Mapping[str, str | None]) -> bool:
    asked = {"category": rule.category, "role": rule.role, "product": rule.product, "project": rule.project}
    return rule.type in (None, line.type) and all(wanted in (None, names[name]) for name, wanted in asked.items())


def _filled(number: str, names: Mapping[str, str | None]) -> str:
    for name, text in names.items():
        if "{" + name + "}" in number:
            if text is None:
                raise RefusedError("account-unmapped", f"the account {number} needs a {name}, and this line has none")
            number = number.replace("{" + name + "}", text)
    return number


def _booking(account: Account | None) -> Document:
    """The keys that a line has where the mapping books lines."""
    return {} if account is None else {account.kind: account.number}


def _summed(details: Sequence[InvoiceDetail], amount: Decimal) -> tuple[Decimal, UnitId | None, Decimal]:
    """Quantity, unit and price of a line: those of its chargeable details where they agree and give it exactly, else once the amount."""
    billed = [detail for detail in details if detail.billing_type is BillingType.CHARGEABLE]
    units, prices = {detail.unit_id for detail in billed}, {detail.price for detail in billed}
    if len(units) == 1 and len(prices) == 1 and not any(detail.previous for detail in billed):
        unit_id, price, quantity = units.pop(), prices.pop(), total(detail.quantity for detail in billed)
        if price is not None and EXACT.multiply(quantity, price) == amount:
            return quantity, unit_id, price
    return Decimal(1), None, amount


def _only(product_ids: Iterable[ProductId | None]) -> ProductId | None:
    """The product that all share, None where they differ or have none."""
    different = set(product_ids)
    return different.pop() if len(different) == 1 else None


def _name(names: Mapping[K, str], key: K | None) -> str | None:
    return None if key is None else names.get(key)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
