"""A world of one company for stories: rows with defaults, so that a test names only what it is about."""

from __future__ import annotations

import uuid
from typing import Any

HOUR, USD = "@hour", "@usd"
TIME, EXPENSE, MATERIAL, FEE = 192350000, 192350001, 192350002, 192350004
READY, NOT_READY = 192350004, 192350000

Row = dict[str, Any]


def guid(symbol: str) -> str:
    """The GUID that a symbol of a world stands for."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, symbol))


class BillingWorld:
    """Builds a world in USD: one price list with a consultant at 100.00 an hour; contracts, lines and work are added."""

    def __init__(self) -> None:
        self.sets: dict[str, list[Row]] = {
            "transactioncurrencies": [
                {"transactioncurrencyid": USD, "isocurrencycode": "USD", "currencyprecision": 2, "exchangerate": "1"}
            ],
            "uoms": [{"uomid": HOUR, "name": "Hour", "_uomscheduleid_value": "@time", "quantity": "1", "isschedulebaseuom": True}],
            "msdyn_organizationalunits": [{"msdyn_organizationalunitid": "@unit", "msdyn_name": "Unit", "_msdyn_currency_value": USD}],
            "bookableresourcecategories": [
                {"bookableresourcecategoryid": "@consultant", "name": "Consultant", "msdyn_billingtype": 192350001}
            ],
            "pricelevels": [
                {"pricelevelid": "@list", "name": "Rates", "msdyn_module": 192350002, "begindate": "2026-01-01", "enddate": "2026-12-31",
                 "_transactioncurrencyid_value": USD, "_msdyn_timeunit_value": HOUR}
            ],
            "msdyn_resourcecategorypricelevels": [
                {"msdyn_resourcecategorypricelevelid": "@rate", "_msdyn_pricelist_value": "@list",
                 "_msdyn_resourcecategory_value": "@consultant",
                 "_msdyn_unit_value": HOUR, "msdyn_price": "100.00", "_transactioncurrencyid_value": USD}
            ],
        }  # fmt: skip

    def add(self, entity_set: str, **row: Any) -> None:
        """Adds a row of any table."""
        self.sets.setdefault(entity_set, []).append(row)

    def contract(self, name: str, **more: Any) -> None:
        """An active project contract `@name`: customer `@cust-name`, project, time-and-material line `@line-name`, the price list."""
        self.add("accounts", accountid=f"@cust-{name}", name=f"Customer {name}", accountnumber=f"C-{name}")
        self.add(
            "salesorders", salesorderid=f"@{name}", name=name, ordernumber=name, msdyn_ordertype=192350001, msdyn_psastate=192350002,
            _customerid_value=f"@cust-{name}", _transactioncurrencyid_value=USD, _msdyn_contractorganizationalunitid_value="@unit", **more,
        )  # fmt: skip
        self.add(
            "msdyn_orderpricelists", msdyn_orderpricelistid=f"@opl-{name}", _msdyn_contract_value=f"@{name}", _msdyn_pricelist_value="@list"
        )
        self.add("msdyn_projects", msdyn_projectid=f"@prj-{name}", msdyn_subject=name, _msdyn_salesorderid_value=f"@{name}",
                 _msdyn_contractorganizationalunitid_value="@unit", _transactioncurrencyid_value=USD)  # fmt: skip
        self.add(
            "salesorderdetails", salesorderdetailid=f"@line-{name}", _salesorderid_value=f"@{name}", productdescription="Work",
            lineitemnumber=1, producttypecode=5, msdyn_billingmethod=192350000, _msdyn_project_value=f"@prj-{name}", msdyn_includetime=True,
            msdyn_includeexpense=True, msdyn_includematerial=True, msdyn_includefee=True, _transactioncurrencyid_value=USD,
        )  # fmt: skip

    def time(self, source: str, contract: str, hours: str = "8", **more: Any) -> None:
        """Unbilled, ready, chargeable time of a consultant on 2 March 2026."""
        row: Row = {
            "msdyn_actualid": source, "msdyn_transactiontypecode": 192350005, "msdyn_transactionclassification": TIME,
            "msdyn_transactiondate": "2026-03-02", "_msdyn_project_value": f"@prj-{contract}", "_msdyn_salescontract_value": f"@{contract}",
            "_msdyn_salescontractlineid_value": f"@line-{contract}", "_msdyn_accountcustomer_value": f"@cust-{contract}",
            "msdyn_customertype": 192350001, "_msdyn_contractorganizationalunitid_value": "@unit",
            "_msdyn_resourceorganizationalunitid_value": "@unit", "_msdyn_resourcecategory_value": "@consultant", "_msdyn_unit_value": HOUR,
            "msdyn_quantity": hours, "_transactioncurrencyid_value": USD, "msdyn_billingtype": 192350001, "msdyn_billingstatus": READY,
            "msdyn_description": "Work",
        }  # fmt: skip
        self.sets.setdefault("msdyn_actuals", []).append({**row, **more})
