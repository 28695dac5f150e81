"""What finance would refuse, found while the work still waits to be billed: grouped by what is missing, with who can mend it (F-89)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar

from proforma.domain.codes import KeyKind, LineType, TransactionClass
from proforma.domain.contracts import Contract, Project
from proforma.domain.errors import RefusedError
from proforma.domain.ids import CategoryId, ContractId, CustomerId, ProductId, ProjectId, RoleId
from proforma.domain.masters import Category, CurrencyRecord, Customer, Product, Role
from proforma.domain.records import Actual
from proforma.domain.units import Unit
from proforma.finance import Question
from proforma.invoicing import BacklogRow
from proforma.mapping import DocumentRules
from proforma.mapping.accounts import Accounts, Booked, DocumentFacts, ProductFacts, customer_account, unit_code
from proforma.store import Reader, Record, Store
from proforma.sync.inquiry import Inquiry
from proforma.sync.routes import Routes
from proforma.sync.send import finance_number

R = TypeVar("R", bound=Record)
Key = TypeVar("Key", bound=str)

#: Reason → who can mend it.
WHO: Final = {
    "customer-without-number": "whoever keeps customers in Dataverse: enter the number and pull, or name its id in document.customers",
    "customer-not-in-finance": "accounts receivable: create or unblock the customer in finance, or name it under document.customers",
    "currency-not-in-finance": "general ledger: set the currency up in finance, with the decimals that it has in Dataverse",
    "account-not-in-finance": "whoever keeps the chart of accounts: create or unblock it, or name another one under document.accounts",
    "item-not-in-finance": "whoever keeps items in finance: create or unblock it, or name another one under document.accounts",
    "resource-not-in-finance": "whoever keeps resources in finance: create or unblock it, or name another one under document.accounts",
    "unit-not-in-finance": "whoever keeps units in finance: create it there, or name its counterpart under document.units",
    "day-not-in-finance": "general ledger: open the period, or post on another day (invoice confirm --accounting-date)",
    "account-unmapped": "whoever keeps mappings/finance: add a rule to document.accounts",
    "unit-unmapped": "whoever keeps mappings/finance: add the unit to document.units",
    "text-too-long": "whoever keeps mappings/finance: give a shorter number, in document.customers or document.accounts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """One thing that is missing, and what waits because of it: source rows, contracts, money by currency code."""

    reason: str
    key: str
    message: str
    sources: tuple[str, ...]
    contracts: tuple[str, ...]
    amounts: Mapping[str, Decimal]

    @property
    def who(self) -> str:
        """Who can mend it."""
        return WHO[self.reason]


@dataclass(frozen=True, slots=True)
class _Nothing:
    """What milestones, products and retainers are booked by: their type alone."""

    project_id: ProjectId | None = None
    category_id: CategoryId | None = None
    role_id: RoleId | None = None
    product_id: ProductId | None = None


@dataclass(frozen=True, slots=True)
class _Finding:
    reason: str
    key: str
    message: str


def preflight(store: Store, rows: Iterable[BacklogRow], rules: DocumentRules, inquiry: Inquiry, *, day: date) -> list[Lack]:
    """What keeps rows of the billing backlog from finance, were they billed on that day; the most money first.

    What finance could not be asked about is no finding: `inquiry.not_asked` tells it.
    """
    listed = list(rows)
    with store.read() as reader:
        facts = _Facts(reader, listed)
    looks = _Looks(facts, rules, inquiry, day)
    found: dict[_Finding, list[BacklogRow]] = {}
    for row in listed:
        for finding in looks.at(row):
            found.setdefault(finding, []).append(row)
    lacks = [_lack(finding, waiting) for finding, waiting in found.items()]
    return sorted(lacks, key=lambda lack: (-sum(lack.amounts.values(), Decimal(0)), lack.reason, lack.key))


def by_target(store: Store, rows: Iterable[BacklogRow], routes: Routes) -> dict[str, list[BacklogRow]]:
    """The rows by the finance system to which their contracts' invoices go (D-1)."""
    listed = list(rows)
    with store.read() as reader:
        contracts = _read(reader, Contract, (row.contract_id for row in listed))
    found: dict[str, list[BacklogRow]] = {}
    for row in listed:
        contract = contracts.get(row.contract_id) if row.contract_id else None
        found.setdefault(routes.target_of(contract), []).append(row)
    return found


def _lack(finding: _Finding, rows: list[BacklogRow]) -> Lack:
    amounts: dict[str, Decimal] = {}
    for row in rows:
        if row.amount is not None and row.currency is not None:
            amounts[row.currency] = amounts.get(row.currency, Decimal(0)) + row.amount
    contracts = dict.fromkeys(row.contract_id for row in rows if row.contract_id is not None)
    return Lack(
        reason=finding.reason,
        key=finding.key,
        message=finding.message,
        sources=tuple(row.source for row in rows),
        contracts=tuple(contracts),
        amounts=amounts,
    )


