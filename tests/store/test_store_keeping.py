"""Cursors, decisions, quarantine and runs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from store_builders import NOON, guid, later, pulled, work

from proforma.domain.codes import BillingType, Side, TransactionType
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import RecordId
from proforma.domain.records import Actual
from proforma.store import Cursor, Problem, Run, Store

CURSOR = Cursor(
    entity="msdyn_actuals",
    generation=3,
    watermark=NOON,
    next_link="https://contoso.example/api/data/v9.2/msdyn_actuals?$skiptoken=%3Ccookie%3E",
    mode="full",
    signature="columns 17",
    rows=5000,
    updated_at=later(1),
    pending=later(2),
)

STORES = ("sqlite", "postgresql")


def decision(name: str, price: str = "120.00", **values: object) -> PriceDecision:
    """A role price."""
    made = PriceDecision(
        record_id=RecordId(guid(name)),
        table="msdyn_actuals",
        side=Side.SALES,
        rule="P-33",
        reason="role-price",
        price=Decimal(price),
        billing_type=BillingType.CHARGEABLE,
    )
    return replace(made, **values)  # type: ignore[arg-type]


# ---- cursors ---------------------------------------------------------------------------------------------------------------


def test_a_cursor_is_moved_with_its_rows(store: Store) -> None:
    """What was set last is the cursor; rows and cursor are committed together or not at all (promise 1)."""
    with store.begin() as tx:
        tx.cursors.set("msdyn_actuals", CURSOR)
        tx.cursors.set("accounts", replace(CURSOR, entity="accounts", watermark=None, next_link=None, signature=None))

    def fail_in_the_middle_of_a_page() -> None:
        with store.begin() as tx:
            tx.mirror.upsert("msdyn_actuals", Actual, [work("monday")], [1], 3)
            tx.cursors.set("msdyn_actuals", replace(CURSOR, rows=5001))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle_of_a_page()
    with store.read() as reader:
        assert reader.cursors.get("msdyn_actuals") == CURSOR
        assert reader.cursors.get("contacts") is None
        assert [cursor.entity for cursor in reader.cursors.all()] == ["accounts", "msdyn_actuals"]
        assert reader.mirror.count() == 0


def test_a_cursor_belongs_to_its_entity(store: Store) -> None:
    """Another entity's cursor is refused."""
    with store.begin() as tx, pytest.raises(ValueError, match="cannot be that of accounts"):
        tx.cursors.set("accounts", CURSOR)


# ---- decisions -------------------------------------------------------------------------------------------------------------


def test_only_decisions_that_differ_are_written(store: Store) -> None:
    """Saving tells how many are new or changed; those that stayed keep the time at which they were made."""
    with store.begin() as tx:
        first = tx.decisions.save([decision("monday"), decision("tuesday")], NOON)
    with store.begin() as tx:
        second = tx.decisions.save([decision("monday"), decision("tuesday", "130.00"), decision("friday", trail=("list FY26",))], later(9))
        times = tx.decisions._connection.exec_driver_sql("SELECT record_id, decided_at FROM price_decisions")
        decided = {row[0]: row[1] for row in times}
    assert (first, second) == (2, 2)
    assert decided == {
        guid("monday"): "2026-03-31T12:00:00.000000+00:00",
        guid("tuesday"): "2026-03-31T12:00:09.000000+00:00",
        guid("friday"): "2026-03-31T12:00:09.000000+00:00",
    }


def test_decisions_made_anew_are_written_whether_they_differ_or_not(store: Store) -> None:
    """A deliberate repricing dates every decision; it still tells how many differ."""
    with store.begin() as tx:
        tx.decisions.save([decision("monday")], NOON)
        changed = tx.decisions.save([decision("monday")], later(9), anew=True)
        decided_at = tx.decisions._connection.exec_driver_sql("SELECT decided_at FROM price_decisions").scalar_one()
    assert (changed, decided_at) == (0, "2026-03-31T12:00:09.000000+00:00")


