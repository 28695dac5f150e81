"""Ids as people type them."""

from __future__ import annotations

from billing_world import BillingWorld, guid
from project_folder import Project


def test_the_beginning_of_an_id_is_enough_when_it_is_clear(project: Project) -> None:
    """Six characters name a row when no other begins like that; the number names a contract; what is unclear is refused with the ids."""
    world = BillingWorld()
    world.contract("north")
    world.time("abcdef01-0000-4000-8000-000000000001", "north", hours="1")
    world.time("abcdef01-0000-4000-8000-000000000002", "north", hours="2")
    world.time("@clear", "north", hours="4")
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    assert project.run("explain", guid("@clear")[:6]).json["amount"] == "400.00"
    assert project.run("backlog", "not-ready", guid("@clear")[:8]).code == 0
    created = project.run("invoice", "create", "--contract", "north").json["invoices"]
    assert [invoice["total"] for invoice in created] == ["300.00"]
    unclear = project.run("backlog", "not-ready", "abcdef01")
    assert unclear.code == 2
    assert "several ids begin with" in unclear.err
    assert "abcdef01-0000-4000-8000-000000000002" in unclear.err
    assert project.run("explain", "999999").code == 2


def test_documents_and_lists_go_by_what_people_call_them(project: Project) -> None:
    """Number, name, GUID or its beginning name the same contract, quote or list; a name that two have, or of another kind, does not."""
    world = BillingWorld()
    world.contract("north")
    world.add("quotes", quoteid="@quote", name="An offer", quotenumber="QUO-7", _transactioncurrencyid_value="@usd")
    for twin in ("@twin-1", "@twin-2"):
        world.add("pricelevels", pricelevelid=twin, name="Twins", msdyn_module=192350002)
    project.server.load(world.sets)
    project.run("pull")

    def answers(*ways: str, words: tuple[str, ...]) -> set[tuple[int, str]]:
        given = [project.run(*(way if word == "IT" else word for word in words)) for way in ways]
        return {(answer.code, answer.out) for answer in given}

    assert len(answers(guid("@north"), guid("@north")[:8], "north", words=("contract", "check", "IT"))) == 1
    assert len(answers(guid("@quote").upper(), "An offer", "QUO-7", words=("quote", "check", "IT"))) == 1
    assert len(answers(guid("@list"), guid("@list")[:6], "Rates", words=("rates", "export", "IT"))) == 1
    assert len(answers(guid("@list")[:6], "Rates", words=("rates", "attach-check", "IT", "--to", "north"))) == 1
    assert len(answers(guid("@north"), "north", words=("rates", "attach-check", "Rates", "--to", "IT"))) == 1
    assert len(answers(guid("@list"), "Rates", words=("rates", "copy", "IT", "--dry-run", "--to", "north"))) == 1
    for words, message in (
        (("contract", "check", guid("@quote")), "the mirror has no contract"),
        (("quote", "check", guid("@north")), "the mirror has no quote"),
        (("contract", "check", "QUO-7"), "'QUO-7' is no GUID, number or name that is known"),
        (("contract", "check", "abcdef"), "no id begins with 'abcdef'"),
        (("rates", "export", "Twins"), "several price lists are called 'Twins'"),
        (("rates", "attach-check", "Twins", "--to", "north"), "price list: several are called 'Twins'"),
        (("rates", "copy", "Rates", "--dry-run", "--to", "nobody"), "owner: 'nobody' is no GUID, number or name that is known"),
        (("explain", "0"), "record: '0' is no GUID that is known"),
    ):
        refused = project.run(*words)
        assert (refused.code, message in refused.err) == (2, True), refused.err


def test_work_given_back_is_found_by_its_own_id(project: Project) -> None:
    """What a correction gave back, known to our ledger alone, is made ready, billed and edited by its id or the id's beginning (I-98)."""
    world = BillingWorld()
    world.contract("north")
    world.time("@work", "north", hours="8")
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    for number, words in enumerate((("create", "--contract", "north"), ("correct", "PF-000001")), start=1):
        assert project.run("invoice", *words).code == 0
        assert project.run("invoice", "confirm", f"PF-00000{number}").code == 0
    [given_back] = [row["source"] for row in project.run("backlog", "list").json["rows"]]
    assert project.run("backlog", "ready", given_back).json["refused"] == []
    assert project.run("backlog", "not-ready", given_back[:8]).json["refused"] == []
    assert project.run("backlog", "ready", given_back[:8]).json["refused"] == []
    [draft] = project.run("invoice", "create", "--contract", "north", "--only", given_back[:8]).json["invoices"]
    assert [detail["source"] for line in draft["lines"] for detail in line["details"]] == [given_back]
    [edited] = project.run("invoice", "edit", draft["number"], "--of", given_back[:8], "quantity=2").json["invoices"]
    assert edited["total"] == "200.00"
