"""An accountant checks a contract before its first invoice: lists, lines, milestones, in one answer."""

from __future__ import annotations

from typing import Any

import pytest

from billing_world import HOUR, TIME, USD, BillingWorld, guid
from project_folder import Project


def _detail(world: BillingWorld, key: str, **more: Any) -> None:
    """A sales line detail of the contract north: 10 h of a consultant from 2 to 6 March 2026."""
    row: dict[str, Any] = {
        "msdyn_orderlinetransactionid": key, "_msdyn_salescontract_value": "@north", "_msdyn_salescontractlineid_value": "@line-north",
        "msdyn_transactiontypecode": 192350004, "msdyn_transactionclassification": TIME, "msdyn_startdatetime": "2026-03-02",
        "msdyn_enddatetime": "2026-03-06", "_msdyn_resourcecategory_value": "@consultant", "_msdyn_project_value": "@prj-north",
        "_msdyn_unit_value": HOUR, "msdyn_quantity": "10", "_transactioncurrencyid_value": USD,
        "_msdyn_contractorganizationalunitid_value": "@unit", "_msdyn_resourceorganizationalunitid_value": "@unit",
    }  # fmt: skip
    world.add("msdyn_orderlinetransactions", **{**row, **more})


@pytest.fixture
def checked(project: Project) -> Project:
    """A contract whose second list leaves April open, three details, and a fixed-price line of 1,000.00 with a milestone of 600.00."""
    world = BillingWorld()
    world.contract("north")
    world.sets["pricelevels"][0]["enddate"] = "2026-03-31"
    world.add("pricelevels", pricelevelid="@second", name="Second", msdyn_module=192350002, begindate="2026-05-01", enddate="2026-12-31",
              _transactioncurrencyid_value=USD, _msdyn_timeunit_value=HOUR)  # fmt: skip
    world.add("msdyn_orderpricelists", msdyn_orderpricelistid="@o2", _msdyn_contract_value="@north", _msdyn_pricelist_value="@second")
    _detail(world, "@fine", msdyn_price="100.00", msdyn_amount="1000.00")
    _detail(world, "@low", msdyn_price="90.00", msdyn_amount="900.00")
    _detail(world, "@none", msdyn_price="0", msdyn_amount="0", _msdyn_resourcecategory_value="@nobody")
    world.add("salesorderdetails", salesorderdetailid="@fixed", _salesorderid_value="@north", productdescription="Rollout",
              lineitemnumber=2, producttypecode=5, msdyn_billingmethod=192350001, extendedamount="1100.00", tax="100.00",
              _transactioncurrencyid_value=USD)  # fmt: skip
    world.add("msdyn_contractlinescheduleofvalues", msdyn_contractlinescheduleofvalueid="@ms", _msdyn_contract_value="@north",
              _msdyn_contractlineid_value="@fixed", msdyn_amount="600.00", msdyn_invoicestatus=192350000,
              _transactioncurrencyid_value=USD)  # fmt: skip
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    return project


def test_everything_that_is_wrong_with_a_contract(checked: Project) -> None:
    """A month without a list, two lines that differ, and milestones that are 400.00 short (I-63)."""
    answer = checked.run("contract", "check", guid("@north"))
    assert answer.code == 1
    found = [(f["reason"], f["first_day"], f["last_day"], f["line"]) for f in answer.json["findings"]]
    by_line = sorted((guid(key), reason) for key, reason in (("@low", "price-differs"), ("@none", "no-role-price")))
    assert found == [
        ("gap", "2026-04-01", "2026-04-30", None),
        *((reason, None, None, line) for line, reason in by_line),
        ("milestone-sum", None, None, guid("@fixed")),
    ]
    assert answer.json["problems"][-1] == (
        "milestone-sum: the milestones of Rollout add up to 600.00, contracted are 1000.00: 400.00 too little (I-63)"
    )
    lines = {line["record"]: line for line in answer.json["lines"]}
    low = lines[guid("@low")]
    assert (low["stored_amount"], low["amount"], low["difference"], low["agrees"]) == ("900.00", "1000.00", "100.00", False)
    assert lines[guid("@fine")]["agrees"] is True


def test_the_text_reads_like_an_answer(checked: Project) -> None:
    """Sentences first, then a table of stored beside ours."""
    answer = checked.run("contract", "check", guid("@north"), as_json=False)
    assert answer.code == 1
    assert "gap: no price list holds from 2026-04-01 to 2026-04-30 (P-22)" in answer.out
    assert "90.00 and 900.00 stored, 100.00 and 1000.00 by the rules" in answer.out
    assert answer.err == ""


def test_a_sound_contract_has_nothing_to_say(project: Project) -> None:
    """Exit code 0 and no findings."""
    world = BillingWorld()
    world.contract("north")
    _detail(world, "@fine", msdyn_price="100.00", msdyn_amount="1000.00")
    project.server.load(world.sets)
    project.run("pull")
    answer = project.run("contract", "check", guid("@north"))
    assert (answer.code, answer.json["findings"], answer.json["problems"]) == (0, [], [])
    assert project.run("quote", "check", guid("@nothing")).code == 2
