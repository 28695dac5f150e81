"""The outbox: one worker at a time, every step kept, the invoice told of each (F-83, F-84)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from store_builders import NOON, confirmed, drafted, guid, invoice, later

from proforma.domain.codes import PushStatus
from proforma.domain.errors import RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Changes, Confirmed, ImpossibleEventError, PushChanged
from proforma.store import External, OutboxAttempt, OutboxRow, StaleFenceError, Store, Transaction
from proforma.store.push_events import tell

FIRST = InvoiceId(guid("first"))
QUEUED = OutboxRow(
    invoice_id=FIRST,
    reference="PF-REF-1",
    target="dynamics",
    state=PushStatus.QUEUED,
    attempts=0,
    fence=0,
    document=None,
    digest=None,
    next_attempt_at=None,
    external_id=None,
    external_number=None,
    last_error=None,
    owner=None,
    lease_until=None,
    queued_at=later(60),
)

STORES = ("sqlite", "postgresql")


@pytest.fixture
def queued(store: Store) -> Store:
    """A store with one queued push."""
    with store.begin() as tx:
        confirmed(tx, invoice("first"))
    return store


def claim(tx: Transaction, owner: str = "worker", seconds: float = 100) -> OutboxRow:
    """Takes the push for a minute."""
    row = tx.outbox.claim(FIRST, owner, later(seconds), 60)
    assert row is not None
    return row


def pushes(store: Store) -> list[PushChanged]:
    """What the invoice was told of its push."""
    with store.read() as reader:
        return [event.happening for event in reader.ledger.events(FIRST) if isinstance(event.happening, PushChanged)]


def test_a_confirmed_invoice_is_queued(queued: Store) -> None:
    """It is due at once, and its invoice says so; nothing was attempted."""
    with queued.read() as reader:
        found = reader.ledger.invoice(FIRST)
        assert found is not None
        assert found.push is PushStatus.QUEUED
        assert reader.outbox.get(FIRST) == QUEUED
        assert reader.outbox.due(later(60), 10) == [QUEUED]
        assert reader.outbox.counts() == {PushStatus.QUEUED: 1}
        assert (reader.outbox.attempts(FIRST), reader.outbox.in_doubt(later(9999)), reader.ledger.check()) == ([], [], [])
        assert reader.outbox.get(guid("second")) is None


def test_confirmation_and_outbox_row_are_one_commit(store: Store) -> None:
    """A crash between the two leaves neither (promise 4)."""

    def crash() -> None:
        with store.begin() as tx:
            confirmed(tx, invoice("first"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    with store.read() as reader:
        assert (reader.ledger.invoices(), reader.outbox.all()) == ([], [])


@pytest.mark.parametrize(("confirm_as", "enqueue_as"), [(None, "PF-REF-1"), ("PF-REF-1", "PF-REF-2")], ids=["a draft", "another reference"])
def test_only_what_was_confirmed_is_queued(store: Store, confirm_as: str | None, enqueue_as: str) -> None:
    """A draft, or another reference than the confirmed one, is refused."""
    with store.begin() as tx:
        drafted(tx, invoice("first"))
        if confirm_as is not None:
            happened = Confirmed(reference=confirm_as, accounting_date=date(2026, 3, 31))
            tx.ledger.save(Changes(happenings=((FIRST, happened),)), at=NOON, by="anna")
    with pytest.raises(ImpossibleEventError, match="is not confirmed as"), store.begin() as tx:
        tx.outbox.enqueue(FIRST, enqueue_as, "dynamics", NOON)


def test_a_claimed_push_is_nobody_elses(queued: Store) -> None:
    """While the lease runs the row is not due and not given to others; afterwards it is, under a higher fence."""
    with queued.begin() as tx:
        first = claim(tx, "one")
        assert tx.outbox.claim(FIRST, "two", later(159), 60) is None
        assert tx.outbox.due(later(159), 10) == []
        assert [row.invoice_id for row in tx.outbox.due(later(160), 10)] == [FIRST]
        second = claim(tx, "two", 160)
    assert first == replace(QUEUED, fence=1, owner="one", lease_until=later(160))
    assert second == replace(QUEUED, fence=2, owner="two", lease_until=later(220))


def test_the_holder_of_the_stage_takes_over_a_lease(queued: Store) -> None:
    """Who knows the other worker to be gone need not wait for its lease; the other's fence is stale from then on, an end stays an end."""
    with queued.begin() as tx:
        gone = claim(tx, "gone")
        here = tx.outbox.claim(FIRST, "here", later(101), 60, take_over=True)
        assert here == replace(QUEUED, fence=2, owner="here", lease_until=later(161))
        with pytest.raises(StaleFenceError):
            tx.outbox.sending(gone, b"{}", "digest", later(102))
        tx.outbox.result(here, PushStatus.POSTED, at=later(103))
        assert tx.outbox.claim(FIRST, "here", later(104), 60, take_over=True) is None


