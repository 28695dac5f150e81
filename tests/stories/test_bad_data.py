"""Data as it should never be: each row gets a reason or a place in quarantine; nothing ends in an exception or at a silent zero."""

from __future__ import annotations

from typing import Any

import pytest

from billing_world import HOUR, USD, BillingWorld, guid
from project_folder import Answer, Project

DIGITS = "9" * 1_000_000


def _units(world: BillingWorld) -> None:
    """A chain that goes in circles, and days that hold 0 hours, fewer than none, and nobody knows how many."""
    for key, quantity, base in (
        ("@loop", "2", "@pool"), ("@pool", "2", "@loop"), ("@nothing", "0", HOUR), ("@less", "-8", HOUR), ("@silent", None, HOUR),
    ):  # fmt: skip
        world.add("uoms", uomid=key, name=key, _uomscheduleid_value="@time", quantity=quantity, _baseuom_value=base)


def _dimensions(world: BillingWorld) -> None:
    """Role and unit with one priority."""
    for key, name in (("@dr", "msdyn_resourcecategory"), ("@du", "msdyn_organizationalunit")):
        world.add("msdyn_dimensions", msdyn_dimensionid=key, msdyn_name=name, msdyn_type=192350000,
                  msdyn_applicabletosales=True, msdyn_salespriority=1)  # fmt: skip


def _no_currency(world: BillingWorld) -> None:
    for row in (*world.sets["salesorders"], *world.sets["pricelevels"]):
        row.pop("_transactioncurrencyid_value")


def _backwards(world: BillingWorld) -> None:
    world.sets["pricelevels"][0].update(begindate="2026-12-31", enddate="2026-01-01")


def _unknown_context(world: BillingWorld) -> None:
    world.sets["pricelevels"][0]["msdyn_module"] = 7


def _method(world: BillingWorld) -> None:
    world.sets["msdyn_resourcecategorypricelevels"][0]["msdyn_pricecalculation"] = 192350009


def _price(text: str) -> Any:
    def change(world: BillingWorld) -> None:
        world.sets["msdyn_resourcecategorypricelevels"][0]["msdyn_price"] = text

    return change