def test_decisions_are_read_by_record(store: Store) -> None:
    """One, some, all, and how many."""
    names = ["monday", "tuesday", "friday"]
    kept = sorted((decision(name) for name in names), key=lambda each: each.record_id)
    with store.begin() as tx:
        tx.decisions.save(kept, NOON)
    with store.read() as reader:
        assert reader.decisions.get(guid("monday")) == decision("monday")
        assert reader.decisions.get(guid("sunday")) is None
        assert reader.decisions.of([guid("friday"), guid("sunday")]) == {guid("friday"): decision("friday")}
        assert list(reader.decisions.all(2)) == kept
        assert list(reader.decisions.batches(2)) == [kept[:2], kept[2:]]
        assert reader.decisions.count() == 3


def test_rebuilding_the_mirror_loses_no_decision(store: Store) -> None:
    """Decisions are the ledger's: dropping the mirrored rows leaves them."""
    pulled(store, work("monday"))
    with store.begin() as tx:
        tx.decisions.save([decision("monday")], NOON)
        tx.mirror.drop_entity("msdyn_actuals")
    with store.read() as reader:
        assert reader.decisions.get(guid("monday")) == decision("monday")


@pytest.mark.parametrize("store", STORES, indirect=True)
def test_work_is_read_with_its_decisions_as_each_is_read_alone(store: Store) -> None:
    """Of the contracts and types asked for, gone rows left out, decided or not: the same records in the same order."""
    types, contracts = list(TransactionType), ["north", "south", "east"]
    actuals = [work(f"work {n}", contract=contracts[n % 3], type=types[n % len(types)], price=f"{n}.50") for n in range(60)]
    pulled(store, *actuals)
    with store.begin() as tx:
        tx.decisions.save([decision(f"work {n}", f"{n}.50", reason=f"reason {n % 4}") for n in range(0, 60, 2)], NOON)
        tx.mirror.delete("msdyn_actuals", [guid("work 0"), guid("work 1")], later(1))
    asked = [guid("north"), guid("east"), guid("nowhere")]
    wanted = (TransactionType.UNBILLED_SALES, TransactionType.BILLED_SALES)

    with store.read() as reader:
        found, decisions = reader.mirror.priced(asked, wanted)
        alone = list(reader.mirror.where(Actual, contract_id=asked, type=wanted))
        decided = reader.decisions.of([actual.id for actual in alone])

    assert found == alone
    assert decisions == decided
    assert len(found) > len(decisions) > 0


def test_texts_that_rows_have_in_common_are_kept_once(store: Store) -> None:
    """A hundred thousand rows of one contract do not hold its id a hundred thousand times; their own ids they hold."""
    pulled(store, *(work(day, contract="north", type=TransactionType.UNBILLED_SALES) for day in ("monday", "tuesday")))

    with store.read() as reader:
        (monday, tuesday), _ = reader.mirror.priced([guid("north")], [TransactionType.UNBILLED_SALES])

    assert monday.contract_id is tuesday.contract_id
    assert {monday.id, tuesday.id} == {guid("monday"), guid("tuesday")}


# ---- quarantine ------------------------------------------------------------------------------------------------------------


def problems(store: Store) -> list[Problem]:
    """The open problems."""
    with store.read() as reader:
        return reader.quarantine.open()


def test_a_problem_is_listed_until_it_is_solved(store: Store) -> None:
    """The same problem again is one problem, told anew, with the time it was first seen (promise 5)."""
    with store.begin() as tx:
        tx.quarantine.put("mapping", "msdyn_actuals", guid("monday"), "unknown-status", "9 is no billing type", b'{"a":1}', NOON)
        tx.quarantine.put("push", None, guid("invoice"), "refused", "the period is closed", None, later(1))
        tx.quarantine.put("mapping", "msdyn_actuals", guid("monday"), "no-date", "the date is empty", b"\x00\xff", later(2))
    mapping = Problem(
        id=1,
        kind="mapping",
        entity="msdyn_actuals",
        source=guid("monday"),
        reason="no-date",
        message="the date is empty",
        since=NOON,
        payload=b"\x00\xff",
    )
    push = Problem(
        id=problems(store)[1].id,
        kind="push",
        entity=None,
        source=guid("invoice"),
        reason="refused",
        message="the period is closed",
        since=later(1),
        payload=None,
    )
    assert problems(store) == [mapping, push]
    with store.begin() as tx:
        assert (tx.quarantine.open(kind="push"), tx.quarantine.open(entity="msdyn_actuals"), tx.quarantine.count()) == (
            [push],
            [mapping],
            2,
        )
        assert (tx.quarantine.get(1), tx.quarantine.get(99)) == (mapping, None)
        assert tx.quarantine.resolve("msdyn_actuals", [guid("monday"), guid("tuesday")]) == 1
    assert problems(store) == [push]