def test_an_unknown_push_cannot_be_claimed(store: Store) -> None:
    """There is nothing to take."""
    with store.begin() as tx:
        assert tx.outbox.claim(FIRST, "one", NOON, 60) is None


def test_a_push_is_kept_step_by_step(queued: Store) -> None:
    """Sending, an answer lost, asked and accepted, posted: each step is kept for ever and told to the invoice."""
    with queued.begin() as tx:
        sending = tx.outbox.sending(claim(tx), b'{"total":"960.00"}', "digest-1", later(101))
    with queued.begin() as tx:
        again = tx.outbox.result(sending, PushStatus.QUEUED, at=later(102), message="429", request_id="req-1", next_attempt_at=later(130))
        due = [len(tx.outbox.due(later(seconds), 10)) for seconds in (129, 130)]
        sending_again = tx.outbox.sending(claim(tx, "worker", 131), b'{"total":"960.00"}', "digest-1", later(132))
        accepted = tx.outbox.result(sending_again, PushStatus.ACCEPTED, at=later(133), external=External(id="ext-1"), request_id="req-2")
        posted = tx.outbox.result(accepted, PushStatus.POSTED, at=later(134), external=External(number="INV-7"))
    sent = {"document": b'{"total":"960.00"}', "digest": "digest-1"}
    held = {"owner": "worker", "fence": 1, "lease_until": later(160)}
    assert sending == replace(QUEUED, state=PushStatus.SENDING, attempts=1, **sent, **held)  # type: ignore[arg-type]
    assert again == replace(QUEUED, attempts=1, fence=1, next_attempt_at=later(130), last_error="429", **sent)  # type: ignore[arg-type]
    assert due == [0, 1]
    assert accepted == replace(
        again, state=PushStatus.ACCEPTED, attempts=2, fence=2, next_attempt_at=None, last_error=None, external_id="ext-1"
    )
    assert posted == replace(accepted, state=PushStatus.POSTED, external_number="INV-7")
    with queued.read() as reader:
        assert reader.outbox.attempts(FIRST) == [
            OutboxAttempt(invoice_id=FIRST, attempt=1, at=later(101), outcome="sending", message=None, request_id=None),
            OutboxAttempt(invoice_id=FIRST, attempt=1, at=later(102), outcome="queued", message="429", request_id="req-1"),
            OutboxAttempt(invoice_id=FIRST, attempt=2, at=later(132), outcome="sending", message=None, request_id=None),
            OutboxAttempt(invoice_id=FIRST, attempt=2, at=later(133), outcome="accepted", message=None, request_id="req-2"),
            OutboxAttempt(invoice_id=FIRST, attempt=2, at=later(134), outcome="posted", message=None, request_id=None),
        ]
        found = reader.ledger.invoice(FIRST)
        assert found is not None
        assert (found.push, found.external_id, found.external_number) == (PushStatus.POSTED, "ext-1", "INV-7")
        assert reader.ledger.check() == []
    assert pushes(queued) == [
        PushChanged(push=PushStatus.SENDING, attempt=1),
        PushChanged(push=PushStatus.QUEUED, attempt=1, message="429"),
        PushChanged(push=PushStatus.SENDING, attempt=2),
        PushChanged(push=PushStatus.ACCEPTED, attempt=2, external_id="ext-1"),
        PushChanged(push=PushStatus.POSTED, attempt=2, external_id="ext-1", external_number="INV-7"),
    ]


