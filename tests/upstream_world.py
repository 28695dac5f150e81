"""Invoices that a project manager made and confirmed in Dataverse itself, as its tables show them afterwards."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from billing_world import TIME, USD, BillingWorld, Row

DRAFT, IN_REVIEW, CONFIRMED, PAID = 192350000, 192350001, 192350002, 192350003
UNBILLED, BILLED = 192350005, 192350006
CHARGEABLE, POSTED, UNADJUSTABLE = 192350001, 192350002, 192350002
MILESTONE = 192350003


class UpstreamWorld(BillingWorld):
    """A billing world whose invoices are made in Dataverse: `@inv-1` has the number INV-1, its detail of `@w` is `@inv-1-@w`."""

    def invoice(self, name: str, contract: str, *sources: str, status: int = CONFIRMED, prices: dict[str, str] | None = None) -> None:
        """An invoice that bills these rows of time, at 100.00 or what `prices` says; confirmed, with the actuals of its confirmation."""
        actuals = {row["msdyn_actualid"]: row for row in self.sets["msdyn_actuals"]}
        total = Decimal(0)
        for source in sources:
            row = actuals[source]
            price = Decimal((prices or {}).get(source, "100.00"))
            amount = Decimal(row["msdyn_quantity"]) * price
            total += amount
            row.update(_msdyn_invoice_value=f"@{name}", msdyn_billingstatus=POSTED if status == CONFIRMED else 192350001)
            row.setdefault("msdyn_price", str(price))
            row.setdefault("msdyn_amount", str(amount))
            self.detail(name, contract, source, msdyn_quantity=row["msdyn_quantity"], msdyn_price=str(price), msdyn_amount=str(amount))
            self.link(f"@{name}-{source}", "Billed Sales", source, "Unbilled Sales")
            if status == CONFIRMED:
                self.confirmation(name, row, str(price), str(amount))
        self.header(name, contract, str(total), status)

    def header(self, name: str, contract: str, amount: str, status: int = CONFIRMED, **more: Any) -> None:
        """The header and its one line of time and material."""
        self.add(
            "invoices", invoiceid=f"@{name}", invoicenumber=name.upper(), name=name, msdyn_ordertype=192350001,
            _salesorderid_value=f"@{contract}",
            _customerid_value=f"@cust-{contract}", _transactioncurrencyid_value=USD, msdyn_projectinvoicestatus=status,
            msdyn_invoicedate="2026-03-31", totallineitemamount=amount, totaltax="0", totalamount=amount, statecode=0, **more,
        )  # fmt: skip
        self.add(
            "invoicedetails", invoicedetailid=f"@{name}-line", _invoiceid_value=f"@{name}", _salesorderdetailid_value=f"@line-{contract}",
            producttypecode=5, productdescription="Work", msdyn_billingmethod=192350000, msdyn_chargeableamount=amount,
        )  # fmt: skip

    def detail(self, name: str, contract: str, source: str, **more: Any) -> None:
        """One line detail of an invoice: chargeable time of a consultant on 2 March 2026."""
        row: Row = {
            "msdyn_invoicelinetransactionid": f"@{name}-{source}", "_msdyn_invoice_value": f"@{name}",
            "_msdyn_invoicelineid_value": f"@{name}-line",
            "msdyn_transactiontypecode": BILLED, "msdyn_transactionclassification": TIME, "msdyn_transactiondate": "2026-03-02",
            "_msdyn_project_value": f"@prj-{contract}", "_msdyn_salescontract_value": f"@{contract}",
            "_msdyn_salescontractlineid_value": f"@line-{contract}", "_msdyn_accountcustomer_value": f"@cust-{contract}",
            "msdyn_customertype": 192350001, "_msdyn_contractorganizationalunitid_value": "@unit",
            "_msdyn_resourceorganizationalunitid_value": "@unit", "_msdyn_resourcecategory_value": "@consultant",
            "_msdyn_unit_value": "@hour",
            "_transactioncurrencyid_value": USD, "msdyn_billingtype": CHARGEABLE, "msdyn_description": "Work",
        }  # fmt: skip
        self.add("msdyn_invoicelinetransactions", **{**row, **more})

    def link(self, first: str, first_role: str, second: str, second_role: str) -> None:
        """A connection between two rows."""
        self.add(
            "msdyn_transactionconnections", msdyn_transactionconnectionid=f"@link-{first}-{second}", msdyn_transaction1=first,
            msdyn_transaction1role=first_role, msdyn_transaction2=second, msdyn_transaction2role=second_role,
        )  # fmt: skip

    def confirmation(self, name: str, source: Row, price: str, amount: str) -> None:
        """The actuals that confirming an unedited detail makes in Dataverse: the unbilled row is reversed, a billed one is made (I-88)."""
        id_ = source["msdyn_actualid"]
        hours = source["msdyn_quantity"]
        self.add(
            "msdyn_actuals", **{**source, "msdyn_actualid": f"{id_}-r", "msdyn_quantity": f"-{hours}", "msdyn_amount": f"-{amount}",
                                "msdyn_adjustmentstatus": UNADJUSTABLE},
        )  # fmt: skip
        self.add(
            "msdyn_actuals", **{**source, "msdyn_actualid": f"{id_}-b", "msdyn_transactiontypecode": BILLED, "msdyn_price": price,
                                "msdyn_amount": amount, "msdyn_billingstatus": None, "_msdyn_invoice_value": f"@{name}"},
        )  # fmt: skip
        self.link(f"{id_}-r", "Reversing", id_, "Original")
        self.link(f"{id_}-b", "Billed Sales", id_, "Unbilled Sales")
