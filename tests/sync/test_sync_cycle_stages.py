"""Cycles of single stages, as a schedule with a timing for each stage runs them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from billing_world import BillingWorld
from proforma.domain.errors import UnfinishedError
from proforma.settings import load_configuration
from proforma.settings.schedule import STAGES
from proforma.sync.cycle import run_cycle
from proforma.sync.workshop import Workshop
from project_folder import Project


def test_each_stage_can_be_a_cycle_of_its_own(project: Project) -> None:
    """One after the other they do what a whole cycle does; none waits for a lock that it holds itself.

    Two of one kind do not run at once.
    """
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north")
    project.server.load(world.sets)
    configuration = load_configuration(project.folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="test") as shop:
        for stage in STAGES:
            if stage == "push":
                for words in (("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
                    assert project.run(*words).code == 0
            run_cycle(shop, as_of=date(2026, 3, 31), stages=(stage,))
        with shop.store.read() as reader:
            assert [(run.kind, run.outcome) for run in reader.runs.list()] == [(stage, "done") for stage in reversed(STAGES)]
        with shop.store.stage_lock("cycle-push"), pytest.raises(UnfinishedError, match="cycle-push is already under way"):
            run_cycle(shop, as_of=date(2026, 3, 31), stages=STAGES[-1:])
    assert len(project.server.documents()) == 1
