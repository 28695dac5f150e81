"""Work that is read ahead of its turn is used only while it is still true."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from proforma.domain.codes import TransactionType
from proforma.domain.ids import ContractId, Guid, RecordId
from proforma.domain.records import Actual
from proforma.store import Store
from proforma.sync.work_ahead import WorkAhead

NORTH = [ContractId(Guid("00000000-0000-4000-8000-000000000001"))]
SOUTH = [ContractId(Guid("00000000-0000-4000-8000-000000000002"))]
UNBILLED = [TransactionType.UNBILLED_SALES]
WORK = Actual(
    id=RecordId(Guid("00000000-0000-4000-8000-00000000000a")),
    table="msdyn_actuals",
    type=TransactionType.UNBILLED_SALES,
    contract_id=SOUTH[0],
    quantity=Decimal("7.5"),
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
)


def keep(store: Store, work: Actual) -> None:
    """As a pull does it."""
    with store.begin() as tx:
        tx.mirror.upsert("msdyn_actuals", Actual, [work], [1], 1)


@pytest.fixture
def working(store: Store) -> Store:
    """A store that holds one piece of work, of the contract whose turn comes second."""
    keep(store, WORK)
    return store


def read_ahead(working: Store, between: Callable[[], None]) -> list[Decimal | None] | None:
    """The quantities that were read ahead for the second turn, after something happened between the turns; None: they count no more."""
    with WorkAhead(working, UNBILLED) as ahead:
        with working.begin() as tx:
            assert ahead.texts(tx, NORTH) is None
            ahead.begin(tx, SOUTH)
        between()
        with working.begin() as tx:
            texts = ahead.texts(tx, SOUTH)
            return None if texts is None else [actual.quantity for actual in tx.mirror.priced(SOUTH, UNBILLED, texts)[0]]


def test_work_is_read_while_other_work_is_done(working: Store) -> None:
    """Nobody wrote anything in between: the next contracts' work is there."""
    assert read_ahead(working, lambda: None) == [Decimal("7.5")]


def test_a_pull_of_another_process_makes_what_was_read_void(working: Store, url: str) -> None:
    """A connection that is not ours commits: the row is read anew."""

    def pull() -> None:
        with closing(Store.open(url)) as other:
            keep(other, replace(WORK, quantity=Decimal(8)))

    assert read_ahead(working, pull) is None


def test_a_pull_of_this_process_makes_what_was_read_void(working: Store) -> None:
    """It may be given the very connection of the run, whose own commits SQLite does not count."""
    assert read_ahead(working, lambda: keep(working, replace(WORK, quantity=Decimal(8)))) is None


def test_work_of_other_contracts_than_those_asked_for_is_not_given(working: Store) -> None:
    """What was begun for one turn is not taken for another."""
    with WorkAhead(working, UNBILLED) as ahead:
        with working.begin() as tx:
            ahead.begin(tx, SOUTH)
        with working.begin() as tx:
            assert ahead.texts(tx, NORTH) is None
            assert ahead.texts(tx, SOUTH) is None


def test_a_transaction_that_failed_in_between_makes_what_was_read_void(working: Store) -> None:
    """Only the turn directly after the one that asked may use it."""

    def fail() -> None:
        with pytest.raises(ZeroDivisionError), working.begin():
            raise ZeroDivisionError

    assert read_ahead(working, fail) is None


@pytest.mark.parametrize("store_kind", ["postgresql"], indirect=True)
def test_postgresql_reads_nothing_ahead(working: Store) -> None:
    """It does not say whether somebody else has committed: its work is read in its turn."""
    assert read_ahead(working, lambda: None) is None
