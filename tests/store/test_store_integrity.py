"""`check` finds what was altered behind the ledger's back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from store_builders import NOON, billed, confirmed, detail, drafted, guid, invoice, later, line

from proforma.domain.codes import BillingStatus, PushStatus, SourceKind
from proforma.domain.ids import SourceId
from proforma.domain.invoices import Changes, SourceMark
from proforma.store import External, Store
from proforma.store.integrity import check


def fill(store: Store) -> None:
    """A confirmed and pushed invoice of two details, an open draft, and a mark."""
    first = invoice("first", line(detail("a"), detail("b")), number="PF-000001")
    with store.begin() as tx:
        for _ in range(2):
            tx.ledger.next_number("PF-")
        confirmed(tx, first, ledger=(billed(first, "a"), billed(first, "b")))
        row = tx.outbox.claim(first.id, "worker", later(61), 60)
        assert row is not None
        row = tx.outbox.sending(row, b"{}", "digest", later(62))
        tx.outbox.result(row, PushStatus.ACCEPTED, at=later(63), external=External(id="ext-1"))
        drafted(tx, invoice("second", number="PF-000002"))
        ready = SourceMark(source=SourceId(guid("a")), kind=SourceKind.ACTUAL, at=NOON, by="anna", status=BillingStatus.READY)
        tx.ledger.save(Changes(marks=(ready,)), at=NOON, by="anna")


def faults(store: Store) -> list[tuple[str, str]]:
    """Kinds and subjects of the faults."""
    with store.read() as reader:
        return [(fault.kind, fault.subject) for fault in reader.ledger.check()]


def tamper(store: Store, *statements: str) -> None:
    """Alters the database as somebody with a SQL prompt would, owners of rows or not."""
    connection = store._engine.raw_connection()
    try:
        for statement in ("PRAGMA foreign_keys = OFF", *statements, "PRAGMA foreign_keys = ON"):
            connection.cursor().execute(statement)
    finally:
        connection.close()


def test_a_ledger_that_nobody_touched_holds_together(store: Store) -> None:
    """No fault in a ledger written by the program alone."""
    fill(store)
    assert faults(store) == []


FIRST = f"'{guid('first')}'"
EVENTS = ("events", guid("first"))


TAMPERINGS: list[tuple[str, list[tuple[str, str]]]] = [
    ("UPDATE invoices SET total = '1.00' WHERE number = 'PF-000001'", [("invoice", guid("first"))]),
    ("UPDATE invoices SET status = 'deleted' WHERE number = 'PF-000002'", [("invoice", guid("second"))]),
    ("UPDATE invoices SET status = 'nonsense' WHERE number = 'PF-000002'", [("invoice", guid("second"))]),
    ("UPDATE invoices SET number = 'PF-000007' WHERE number = 'PF-000002'", [("invoice", guid("second")), ("number", "PF-000007")]),
    ("UPDATE invoice_lines SET amount = '1.00'", [("lines", guid("first")), ("lines", guid("second"))]),
    (f"UPDATE invoice_details SET amount = '1.00' WHERE source = '{guid('a')}'", [("details", guid("first"))]),
    (f"UPDATE invoice_details SET status = 'deleted' WHERE source = '{guid('a')}'", [("details", guid("first"))]),
    (f"DELETE FROM invoice_lines WHERE invoice_id = {FIRST}", [("database", "invoice_details"), ("lines", guid("first"))][1:]),
    ("UPDATE invoice_events SET payload = replace(payload, '960.00', '970.00') WHERE kind = 'Drafted' AND invoice_id = " + FIRST,
     [EVENTS, ("invoice", guid("first")), ("lines", guid("first")), ("details", guid("first"))]),
    (f"UPDATE invoice_events SET payload = 'x' WHERE sequence = 2 AND invoice_id = {FIRST}", [EVENTS]),
    (f"UPDATE invoice_events SET kind = 'Unheard' WHERE sequence = 2 AND invoice_id = {FIRST}", [EVENTS]),
    (f"UPDATE invoice_events SET \"by\" = 'mallory' WHERE sequence = 2 AND invoice_id = {FIRST}", [EVENTS]),
    (f"UPDATE invoice_events SET sequence = 9 WHERE sequence = 4 AND invoice_id = {FIRST}", [EVENTS, EVENTS]),
    (f"DELETE FROM invoice_events WHERE sequence = 4 AND invoice_id = {FIRST}",
     [EVENTS, EVENTS, ("invoice", guid("first")), ("invoice", guid("first")), ("outbox", guid("first"))]),
    (f"DELETE FROM invoice_events WHERE invoice_id = {FIRST}", [EVENTS]),
    ("UPDATE ledger_actuals SET amount = '1.00' WHERE position = 1", [("ledger", guid("first"))]),
    ("DELETE FROM ledger_actuals WHERE position = 2", [("ledger", guid("first"))]),
    (f"UPDATE ledger_actuals SET detail_id = 'none' WHERE id = '{guid('billed a')}'",
     [("ledger", guid("first")), ("ledger", guid("billed a"))]),
    (f"UPDATE ledger_actuals SET invoice_id = '{guid('second')}' WHERE position = 1",
     [("ledger", guid("first")), ("ledger", guid("second")), ("ledger", guid("second"))]),
    ("UPDATE ledger_actuals SET invoice_id = 'none' WHERE position = 1", [("database", "ledger_actuals"), ("ledger", guid("first"))]),
    ("UPDATE outbox SET state = 'queued'", [("outbox", guid("first"))]),
    ("UPDATE outbox SET external_id = 'ext-2'", [("outbox", guid("first"))]),
    ("UPDATE outbox SET attempts = 7", [("outbox", guid("first"))]),
    ("DELETE FROM outbox_attempts WHERE outcome = 'sending'", [("outbox", guid("first"))]),
    ("DELETE FROM outbox", [("database", "outbox_attempts"), ("database", "outbox_attempts"), ("outbox", guid("first"))]),
    ("UPDATE number_series SET last = 1", [("number", "PF-000002")]),
    ("UPDATE marked_sources SET status = 'not-ready'", [("mark", guid("a"))]),
    ("DELETE FROM marked_sources", [("mark", guid("a"))]),
    ("DELETE FROM source_marks", [("mark", guid("a"))]),
    ("UPDATE source_marks SET status = 'nonsense'", [("mark", "history")]),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "found"), TAMPERINGS)
def test_tampering_is_found(store: Store, statement: str, found: list[tuple[str, str]]) -> None:
    """A row altered, moved or removed with plain SQL is named, and nothing else is."""
    fill(store)
    tamper(store, statement)
    assert faults(store) == found


def test_tampering_is_found_in_postgresql_too(empty_stores: Callable[[], str]) -> None:
    """The same statements, each taken back. PostgreSQL keeps foreign keys by itself, so that there is no check of its own to find them."""
    with Store.open(empty_stores()) as store:
        fill(store)
        assert faults(store) == []
        for statement, found in TAMPERINGS:
            assert tampered(store, statement) == [fault for fault in found if fault[0] != "database"], statement


def tampered(store: Store, statement: str) -> list[tuple[str, str]]:
    """What `check` finds after the statement of an owner of the database, which leaves no trace."""
    with store._engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql(statement)
        return [(fault.kind, fault.subject) for fault in check(connection)]


def test_a_fault_says_what_is_wrong(store: Store) -> None:
    """The message names the invoice by its number and the column."""
    fill(store)
    tamper(store, "UPDATE invoices SET total = '1.00' WHERE number = 'PF-000001'")
    with store.read() as reader:
        assert [fault.message for fault in reader.ledger.check()] == ["total of PF-000001 is not what its events say"]


def test_a_damaged_file_is_found(store: Store) -> None:
    """An index that has lost a row is reported by the database's own check."""
    fill(store)
    tamper(
        store,
        "PRAGMA writable_schema = ON",
        "DELETE FROM sqlite_schema WHERE name = 'ix_ledger_actuals_source'",
        "PRAGMA writable_schema = RESET",
    )
    assert [kind for kind, _ in faults(store)] == ["database"]
