"""The arithmetic of larger installations, by hand, and the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.scale_model import Figures, Fleet, first_load, table

ROOT = Path(__file__).resolve().parents[2]
ONE = Fleet(environments=1, actuals=1_000_000, cores=2, readers=4, databases=4)


def test_a_million_actuals_by_hand() -> None:
    """200 pages of a second: 50 s at four seconds of execution in each second, 10 s at 20 requests; 95 s of CPU on two cores;

    four databases keep 60,000 rows a second.
    """
    load = first_load(ONE)
    found = [round(figure, 3) for figure in (load.protection, load.requests, load.readers, load.cpu, load.writing, load.daily_cpu)]
    assert found == [50.0, 10.0, 50.0, 47.5, 16.667, 0.95]
    assert (load.seconds, load.limit, load.mirror_bytes) == (50.0, "execution time in Dataverse", 1_200_000_000)


def test_one_reader_waits_for_every_page() -> None:
    """200 pages one after the other, a second each."""
    load = first_load(replace(ONE, readers=1))
    assert (load.seconds, load.limit) == (200.0, "pages under way")


def test_more_users_help_until_the_cores_are_at_their_end() -> None:
    """Two users halve the 50 s to 25 s; then the 47.5 s of CPU are the limit, which four cores halve."""
    two = replace(ONE, users=2, readers=8)
    assert first_load(two).limit == "our CPU"
    assert first_load(replace(two, cores=4)).seconds == 25.0


def test_quick_pages_are_limited_by_their_number() -> None:
    """Pages of 0.1 s: 5 s of execution time and 10 s of requests."""
    load = first_load(replace(ONE, cores=64, readers=64, databases=16), Figures(page_seconds=0.1))
    assert (round(load.protection, 3), load.seconds, load.limit) == (5.0, 10.0, "requests to Dataverse")


def test_environments_share_machines_and_no_limits_of_dataverse() -> None:
    """A hundred environments: the same 50 s of protection, a hundred times the CPU; on one database a hundred million rows take 6,667 s."""
    load = first_load(replace(ONE, environments=100, readers=400))
    assert (load.protection, round(load.cpu), load.limit) == (50.0, 4750, "our CPU")
    crowded = first_load(replace(ONE, environments=100, readers=400, databases=1))
    assert (round(crowded.seconds), crowded.limit) == (6667, "writing to the databases")


def test_the_page_shows_what_the_model_says() -> None:
    """The table of docs/scale.md is the model's."""
    assert table() in (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