def test_the_claimed_row_may_say_the_result(queued: Store) -> None:
    """A worker may go on with the row that it claimed: what it did since is read from the store, not from its memory."""
    with queued.begin() as tx:
        row = claim(tx)
        tx.outbox.sending(row, b"{}", "digest", later(101))
        result = tx.outbox.result(row, PushStatus.QUEUED, at=later(102), message="500")
        assert (result.state, result.attempts) == (PushStatus.QUEUED, 1)
    assert [change.push for change in pushes(queued)] == [PushStatus.SENDING, PushStatus.QUEUED]
    with queued.read() as reader:
        assert reader.ledger.check() == []


def test_asking_again_without_news_tells_the_invoice_nothing(queued: Store) -> None:
    """A look that finds the same is kept as an attempt's step, not as an event."""
    with queued.begin() as tx:
        row = tx.outbox.sending(claim(tx), b"{}", "digest", later(101))
        tx.outbox.result(row, PushStatus.ACCEPTED, at=later(102), external=External(id="ext-1"))
        tx.outbox.result(claim(tx, "worker", 200), PushStatus.ACCEPTED, at=later(201), next_attempt_at=later(500))
        assert [step.outcome for step in tx.outbox.attempts(FIRST)] == ["sending", "accepted", "accepted"]
        assert [row.invoice_id for row in tx.outbox.due(later(500), 1, states={PushStatus.ACCEPTED})] == [FIRST]
    assert [change.push for change in pushes(queued)] == [PushStatus.SENDING, PushStatus.ACCEPTED]


def test_a_push_whose_worker_vanished_is_in_doubt(queued: Store) -> None:
    """Found in sending with the lease over: it must be asked for before it is told again (F-84)."""
    with queued.begin() as tx:
        tx.outbox.sending(claim(tx), b"{}", "digest", later(101))
    with queued.read() as reader:
        assert reader.outbox.in_doubt(later(159)) == []
        assert [(row.invoice_id, row.document) for row in reader.outbox.in_doubt(later(160))] == [(FIRST, b"{}")]
        assert reader.outbox.due(later(9999), 10) == []


def test_a_worker_that_was_overtaken_may_write_nothing(queued: Store) -> None:
    """A worker that slept past its lease finds its fence stale, whatever it wants to say; the other's word stands."""
    with queued.begin() as tx:
        asleep = tx.outbox.sending(claim(tx, "asleep"), b"{}", "digest", later(101))
        awake = claim(tx, "awake", 200)
        tx.outbox.result(awake, PushStatus.ACCEPTED, at=later(201), external=External(id="ext-1"))
    with queued.begin() as tx:
        with pytest.raises(StaleFenceError):
            tx.outbox.sending(asleep, b"{}", "digest", later(300))
        with pytest.raises(StaleFenceError):
            tx.outbox.result(asleep, PushStatus.QUEUED, at=later(300))
        with pytest.raises(StaleFenceError):
            tx.outbox.release(asleep)
        row = tx.outbox.get(FIRST)
    assert row is not None
    assert (row.state, row.external_id, row.attempts) == (PushStatus.ACCEPTED, "ext-1", 1)


def test_a_result_is_said_once(queued: Store) -> None:
    """Having given the row back, the same claim says nothing more."""
    with queued.begin() as tx:
        row = tx.outbox.sending(claim(tx), b"{}", "digest", later(101))
        tx.outbox.result(row, PushStatus.ACCEPTED, at=later(102))
        with pytest.raises(StaleFenceError):
            tx.outbox.result(row, PushStatus.REFUSED, at=later(103))


