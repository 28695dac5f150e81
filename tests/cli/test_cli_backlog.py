"""`proforma backlog list`: its filters as people type them, its totals, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billing_world import EXPENSE, NOT_READY, BillingWorld, guid
from proforma.mock import MockServer
from project_folder import Project

MORE = "--all also looks at what is billed, adjusted or canceled, and at contracts that are not active"


def _two_deals() -> BillingWorld:
    """Work of 8 h × 100.00 USD ready and 2 h not ready for "north", an expense of 30.00 there, and 70.00 EUR for "south".

    Two customers without work have the same name.
    """
    world = BillingWorld()
    world.add("transactioncurrencies", transactioncurrencyid="@eur", isocurrencycode="EUR", currencyprecision=2, exchangerate="1.1")
    world.contract("north")
    world.contract("south")
    for entity_set in ("salesorders", "salesorderdetails", "msdyn_projects"):
        world.sets[entity_set][-1]["_transactioncurrencyid_value"] = "@eur"
    world.time("@ready", "north")
    world.time("@waits", "north", hours="2", msdyn_billingstatus=NOT_READY, msdyn_transactiondate="2026-03-31")
    world.time("@taxi", "north", hours="1", msdyn_transactionclassification=EXPENSE, msdyn_price="30.00", msdyn_amount="30.00")
    world.time("@euro", "south", hours="1", msdyn_price="70.00", msdyn_amount="70.00", _transactioncurrencyid_value="@eur")
    for twin in ("@twin-1", "@twin-2"):
        world.add("accounts", accountid=twin, name="Twins")
    return world


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Both deals, pulled and priced once: lists change nothing."""
    folder = tmp_path_factory.mktemp("deals")
    with MockServer() as server:
        server.write_configuration(folder / "proforma.yaml")
        server.load(_two_deals().sets)
        project = Project(folder, server)
        project.run("pull")
        project.run("price")
        yield project


def _found(project: Project, *words: str) -> set[str]:
    names = {guid(symbol): symbol for symbol in ("@ready", "@waits", "@taxi", "@euro")}
    answer = project.run("backlog", "list", *words)
    assert answer.code == 0, answer.err
    return {names[row["source"]] for row in answer.json["rows"]}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", "@ready @waits @taxi @euro"),
        ("--contract north", "@ready @waits @taxi"),
        ("--contract NORTH-ID", "@ready @waits @taxi"),
        ("--contract NORTH-START --contract south", "@ready @waits @taxi @euro"),
        ("--customer C-south", "@euro"),
        ("--customer C-north --customer C-south", "@ready @waits @taxi @euro"),
        ("--project south", "@euro"),
        ("--project PROJECT-START", "@euro"),
        ("--class time", "@ready @waits @euro"),
        ("--class expense --class fee", "@taxi"),
        ("--status ready", "@ready @taxi @euro"),
        ("--status not-ready", "@waits"),
        ("--from 2026-03-03", "@waits"),
        ("--to 2026-03-30", "@ready @taxi @euro"),
        ("--from 2026-03-02 --to 2026-03-02 --contract north --status ready --class time --customer C-north --project north", "@ready"),
        ("--contract north --customer C-south", ""),
    ],
)
def test_each_filter_takes_what_people_call_things(deals: Project, words: str, found: str) -> None:
    """Ids, their beginnings, numbers and names name the same rows; filters together narrow, one given twice widens."""
    stands_for = {"NORTH-ID": guid("@north").upper(), "NORTH-START": guid("@north")[:8], "PROJECT-START": guid("@prj-south")[:6]}
    assert _found(deals, *(stands_for.get(word, word) for word in words.split())) == set(found.split())


def test_a_customer_goes_by_its_name(deals: Project) -> None:
    """The name has a blank, as most have."""
    assert _found(deals, "--customer", "Customer south") == {"@euro"}


def test_totals_follow_the_rows_in_each_currency(deals: Project) -> None:
    """800.00 + 200.00 + 30.00 USD, of which 830.00 are ready, and 70.00 EUR; in JSON beside the rows, in the table below them."""
    euro = {"currency": "EUR", "rows": 1, "amount": "70.00", "ready_rows": 1, "ready_amount": "70.00", "unpriced_rows": 0}
    dollar = {"currency": "USD", "rows": 3, "amount": "1030.00", "ready_rows": 2, "ready_amount": "830.00", "unpriced_rows": 0}
    assert deals.run("backlog", "list").json["totals"] == [euro, dollar]
    assert deals.run("backlog", "list", "--contract", "south").json["totals"] == [euro]

    lines = deals.run("backlog", "list", as_json=False).out.splitlines()
    assert len(lines) == 1 + 4 + 2
    assert lines[-2:] == ["EUR: 1 rows, 70.00; of these 1 ready, 70.00", "USD: 3 rows, 1030.00; of these 2 ready, 830.00"]