def test_problems_of_one_kind_are_resolved_alone(store: Store) -> None:
    """Solving a mapping does not solve a push of the same source."""
    with store.begin() as tx:
        for kind in ("mapping", "push"):
            tx.quarantine.put(kind, "invoice", guid("first"), "refused", "no", None, NOON)
        solved = tx.quarantine.resolve("invoice", [guid("first")], kind="mapping")
    assert solved == 1
    assert [problem.kind for problem in problems(store)] == ["push"]


def test_a_dropped_problem_stays_on_record(store: Store) -> None:
    """Who gave it up, when and why is kept; the same fault coming again is a new problem."""
    with store.begin() as tx:
        tx.quarantine.put("mapping", "msdyn_actuals", guid("monday"), "no-date", "the date is empty", b"{}", NOON)
        assert tx.quarantine.drop(1, "test data", "anna", later(5)) is True
        assert tx.quarantine.drop(1, "test data", "anna", later(6)) is False
        row = tx.quarantine._connection.exec_driver_sql("SELECT dropped_by, drop_reason, dropped_at, payload FROM quarantine").one()
    assert tuple(row) == ("anna", "test data", "2026-03-31T12:00:05.000000+00:00", b"{}")
    assert problems(store) == []
    with store.begin() as tx:
        tx.quarantine.put("mapping", "msdyn_actuals", guid("monday"), "no-date", "the date is empty", b"{}", later(9))
    assert [(problem.since, problem.id != 1) for problem in problems(store)] == [(later(9), True)]


# ---- runs ------------------------------------------------------------------------------------------------------------------


def test_runs_tell_what_they_did(store: Store) -> None:
    """The latest first, with what they counted; one by its number."""
    with store.begin() as tx:
        first = tx.runs.start("pull", NOON)
        tx.runs.finish(first, later(60), "done", {"rows": 5000, "quarantined": 1})
        second = tx.runs.start("price", later(61))
    ended = Run(id=first, kind="pull", started_at=NOON, finished_at=later(60), outcome="done", counts={"rows": 5000, "quarantined": 1})
    begun = Run(id=second, kind="price", started_at=later(61), finished_at=None, outcome="running", counts={})
    with store.read() as reader:
        assert reader.runs.list(10) == [begun, ended]
        assert reader.runs.list(1) == [begun]
        assert (reader.runs.get(first), reader.runs.get(99)) == (ended, None)


def test_a_later_run_of_the_kind_shows_that_the_earlier_died(store: Store) -> None:
    """The stage lock admits one: an unfinished run of the same kind has died; finished runs and other kinds stay as they are."""
    with store.begin() as tx:
        numbers = [tx.runs.start(kind, NOON) for kind in ("pull", "price")]
        tx.runs.finish(tx.runs.start("pull", later(1)), later(2), "done", {})
        tx.runs.start("pull", later(3))
        outcomes = [run.outcome for run in tx.runs.list()]
    assert numbers == [1, 2]
    assert outcomes == ["running", "done", "running", "died"]


def test_a_run_that_is_not_there_cannot_finish(store: Store) -> None:
    """A wrong number is a fault, not a silent nothing."""
    with store.begin() as tx, pytest.raises(LookupError, match="no run 7"):
        tx.runs.finish(7, NOON, "done", {})