class _Facts:
    """Names and numbers of everything on the rows, read once."""

    def __init__(self, reader: Reader, rows: list[BacklogRow]) -> None:
        self.actuals = reader.mirror.get_many(Actual, [row.source for row in rows])
        self.contracts = _read(reader, Contract, (row.contract_id for row in rows))
        customers = [row.customer_id or self._primary(row.contract_id) for row in rows]
        self.customers = _read(reader, Customer, customers)
        actuals = list(self.actuals.values())
        self._projects = _read(reader, Project, (a.project_id for a in actuals))
        self._categories = _read(reader, Category, (a.category_id for a in actuals))
        self._roles = _read(reader, Role, (a.role_id for a in actuals))
        self._products = _read(reader, Product, (a.product_id for a in actuals))
        self._units = _read(reader, Unit, (a.unit_id for a in actuals))
        self.precisions = {currency.code: currency.decimals for currency in reader.mirror.all(CurrencyRecord)}

    def _primary(self, contract_id: ContractId | None) -> CustomerId | None:
        contract = self.contracts.get(contract_id) if contract_id else None
        return contract.customer_id if contract else None

    def customer(self, row: BacklogRow) -> Customer | None:
        """Who is billed; the contract's primary customer where several share the row."""
        customer_id = row.customer_id or self._primary(row.contract_id)
        return self.customers.get(customer_id) if customer_id else None

    def unit(self, row: BacklogRow) -> str | None:
        """The name of what a row is counted in."""
        actual = self.actuals.get(row.source)
        unit = self._units.get(actual.unit_id) if actual is not None and actual.unit_id is not None else None
        return None if unit is None else unit.name

    def document(self, row: BacklogRow) -> DocumentFacts:
        """The names that rules for accounts look at."""
        customer = self.customer(row)
        contract = self.contracts.get(row.contract_id) if row.contract_id else None
        return DocumentFacts(
            customer_number=(customer.number if customer else None) or "?",
            contract_number=contract.number if contract else None,
            projects={key: project.name for key, project in self._projects.items() if project.name},
            categories={key: category.name for key, category in self._categories.items() if category.name},
            roles={key: role.name for key, role in self._roles.items() if role.name},
            products={key: ProductFacts(number=product.number, name=product.name) for key, product in self._products.items()},
        )


def _read(reader: Reader, cls: type[R], ids: Iterable[Key | None]) -> dict[Key, R]:
    return reader.mirror.get_many(cls, {key for key in ids if key is not None})


class _Looks:
    """Looks at rows one by one: what our own records and the mapping lack, then what finance says of the keys that they give."""

    def __init__(self, facts: _Facts, rules: DocumentRules, inquiry: Inquiry, day: date) -> None:
        self._facts = facts
        self._rules = rules
        self._inquiry = inquiry
        self._day = Question(KeyKind.DAY, day.isoformat())

    def at(self, row: BacklogRow) -> Iterator[_Finding]:
        """What is wrong with a row."""
        yield from self._customer(row)
        yield from self._currency(row)
        yield from self._booking(row)
        yield from self._unit(row)
        yield from self._asked(self._day)

    def _customer(self, row: BacklogRow) -> Iterator[_Finding]:
        customer = self._facts.customer(row)
        number = finance_number(customer, self._rules)
        if customer is None or not number:
            name = (customer.name if customer else None) or "unknown"
            yield _Finding("customer-without-number", name, f"customer {name!r} has no number in Dataverse, so finance cannot know it")
            return
        try:
            account = customer_account(number, self._rules)
        except RefusedError as refusal:
            yield _Finding(refusal.reason, number, refusal.message)
            return
        yield from self._asked(Question(KeyKind.CUSTOMER, account), name=customer.name)

    def _currency(self, row: BacklogRow) -> Iterator[_Finding]:
        if row.currency is not None:
            yield from self._asked(Question(KeyKind.CURRENCY, row.currency, self._facts.precisions.get(row.currency)))

    def _booking(self, row: BacklogRow) -> Iterator[_Finding]:
        type_ = _TYPES.get(row.transaction_class) if row.transaction_class else None
        if not self._rules.accounts or type_ is None:
            return
        booked: Booked = self._facts.actuals.get(row.source) or _Nothing()
        try:
            account = Accounts(self._facts.document(row), self._rules).of(type_, booked)
        except RefusedError as refusal:
            yield _Finding(refusal.reason, f"{type_}", refusal.message)
            return
        yield from self._asked(Question(KeyKind(account.kind), account.number))

    def _unit(self, row: BacklogRow) -> Iterator[_Finding]:
        name = self._facts.unit(row)
        if name is None:
            return
        try:
            unit = unit_code(name, self._rules)
        except RefusedError as refusal:
            yield _Finding(refusal.reason, name, refusal.message)
            return
        yield from self._asked(Question(KeyKind.UNIT, unit))

    def _asked(self, question: Question, *, name: str | None = None) -> Iterator[_Finding]:
        if said := self._inquiry.objection(question):
            called = f"{question.kind} {question.key}" + (f" ({name})" if name else "")
            yield _Finding(f"{question.kind}-not-in-finance", question.key, f"{called}: {said}")


_TYPES: Final = {
    TransactionClass.TIME: LineType.TIME,
    TransactionClass.EXPENSE: LineType.EXPENSE,
    TransactionClass.MATERIAL: LineType.MATERIAL,
    TransactionClass.FEE: LineType.FEE,
    TransactionClass.MILESTONE: LineType.MILESTONE,
    TransactionClass.PRODUCT: LineType.PRODUCT,
    TransactionClass.RETAINER: LineType.RETAINER,
}
