"""An accountant proves Dataverse's prices right or wrong before the first invoice is pushed."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from proforma.cli.csv_file import cell
from project_folder import Project


@pytest.fixture
def audited(project: Project) -> Project:
    """Rows that agree, are 10 an hour too low and 5 too high, say 0, and have no price of ours."""
    world = BillingWorld()
    world.contract("north")
    world.sets["salesorders"][0]["ordernumber"] = "=north+1"
    for name, price, date in (
        ("@equal", "100.00", "2026-03-02"), ("@low", "90.00", "2026-03-02"), ("@high", "105.00", "2026-01-15"),
        ("@zero", "0", "2026-03-03"), ("@none", None, "2026-03-03"),
    ):  # fmt: skip
        world.time(name, "north", msdyn_price=price, msdyn_transactiondate=date)
    world.time("@stranger", "north", msdyn_price="50.00", _msdyn_resourcecategory_value="@nobody")
    project.server.load(world.sets)
    assert project.run("pull").code == 0
    return project


def _found(document: Any) -> dict[str, tuple[Any, ...]]:
    names = {guid(name): name for name in ("@low", "@high", "@zero", "@stranger")}
    return {
        names[one["record"]]: (one["cause"], one["stored"]["price"], one["ours"]["price"], one["difference"])
        for one in document["differences"]
    }


def test_every_difference_with_its_cause_and_the_money(audited: Project) -> None:
    """8 h each: 80 too little and 800 unbilled at zero, 40 too much, and 400 stored where no role price fits."""
    answer = audited.run("price", "audit")
    assert answer.code == 1
    assert _found(answer.json) == {
        "@low": ("price-differs", "90.00", "100.00", "80.00"),
        "@high": ("price-differs", "105.00", "100.00", "-40.00"),
        "@zero": ("stored-zero", "0.00", "100.00", "800.00"),
        "@stranger": ("no-role-price", "50.00", None, None),
    }
    assert answer.json["totals"] == [
        {"at_stake": "billing", "currency": "USD", "records": 4, "under": "880.00", "over": "40.00", "net": "840.00", "unproven": "400.00"}
    ]
    assert {(g["cause"], g["records"], g["net"]) for g in answer.json["groups"]} == {
        ("stored-zero", 1, "800.00"), ("price-differs", 2, "40.00"), ("no-role-price", 1, "0"),
    }  # fmt: skip
    assert [answer.json[key] for key in ("compared", "different", "own_price", "not_stored")] == [5, 4, 0, 1]


def test_only_records_since_a_day(audited: Project) -> None:
    """--since leaves out work of January."""
    assert set(_found(audited.run("price", "audit", "--since", "2026-03-01").json)) == {"@low", "@zero", "@stranger"}
    assert audited.run("price", "audit", "--since", "yesterday").code == 2


def test_the_csv_is_whole_and_runs_nothing(audited: Project) -> None:
    """A contract named like a formula becomes text, negative money stays a number, and the file has every difference."""
    path = audited.folder / "differences.csv"
    assert audited.run("price", "audit", "--csv", str(path), as_json=False).code == 1
    with path.open(encoding="utf-8", newline="") as stream:
        rows = {row["record"]: row for row in csv.DictReader(stream)}
    assert len(rows) == 4
    high = rows[guid("@high")]
    assert (high["contract"], high["difference"], high["at_stake"]) == ("'=north+1", "-40.00", "billing")
    assert not path.with_name("differences.csv.part").exists()
    assert audited.run("price", "audit", "--csv", str(audited.folder / "no" / "x.csv")).code == 2


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1", "\n=1"])
def test_text_that_a_spreadsheet_would_calculate_is_defused(text: str) -> None:
    """Each dangerous first character gets an apostrophe before it."""
    assert cell(text) == "'" + text


def test_the_table_says_what_is_at_stake(audited: Project) -> None:
    """For people: causes, the differences with the most money first, and one sentence of totals."""
    answer = audited.run("price", "audit", as_json=False)
    assert "billing: 880.00 USD too little, 40.00 USD too much; 400.00 stored where we find no price" in answer.out
    assert "record\tdate\tcause\tstored price\tour price\tamount at stake\tcurrency\tcontract" in answer.out
    order = [answer.out.index(guid(name)) for name in ("@zero", "@low", "@high", "@stranger")]
    assert order == sorted(order)


def test_the_stage_itself_is_untouched(audited: Project) -> None:
    """`price` alone prices as before; its switches do not slip into a sub-command; the audit writes no decision."""
    audited.run("price", "audit")
    priced = audited.run("price")
    assert (priced.code, priced.json["priced"], priced.json["changed"]) == (0, 6, 6)
    assert audited.run("price", "--reprice", "audit").code == 2
    assert audited.run("price", "nonsense").code == 2
