"""Why a price is what it is, and why a billed line was billed as it was (P-67, promise 3)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from billing_world import BillingWorld, guid
from proforma.pricing.explaining import Topic
from project_folder import Project

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "explain.schema.json"


def test_the_published_schema_is_the_one_that_the_command_prints(project: Project) -> None:
    """`proforma explain --schema > docs/schema/explain.schema.json` keeps the file; it needs no store and no record."""
    (project.folder / "proforma.yaml").unlink()
    printed = project.run("explain", "--schema")

    assert (printed.code, printed.out) == (0, SCHEMA.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(printed.json)


def explained(project: Project, symbol: str) -> dict[str, Any]:
    """The answer about one record, checked against the published schema."""
    answer = project.run("explain", guid(symbol))
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    Draft202012Validator(msgspec.json.decode(SCHEMA.read_bytes())).validate(found)
    return found


@pytest.fixture
def world(project: Project) -> BillingWorld:
    """Eight hours of the contract "north" on a draft."""
    made = BillingWorld()
    made.contract("north")
    made.time("@work", "north")
    project.server.load(made.sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--contract", guid("@north"))):
        assert project.run(*words).code == 0
    return made


def test_every_step_has_its_topic(project: Project, world: BillingWorld) -> None:
    """P-67: side, day, list, dimensions, row, rounding, amount and billing type, with names for the ids."""
    found = explained(project, "@work")

    topics = list(dict.fromkeys(step["topic"] for step in found["steps"]))
    assert topics == ["side", "date", "price list", "dimensions", "row", "rounding", "amount", "billing type"]
    assert set(topics) <= {str(topic) for topic in Topic}
    assert found["names"] == {guid("@list"): "Rates", guid("@hour"): "Hour"}
    assert [f"{step['rule']} {step['text']}" for step in found["steps"]][:-1] == found["trail"]
    assert found["meaning"] == "the role price of the list that fits best"


def test_a_billed_line_keeps_its_reason_when_the_price_list_changes(project: Project, world: BillingWorld) -> None:
    """Promise 3: what was billed, by which list and steps; that the rules answer otherwise today, and how."""
    before = explained(project, "@work")
    [billed] = before["billed"]
    assert (billed["price"], billed["amount"], billed["reason"], billed["price_list_name"]) == ("100.00", "800.00", "role-price", "Rates")
    assert (billed["differs"], billed["steps"]) == ([], before["steps"][:-1])

    project.server.patch(
        upsert={
            "msdyn_resourcecategorypricelevels": [{"msdyn_resourcecategorypricelevelid": "@rate", "msdyn_price": "125.00"}],
            "pricelevels": [{"pricelevelid": "@list", "name": "New rates"}],
        }
    )
    project.run("pull")
    project.run("price")
    after = explained(project, "@work")

    assert (after["price"], after["amount"]) == ("125.00", "1000.00")
    assert after["billed"] == [{**billed, "differs": ["price", "amount"]}]
    told = project.run("explain", guid("@work"), as_json=False).out
    assert "125.00 USD per Hour" in told
    assert "on invoice PF-000001 (draft): 8 × 100.00 = 800.00 USD, chargeable" in told
    assert "today the rules answer otherwise: price, amount" in told
    assert "price of the row: 100.00 USD per Hour" in told


def test_what_is_left_after_discount_and_fee_is_told(project: Project, world: BillingWorld) -> None:
    """P-60: 800.00 less 7.5 % (60.00), plus 2 % (16.00), is 756.00."""
    settings = project.folder / "proforma.yaml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("pricing: {}", "pricing: {discounts_and_fees: true}"), encoding="utf-8")
    line = {"salesorderdetailid": "@line-north", "msdyn_discountpercentage": "7.5", "msdyn_feepercentage": "2"}
    project.server.patch(upsert={"salesorderdetails": [line]})
    project.run("pull")

    told = project.run("explain", guid("@work"), as_json=False).out

    assert "800.00 USD for 8 Hour, chargeable\n756.00 USD after discount and fee\n" in told
    assert "discount 7.5 % of 800.00 = 60.00, fee 2 % of 800.00 = 16.00" in told


def test_what_dataverse_deleted_is_still_explained(project: Project, world: BillingWorld) -> None:
    """Promise 3: the invoice knows, by id or by its beginning, also when the price list went with the record."""
    project.server.patch(
        delete={"msdyn_actuals": [guid("@work")], "pricelevels": [guid("@list")], "msdyn_resourcecategorypricelevels": [guid("@rate")]}
    )
    project.run("pull", "--full")

    found = explained(project, "@work")

    assert (found["table"], found["price"], found["trail"]) == (None, None, [])
    assert (found["billed"][0]["price"], found["billed"][0]["price_list_name"]) == ("100.00", "Rates")
    assert len(found["billed"][0]["steps"]) > 5
    told = project.run("explain", guid("@work")[:8], as_json=False).out
    assert told.startswith("not in the mirror: added to an invoice by hand, or deleted in Dataverse since\n")


def test_details_added_by_hand_are_explained(project: Project, world: BillingWorld) -> None:
    """I-83: with a price of the rules by their steps; with an entered price by saying so."""
    [invoice] = project.invoices()
    line, day = invoice["lines"][0]["contract_line"], "2026-03-02"
    common = f'"contract_line": "{line}", "class": "time", "quantity": "2", "date": "{day}", "role": "{guid("@consultant")}"'
    for symbol, price in (("@by-rule", ""), ("@by-hand", ', "price": "90"')):
        detail = f'{{"id": "{guid(symbol)}", {common}, "unit": "{guid("@hour")}"{price}}}'
        added = project.run("invoice", "add", invoice["id"], "--detail", detail)
        assert added.code == 0, added.out + added.err

    by_rule, by_hand = (explained(project, symbol)["billed"][0] for symbol in ("@by-rule", "@by-hand"))

    assert (by_rule["price"], by_rule["reason"], by_rule["steps"][-1]["text"]) == ("100.00", "role-price", "amount: 2 × 100.00 = 200.00")
    assert (by_hand["price"], by_hand["reason"], by_hand["steps"]) == ("90", None, [])
    assert "its price was entered with it: no rule was asked" in project.run("explain", guid("@by-hand"), as_json=False).out


def test_an_edited_line_shows_what_was_billed_and_what_was_decided(project: Project, world: BillingWorld) -> None:
    """I-81: an edit changes the bill, not the reason; it is no difference of the rules."""
    [invoice] = project.invoices()
    assert project.run("invoice", "edit", invoice["id"], "--of", guid("@work"), "price=80").code == 0

    [billed] = explained(project, "@work")["billed"]

    assert (billed["price"], billed["edited"], billed["differs"]) == ("80", True, [])
    assert billed["steps"][-1]["text"] == "amount: 8 × 100.00 = 800.00"


def test_a_correction_is_told_with_the_reason_of_what_it_corrects(project: Project, world: BillingWorld) -> None:
    """I-95: both invoices are named; the reason is that of the day of the first draft."""
    [invoice] = project.invoices()
    assert project.run("invoice", "confirm", invoice["id"]).code == 0
    assert project.run("invoice", "correct", invoice["id"]).code == 0

    first, second = explained(project, "@work")["billed"]

    assert (first["status"], second["corrects"]) == ("confirmed", invoice["id"])
    assert first["steps"] == second["steps"] != []


def test_a_reason_is_kept_without_steps_when_the_records_changed_before_the_draft(project: Project) -> None:
    """Promise 3: the draft bills what was decided; steps that would lead elsewhere are not told as its own."""
    made = BillingWorld()
    made.contract("north")
    made.time("@work", "north")
    project.server.load(made.sets)
    project.run("pull")
    project.run("price")
    project.server.patch(
        upsert={"msdyn_resourcecategorypricelevels": [{"msdyn_resourcecategorypricelevelid": "@rate", "msdyn_price": "125.00"}]}
    )
    project.run("pull")
    assert project.run("invoice", "create", "--contract", guid("@north")).code == 0

    [billed] = explained(project, "@work")["billed"]

    assert (billed["price"], billed["reason"], billed["steps"], billed["differs"]) == ("100.00", "role-price", [], ["price", "amount"])
    assert "the steps were not kept" in project.run("explain", guid("@work"), as_json=False).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explain",), "name a record"),
        (("explain", guid("@nobody")), "the mirror has no record"),
        (("explain", "not a guid"), "is no GUID that is known"),
    ],
)
def test_what_cannot_be_explained_is_said(project: Project, words: tuple[str, ...], message: str) -> None:
    """Exit 2 with the reason, also on an empty store."""
    answer = project.run(*words)

    assert (answer.code, message in answer.err) == (2, True), answer.err
