"""The project manager confirms invoices in Dataverse; they are taken over, checked against our prices, and reach finance once (I-130)."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from billing_world import NOT_READY, guid
from proforma.mock import MockServer
from proforma.sync.draft import BillingDesk
from project_folder import Project
from upstream_world import CONFIRMED, DRAFT, IN_REVIEW, PAID, UpstreamWorld

INVOICES, DETAILS = "invoices", "msdyn_invoicelinetransactions"


@dataclass
class Company:
    """A project folder whose contracts are billed in Dataverse; `settings` stand in its section invoicing."""

    project: Project

    def serve(self, world: UpstreamWorld, **settings: str) -> None:
        """Dataverse holds this world."""
        self.project.server.load(world.sets)
        self.configure(**settings)

    def configure(self, **settings: str) -> None:
        """Writes the section invoicing."""
        path = self.project.folder / "proforma.yaml"
        before = path.read_text(encoding="utf-8").split("invoicing:")[0]
        said = {"origin": "dataverse", **settings}
        path.write_text(before + "invoicing: {" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}\n", encoding="utf-8")

    def sync(self) -> int:
        """A whole cycle; its exit code."""
        return self.project.run("sync").code

    def invoices(self) -> list[tuple[str, str, str, str]]:
        """Number, state, push and total of each invoice here."""
        return [(i["number"], i["status"], i["push"], i["total"]) for i in self.project.run("invoice", "list").json["invoices"]]

    def problems(self) -> list[tuple[str, str]]:
        """Kind and reason of what waits for a person."""
        return [(p["kind"], p["reason"]) for p in self.project.run("problems", "list").json["problems"]]

    def documents(self) -> list[tuple[str, str]]:
        """Reference and total of each document that finance has."""
        found: Any = self.project.server.documents()
        return sorted((document["reference"], document["body"]["total"]) for document in found)

    def faults(self) -> list[str]:
        """What `db check` finds."""
        found: list[str] = self.project.run("db", "check").json["faults"]
        return found


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    """A folder with a mock over real sockets."""
    with MockServer() as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        yield Company(Project(tmp_path, server))


def reference(number: str) -> str:
    """The number, and twelve digits of the id in Dataverse (promise 4)."""
    return f"{number.upper()}-{guid('@' + number).replace('-', '')[:12].upper()}"


def two_hours_and_eight(**more: Any) -> UpstreamWorld:
    """Contract north, 8 and 2 hours at 100.00 on INV-1."""
    world = UpstreamWorld()
    world.contract("north")
    world.time("@a", "north")
    world.time("@b", "north", hours="2")
    world.invoice("inv-1", "north", "@a", "@b", **more)
    return world


def test_a_confirmed_invoice_is_pushed_once(company: Company) -> None:
    """800.00 + 200.00 arrive under the invoice's own number and id; a second cycle adds nothing; the books add up to the cent."""
    company.serve(two_hours_and_eight())
    assert company.sync() == 0
    assert company.invoices() == [("INV-1", "confirmed", "accepted", "1000.00")]
    assert company.documents() == [(reference("inv-1"), "1000.00")]

    shown = company.project.run("invoice", "show", "INV-1").json
    assert (shown["id"], shown["origin"], shown["invoice_date"], shown["differences"]) == (guid("@inv-1"), "dataverse", "2026-03-31", [])
    assert [(d["source"], d["quantity"], d["price"], d["amount"]) for d in shown["lines"][0]["details"]] == sorted(
        [(guid("@a"), "8", "100.00", "800.00"), (guid("@b"), "2", "100.00", "200.00")]
    )

    waiting = {**company.project.server.rows("msdyn_actuals")[0], "msdyn_actualid": guid("@next"), "_msdyn_invoice_value": None}
    waiting |= {"msdyn_billingstatus": 192350004, "_msdyn_accountcustomer_value": None, "msdyn_price": None, "msdyn_amount": None}
    company.project.server.patch(upsert={"msdyn_actuals": [waiting]})
    assert company.sync() == 0
    assert company.documents() == [(reference("inv-1"), "1000.00")]
    # Work that nobody pays for waits in Dataverse's backlog, and is decided there.
    assert (company.problems(), company.faults()) == ([], [])
    # 1,000.00 were billed; Dataverse's reversals of the unbilled rows stand beside them.
    account = company.project.run("reconcile").json["contracts"][0]
    assert (account["billed"], account["excluded"], account["unexplained"]) == ("1000.00", {"unadjustable": "-1000.00"}, "0.00")