def test_nothing_is_sent_without_a_claim(queued: Store) -> None:
    """Two workers that only read the row could both send it: sending needs a claim."""
    with queued.begin() as tx:
        row = tx.outbox.get(FIRST)
        assert row is not None
        with pytest.raises(StaleFenceError, match="not claimed"):
            tx.outbox.sending(row, b"{}", "digest", NOON)


@pytest.mark.parametrize("state", [PushStatus.ACCEPTED, PushStatus.REFUSED, PushStatus.CONFLICT])
def test_what_arrived_or_was_refused_is_not_sent_again(queued: Store, state: PushStatus) -> None:
    """A push that has arrived, or waits for a person, is not sent by a worker that claims it late (promise 4)."""
    with queued.begin() as tx:
        tx.outbox.result(tx.outbox.sending(claim(tx), b"{}", "digest", later(101)), state, at=later(102))
        with pytest.raises(RefusedError) as caught:
            tx.outbox.sending(claim(tx, "late", 200), b"{}", "digest", later(201))
    assert caught.value.reason == "push-state"


@pytest.mark.parametrize("state", [PushStatus.POSTED, PushStatus.CANCELLED])
def test_an_ended_push_is_not_claimed(queued: Store, state: PushStatus) -> None:
    """Posted and cancelled are ends."""
    with queued.begin() as tx:
        tx.outbox.result(claim(tx), state, at=later(101))
        assert tx.outbox.claim(FIRST, "late", later(999), 60) is None


def test_a_refused_push_is_queued_again_by_a_person(queued: Store) -> None:
    """The person is named in the event; a push that goes its way, or is held, is left alone."""
    with queued.begin() as tx:
        assert tx.outbox.requeue(FIRST, by="anna", at=later(90)) is False
        row = tx.outbox.sending(claim(tx), b"{}", "digest", later(101))
        refused = tx.outbox.result(row, PushStatus.REFUSED, at=later(102), message="the period is closed")
        held = claim(tx, "worker", 103)
        assert tx.outbox.requeue(FIRST, by="anna", at=later(104)) is False
        tx.outbox.release(held)
        assert tx.outbox.requeue(FIRST, by="anna", at=later(105)) is True
        again = tx.outbox.get(FIRST)
        last = tx.ledger.events(FIRST)[-1]
    assert refused.last_error == "the period is closed"
    assert again == replace(refused, state=PushStatus.QUEUED, fence=3, last_error=None)
    assert (last.by, last.happening) == ("anna", PushChanged(push=PushStatus.QUEUED, attempt=1))


def test_the_longest_waiting_are_due_first(store: Store) -> None:
    """As many as asked for, in the order in which they were queued."""
    with store.begin() as tx:
        for n in range(3):
            confirmed(tx, invoice(f"invoice {n}", number=f"PF-{n}"), reference=f"R{n}")
        tx.outbox._connection.exec_driver_sql("UPDATE outbox SET queued_at = '2020-01-01T00:00:00.000000+00:00' WHERE reference = 'R2'")
        assert [row.reference for row in tx.outbox.due(later(999), 1)] == ["R2"]
        assert {row.reference for row in tx.outbox.due(later(999), 10)} == {"R0", "R1", "R2"}
        assert len(tx.outbox.all(states=[PushStatus.QUEUED])) == 3
        assert tx.outbox.all(states=[PushStatus.SENT]) == []


def test_a_push_tells_nothing_to_a_draft(store: Store) -> None:
    """F-83: what was never confirmed cannot be on its way, nor can what is not there; the events stay as they were."""
    with store.begin() as tx:
        drafted(tx, invoice("first"))
        for name in ("first", "second"):
            with pytest.raises(ImpossibleEventError):
                tell(tx.connection, InvoiceId(guid(name)), PushChanged(push=PushStatus.SENDING), at=NOON, by="worker")
    assert pushes(store) == []
    with store.read() as reader:
        assert reader.ledger.check() == []
