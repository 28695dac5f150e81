"""Creating, confirming and correcting die at every write and commit: afterwards it is before or after, never between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from invoicing_world import READY, Deal

from desk import DEAL, Office, State
from proforma.store import kept, statements
from proforma.store import prepared as prepared_statements
from proforma.store.columns import Cell, Row

DAY = date(2026, 3, 31)


class Killed(BaseException):
    """The process is gone; nothing after this instant runs."""


@contextmanager
def dying_at(office: Office, moment: int) -> Iterator[None]:
    """The `moment`th write or commit of the store does not happen, and nothing after it."""
    seen: list[str] = []
    engine = office.store._engine

    def pass_moment(what: str) -> None:
        seen.append(what)
        if len(seen) == moment:
            raise Killed(what)

    def before(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.split(maxsplit=1)[0] in ("INSERT", "UPDATE", "DELETE", "COMMIT"):
            pass_moment(statement)

    # Statements reach the driver by two doors.
    execute = prepared_statements.execute

    def executed(connection: sa.Connection, sql: str, values: Sequence[Cell]) -> tuple[list[Row], int]:
        before(connection, None, sql)
        return execute(connection, sql, values)

    sa.event.listen(engine, "before_cursor_execute", before)
    try:
        with pytest.MonkeyPatch.context() as patch:
            for module in (prepared_statements, statements, kept):
                patch.setattr(module, "execute", executed)
            yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", before)


def prepared(folder: Path) -> None:
    """Work, a milestone that two customers pay, a product, and a retainer; all ready."""
    folder.mkdir()
    deal = Deal()
    deal.split("build", acme="66.67", bolt="33.33")
    deal.work("a")
    deal.work("b", hours="2.5")
    deal.milestone("mile", "1000.01")
    deal.product("box")
    deal.retainer("paid", "500.00", status=READY)
    office = Office(folder)
    office.pull(deal.book)
    office.store.close()


def create(office: Office) -> None:
    office.desk.create([DEAL], as_of=DAY)


def confirm(office: Office) -> None:
    office.desk.confirm([invoice.id for invoice in office.invoices()][:1], as_of=DAY)


def correct(office: Office) -> None:
    office.desk.correct(office.invoices()[0].id, as_of=DAY)


def confirm_correction(office: Office) -> None:
    office.desk.confirm([office.invoices()[-1].id], as_of=DAY)


STEPS: tuple[Callable[[Office], None], ...] = (create, confirm, correct, confirm_correction)


def picture(state: State) -> object:
    """A state without what is new each time: ids and instants."""
    invoices, ledger, marks = state
    return (
        [(i.number, i.status, i.push, i.total, [(d.source, d.amount, d.value) for d in i.details]) for i in invoices],
        [(r.source, r.type, r.reversal, r.amount, r.billing_status, r.adjusted) for r in ledger],
        sorted(str((mark.kind, mark.status, mark.nte)) for mark in marks.values()),
    )


def outbox(office: Office) -> int:
    with office.store.read() as reader:
        return len(reader.outbox.all())


@pytest.mark.parametrize("act", STEPS, ids=lambda act: act.__name__)
def test_an_act_that_dies_at_any_write_has_happened_whole_or_not_at_all(act: Callable[[Office], None], tmp_path: Path) -> None:
    """Promise 4, I-87, I-89: killed at each write and each commit, the books hold and the act is not half done; done again, it is done."""
    prepared(tmp_path / "begin")
    office = Office(tmp_path / "begin")
    for step in STEPS[: STEPS.index(act)]:
        step(office)
    before = (picture(office.state()), outbox(office))
    office.store.close()

    moment, died = 1, 0
    while True:
        folder = tmp_path / str(moment)
        shutil.copytree(tmp_path / "begin", folder)
        office = Office(folder)
        try:
            with dying_at(office, moment):
                act(office)
            break
        except Killed:
            died += 1
        assert (picture(office.state()), outbox(office)) == before
        assert office.wrong() == []
        act(office)
        again = (picture(office.state()), outbox(office))
        office.store.close()
        shutil.rmtree(folder)
        moment += 1
    assert (picture(office.state()), outbox(office)) == again != before
    assert died >= 3
    office.store.close()


@pytest.mark.parametrize("act", STEPS, ids=lambda act: act.__name__)
def test_an_act_that_dies_after_its_commit_is_not_done_twice(act: Callable[[Office], None], tmp_path: Path) -> None:
    """I-54: the answer is lost after the commit; who asks again gets nothing new of the same work, and the books hold."""
    prepared(tmp_path / "begin")
    office = Office(tmp_path / "begin")
    for step in STEPS[: STEPS.index(act) + 1]:
        step(office)
    once = (picture(office.state()), outbox(office))
    office.store.close()
    office = Office(tmp_path / "begin")
    act(office)
    assert (picture(office.state()), outbox(office)) == once
    assert office.wrong() == []
    office.store.close()