def test_the_reason_of_each_price_is_ours(company: Company) -> None:
    """Promise 3: `explain` tells the rule that gives the billed price, though Dataverse had stored it."""
    company.serve(two_hours_and_eight())
    company.sync()
    billed = company.project.run("explain", guid("@a")).json["billed"]
    assert [(b["number"], b["reason"], b["rule"], b["differs"]) for b in billed] == [("INV-1", "role-price", "P-33", [])]
    assert company.project.run("invoice", "export", "INV-1", "--format", "json").json["number"] == "INV-1"
    assert company.project.run("status").json["origins"] == {"dataverse": 1}


def test_a_draft_in_dataverse_is_not_taken(company: Company) -> None:
    """Only what the project manager confirmed leaves; once confirmed it is taken."""
    company.serve(two_hours_and_eight(status=DRAFT))
    assert (company.sync(), company.invoices()) == (0, [])
    company.project.server.patch(upsert={INVOICES: [{"invoiceid": guid("@inv-1"), "msdyn_projectinvoicestatus": IN_REVIEW}]})
    assert (company.sync(), company.invoices()) == (0, [])
    company.project.server.patch(upsert={INVOICES: [{"invoiceid": guid("@inv-1"), "msdyn_projectinvoicestatus": CONFIRMED}]})
    assert (company.sync(), company.invoices()) == (0, [("INV-1", "confirmed", "accepted", "1000.00")])


def test_another_price_than_ours_is_held_or_warned_of(company: Company) -> None:
    """8 h at 120.00 where our rules say 100.00: held; under the milder policy the same invoice is taken over and listed. Always shown."""
    company.serve(two_hours_and_eight(prices={"@a": "120.00"}))
    assert (company.sync(), company.invoices()) == (1, [("INV-1", "draft", "none", "1160.00")])
    assert (company.problems(), company.faults(), company.documents()) == ([("held", "price-differs")], [], [])

    company.configure(price_difference="warn")
    assert company.project.run("draft").code == 1
    assert company.invoices() == [("INV-1", "confirmed", "queued", "1160.00")]
    assert (company.problems(), company.faults()) == ([("price-warning", "price-differs")], [])
    shown = company.project.run("invoice", "show", "INV-1").json
    assert [(d["source"], d["reason"], d["billed"], d["ours"]) for d in shown["differences"]] == [
        (guid("@a"), "price-differs", "960.00", "800.00")
    ]


def test_another_price_than_ours_is_accepted(company: Company) -> None:
    """Where prices are Dataverse's business the invoice goes at once, and still tells how it differs."""
    company.serve(two_hours_and_eight(prices={"@a": "120.00"}), price_difference="accept")
    assert (company.sync(), company.problems()) == (0, [])
    assert company.documents() == [(reference("inv-1"), "1160.00")]
    assert len(company.project.run("invoice", "show", "INV-1").json["differences"]) == 1


def test_a_held_invoice_waits_for_a_person(company: Company) -> None:
    """Neither `--all-drafts` nor an automatic confirmation lets it go, nobody can edit it; a person confirms it as it is."""
    company.serve(two_hours_and_eight(prices={"@a": "120.00"}), confirm="automatic")
    run = company.project.run
    assert company.sync() == 1
    assert run("invoice", "confirm", "--all-drafts").json["invoices"] == []
    for words in (("edit", "INV-1", "--of", guid("@a"), "price=100"), ("refresh", "INV-1"), ("delete", "INV-1")):
        assert [r["reason"] for r in run("invoice", *words).json["refused"]] == ["origin-dataverse"], words
    assert run("status").json["held"] == 1

    assert run("invoice", "confirm", "INV-1").code == 0
    assert run("push").code == 0
    assert (company.documents(), company.problems()) == ([(reference("inv-1"), "1160.00")], [])
    assert [r["reason"] for r in run("invoice", "correct", "INV-1").json["refused"]] == ["origin-dataverse"]


