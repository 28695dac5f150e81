"""One realistic row for each shipped mapping, as Dataverse sends it, and the record it must become."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from mapping_files import guid

from proforma.domain.codes import (
    AmountMethod,
    BillingMethod,
    BillingStatus,
    BillingType,
    ContractState,
    CustomerKind,
    DimensionType,
    EstimateOwner,
    ItemPricingMethod,
    NteStatus,
    OrderType,
    PriceCalculation,
    PriceListOwner,
    ScheduleRunStatus,
    Side,
    TransactionClass,
    TransactionType,
    UpstreamStatus,
)
from proforma.domain.contracts import (
    Contract,
    ContractCustomer,
    ContractLine,
    LineCategory,
    LineCustomer,
    LineRole,
    LineTask,
    Milestone,
    Project,
    Quote,
    QuoteLine,
    Retainer,
    ScheduleRow,
    Subcontract,
)
from proforma.domain.masters import Category, CurrencyRecord, Customer, OrganizationalUnit, Product, Resource, Role, Task
from proforma.domain.prices import (
    CategoryPrice,
    DatedExchangeRate,
    DimensionFieldName,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PriceOverride,
    PricingDimension,
    RolePrice,
    RolePriceMarkup,
)
from proforma.domain.records import Actual, Estimate, TransactionConnection
from proforma.domain.units import Unit
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice, UpstreamLine

CREATED = "2026-01-05T08:30:00Z"
CREATED_AT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)


def number(text: str) -> msgspec.Raw:
    """A JSON number with exactly these digits."""
    return msgspec.Raw(text.encode())


def ids(**names: str) -> dict[str, Any]:
    """Ids of a record by their symbolic names."""
    return {field: guid(name) for field, name in names.items()}


def attachment(table: str, owner_column: str, owner: PriceListOwner) -> tuple[dict[str, object], PriceListAttachment]:
    """A row that attaches a price list to an owner."""
    row = {
        f"{table}id": guid("a"),
        owner_column: guid("owner"),
        "_msdyn_pricelist_value": guid("fy26"),
        "createdon": CREATED,
        "statecode": 0,
    }
    return row, PriceListAttachment(owner=owner, created_at=CREATED_AT, **ids(id="a", owner_id="owner", price_list_id="fy26"))


ACTUAL_ROW: dict[str, object] = {
    "@odata.etag": 'W/"4711"',
    "msdyn_actualid": guid("a1"),
    "versionnumber": 4711,
    "modifiedon": "2026-03-09T10:00:00Z",
    "createdon": CREATED,
    "statecode": 0,
    "msdyn_transactiontypecode": 192350005,
    "msdyn_transactionclassification": 192350000,
    "msdyn_transactiondate": "2026-03-02",
    "msdyn_documentdate": "2026-03-03T23:00:00Z",
    "msdyn_startdatetime": "2026-03-02T07:00:00Z",
    "_msdyn_salescontract_value": guid("con"),
    "_msdyn_salescontractlineid_value": guid("line"),
    "_msdyn_project_value": guid("prj"),
    "_msdyn_task_value": guid("task"),
    "_msdyn_contractorganizationalunitid_value": guid("us"),
    "_msdyn_resourceorganizationalunitid_value": guid("in"),
    "_msdyn_resourcecategory_value": guid("dev"),
    "_msdyn_bookableresource_value": guid("ann"),
    "_msdyn_transactioncategory_value": None,
    "_msdyn_product_value": None,
    "_msdyn_unit_value": guid("hour"),
    "_msdyn_subcontract_value": guid("sub"),
    "_msdyn_accountcustomer_value": guid("acc"),
    "_msdyn_contactcustomer_value": None,
    "msdyn_customertype": 192350001,
    "msdyn_quantity": number("8.0000000000"),
    "msdyn_price": number("120.0000"),
    "msdyn_amount": number("960.0000"),
    "msdyn_amountmethod": 192350000,
    "msdyn_basisquantity": number("8.00"),
    "msdyn_basisprice": number("67.0000"),
    "msdyn_basisamount": number("536.0000"),
    "msdyn_percent": None,
    "_msdyn_pricelist_value": guid("fy26"),
    "_transactioncurrencyid_value": guid("usd"),
    "msdyn_billingtype": 192350001,
    "msdyn_billingstatus": 192350004,
    "msdyn_adjustmentstatus": None,
    "msdyn_nottoexceedstatus": 192350001,
    "_msdyn_invoice_value": guid("inv"),
    "msdyn_description": "Design",
    "msdyn_externaldescription": "Design phase",
}
ACTUAL = Actual(
    table="msdyn_actuals",
    type=TransactionType.UNBILLED_SALES,
    transaction_class=TransactionClass.TIME,
    transaction_date=date(2026, 3, 2),
    document_date=date(2026, 3, 3),
    start_date=date(2026, 3, 2),
    quantity=Decimal(8),
    price=Decimal(120),
    amount=Decimal(960),
    amount_method=AmountMethod.QUANTITY_BY_PRICE,
    basis_quantity=Decimal(8),
    basis_price=Decimal(67),
    basis_amount=Decimal(536),
    billing_type=BillingType.CHARGEABLE,
    dimensions={"role": guid("dev"), "organizational-unit": guid("in")},
    description="Design",
    created_at=CREATED_AT,
    customer_kind=CustomerKind.ACCOUNT,
    billing_status=BillingStatus.READY,
    nte_status=NteStatus.COMMITTED,
    external_description="Design phase",
    **ids(
        id="a1", contract_id="con", contract_line_id="line", project_id="prj", task_id="task", contracting_unit_id="us",
        resourcing_unit_id="in", role_id="dev", resource_id="ann", unit_id="hour", subcontract_id="sub", customer_id="acc",
        account_id="acc", price_list_id="fy26", currency_id="usd", invoice_id="inv",
    ),
)  # fmt: skip

ESTIMATE_ROW: dict[str, object] = {
    "createdon": CREATED,
    "statecode": 0,
    "msdyn_transactiontypecode": 192350000,
    "msdyn_transactionclassification": 192350001,
    "msdyn_documentdate": None,
    "msdyn_startdatetime": "2026-03-02T00:00:00Z",
    "msdyn_enddatetime": "2026-03-06T00:00:00Z",
    "_msdyn_project_value": guid("prj"),
    "_msdyn_resourceorganizationalunitid_value": guid("in"),
    "_msdyn_resourcecategory_value": None,
    "_msdyn_transactioncategory_value": guid("air"),
    "_msdyn_unit_value": guid("each"),
    "msdyn_customertype": 192350002,
    "_msdyn_accountcustomer_value": None,
    "_msdyn_contactcustomer_value": guid("person"),
    "msdyn_quantity": 2,
    "msdyn_price": number("450.5000"),
    "msdyn_amount": number("901.0000"),
    "msdyn_amountmethod": 192350001,
    "_transactioncurrencyid_value": guid("usd"),
    "msdyn_billingtype": 192350000,
    "msdyn_description": "Flights",
    "_msdyn_origin_value": guid("other"),
}
ESTIMATE: dict[str, Any] = {
    "type": TransactionType.COST,
    "transaction_class": TransactionClass.EXPENSE,
    "start_date": date(2026, 3, 2),
    "end_date": date(2026, 3, 6),
    "quantity": Decimal(2),
    "price": Decimal("450.5"),
    "amount": Decimal(901),
    "amount_method": AmountMethod.FIXED_PRICE,
    "billing_type": BillingType.NON_CHARGEABLE,
    "dimensions": {"organizational-unit": guid("in")},
    "description": "Flights",
    "created_at": CREATED_AT,
    **ids(
        project_id="prj", resourcing_unit_id="in", category_id="air", unit_id="each", customer_id="person", currency_id="usd",
        related_id="other",
    ),
}  # fmt: skip

ROWS: dict[str, tuple[dict[str, object], object]] = {
    "currency": (
        {"transactioncurrencyid": guid("jpy"), "isocurrencycode": "JPY", "currencyname": "Yen", "currencyprecision": 0,
         "exchangerate": number("149.123456789012"), "statecode": 0},
        CurrencyRecord(code="JPY", precision=0, exchange_rate=Decimal("149.123456789012"), **ids(id="jpy")),
    ),
    "unit": (
        {"uomid": guid("day"), "name": "Day", "_uomscheduleid_value": guid("time"), "quantity": number("7.5000000000"),
         "_baseuom_value": guid("hour"), "isschedulebaseuom": False},
        Unit(name="Day", quantity=Decimal("7.5"), **ids(id="day", group_id="time", base_unit_id="hour")),
    ),
    "organizational-unit": (
        {"msdyn_organizationalunitid": guid("us"), "msdyn_name": "Contoso US", "_msdyn_currency_value": guid("usd"), "statecode": 1},
        OrganizationalUnit(name="Contoso US", active=False, **ids(id="us", currency_id="usd")),
    ),
    "role": (
        {"bookableresourcecategoryid": guid("dev"), "name": "Developer", "msdyn_billingtype": 192350000, "statecode": 0},
        Role(name="Developer", billing_type=BillingType.NON_CHARGEABLE, **ids(id="dev")),
    ),
    "category": (
        {"msdyn_transactioncategoryid": guid("air"), "msdyn_name": "Airfare", "msdyn_billingtype": 192350002,
         "_msdyn_unitgroup_value": guid("units"), "_msdyn_defaultunit_value": guid("each"), "statecode": 0},
        Category(name="Airfare", billing_type=BillingType.COMPLIMENTARY, **ids(id="air", unit_group_id="units", default_unit_id="each")),
    ),
    "product": (
        {"productid": guid("cable"), "name": "Cable", "productnumber": "P-1", "_defaultuomid_value": guid("each"),
         "price": 5, "statecode": 0},
        Product(name="Cable", number="P-1", **ids(id="cable", unit_id="each")),
    ),
    "account": (
        {"accountid": guid("acc"), "name": "Fjord Kraft AS", "accountnumber": "C-1", "address1_line1": "Storgata 1", "address1_line2": None,
         "address1_line3": "Oppgang B", "address1_postalcode": "0155", "address1_city": "Oslo", "address1_stateorprovince": None,
         "address1_country": "Norge", "statecode": 0},
        Customer(kind=CustomerKind.ACCOUNT, name="Fjord Kraft AS", number="C-1", street="Storgata 1\nOppgang B", postal_code="0155",
                 city="Oslo", country="Norge", **ids(id="acc")),
    ),
    "contact": (
        {"contactid": guid("person"), "fullname": "Åse O'Neill-Østby", "statecode": 0},
        Customer(kind=CustomerKind.CONTACT, name="Åse O'Neill-Østby", **ids(id="person")),
    ),
    "resource": ({"bookableresourceid": guid("ann"), "name": "Ann", "statecode": 0}, Resource(name="Ann", **ids(id="ann"))),
    "task": ({"msdyn_projecttaskid": guid("task"), "msdyn_subject": "Design", "statecode": 0}, Task(name="Design", **ids(id="task"))),
    "price-list": (
        {"pricelevelid": guid("fy26"), "name": "FY26 bill", "msdyn_module": 192350002, "begindate": "2026-01-01T00:00:00Z",
         "enddate": "2026-12-31T00:00:00Z", "_transactioncurrencyid_value": guid("usd"), "_msdyn_timeunit_value": guid("hour"),
         "_msdyn_copiedfrompricelevel_value": guid("fy25"), "createdon": CREATED, "statecode": 0},
        PriceList(name="FY26 bill", context=Side.SALES, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31), created_at=CREATED_AT,
                  **ids(id="fy26", currency_id="usd", time_unit_id="hour", copied_from_id="fy25")),
    ),
    "contract-price-list": attachment("msdyn_orderpricelist", "_msdyn_contract_value", PriceListOwner.CONTRACT),
    "quote-price-list": attachment("msdyn_quotepricelist", "_msdyn_quote_value", PriceListOwner.QUOTE),
    "opportunity-price-list": attachment("msdyn_opportunitypricelist", "_msdyn_opportunity_value", PriceListOwner.OPPORTUNITY),
    "account-price-list": attachment("msdyn_accountpricelist", "_msdyn_account_value", PriceListOwner.ACCOUNT),
    "contact-price-list": attachment("msdyn_contactpricelist", "_msdyn_contact_value", PriceListOwner.CONTACT),
    "parameter-price-list": attachment("msdyn_projectparameterpricelist", "_msdyn_projectparameter_value", PriceListOwner.PARAMETERS),
    "subcontract-price-list": attachment("msdyn_subcontractpricelist", "_msdyn_subcontract_value", PriceListOwner.SUBCONTRACT),
    "unit-price-list": (
        {"msdyn_organizationalunit_pricelevelid": guid("a"), "msdyn_organizationalunitid": guid("us"), "pricelevelid": guid("cost")},
        PriceListAttachment(owner=PriceListOwner.ORGANIZATIONAL_UNIT, **ids(id="a", owner_id="us", price_list_id="cost")),
    ),
    "pricing-dimension": (
        {"msdyn_dimensionid": guid("d"), "msdyn_name": "msdyn_OrganizationalUnit", "msdyn_type": 192350000,
         "msdyn_applicabletosales": True, "msdyn_salespriority": 2, "msdyn_applicabletocost": True, "msdyn_costpriority": 1,
         "msdyn_applicabletopurchase": False, "msdyn_purchasepriority": None, "statecode": 0},
        PricingDimension(name="organizational-unit", type=DimensionType.AMOUNT_BASED, applies_to_sales=True, applies_to_cost=True,
                         priority_sales=2, priority_cost=1, **ids(id="d")),
    ),
    "dimension-field-name": (
        {"msdyn_dimensionfieldnameid": guid("f"), "_msdyn_dimensionid_value": guid("d"), "msdyn_entitylogicalname": "msdyn_Actual",
         "msdyn_fieldname": "msdyn_ResourceOrganizationalUnitId", "statecode": 0},
        DimensionFieldName(table="msdyn_actual", column="msdyn_resourceorganizationalunitid", **ids(id="f", dimension_id="d")),
    ),
    "role-price": (
        {"msdyn_resourcecategorypricelevelid": guid("rp"), "_msdyn_pricelist_value": guid("fy26"), "_msdyn_unit_value": guid("hour"),
         "_msdyn_resourcecategory_value": guid("dev"), "_msdyn_organizationalunit_value": guid("in"), "msdyn_price": number("112.0000"),
         "msdyn_percent": None, "msdyn_pricecalculation": 192350000, "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED,
         "statecode": 0},
        RolePrice(dimensions={"role": guid("dev"), "organizational-unit": guid("in")}, price=Decimal(112),
                  calculation=PriceCalculation.PRICE_PER_UNIT, created_at=CREATED_AT,
                  **ids(id="rp", price_list_id="fy26", unit_id="hour", currency_id="usd")),
    ),
    "role-price-markup": (
        {"msdyn_resourcecategorymarkuppricelevelid": guid("mk"), "_msdyn_pricelist_value": guid("fy26"),
         "_msdyn_resourcecategory_value": guid("dev"), "_msdyn_organizationalunit_value": None, "msdyn_percent": number("12.50"),
         "createdon": CREATED, "statecode": 0},
        RolePriceMarkup(dimensions={"role": guid("dev")}, percent=Decimal("12.5"), created_at=CREATED_AT, **ids(id="mk",
                        price_list_id="fy26")),
    ),
    "price-override": (
        {"msdyn_rolepriceoverrideid": guid("ov"), "_msdyn_roleprice_value": guid("rp"), "_msdyn_rolepricemarkup_value": None,
         "msdyn_effectivefrom": "2026-02-15", "msdyn_price": number("171.0000"), "_msdyn_unit_value": guid("hour"), "msdyn_percent": None,
         "_msdyn_contract_value": guid("con"), "statecode": 0},
        PriceOverride(effective_from=date(2026, 2, 15), price=Decimal(171), **ids(id="ov", role_price_id="rp",
                      unit_id="hour", contract_id="con")),
    ),
    "category-price": (
        {"msdyn_transactioncategorypricelevelid": guid("cp"), "_msdyn_pricelist_value": guid("fy26"),
         "_msdyn_transactioncategory_value": guid("air"), "_msdyn_unit_value": guid("each"), "msdyn_pricecalculation": 192350002,
         "msdyn_price": None, "msdyn_percent": 10, "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED, "statecode": 0},
        CategoryPrice(calculation=PriceCalculation.MARKUP_PERCENTAGE, percent=Decimal(10), created_at=CREATED_AT,
                      **ids(id="cp", price_list_id="fy26", category_id="air", unit_id="each", currency_id="usd")),
    ),
    "price-list-item": (
        {"productpricelevelid": guid("it"), "_pricelevelid_value": guid("fy26"), "_productid_value": guid("cable"),
         "_uomid_value": guid("each"), "pricingmethodcode": 5, "amount": number("5.0000"), "percentage": number("2.50"),
         "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED},
        PriceListItem(method=ItemPricingMethod.MARKUP_STANDARD_COST, amount=Decimal(5), percent=Decimal("2.5"), created_at=CREATED_AT,
                      **ids(id="it", price_list_id="fy26", product_id="cable", unit_id="each", currency_id="usd")),
    ),
    "dated-exchange-rate": (
        {"msdyn_currencyexchangerateid": guid("r"), "_msdyn_fromcurrency_value": guid("usd"), "_msdyn_tocurrency_value": guid("eur"),
         "msdyn_startdate": "2026-01-01", "msdyn_enddate": None, "msdyn_rate": number("0.9123"), "statecode": 0},
        DatedExchangeRate(first_day=date(2026, 1, 1), rate=Decimal("0.9123"), **ids(id="r", from_currency_id="usd", to_currency_id="eur")),
    ),
    "quote": (
        {"quoteid": guid("quo"), "name": "Offer", "quotenumber": "QUO-1", "msdyn_ordertype": 192350001, "_customerid_value": guid("acc"),
         "_opportunityid_value": guid("opp"), "_transactioncurrencyid_value": guid("usd"),
         "_msdyn_contractorganizationalunitid_value": guid("us"), "createdon": CREATED, "statecode": 2},
        Quote(name="Offer", number="QUO-1", order_type=OrderType.WORK_BASED, created_at=CREATED_AT,
              **ids(id="quo", customer_id="acc", opportunity_id="opp", currency_id="usd", contracting_unit_id="us")),
    ),
    "quote-line": (
        {"quotedetailid": guid("qd"), "_quoteid_value": guid("quo"), "productdescription": "Implementation", "producttypecode": 5,
         "msdyn_billingmethod": 192350000, "_msdyn_project_value": guid("prj"), "msdyn_includetime": True, "msdyn_includeexpense": False,
         "msdyn_includematerial": None, "msdyn_includefee": True, "msdyn_discountpercentage": 5, "msdyn_feepercentage": None},
        QuoteLine(description="Implementation", billing_method=BillingMethod.TIME_AND_MATERIAL, include_time=True, include_expense=False,
                  include_fee=True, discount_percent=Decimal(5), **ids(id="qd", quote_id="quo", project_id="prj")),
    ),
    "contract": (
        {"salesorderid": guid("con"), "name": "Rollout", "ordernumber": "ORD-1", "msdyn_ordertype": 192350000, "msdyn_psastate": 192350002,
         "_customerid_value": guid("acc"), "_transactioncurrencyid_value": guid("usd"), "_quoteid_value": guid("quo"),
         "_opportunityid_value": guid("opp"), "_msdyn_contractorganizationalunitid_value": guid("us"),
         "_msdyn_owningcompany_value": guid("usmf"), "_pricelevelid_value": guid("products"),
         "msdyn_nottoexceedlimit": number("250000.0000"),
         "requestdeliveryby": "2026-06-30T00:00:00Z", "createdon": CREATED, "statecode": 0},
        Contract(name="Rollout", number="ORD-1", order_type=OrderType.ITEM_BASED, state=ContractState.ACTIVE, nte_limit=Decimal(250000),
                 requested_delivery=date(2026, 6, 30), created_at=CREATED_AT,
                 **ids(id="con", customer_id="acc", currency_id="usd", quote_id="quo", opportunity_id="opp", contracting_unit_id="us",
                       company_id="usmf", price_list_id="products")),
    ),
    "contract-line": (
        {"salesorderdetailid": guid("line"), "_salesorderid_value": guid("con"), "lineitemnumber": 2, "productdescription": "Switch",
         "producttypecode": 1, "msdyn_billingmethod": None, "_productid_value": guid("switch"), "_uomid_value": guid("each"),
         "msdyn_billingstatus": 192350001, "quantity": 3, "priceperunit": number("200.0000"), "manualdiscountamount": number("50.0000"),
         "volumediscountamount": 0, "tax": number("110.0000"), "baseamount": number("600.0000"), "extendedamount": number("660.0000"),
         "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED},
        ContractLine(order=2, description="Switch", is_project_based=False, billing_status=BillingStatus.INVOICE_CREATED,
                     quantity=Decimal(3), price_per_unit=Decimal(200), manual_discount=Decimal(50), volume_discount=Decimal(0),
                     tax=Decimal(110), base_amount=Decimal(600), extended_amount=Decimal(660), created_at=CREATED_AT,
                     **ids(id="line", contract_id="con", product_id="switch", unit_id="each", currency_id="usd")),
    ),
    "line-role": (
        {"msdyn_orderlineresourcecategoryid": guid("lr"), "_msdyn_contractlineid_value": guid("line"),
         "_msdyn_resourcecategory_value": guid("dev"), "msdyn_billingtype": 192350001, "statecode": 0},
        LineRole(billing_type=BillingType.CHARGEABLE, **ids(id="lr", contract_line_id="line", role_id="dev")),
    ),
    "line-category": (
        {"msdyn_orderlinetransactioncategoryid": guid("lc"), "_msdyn_contractlineid_value": guid("line"),
         "_msdyn_transactioncategory_value": guid("air"), "msdyn_billingtype": 192350003, "statecode": 0},
        LineCategory(billing_type=BillingType.NOT_AVAILABLE, **ids(id="lc", contract_line_id="line", category_id="air")),
    ),
    "line-task": (
        {"msdyn_contractlinetaskid": guid("lt"), "_msdyn_contractlineid_value": guid("line"), "_msdyn_projecttask_value": guid("task"),
         "msdyn_billingtype": 192350001, "statecode": 0},
        LineTask(billing_type=BillingType.CHARGEABLE, **ids(id="lt", contract_line_id="line", task_id="task")),
    ),
    "contract-customer": (
        {"msdyn_projectcontractsplitbillingruleid": guid("cc"), "_msdyn_contract_value": guid("con"),
         "_msdyn_accountcustomer_value": guid("acc"),
         "msdyn_billingsplitpercentage": number("62.50"), "msdyn_isrounding": True, "msdyn_isprimary": True,
         "msdyn_nottoexceedlimit": number("1000.0000"), "msdyn_paymentterms": 1, "statecode": 0},
        ContractCustomer(percent=Decimal("62.5"), is_rounding=True, is_primary=True, nte_limit=Decimal(1000), payment_terms=1,
                         **ids(id="cc", contract_id="con", customer_id="acc")),
    ),
    "line-customer": (
        {"msdyn_contractlinesplitbillingruleid": guid("lc"), "_msdyn_contractlineid_value": guid("line"),
         "_msdyn_contactcustomer_value": guid("person"), "msdyn_billingsplitpercentage": 100, "msdyn_isrounding": None, "statecode": 0},
        LineCustomer(percent=Decimal(100), **ids(id="lc", contract_line_id="line", customer_id="person")),
    ),
    "milestone": (
        {"msdyn_contractlinescheduleofvalueid": guid("ms"), "msdyn_name": "Go-live", "_msdyn_contract_value": guid("con"),
         "_msdyn_contractlineid_value": guid("line"), "_msdyn_project_value": guid("prj"), "_msdyn_accountcustomer_value": guid("acc"),
         "msdyn_amount": number("5000.0000"), "msdyn_tax": 0, "msdyn_invoicedate": "2026-03-30T23:00:00Z",
         "msdyn_milestonedate": "2026-03-31",
         "msdyn_invoicestatus": 192350001, "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED, "statecode": 0},
        Milestone(name="Go-live", amount=Decimal(5000), tax=Decimal(0), invoice_date=date(2026, 3, 30), date_independent=date(2026, 3, 31),
                  status=BillingStatus.READY, created_at=CREATED_AT,
                  **ids(id="ms", contract_id="con", contract_line_id="line", project_id="prj", customer_id="acc", currency_id="usd")),
    ),
    "retainer": (
        {"msdyn_projectcontractretainerid": guid("ret"), "msdyn_description": "Retainer 1", "_msdyn_contract_value": guid("con"),
         "_msdyn_accountcustomer_value": guid("acc"), "msdyn_amount": number("1000.0000"), "msdyn_invoicedate": "2026-01-31",
         "msdyn_invoicestatus": 192350003, "msdyn_usedamount": number("300.0000"), "msdyn_availableamount": number("700.0000"),
         "_transactioncurrencyid_value": guid("usd"), "createdon": CREATED, "statecode": 0},
        Retainer(description="Retainer 1", amount=Decimal(1000), invoice_date=date(2026, 1, 31), status=BillingStatus.INVOICE_POSTED,
                 used=Decimal(300), available=Decimal(700), created_at=CREATED_AT,
                 **ids(id="ret", contract_id="con", customer_id="acc", currency_id="usd")),
    ),
    "schedule-row": (
        {"msdyn_contractlineinvoicescheduleid": guid("sch"), "_msdyn_contractlineid_value": guid("line"),
         "_msdyn_contractlinescheduleofvalue_value": guid("ms"), "msdyn_invoicerundate": "2026-02-01T00:00:00Z",
         "msdyn_transactioncutoffdate": "2026-01-31T00:00:00Z", "msdyn_invoicerunstatus": 192350002, "statecode": 0},
        ScheduleRow(run_date=date(2026, 2, 1), cut_off=date(2026, 1, 31), status=ScheduleRunStatus.FAILED,
                    **ids(id="sch", contract_line_id="line", milestone_id="ms")),
    ),
    "project": (
        {"msdyn_projectid": guid("prj"), "msdyn_subject": "Rollout", "_msdyn_salesorderid_value": guid("con"),
         "_msdyn_contractorganizationalunitid_value": guid("us"), "_transactioncurrencyid_value": guid("usd"), "statecode": 1},
        Project(name="Rollout", active=False, **ids(id="prj", contract_id="con", contracting_unit_id="us", currency_id="usd")),
    ),
    "subcontract": (
        {"msdyn_subcontractid": guid("sub"), "msdyn_name": "Helpers", "_msdyn_vendor_value": guid("vendor"),
         "_transactioncurrencyid_value": guid("usd"), "statecode": 0},
        Subcontract(name="Helpers", **ids(id="sub", vendor_id="vendor", currency_id="usd")),
    ),
    "actual": (ACTUAL_ROW, ACTUAL),
    "quote-line-detail": (
        ESTIMATE_ROW | {"msdyn_quotelinetransactionid": guid("e"), "_msdyn_quoteid_value": guid("quo"),
                        "_msdyn_quotelineid_value": guid("qd")},
        Estimate(table="msdyn_quotelinetransactions", owner=EstimateOwner.QUOTE, **ids(id="e", quote_id="quo",
                 quote_line_id="qd"), **ESTIMATE),
    ),
    "contract-line-detail": (
        ESTIMATE_ROW
        | {"msdyn_orderlinetransactionid": guid("e"), "_msdyn_salescontract_value": guid("con"),
           "_msdyn_salescontractlineid_value": guid("line")},
        Estimate(table="msdyn_orderlinetransactions", owner=EstimateOwner.CONTRACT, **ids(id="e", contract_id="con",
                 contract_line_id="line"),
                 **ESTIMATE),
    ),
    "estimate-line": (
        ESTIMATE_ROW | {"msdyn_estimatelineid": guid("e")},
        Estimate(table="msdyn_estimatelines", owner=EstimateOwner.PROJECT, **ids(id="e"), **ESTIMATE),
    ),
    "transaction-connection": (
        {"msdyn_transactionconnectionid": guid("tc"), "msdyn_transaction1": guid("a1").upper(), "msdyn_transaction1type": "msdyn_actual",
         "msdyn_transaction1role": "Unbilled Sales", "msdyn_transaction2": guid("a2"), "msdyn_transaction2type": "msdyn_actual",
         "msdyn_transaction2role": "Cost", "statecode": 0},
        TransactionConnection(first_type="msdyn_actual", first_role="Unbilled Sales", second_type="msdyn_actual", second_role="Cost",
                              **ids(id="tc", first_id="a1", second_id="a2")),
    ),
    "dataverse-invoice": (
        {"invoiceid": guid("inv"), "invoicenumber": "INV-1", "msdyn_ordertype": 192350001, "_salesorderid_value": guid("con"),
         "_customerid_value": guid("acc"), "_transactioncurrencyid_value": guid("usd"), "msdyn_projectinvoicestatus": 192350002,
         "msdyn_invoicedate": "2026-03-31T00:00:00Z", "totallineitemamount": number("1600.0000"), "discountamount": None,
         "discountpercentage": None, "freightamount": number("0.0000"), "createdon": CREATED, "statecode": 3},
        UpstreamInvoice(number="INV-1", order_type=OrderType.WORK_BASED, status=UpstreamStatus.CONFIRMED, invoice_date=date(2026, 3, 31),
                        line_total=Decimal(1600), freight=Decimal(0), created_at=CREATED_AT, active=False,
                        **ids(id="inv", contract_id="con", customer_id="acc", currency_id="usd")),
    ),
    "dataverse-invoice-line": (
        {"invoicedetailid": guid("il"), "_invoiceid_value": guid("inv"), "_salesorderdetailid_value": guid("line"), "producttypecode": 1,
         "productdescription": None, "invoicedetailname": "Box", "productname": None, "msdyn_chargeableamount": None, "quantity": 3,
         "priceperunit": number("49.9000"), "manualdiscountamount": number("9.7000"), "baseamount": number("149.7000"),
         "extendedamount": number("145.0000"), "tax": number("5.0000"), "_productid_value": guid("prod"), "_uomid_value": guid("each")},
        UpstreamLine(is_project_based=False, description="Box", quantity=Decimal(3), price_per_unit=Decimal("49.9"),
                     manual_discount=Decimal("9.7"), base_amount=Decimal("149.7"), extended_amount=Decimal(145), tax=Decimal(5),
                     **ids(id="il", invoice_id="inv", contract_line_id="line", product_id="prod", unit_id="each")),
    ),
    "dataverse-invoice-detail": (
        {"msdyn_invoicelinetransactionid": guid("ild"), "_msdyn_invoice_value": guid("inv"), "_msdyn_invoicelineid_value": guid("il"),
         "msdyn_transactiontypecode": 192350006, "msdyn_transactionclassification": 192350000, "msdyn_transactiondate": "2026-03-02",
         "_msdyn_salescontract_value": guid("con"), "_msdyn_salescontractlineid_value": guid("line"),
         "_msdyn_accountcustomer_value": guid("acc"), "msdyn_quantity": 6, "msdyn_price": number("200.0000"),
         "msdyn_amount": number("1200.0000"), "msdyn_billingtype": 192350001, "_transactioncurrencyid_value": guid("usd"),
         "msdyn_correction": True, "_msdyn_originalinvoicelinedetail_value": guid("first"),
         "msdyn_previousamount": number("1600.0000"), "msdyn_invoiceamount": number("-400.0000"), "msdyn_description": "Work",
         "createdon": CREATED, "statecode": 0},
        UpstreamDetail(table="msdyn_invoicelinetransactions", type=TransactionType.BILLED_SALES, transaction_class=TransactionClass.TIME,
                       transaction_date=date(2026, 3, 2), quantity=Decimal(6), price=Decimal(200), amount=Decimal(1200),
                       billing_type=BillingType.CHARGEABLE, customer_kind=CustomerKind.ACCOUNT, is_correction=True,
                       previous_amount=Decimal(1600), invoice_amount=Decimal(-400), description="Work", created_at=CREATED_AT,
                       **ids(id="ild", invoice_id="inv", invoice_line_id="il", contract_id="con", contract_line_id="line",
                             customer_id="acc", account_id="acc", currency_id="usd", original_id="first")),
    ),
}  # fmt: skip
