"""Transactions and snapshots: whole or not at all, on either database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from store_builders import guid, pulled, work

from proforma.domain.records import Actual
from proforma.store import Store

STORES = ("sqlite", "postgresql")


def test_a_raising_block_leaves_nothing(store: Store) -> None:
    """A transaction whose block raises is taken back whole, and the fault comes out as it is."""

    def write_and_fail() -> None:
        with store.begin() as tx:
            tx.mirror.upsert("msdyn_actuals", Actual, [work("monday")], [1], 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with store.read() as reader:
        assert reader.mirror.count() == 0


def test_a_snapshot_does_not_move(store: Store) -> None:
    """What is committed while a snapshot is open is seen by the next one only."""
    with store.read() as before:
        pulled(store, work("monday"))
        seen = before.mirror.count(Actual)
    with store.read() as after:
        assert (seen, after.mirror.count(Actual)) == (0, 1)


def test_a_transaction_sees_what_it_did(store: Store) -> None:
    """A transaction offers everything a snapshot does, its own writes included."""
    with store.begin() as tx:
        tx.mirror.upsert("msdyn_actuals", Actual, [work("monday")], [1], 1)
        assert tx.mirror.get(Actual, guid("monday")) == work("monday")


def test_a_fault_of_a_statement_stays_what_it_is(store: Store) -> None:
    """Faults of our own statements are not dressed up as the disk's, and show no values of rows (promise 7)."""
    statement = sa.text("INSERT INTO cursors (entity) VALUES (:entity)")
    with pytest.raises(sa.exc.IntegrityError) as caught, store.begin() as tx:
        tx.cursors._connection.execute(statement, {"entity": "a secret customer"})
    assert "a secret customer" not in str(caught.value)