def test_a_held_invoice_goes_on_when_our_prices_agree(company: Company) -> None:
    """The price list was wrong: corrected in Dataverse, the next cycle takes the invoice over by itself."""
    company.serve(two_hours_and_eight(prices={"@a": "120.00", "@b": "120.00"}))
    company.project.run("pull")
    assert company.project.run("draft").code == 1
    rate = {"msdyn_resourcecategorypricelevelid": guid("@rate"), "msdyn_price": "120.00"}
    company.project.server.patch(upsert={"msdyn_resourcecategorypricelevels": [rate]})
    assert (company.sync(), company.invoices(), company.problems()) == (0, [("INV-1", "confirmed", "accepted", "1200.00")], [])


def test_a_held_invoice_that_is_given_up_never_comes_back(company: Company) -> None:
    """D-98: dropped with a reason, its draft here is deleted, and no later cycle takes it over."""
    company.serve(two_hours_and_eight(prices={"@a": "120.00"}))
    company.sync()
    problem = company.project.run("problems", "list").json["problems"][0]["id"]
    assert company.project.run("problems", "drop", problem, "--reason", "billed by hand").code == 0
    assert (company.project.run("draft").code, company.invoices(), company.problems()) == (0, [], [])
    assert [(i["number"], i["status"]) for i in company.project.invoices()] == [("INV-1", "deleted")]
    assert company.faults() == []


def _details(world: UpstreamWorld, name: str) -> list[dict[str, Any]]:
    return [row for row in world.sets[DETAILS] if row["_msdyn_invoice_value"] == f"@{name}"]


def _unknown_actual(world: UpstreamWorld, name: str) -> None:
    for row in world.sets["msdyn_transactionconnections"]:
        if row["msdyn_transaction1"] == _details(world, name)[0]["msdyn_invoicelinetransactionid"]:
            row["msdyn_transaction2"] = "@nobody"


def _missing_detail(world: UpstreamWorld, name: str) -> None:
    world.sets[DETAILS].remove(_details(world, name)[-1])


def _billed_again(world: UpstreamWorld, name: str) -> None:
    """An older invoice bills the same row already."""
    world.detail(f"{name}-old", name, f"@w-{name}", msdyn_quantity="1", msdyn_price="100.00", msdyn_amount="100.00")
    world.link(f"@{name}-old-@w-{name}", "Billed Sales", f"@w-{name}", "Unbilled Sales")
    world.header(f"{name}-old", name, "100.00", createdon="2020-01-01T00:00:00Z")


def _numbered_alike(world: UpstreamWorld, name: str) -> None:
    """An older invoice has the number already."""
    world.time(f"@u-{name}", name, hours="1")
    world.invoice(f"{name}-old", name, f"@u-{name}")
    _header(createdon="2020-01-01T00:00:00Z", invoicenumber=name.upper())(world, f"{name}-old")


def _header(**cells: Any) -> Any:
    def spoil(world: UpstreamWorld, name: str) -> None:
        next(row for row in world.sets[INVOICES] if row["invoiceid"] == f"@{name}").update(cells)

    return spoil


#: What is wrong with an invoice, and the reason that a person is told.
UNFIT: tuple[tuple[Any, str], ...] = (
    (_unknown_actual, "unknown-actual"),
    (_missing_detail, "incomplete"),
    (_header(totallineitemamount="999.00"), "incomplete"),
    (_header(msdyn_projectinvoicestatus=PAID), "settled-already"),
    (_header(msdyn_projectinvoicestatus=192359999), "unknown-status"),
    (_header(_customerid_value=None), "no-customer"),
    (_header(_transactioncurrencyid_value="@eur"), "currency-mismatch"),
    (_header(freightamount="5.00"), "header-discount"),
    (_numbered_alike, "number-taken"),
    (_billed_again, "billed-twice"),
)


