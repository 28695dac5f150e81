"""Promises 1 and 4 against SIGKILL: whatever moment a process dies at, the next run goes on, nothing is lost and nothing doubled.

The mock's own records are the judge. `make crash` runs the same with 200 kills.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from proforma.domain.records import Actual
from proforma.mock import MockServer
from proforma.store import Store
from project_folder import Project

KILLS = int(os.environ.get("PROFORMA_CRASH_KILLS", "20"))
pytestmark = pytest.mark.slow


def _kill_after(process: subprocess.Popen[str], server: MockServer, requests: int, pause_seconds: float) -> bool:
    """Kills the process once the mock has seen so many requests and a moment has passed; False when it had ended before."""
    deadline = time.monotonic() + 60
    while len(server.requests()) < requests and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(pause_seconds)
    alive = process.poll() is None
    process.kill()
    process.communicate()
    return alive


def _kill_again_and_again(project: Project, words: tuple[str, ...], *, requests_max: int, kills: int, seed: int) -> int:
    """Starts the command and kills it at random moments; gives how often it was killed while working."""
    chance = random.Random(seed)
    killed = 0
    for _ in range(kills):
        project.server.clear_requests()
        process = project.start(*words)
        killed += _kill_after(process, project.server, chance.randint(1, requests_max), chance.random() * 0.02)
    return killed


def _world(contracts: int, actuals_each: int) -> BillingWorld:
    world = BillingWorld()
    for number in range(contracts):
        world.contract(f"c{number}")
        for index in range(actuals_each):
            world.time(f"@a-{number}-{index}", f"c{number}", hours=f"{1 + index}.25")
    return world


@pytest.mark.parametrize("words", [("pull", "--full"), ("pull",)], ids=["full", "tracked"])
def test_a_pull_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path, words: tuple[str, ...]) -> None:
    """After kills at random moments and one complete run the mirror equals the source, row for row, deletions included."""
    world = _world(contracts=4, actuals_each=150)
    with MockServer(world.sets, page_size=25, latency_ms=3) as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        project = Project(tmp_path, server)
        first = _kill_again_and_again(project, ("pull",), requests_max=80, kills=KILLS // 2, seed=1)
        gone = _kept(tmp_path) & {guid("@a-0-0"), guid("@a-3-149")}
        assert gone, "a row that was read must go, or the test does not show that deletions count"
        server.patch(delete={"msdyn_actuals": ["@a-0-0", "@a-3-149"]})
        second = _kill_again_and_again(project, words, requests_max=80, kills=KILLS // 2, seed=2)
        assert first + second >= KILLS // 2, "most kills must hit a working process, or the test shows nothing"

        done = project.start_and_wait(*words)

        assert done.code == 0, done.err
        expected = {str(row["msdyn_actualid"]): Decimal(str(row["msdyn_quantity"])) for row in _rows(server, "msdyn_actuals")}
        assert len(expected) == 598
        with Store.open(f"sqlite:///{tmp_path / 'proforma.db'}") as store, store.read() as reader:
            assert {str(actual.id): actual.quantity for actual in reader.mirror.all(Actual)} == expected
            assert {str(actual.id) for actual, _ in reader.mirror.deleted(Actual)} == gone


def test_a_push_killed_at_any_moment_sends_each_invoice_once(tmp_path: Path) -> None:
    """After kills at random moments and one complete run finance has each invoice exactly once, with its total, and we know it."""
    contracts = 2 * KILLS
    world = _world(contracts=contracts, actuals_each=2)
    with MockServer(world.sets, latency_ms=8) as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        project = Project(tmp_path, server)
        for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
            assert project.run(*words).code == 0
        killed = _kill_again_and_again(project, ("push",), requests_max=4, kills=KILLS, seed=3)
        assert killed >= KILLS // 2, "most kills must hit a working process, or the test shows nothing"

        done = project.start_and_wait("push")

        assert done.code == 0, done.err
        invoices = project.invoices()
        assert len(invoices) == contracts
        assert {invoice["push"] for invoice in invoices} == {"accepted"}
        documents = server.documents()
        assert Counter(str(d["reference"]) for d in documents) == Counter({i["reference"]: 1 for i in invoices})
        # 1.25 h + 2.25 h at 100.00 an hour
        assert {Decimal(str(_body(document)["total"])) for document in documents} == {Decimal("350.00")}
        assert {i["external_number"] for i in invoices} == {str(d["number"]) for d in documents}
        assert project.run("db", "check").json["faults"] == []


def _kept(folder: Path) -> set[str]:
    """The actuals that the mirror has by now."""
    with Store.open(f"sqlite:///{folder / 'proforma.db'}") as store, store.read() as reader:
        return {str(actual.id) for actual in reader.mirror.all(Actual)}


def _rows(server: MockServer, entity_set: str) -> list[dict[str, Any]]:
    rows: Any = server.dump()[entity_set]
    return list(rows)


def _body(document: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = document["body"]
    return body
