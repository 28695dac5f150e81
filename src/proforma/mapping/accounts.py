"""What finance knows of the things on an invoice by name, and on what it books them (F-45, F-54)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, TypeVar

from proforma.domain.codes import CustomerKind, LineType
from proforma.domain.errors import RefusedError
from proforma.domain.ids import CategoryId, ProductId, ProjectId, ResourceId, RoleId, TaskId, UnitId
from proforma.mapping.finance import AccountKind, AccountRule, DocumentRules

K = TypeVar("K")


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


class Booked(Protocol):
    """Anything that stands on an invoice, or will: what it is about."""

    @property
    def project_id(self) -> ProjectId | None: ...

    @property
    def category_id(self) -> CategoryId | None: ...

    @property
    def role_id(self) -> RoleId | None: ...

    @property
    def product_id(self) -> ProductId | None: ...


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

    def of(self, type_: LineType, booked: Booked) -> Account:
        """The account of a booked. Raises RefusedError `account-unmapped` when no rule fits."""
        names = self._names(booked)
        rule = next((rule for rule in self._rules.accounts if _fits(rule, type_, names)), None)
        if rule is None:
            told = {"type": type_.value} | {name: names[name] for name in ("category", "role", "product", "project")}
            said = ", ".join(f"{name} {text!r}" for name, text in told.items() if text)
            raise RefusedError("account-unmapped", f"the finance mapping has no account for {said}: add a rule to document.accounts")
        number = _filled(rule.number, names)
        require_length(f"{rule.kind} {number}", number, self._rules)
        return Account(rule.kind, number)

    def _names(self, booked: Booked) -> dict[str, str | None]:
        facts = self._facts
        product = None if booked.product_id is None else facts.products.get(booked.product_id)
        return {
            "customer": self._rules.customers.get(facts.customer_number, facts.customer_number),
            "contract": facts.contract_number,
            "project": name_of(facts.projects, booked.project_id),
            "category": name_of(facts.categories, booked.category_id),
            "role": name_of(facts.roles, booked.role_id),
            "product": None if product is None else product.number or product.name,
        }


def customer_account(number: str, rules: DocumentRules) -> str:
    """How finance knows a customer (D-4). Raises RefusedError `text-too-long`."""
    account = rules.customers.get(number, number)
    require_length(f"customer {account}", account, rules)
    return account


def unit_code(name: str, rules: DocumentRules) -> str:
    """How finance knows a unit. Raises RefusedError `unit-unmapped` where the mapping lists all there are."""
    if rules.other_units == "refuse" and name not in rules.units:
        raise RefusedError("unit-unmapped", f"the finance mapping has no unit {name!r}: add it to document.units")
    return rules.units.get(name, name)


def require_length(what: str, text: str, rules: DocumentRules) -> None:
    """Raises RefusedError `text-too-long` for what the system would refuse or cut (F-62)."""
    longest = rules.number_length_max
    if longest is not None and len(text) > longest:
        raise RefusedError("text-too-long", f"{what} has {len(text)} characters, this system takes {longest}")


def _fits(rule: AccountRule, type_: LineType, names: Mapping[str, str | None]) -> bool:
    asked = {"category": rule.category, "role": rule.role, "product": rule.product, "project": rule.project}
    return rule.type in (None, type_) and all(wanted in (None, names[name]) for name, wanted in asked.items())


def _filled(number: str, names: Mapping[str, str | None]) -> str:
    for name, text in names.items():
        if "{" + name + "}" in number:
            if text is None:
                raise RefusedError("account-unmapped", f"the account {number} needs a {name}, and this line has none")
            number = number.replace("{" + name + "}", text)
    return number


def name_of(names: Mapping[K, str], key: K | None) -> str | None:
    """The name of an id, None without one."""
    return None if key is None else names.get(key)