def test_an_invoice_that_is_not_whole_is_never_taken_in_part(company: Company) -> None:
    """Promise 5: each is listed with its reason, nothing of it is here or in finance, no policy waves it through; the good one goes."""
    world = UpstreamWorld()
    for number, (spoil, _) in enumerate([(None, ""), *UNFIT]):
        name = f"c{number}"
        world.contract(name)
        world.time(f"@w-{name}", name, hours="1")
        world.time(f"@v-{name}", name, hours="1")
        world.invoice(name, name, f"@w-{name}", f"@v-{name}")
        if spoil is not None:
            spoil(world, name)
    company.serve(world, price_difference="accept")
    for words in (("sync",), ("draft",)):
        assert company.project.run(*words).code == 1
        problems = {p["source"]: (p["kind"], p["reason"]) for p in company.project.run("problems", "list").json["problems"]}
        assert problems == {guid(f"@c{number}"): ("held", reason) for number, (_, reason) in enumerate(UNFIT, 1)}
        assert sorted(number for number, *_ in company.invoices()) == ["C0", "C10-OLD", "C9"]
    assert (len(company.documents()), company.faults()) == (3, [])


def test_older_invoices_are_left_alone(company: Company) -> None:
    """D-42: what was invoiced before the first day that is taken over went to finance by another way."""
    company.serve(two_hours_and_eight(), take_over_from="2026-04-01")
    assert (company.sync(), company.invoices(), company.problems()) == (0, [], [])
    company.configure(take_over_from="2026-03-31")
    assert (company.project.run("draft").code, company.invoices()) == (0, [("INV-1", "confirmed", "queued", "1000.00")])


def _correction(world: UpstreamWorld) -> None:
    """INV-2 corrects INV-1: 8 h become 6 (-200.00), 2 h are credited in full (-200.00)."""
    for source, hours, amount, before in (("@a", "6", "600.00", "800.00"), ("@b", "0", "0.00", "200.00")):
        world.detail(
            "inv-2", "north", source, msdyn_quantity=hours, msdyn_price="100.00", msdyn_amount=amount, msdyn_correction=True,
            _msdyn_originalinvoicelinedetail_value=f"@inv-1-{source}", msdyn_previousamount=before,
            msdyn_invoiceamount=str(float(amount) - float(before)),
        )  # fmt: skip
    world.header("inv-2", "north", "-400.00", msdyn_hascorrections=True)


def test_a_correction_confirmed_in_dataverse_follows(company: Company) -> None:
    """I-96, I-100: it names what it corrects, bills the difference, and leaves after it; the original is corrected."""
    world = two_hours_and_eight()
    _correction(world)
    company.serve(world)
    assert company.sync() == 0
    assert company.invoices() == [("INV-1", "corrected", "accepted", "1000.00"), ("INV-2", "confirmed", "accepted", "-400.00")]
    shown = company.project.run("invoice", "show", "INV-2").json
    assert shown["corrects"] == guid("@inv-1")
    details = {d["source"]: (d["quantity"], d["previous_amount"], d["invoice_amount"]) for d in shown["lines"][0]["details"]}
    assert details == {guid("@a"): ("6", "800.00", "-200.00"), guid("@b"): ("0", "200.00", "-200.00")}
    assert company.documents() == sorted([(reference("inv-1"), "1000.00"), (reference("inv-2"), "-400.00")])
    assert (company.project.run("draft").code, company.faults()) == (0, [])


