"""A small company to price against. Ids are plain words, so that a result reads like a sentence.

The contract "deal" of customer "acme" and the quote "offer" are in USD; project "project" belongs to the deal and to the unit "US".
A list is attached to the deal unless it says otherwise; rows are priced per hour, in their list's currency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypedDict, TypeVar, Unpack

from proforma.domain.codes import (
    AdjustmentStatus,
    AmountMethod,
    BillingMethod,
    BillingType,
    DimensionType,
    EstimateOwner,
    IncludedTasks,
    ItemPricingMethod,
    PriceCalculation,
    PriceListOwner,
    Side,
    TransactionClass,
    TransactionType,
)
from proforma.domain.contracts import Contract, ContractLine, LineCategory, LineRole, LineTask, Project, Quote, Subcontract
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    Guid,
    OrganizationalUnitId,
    PriceLineId,
    PriceListId,
    ProductId,
    ProjectId,
    QuoteId,
    RecordId,
    ResourceId,
    RoleId,
    SubcontractId,
    TaskId,
    UnitGroupId,
    UnitId,
)
from proforma.domain.masters import Category, CurrencyRecord, OrganizationalUnit, Role
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import (
    ROLE_DIMENSION,
    UNIT_DIMENSION,
    CategoryPrice,
    DatedExchangeRate,
    DimensionValue,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PriceOverride,
    PricingDimension,
    RolePrice,
    RolePriceMarkup,
)
from proforma.domain.records import Actual, Estimate, PricedRecord
from proforma.domain.units import Unit
from proforma.pricing import PriceBook, PricingRecords

Id = TypeVar("Id")


def ident(kind: Callable[[Guid], Id], text: str | None) -> Id | None:
    """An id of a kind from a plain word."""
    return None if text is None else kind(Guid(text))


def day(text: str | None) -> date | None:
    """A calendar date, or none."""
    return None if text is None else date.fromisoformat(text)


def figure(text: str | None) -> Decimal | None:
    """An exact figure, or none."""
    return None if text is None else Decimal(text)


def instant(text: str | None) -> datetime | None:
    """An instant in UTC."""
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Work(TypedDict, total=False):
    """What a record may be asked to be; everything has a default."""

    on: str | None
    document_date: str | None
    start: str | None
    end: str | None
    type: TransactionType | None
    contract: str | None
    line: str | None
    project: str | None
    task: str | None
    contracting_unit: str | None
    unit: str | None
    role: str | None
    resource: str | None
    category: str | None
    product: str | None
    per: str | None
    subcontract: str | None
    vendor_invoice: str | None
    customer: str | None
    quantity: str | None
    price: str | None
    amount: str | None
    method: AmountMethod | None
    basis_quantity: str | None
    basis_amount: str | None
    percent: str | None
    stamped_list: str | None
    currency: str | None
    billing_type: BillingType | None
    adjustment: AdjustmentStatus | None
    created: str | None
    more: Mapping[str, DimensionValue]
    owner: EstimateOwner
    quote: str | None


def unit(name: str, quantity: str | None = None, base: str | None = None, group: str = "time") -> Unit:
    """A unit of time, or of another group."""
    return Unit(
        id=UnitId(Guid(name)),
        name=name,
        group_id=UnitGroupId(Guid(group)),
        quantity=figure(quantity),
        base_unit_id=ident(UnitId, base),
        is_group_base=base is None,
    )


def currency(code: str, rate: str | None, precision: int | None = 2) -> CurrencyRecord:
    """A currency by its code."""
    return CurrencyRecord(id=CurrencyId(Guid(code)), code=code, precision=precision, exchange_rate=figure(rate))


def _company() -> PricingRecords:
    return PricingRecords(
        currencies=[
            currency("USD", "1"),
            currency("EUR", "0.92"),
            currency("NOK", "10.40"),
            currency("GBP", "0.80"),
            currency("JPY", "151", precision=0),
        ],
        units=[
            unit("hour"),
            unit("day", "8", "hour"),
            unit("week", "5", "day"),
            unit("short day", "7.5", "hour"),
            unit("each", group="pieces"),
            unit("box", "12", "each", group="pieces"),
        ],
        organizational_units=[
            OrganizationalUnit(id=OrganizationalUnitId(Guid(name)), name=f"Fabrikam {name}", currency_id=CurrencyId(Guid(code)))
            for name, code in (("US", "USD"), ("India", "USD"), ("UK", "GBP"))
        ],
        roles=[Role(id=RoleId(Guid(name)), name=name.title()) for name in ("developer", "manager", "tester")],
        categories=[Category(id=CategoryId(Guid(name)), name=name.title()) for name in ("hotel", "flight")],
        quotes=[Quote(id=QuoteId(Guid("offer")), currency_id=CurrencyId(Guid("USD")), customer_id=CustomerId(Guid("acme")))],
        contracts=[Contract(id=ContractId(Guid("deal")), currency_id=CurrencyId(Guid("USD")), customer_id=CustomerId(Guid("acme")))],
        projects=[
            Project(
                id=ProjectId(Guid("project")),
                contract_id=ContractId(Guid("deal")),
                contracting_unit_id=OrganizationalUnitId(Guid("US")),
                currency_id=CurrencyId(Guid("EUR")),
            )
        ],
        subcontracts=[Subcontract(id=SubcontractId(Guid("subcontract")), vendor_id=Guid("vendor"), currency_id=CurrencyId(Guid("EUR")))],
    )


@dataclass
class World:
    """Rows of one company and one policy; methods add rows, `decide` prices a record."""

    policy: PricingPolicy = field(default_factory=PricingPolicy)
    records: PricingRecords = field(default_factory=_company)

    def add(self, name: str, *rows: object) -> None:
        """More rows of one kind, by the name of the field of the records."""
        more = {name: (*getattr(self.records, name), *rows)}
        self.records = replace(self.records, **more)  # type: ignore[arg-type]  # the name says which kind of rows

    def price_list(
        self,
        name: str,
        *,
        context: Side = Side.SALES,
        since: str | None = "2026-01-01",
        until: str | None = "2026-12-31",
        since_independent: str | None = None,
        until_independent: str | None = None,
        currency: str | None = "USD",
        created: str | None = None,
        active: bool = True,
        time_unit: str | None = "hour",
        at: str | None = "deal",
        owner: PriceListOwner = PriceListOwner.CONTRACT,
    ) -> None:
        """A list, attached to the deal; `at=None` attaches it nowhere."""
        self.add(
            "price_lists",
            PriceList(
                id=PriceListId(Guid(name)),
                name=name,
                context=context,
                first_day=day(since),
                last_day=day(until),
                first_day_independent=day(since_independent),
                last_day_independent=day(until_independent),
                currency_id=ident(CurrencyId, currency),
                time_unit_id=ident(UnitId, time_unit),
                created_at=instant(created),
                active=active,
            ),
        )
        if at is not None:
            self.attach(name, at=at, owner=owner)

    def cost_list(
        self, name: str, *, at: str | None = "US", since: str = "2026-01-01", until: str = "2026-12-31", currency: str = "USD"
    ) -> None:
        """A cost list of an organizational unit."""
        self.price_list(
            name, context=Side.COST, since=since, until=until, currency=currency, at=at, owner=PriceListOwner.ORGANIZATIONAL_UNIT
        )

    def attach(self, name: str, *, at: str, owner: PriceListOwner = PriceListOwner.CONTRACT, active: bool = True) -> None:
        """An association of a list."""
        link = RecordId(Guid(f"{name} at {at}"))
        self.add(
            "attachments",
            PriceListAttachment(id=link, owner=owner, owner_id=Guid(at), price_list_id=PriceListId(Guid(name)), active=active),
        )

    def role_price(
        self,
        name: str,
        price: str | None,
        *,
        on: str = "FY26",
        role: str | None = "developer",
        unit: str | None = None,
        per: str | None = "hour",
        currency: str | None = None,
        calculation: PriceCalculation | None = None,
        percent: str | None = None,
        created: str | None = None,
        active: bool = True,
        more: Mapping[str, DimensionValue] | None = None,
    ) -> None:
        """A role price of a list; an empty role and unit make it a catch-all."""
        self.add(
            "role_prices",
            RolePrice(
                id=PriceLineId(Guid(name)),
                price_list_id=PriceListId(Guid(on)),
                dimensions=dimensions(role=role, unit=unit, more=more),
                unit_id=ident(UnitId, per),
                price=figure(price),
                percent=figure(percent),
                calculation=calculation,
                currency_id=ident(CurrencyId, currency),
                created_at=instant(created),
                active=active,
            ),
        )

    def markup(
        self,
        name: str,
        percent: str | None,
        *,
        on: str = "FY26",
        role: str | None = None,
        unit: str | None = None,
        active: bool = True,
        more: Mapping[str, DimensionValue] | None = None,
    ) -> None:
        """A role price markup of a list."""
        self.add(
            "markups",
            RolePriceMarkup(
                id=PriceLineId(Guid(name)),
                price_list_id=PriceListId(Guid(on)),
                dimensions=dimensions(role=role, unit=unit, more=more),
                percent=figure(percent),
                active=active,
            ),
        )

    def override(
        self,
        name: str,
        price: str | None = None,
        *,
        of: str | None = None,
        of_markup: str | None = None,
        since: str | None = "2026-03-01",
        per: str | None = "hour",
        percent: str | None = None,
        contract: str | None = None,
        quote: str | None = None,
        customer: str | None = None,
        vendor: str | None = None,
        subcontract: str | None = None,
        vendor_invoice: str | None = None,
        unit: str | None = None,
        active: bool = True,
    ) -> None:
        """A date-effective override of a role price or of a markup."""
        self.add(
            "overrides",
            PriceOverride(
                id=RecordId(Guid(name)),
                role_price_id=ident(PriceLineId, of),
                markup_id=ident(PriceLineId, of_markup),
                effective_from=day(since),
                price=figure(price),
                unit_id=ident(UnitId, per),
                percent=figure(percent),
                contract_id=ident(ContractId, contract),
                quote_id=ident(QuoteId, quote),
                customer_id=ident(CustomerId, customer),
                vendor_id=ident(Guid, vendor),
                subcontract_id=ident(SubcontractId, subcontract),
                vendor_invoice_id=ident(Guid, vendor_invoice),
                organizational_unit_id=ident(OrganizationalUnitId, unit),
                active=active,
            ),
        )

    def category_price(
        self,
        name: str,
        price: str | None = None,
        *,
        on: str = "FY26",
        category: str = "hotel",
        per: str | None = "each",
        calculation: PriceCalculation | None = None,
        percent: str | None = None,
        currency: str | None = None,
        created: str | None = None,
        active: bool = True,
    ) -> None:
        """A category price of a list."""
        self.add(
            "category_prices",
            CategoryPrice(
                id=PriceLineId(Guid(name)),
                price_list_id=PriceListId(Guid(on)),
                category_id=ident(CategoryId, category),
                unit_id=ident(UnitId, per),
                calculation=calculation,
                price=figure(price),
                percent=figure(percent),
                currency_id=ident(CurrencyId, currency),
                created_at=instant(created),
                active=active,
            ),
        )

    def item(
        self,
        name: str,
        amount: str | None = None,
        *,
        on: str = "FY26",
        product: str = "cable",
        per: str | None = "each",
        method: ItemPricingMethod | None = ItemPricingMethod.CURRENCY_AMOUNT,
        project_method: PriceCalculation | None = None,
        percent: str | None = None,
        currency: str | None = None,
        created: str | None = None,
    ) -> None:
        """A price list item of a list."""
        self.add(
            "items",
            PriceListItem(
                id=PriceLineId(Guid(name)),
                price_list_id=PriceListId(Guid(on)),
                product_id=ident(ProductId, product),
                unit_id=ident(UnitId, per),
                method=method,
                amount=figure(amount),
                project_method=project_method,
                percent=figure(percent),
                currency_id=ident(CurrencyId, currency),
                created_at=instant(created),
            ),
        )

    def dimension(
        self,
        name: str,
        *,
        sales: int | None = None,
        cost: int | None = None,
        purchase: int | None = None,
        markup: bool = False,
        active: bool = True,
        empty_priority: bool = False,
    ) -> None:
        """A pricing dimension on the sides that give it a priority; `empty_priority` puts it on the sales side without one."""
        self.add(
            "dimensions",
            PricingDimension(
                id=RecordId(Guid(f"dimension {name}")),
                name=name,
                type=DimensionType.MARKUP_BASED if markup else DimensionType.AMOUNT_BASED,
                applies_to_sales=sales is not None or empty_priority,
                applies_to_cost=cost is not None,
                applies_to_purchase=purchase is not None,
                priority_sales=sales,
                priority_cost=cost,
                priority_purchase=purchase,
                active=active,
            ),
        )

    def contract(self, name: str, *, currency: str = "USD", customer: str | None = "acme", quote: str | None = None) -> None:
        """Another contract."""
        self.add(
            "contracts",
            Contract(
                id=ContractId(Guid(name)),
                name=name,
                currency_id=ident(CurrencyId, currency),
                customer_id=ident(CustomerId, customer),
                quote_id=ident(QuoteId, quote),
            ),
        )

    def line(
        self,
        name: str,
        *,
        contract: str = "deal",
        project: str = "project",
        billing_method: BillingMethod = BillingMethod.TIME_AND_MATERIAL,
        includes: tuple[TransactionClass, ...] | None = None,
        tasks: IncludedTasks | None = None,
        order: int | None = None,
        discount: str | None = None,
        fee: str | None = None,
    ) -> None:
        """A line of a contract; without `includes` it says nothing about classes."""
        self.add(
            "contract_lines",
            ContractLine(
                id=ContractLineId(Guid(name)),
                contract_id=ident(ContractId, contract),
                project_id=ident(ProjectId, project),
                billing_method=billing_method,
                include_time=None if includes is None else TransactionClass.TIME in includes,
                include_expense=None if includes is None else TransactionClass.EXPENSE in includes,
                include_material=None if includes is None else TransactionClass.MATERIAL in includes,
                include_fee=None if includes is None else TransactionClass.FEE in includes,
                included_tasks=tasks,
                order=order,
                discount_percent=figure(discount),
                fee_percent=figure(fee),
            ),
        )

    def line_role(self, line: str, role: str, billing_type: BillingType | None) -> None:
        """What a line says of a role."""
        row = RecordId(Guid(f"{role} on {line}"))
        self.add(
            "line_roles",
            LineRole(id=row, contract_line_id=ident(ContractLineId, line), role_id=ident(RoleId, role), billing_type=billing_type),
        )

    def line_category(self, line: str, category: str, billing_type: BillingType | None) -> None:
        """What a line says of a category."""
        row = RecordId(Guid(f"{category} on {line}"))
        self.add(
            "line_categories",
            LineCategory(
                id=row, contract_line_id=ident(ContractLineId, line), category_id=ident(CategoryId, category), billing_type=billing_type
            ),
        )

    def line_task(self, line: str, task: str, billing_type: BillingType | None) -> None:
        """A task that a line selects."""
        row = RecordId(Guid(f"{task} on {line}"))
        self.add(
            "line_tasks",
            LineTask(id=row, contract_line_id=ident(ContractLineId, line), task_id=ident(TaskId, task), billing_type=billing_type),
        )

    def dated_rate(self, name: str, source: str, target: str, rate: str | None, *, since: str | None, until: str | None) -> None:
        """A rate that finance keeps by date."""
        self.add(
            "exchange_rates",
            DatedExchangeRate(
                id=RecordId(Guid(name)),
                from_currency_id=ident(CurrencyId, source),
                to_currency_id=ident(CurrencyId, target),
                first_day=day(since),
                last_day=day(until),
                rate=figure(rate),
            ),
        )

    def book(self) -> PriceBook:
        """The price book of this world."""
        return PriceBook(self.records, self.policy)

    def decide(self, record: PricedRecord, *related: PricedRecord) -> PriceDecision:
        """The decision of a record."""
        return self.book().decide(record, related)

    def told(self, record: PricedRecord, *related: PricedRecord) -> str:
        """The decision of a record in one line."""
        return told(self.decide(record, *related))


def dimensions(
    *, role: str | None = None, unit: str | None = None, more: Mapping[str, DimensionValue] | None = None
) -> dict[str, DimensionValue]:
    """Dimension values; empty ones are absent."""
    values: dict[str, DimensionValue | None] = {ROLE_DIMENSION: role, UNIT_DIMENSION: unit, **(more or {})}
    return {name: value for name, value in values.items() if value is not None}


def told(decision: PriceDecision) -> str:
    """A decision in one line: rule, reason, list › row (+ markup) (! override), price, amount, currency; what is empty is a dash."""
    row = decision.price_line_id or "-"
    markup = f" + {decision.markup_line_id}" if decision.markup_line_id else ""
    override = f" ! {decision.override_id}" if decision.override_id else ""
    price = "-" if decision.price is None else f"{decision.price:f}"
    amount = "-" if decision.amount is None else f"{decision.amount:f}"
    where = f"{decision.price_list_id or '-'} › {row}{markup}{override}"
    return f"{decision.rule} {decision.reason}: {where}, {price}, {amount} {decision.currency or '-'}"


def time(name: str = "work", **work: Unpack[Work]) -> Actual:
    """An hour of a developer of the US unit on 2 March 2026, sold under the deal."""
    return _actual(name, TransactionClass.TIME, {"role": "developer", "unit": "US", "per": "hour", "quantity": "1", **work})


def expense(name: str = "receipt", **work: Unpack[Work]) -> Actual:
    """A hotel night, sold under the deal."""
    return _actual(name, TransactionClass.EXPENSE, {"category": "hotel", "per": "each", "quantity": "1", **work})


def material(name: str = "goods", **work: Unpack[Work]) -> Actual:
    """A cable, sold under the deal."""
    return _actual(name, TransactionClass.MATERIAL, {"product": "cable", "per": "each", "quantity": "1", **work})


def other(transaction_class: TransactionClass | None, name: str = "other", **work: Unpack[Work]) -> Actual:
    """An actual of any other class, without quantity."""
    return _actual(name, transaction_class, work)


def estimate(name: str = "plan", transaction_class: TransactionClass = TransactionClass.TIME, **work: Unpack[Work]) -> Estimate:
    """A contract line detail that starts on 2 March 2026; `owner` and `quote` make it one of a quote or project."""
    given: Work = {"role": "developer", "unit": "US", "per": "hour", "quantity": "1", "start": "2026-03-02", "on": None, **work}
    owner = given.get("owner", EstimateOwner.CONTRACT)
    common = _actual(name, transaction_class, given)
    kept = {name: getattr(common, name) for name in PricedRecord.__dataclass_fields__}
    kept["table"] = {EstimateOwner.QUOTE: "quote details", EstimateOwner.CONTRACT: "contract details"}.get(owner, "estimate lines")
    return Estimate(**kept, owner=owner, quote_id=ident(QuoteId, given.get("quote")), end_date=day(given.get("end")))


def _actual(name: str, transaction_class: TransactionClass | None, work: Work) -> Actual:
    role, unit, resource = work.get("role"), work.get("unit"), work.get("resource")
    return Actual(
        id=RecordId(Guid(name)),
        table="actuals",
        type=work.get("type", TransactionType.UNBILLED_SALES),
        transaction_class=transaction_class,
        transaction_date=day(work.get("on", "2026-03-02")),
        document_date=day(work.get("document_date")),
        start_date=day(work.get("start")),
        contract_id=ident(ContractId, work.get("contract", "deal")),
        contract_line_id=ident(ContractLineId, work.get("line")),
        project_id=ident(ProjectId, work.get("project", "project")),
        task_id=ident(TaskId, work.get("task")),
        contracting_unit_id=ident(OrganizationalUnitId, work.get("contracting_unit", "US")),
        resourcing_unit_id=ident(OrganizationalUnitId, unit),
        role_id=ident(RoleId, role),
        resource_id=ident(ResourceId, resource),
        category_id=ident(CategoryId, work.get("category")),
        product_id=ident(ProductId, work.get("product")),
        unit_id=ident(UnitId, work.get("per")),
        subcontract_id=ident(SubcontractId, work.get("subcontract")),
        vendor_invoice_id=ident(Guid, work.get("vendor_invoice")),
        customer_id=ident(CustomerId, work.get("customer")),
        account_id=ident(CustomerId, work.get("customer")),
        quantity=figure(work.get("quantity")),
        price=figure(work.get("price")),
        amount=figure(work.get("amount")),
        amount_method=work.get("method"),
        basis_quantity=figure(work.get("basis_quantity")),
        basis_amount=figure(work.get("basis_amount")),
        percent=figure(work.get("percent")),
        price_list_id=ident(PriceListId, work.get("stamped_list")),
        currency_id=ident(CurrencyId, work.get("currency")),
        billing_type=work.get("billing_type"),
        adjustment=work.get("adjustment"),
        dimensions=dimensions(role=role, unit=unit, more=work.get("more")),
        created_at=instant(work.get("created")),
    )
