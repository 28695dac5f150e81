"""Before a new price list is activated, somebody asks what it would bill."""

from __future__ import annotations

from typing import Any

import pytest

from billing_world import NOT_READY, USD, BillingWorld, guid
from project_folder import Project

HOUR_OF_WORLD = "@hour"


@pytest.fixture
def waiting(project: Project) -> Project:
    """Two contracts at 100.00 an hour, with 8 h ready and 2 h not ready; north also has a tester without a price, and 8 h given away."""
    world = BillingWorld()
    for name in ("north", "south"):
        world.contract(name)
        world.time(f"@{name}-ready", name)
        world.time(f"@{name}-later", name, hours="2", msdyn_billingstatus=NOT_READY, msdyn_transactiondate="2026-01-10")
    world.time("@tester", "north", _msdyn_resourcecategory_value="@test")
    world.time("@free", "north", msdyn_billingtype=192350002)
    world.add("bookableresourcecategories", bookableresourcecategoryid="@test", name="Tester", msdyn_billingtype=192350001)
    world.add("pricelevels", pricelevelid="@next", name="FY27", msdyn_module=192350002, begindate="2027-01-01", enddate="2027-12-31",
              _transactioncurrencyid_value=USD, _msdyn_timeunit_value=HOUR_OF_WORLD, statecode=1)  # fmt: skip
    for role, price in (("@consultant", "110.00"), ("@test", "50.00")):
        world.add("msdyn_resourcecategorypricelevels", msdyn_resourcecategorypricelevelid=f"@next{role}", _msdyn_pricelist_value="@next",
                  _msdyn_resourcecategory_value=role, _msdyn_unit_value=HOUR_OF_WORLD, msdyn_price=price,
                  _transactioncurrencyid_value=USD)  # fmt: skip
    world.add("pricelevels", pricelevelid="@cost", name="Cost", msdyn_module=192350000, _transactioncurrencyid_value=USD)
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    return project


def _told(document: Any) -> dict[str, tuple[Any, ...]]:
    keys = ("rows", "changed", "amount_now", "amount_then", "difference")
    return {contract["name"]: tuple(contract[key] for key in keys) for contract in document["contracts"]}


def test_a_list_that_is_not_active_yet(waiting: Project) -> None:
    """10 h × 110 = 1,100 for each instead of 1,000; north's tester gets 8 × 50 = 400; what is given away adds nothing."""
    answer = waiting.run("price", "what-if", "--list", "FY27")
    assert answer.code == 0, answer.err
    assert _told(answer.json) == {
        "north": (4, 4, "1000.00", "1500.00", "500.00"),
        "south": (2, 2, "1000.00", "1100.00", "100.00"),
    }
    assert answer.json["totals"] == [{"currency": "USD", "amount_now": "2000.00", "amount_then": "2600.00", "difference": "600.00"}]
    assert answer.json["days"] == "any"


def test_an_edited_card_of_the_attached_list_keeps_its_days(waiting: Project) -> None:
    """Edited to 120 from 1 February on: 8 h × 120 + 2 h × 100; the tester stays without a price and is named."""
    path = waiting.folder / "card.yaml"
    waiting.run("rates", "export", "Rates", "--output", str(path))
    text = path.read_text(encoding="utf-8").replace("price: 100.00", "price: 120.00").replace("2026-01-01", "2026-02-01")
    path.write_text(text, encoding="utf-8")

    answer = waiting.run("price", "what-if", "--list", str(path))

    assert answer.code == 1
    assert _told(answer.json) == {
        "north": (4, 2, "1000.00", "1160.00", "160.00"),
        "south": (2, 1, "1000.00", "1160.00", "160.00"),
    }
    assert answer.json["outside"] == 2
    unpriced = [row for contract in answer.json["contracts"] for row in contract["unpriced"]]
    assert unpriced == [{"record": guid("@tester"), "reason": "no-role-price"}]
    anyway = waiting.run("price", "what-if", "--list", str(path), "--days", "any").json
    assert _told(anyway)["south"] == (2, 2, "1000.00", "1200.00", "200.00")


def test_asking_changes_nothing(waiting: Project) -> None:
    """The backlog and the decisions are the same before and after the question."""
    waiting.run("price")
    before = waiting.run("backlog", "list").out
    shown = waiting.run("price", "what-if", "--list", "FY27", as_json=False)
    assert "USD: 2000.00 now, 2600.00 then, difference 600.00" in shown.out
    assert waiting.run("backlog", "list").out == before
    assert waiting.run("price").json["changed"] == 0


def test_a_list_without_waiting_work_says_so(waiting: Project) -> None:
    """An empty table has a reason."""
    contracts = [{"salesorderid": f"@{name}", "msdyn_psastate": 192350003} for name in ("north", "south")]
    waiting.server.patch(upsert={"salesorders": contracts})
    waiting.run("pull")

    told = waiting.run("price", "what-if", "--list", "FY27", as_json=False)

    assert (told.code, told.out.splitlines()[-1].split(";")[0]) == (0, "no work waits to be billed on the contracts that this list prices")


def test_what_cannot_be_asked_is_refused(waiting: Project) -> None:
    """A cost list, a list that is not there, and an unknown word end with exit code 2 and say what to do."""
    for words in (("--list", "Cost"), ("--list", "FY99"), ("--list", "FY27", "--days", "some"), ()):
        answer = waiting.run("price", "what-if", *words)
        assert (answer.code, answer.out) == (2, ""), words
        assert "unexpected fault" not in answer.err