def test_what_dataverse_revises_is_credited(company: Company) -> None:
    """I-95, D-113: the draft of Dataverse's own action, once confirmed, is taken over as a full credit."""
    company.serve(two_hours_and_eight())
    company.project.run("pull")
    assert company.project.run("draft").code == 0
    url = f"{company.project.server.url}/api/data/v9.2/invoices({guid('@inv-1')})/Microsoft.Dynamics.CRM.msdyn_revise"
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data=b"{}", headers=headers, method="POST"), timeout=10) as answer:
        draft = msgspec.json.decode(answer.read())
    company.project.server.patch(upsert={INVOICES: [{"invoiceid": draft["invoiceid"], "msdyn_projectinvoicestatus": CONFIRMED}]})
    assert company.sync() == 0
    assert [(state, total) for _, state, _, total in company.invoices()] == [("corrected", "1000.00"), ("confirmed", "-1000.00")]
    assert (len(company.documents()), company.faults()) == (2, [])


def test_a_correction_of_what_was_never_taken_over_is_held(company: Company) -> None:
    """Finance has the original from elsewhere: nobody here knows what is to be credited."""
    world = two_hours_and_eight()
    _correction(world)
    world.sets[INVOICES][0]["msdyn_invoicedate"] = "2025-12-31"
    company.serve(world, take_over_from="2026-01-01")
    assert (company.sync(), company.invoices(), company.problems()) == (1, [], [("held", "original-unknown")])


def test_what_changes_after_it_was_taken_over_is_a_problem(company: Company) -> None:
    """Promise 6: nothing is merged and nothing is sent; a person is told until it is in order or dropped. Paid and posted is no change."""
    world = UpstreamWorld()
    for name in ("edited", "canceled", "reopened", "moved", "deleted", "paid", "posted"):
        world.contract(name)
        world.time(f"@w-{name}", name)
        world.invoice(f"inv-{name}", name, f"@w-{name}")
    company.serve(world)
    assert company.sync() == 0
    before = company.project.run("invoice", "list").json
    cells: dict[str, dict[str, Any]] = {
        "canceled": {"statecode": 3}, "reopened": {"msdyn_projectinvoicestatus": DRAFT},
        "moved": {"_customerid_value": guid("@cust-edited")}, "paid": {"msdyn_projectinvoicestatus": PAID},
        "posted": {"msdyn_projectinvoicestatus": 192359999},
    }  # fmt: skip
    company.project.server.patch(
        upsert={
            INVOICES: [{"invoiceid": guid(f"@inv-{name}"), **row} for name, row in cells.items()],
            DETAILS: [{"msdyn_invoicelinetransactionid": guid("@inv-edited-@w-edited"), "msdyn_amount": "850.00"}],
        },
        delete={INVOICES: [guid("@inv-deleted")]},
    )
    assert company.sync() == 1
    problems = company.project.run("problems", "list").json["problems"]
    changed = ("edited", "canceled", "reopened", "moved", "deleted")
    assert {p["source"] for p in problems} == {guid(f"@inv-{name}") for name in changed}
    assert {(p["kind"], p["reason"]) for p in problems} == {("upstream-changed", "changed-after-take-over")}
    assert (company.project.run("invoice", "list").json, len(company.documents())) == (before, 7)

    for problem in problems:
        assert company.project.run("problems", "drop", problem["id"], "--reason", "known").code == 0
    assert (company.project.run("draft").code, company.problems()) == (0, [])


