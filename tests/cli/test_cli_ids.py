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