def test_work_without_a_price_or_currency_is_counted_apart(project: Project) -> None:
    """Work that no list prices has no amount to add; work of no contract and no currency is totalled beside the others with --all."""
    world = BillingWorld()
    world.contract("north")
    world.time("@unpriced", "north", msdyn_transactiondate="2027-03-02")
    world.time("@lost", "north", msdyn_amount="5.00", _msdyn_salescontract_value=None, _msdyn_salescontractlineid_value=None,
               _transactioncurrencyid_value=None)  # fmt: skip
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    lines = project.run("backlog", "list", "--all", as_json=False).out.splitlines()
    assert lines[-2:] == [
        "?: 1 rows, 5.00; of these 1 ready, 5.00",
        "USD: 1 rows, 0; of these 1 ready, 0; 1 without an amount",
    ]
    assert project.run("backlog", "list", "--all").json["totals"] == [
        {"currency": None, "rows": 1, "amount": "5.00", "ready_rows": 1, "ready_amount": "5.00", "unpriced_rows": 0},
        {"currency": "USD", "rows": 1, "amount": "0", "ready_rows": 1, "ready_amount": "0", "unpriced_rows": 1},
    ]
    assert len(project.run("backlog", "list", "--all", "--contract", "north").json["rows"]) == 1


def test_rows_say_what_they_were_found_by(deals: Project) -> None:
    """Project and billing type stand beside the keys that were there before."""
    [row] = deals.run("backlog", "list", "--project", "south").json["rows"]
    assert row == {
        "source": guid("@euro"), "kind": "actual", "contract": guid("@south"), "contract_line": guid("@line-south"),
        "project": guid("@prj-south"), "customer": guid("@cust-south"), "class": "time", "billing_type": "chargeable", "status": "ready",
        "adjustment": None, "nte": "not-evaluated", "date": "2026-03-02", "description": "Work", "quantity": "1", "price": "70.00",
        "amount": "70.00", "currency": "EUR", "used": None, "available": None,
    }  # fmt: skip


def test_nothing_found_is_said(deals: Project) -> None:
    """An empty answer is no failure, and says that it is empty; --all is proposed where it could find more."""
    narrowed = deals.run("backlog", "list", "--class", "milestone", as_json=False)
    assert (narrowed.code, narrowed.out.splitlines()[1:]) == (0, [f"no row fits; {MORE}"])
    assert deals.run("backlog", "list", "--class", "milestone", "--all", as_json=False).out.splitlines()[1:] == ["no row fits"]
    assert deals.run("backlog", "list", "--class", "milestone").json == {"rows": [], "totals": []}


def test_an_empty_backlog_is_said(project: Project) -> None:
    """Before the first pull there is nothing, whatever is asked."""
    answer = project.run("backlog", "list", as_json=False)
    assert (answer.code, answer.out.splitlines()[1:]) == (0, [f"the billing backlog is empty; {MORE}"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--contract", "nowhere"), "contract: 'nowhere' is no GUID, number or name that is known"),
        (
            ("--contract", "0f8fad5b-d9cb-469f-a165-70867728950e"),
            "contract: there is none with the id 0f8fad5b-d9cb-469f-a165-70867728950e",
        ),
        (("--contract", "C-north"), "contract: 'C-north' is no GUID, number or name that is known"),
        (("--contract", "north", "--contract", "nowhere"), "'nowhere'"),
        (("--contract", ""), "contract: '' is no GUID, number or name that is known"),
        (("--customer", "nobody"), "customer: 'nobody' is no GUID, number or name that is known"),
        (("--customer", guid("@north")), "customer: there is none with the id"),
        (("--customer", "Twins"), "customer: several are called 'Twins'"),
        (("--project", "fffffff"), "project: no id begins with 'fffffff'"),
        (("--class", "hours"), "--class: 'hours' is unknown"),
        (("--class", "tax"), "write additional, commission, expense, fee, material, milestone, product, retainer, time"),
        (("--status", "open"), "--status: 'open' is unknown"),
        (("--status", "Ready"), "canceled, invoice-created, invoice-posted, not-ready, ready, work-order-posted"),
        (("--from", "2026-02-30"), "--from: '2026-02-30' is no date"),
        (("--to", "soon"), "--to: 'soon' is no date"),
        (("--from", "2026-04-01", "--to", "2026-03-01"), "--from 2026-04-01 is after --to 2026-03-01"),
    ],
)
def test_what_is_unknown_is_refused(deals: Project, words: tuple[str, ...], message: str) -> None:
    """Exit code 2, the option or kind and the word in question, nothing on stdout."""
    refused = deals.run("backlog", "list", *words)
    assert (refused.code, refused.out, message in refused.err) == (2, "", True), refused.err
    assert refused.err.startswith("error: ")