@pytest.mark.parametrize(
    ("spoil", "work", "reason", "quarantined"),
    [
        pytest.param(_units, {"_msdyn_unit_value": "@loop"}, "unit-not-convertible", 0, id="cyclic unit chain"),
        pytest.param(_units, {"_msdyn_unit_value": "@nothing"}, "unit-factor-zero", 0, id="factor 0"),
        pytest.param(_units, {"_msdyn_unit_value": "@less"}, "unit-not-convertible", 0, id="a factor below 0"),
        pytest.param(_units, {"_msdyn_unit_value": "@silent"}, "unit-not-convertible", 0, id="an empty factor"),
        pytest.param(_method, {}, "no-role-price", 1, id="an unknown pricing method"),
        pytest.param(_units, {"_msdyn_unit_value": "@unheard-of"}, "unit-not-convertible", 0, id="unknown unit"),
        pytest.param(_no_currency, {}, "no-price-list-in-currency", 0, id="missing currency"),
        pytest.param(_dimensions, {}, "dimension-priority-conflict", 0, id="two dimensions of one priority"),
        pytest.param(_backwards, {}, "no-price-list-on-date", 0, id="begin after end"),
        pytest.param(_unknown_context, {}, "no-price-list-attached", 0, id="unknown context"),
        pytest.param(_price(DIGITS), {}, "no-role-price", 1, id="a million digits"),
        pytest.param(_price("1E+999999"), {}, "no-role-price", 1, id="a huge exponent"),
        pytest.param(_price("0." + "1" * 100_000), {}, "role-price", 0, id="a hundred thousand decimals"),
        pytest.param(lambda _: None, {"msdyn_quantity": "9" * 19}, "role-price", 0, id="a quantity of 19 digits"),
    ],
)  # fmt: skip
def test_bad_price_data_has_a_reason(project: Project, spoil: Any, work: dict[str, Any], reason: str, quarantined: int) -> None:
    """P-35, P-39, P-67: the record is listed with its reason, a row that is no record is a problem, and every question still answers."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north", **work)
    spoil(world)
    project.server.load(world.sets)

    pulled = project.run("pull")
    assert pulled.code == (1 if quarantined else 0), pulled.err
    assert len(project.run("problems", "list").json["problems"]) == quarantined

    decision = project.run("price").json["decisions"][0]
    assert decision["reason"] == reason
    if reason != "role-price":
        assert (decision["price"], decision["amount"]) == (None, None)
    for words in (("explain", guid("@w")), ("contract", "check", guid("@north")), ("price", "audit"), ("rates", "export", "Rates"),
                  ("price", "what-if", "--list", "Rates", "--days", "any"), ("invoice", "create", "--all")):  # fmt: skip
        answer = project.run(*words)
        assert answer.code in (0, 1, 2), (words, answer.err)
        assert "unexpected fault" not in answer.err, (words, answer.err)


@pytest.mark.parametrize("option", [0, 7, 192359999])
@pytest.mark.parametrize(
    "column", ["msdyn_transactiontypecode", "msdyn_transactionclassification", "msdyn_billingtype", "msdyn_billingstatus"]
)
def test_an_unknown_option_is_never_taken_for_another(project: Project, column: str, option: int) -> None:
    """P-1, I-1: an actual whose option nobody knows is held with its reason, or not priced; it is on no invoice."""
    world = BillingWorld()
    world.contract("north")
    changed: dict[str, Any] = {column: option}
    world.time("@w", "north", **changed)
    project.server.load(world.sets)
    project.run("pull")
    priced = project.run("price")
    problems = project.run("problems", "list").json["problems"]
    assert [row["reason"] for row in problems] or [d["reason"] for d in priced.json["decisions"]] == ["not-priced"]
    assert project.run("invoice", "create", "--all").json["invoices"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none(project: Project, number: str) -> None:
    """As text it holds its one row back, with a reason; bare it is no JSON: that page is not read, and the pull says so and ends."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north")
    project.server.load(world.sets)
    row = f'"msdyn_resourcecategorypricelevelid": "{guid("@rate")}", "_msdyn_pricelist_value": "{guid("@list")}", "msdyn_price": '
    path = "/api/data/v9.2/msdyn_resourcecategorypricelevels"

    def pull(price: str) -> Answer:
        body, headers = f'{{"value": [{{{row}{price}}}]}}', {"Content-Type": "application/json; odata.metadata=minimal"}
        project.server.faults([{"match": {"path": path}, "times": 20, "action": {"status": 200, "headers": headers, "body": body}}])
        return project.run("pull")

    bare = pull(number)
    assert (bare.code, "unexpected fault" in bare.err) == (3, False), bare.err
    quoted = pull(f'"{number}"')
    assert (quoted.code, "unexpected fault" in quoted.err) == (1, False), quoted.err
    assert [problem["reason"] for problem in project.run("problems", "list").json["problems"]] == ["malformed-value"]
    assert [d["reason"] for d in project.run("price").json["decisions"]] == ["no-role-price"]


def test_a_product_that_no_column_holds_is_a_reason(project: Project) -> None:
    """P-56: 19 digits of price times 19 of quantity times a unit of 19 digits is more than any money column: out-of-range, no exception."""
    world = BillingWorld()
    world.contract("north")
    world.add("uoms", uomid="@eon", name="Eon", _uomscheduleid_value="@time", quantity="9" * 19, _baseuom_value=HOUR)
    world.time("@w", "north", hours="9" * 19, _msdyn_unit_value="@eon")
    _price("9" * 15)(world)
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    decision = project.run("price").json["decisions"][0]
    assert (decision["reason"], decision["price"], decision["amount"]) == ("out-of-range", None, None)


def test_money_without_currency_is_never_added_to_dollars(project: Project) -> None:
    """P-20: a contract in a currency that nobody knows has no list in its currency."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north", _transactioncurrencyid_value="@unknown")
    world.sets["salesorders"][0]["_transactioncurrencyid_value"] = "@unknown"
    assert USD != "@unknown"
    project.server.load(world.sets)
    project.run("pull")
    assert [d["reason"] for d in project.run("price").json["decisions"]] == ["no-price-list-in-currency"]
