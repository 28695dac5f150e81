"""The same job with the store in a real PostgreSQL, by its URL alone."""

from __future__ import annotations

from billing_world import BillingWorld
from proforma.store import Store
from project_folder import Project


def _on_postgresql(project: Project, url: str) -> None:
    config = project.folder / "proforma.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("store: sqlite:///proforma.db", f'store: "{url}"'), encoding="utf-8")


def test_the_whole_job_runs_on_postgresql(project: Project, postgresql_url: str) -> None:
    """Pull, price, draft, confirm and push give the same invoice as on SQLite, and the ledger checks out."""
    _on_postgresql(project, postgresql_url)
    world = BillingWorld()
    world.contract("north")
    world.time("@w1", "north", hours="7.5")
    world.time("@w2", "north", hours="0.25")
    project.server.load(world.sets)
    for words in (
        ("pull",),
        ("price",),
        ("invoice", "create", "--all"),
        ("invoice", "confirm", "--all-drafts"),
        ("push",),
        ("pull", "--full"),
    ):
        answer = project.run(*words)
        assert answer.code == 0, (words, answer.err)
    (invoice,) = project.invoices()
    assert (invoice["number"], invoice["total"], invoice["push"]) == ("PF-000001", "775.00", "accepted")
    assert len(project.server.documents()) == 1
    assert project.run("db", "check").json == {"invoices": 1, "faults": []}
    assert not (project.folder / "proforma.db").exists()


def test_a_second_process_is_told_on_postgresql_too(project: Project, postgresql_url: str) -> None:
    """The lock of a stage holds between processes that share a server."""
    _on_postgresql(project, postgresql_url)
    with Store.open(postgresql_url) as store, store.stage_lock("pull"):
        answer = project.start_and_wait("pull")
    assert answer.code == 3
    assert "pull" in answer.err