def test_a_contract_has_one_origin(company: Company) -> None:
    """I-130: what Dataverse bills is not billed or decided here, and what was billed here is not taken over from there."""
    world = two_hours_and_eight()
    world.time("@ready", "north", hours="1")
    world.contract("south")
    world.time("@own", "south", hours="1")
    world.time("@there", "south", hours="3")
    world.invoice("inv-9", "south", "@there", status=DRAFT)
    company.serve(world, origin="local", origins="{NORTH: dataverse}")
    run = company.project.run
    assert company.sync() == 0
    assert [(i["number"], i["contract"]) for i in run("invoice", "create", "--all").json["invoices"]] == [("PF-000001", guid("@south"))]
    for words in (("invoice", "create", "--contract", guid("@north")), ("backlog", "not-ready", guid("@ready")),
                  ("backlog", "nte", "reset", guid("@ready"))):  # fmt: skip
        assert [r["reason"] for r in run(*words).json["refused"]] == ["origin-dataverse"], words

    # North becomes local although INV-1 was taken over; south becomes Dataverse's although PF-000001 bills it.
    company.configure(origin="local", origins="{south: dataverse}")
    company.project.server.patch(upsert={INVOICES: [{"invoiceid": guid("@inv-9"), "msdyn_projectinvoicestatus": CONFIRMED}]})
    assert [r["reason"] for r in run("invoice", "create", "--contract", guid("@north")).json["refused"]] == ["origin-conflict"]
    assert company.sync() == 1
    assert company.problems() == [("held", "origin-conflict")]
    assert [r["reason"] for r in run("invoice", "confirm", "PF-000001").json["refused"]] == ["origin-dataverse"]
    assert run("invoice", "delete", "PF-000001").code == 0
    assert [r["reason"] for r in run("draft").json["refused"]] == ["origin-conflict"]
    assert (company.problems(), [number for number, *_ in company.invoices()]) == ([], ["INV-1", "INV-9"])


def test_origins_that_cannot_be_meant(company: Company) -> None:
    """A name that nobody has would bill a contract twice: usage is wrong, exit code 2, and it says where."""
    company.serve(two_hours_and_eight())
    company.project.run("pull", "contract")
    for origins, said in (
        ("{NORTHH: dataverse}", "there is no contract 'NORTHH'"),
        (f"{{north: dataverse, {guid('@north')}: local}}", "two origins"),
        ("{north: elsewhere}", "invoicing.origins.north"),
    ):
        company.configure(origins=origins)
        for words in (("draft",), ("invoice", "create", "--all")):
            answer = company.project.run(*words)
            assert (answer.code, said in answer.err) == (2, True), answer.err


class Killed(BaseException):
    """The process is gone; nothing after this instant runs."""


def test_a_death_between_pull_and_ledger_loses_and_doubles_nothing(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """Promise 1, promise 4: killed before or after the commit that takes over, the next cycle ends with one document in finance."""
    company.serve(two_hours_and_eight())
    company.project.run("pull")
    commit = BillingDesk._commit

    def before(*_arguments: Any) -> Any:
        raise Killed

    def inside(*arguments: Any) -> Any:
        commit(*arguments)
        raise Killed

    for moment in (before, inside):
        monkeypatch.setattr(BillingDesk, "_commit", moment)
        with pytest.raises(Killed):
            company.project.run("draft")
        monkeypatch.setattr(BillingDesk, "_commit", commit)
        assert (company.invoices(), company.documents()) == ([], [])
    assert company.sync() == 0
    assert (company.invoices(), company.documents()) == (
        [("INV-1", "confirmed", "accepted", "1000.00")],
        [(reference("inv-1"), "1000.00")],
    )
    assert company.faults() == []


def test_db_check_finds_what_dataverse_billed_otherwise(company: Company) -> None:
    """The billed sales of Dataverse's own confirmation are the second witness of what was taken over."""
    company.serve(two_hours_and_eight())
    company.project.run("pull")
    assert company.project.run("draft").code == 0
    assert company.faults() == []
    row = {"msdyn_actualid": guid("@a-b"), "msdyn_amount": "750.00"}
    company.project.server.patch(upsert={"msdyn_actuals": [row]})
    company.project.run("pull", "actual")
    assert [fault for fault in company.faults() if "billed in Dataverse are 950.00" in fault] != []


def test_an_own_draft_is_not_touched_by_the_other_origin(company: Company) -> None:
    """The default is local: invoices that Dataverse made for such a contract are no business of ours, their rows are simply taken."""
    world = two_hours_and_eight()
    world.time("@left", "north", hours="1", msdyn_billingstatus=NOT_READY)
    company.serve(world, origin="local")
    assert (company.sync(), company.invoices(), company.problems()) == (0, [], [])
