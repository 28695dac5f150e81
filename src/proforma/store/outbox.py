"""The outbox: confirmed invoices on their way to finance (F-83 … F-88). Each change of state is an event of the invoice, in one commit."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

import sqlalchemy as sa

from proforma.domain.codes import PushStatus
from proforma.domain.errors import RefusedError
from proforma.domain.ids import InvoiceId
from proforma.domain.invoices import Adopted, ImpossibleEventError, PushChanged, ReadBack
from proforma.store.columns import Cell, Row, instant, instant_text, optional_instant, optional_instant_text
from proforma.store.invoice_rows import read_headers
from proforma.store.ledger import LedgerWriter
from proforma.store.prepared import Prepared
from proforma.store.push_events import tell
from proforma.store.tables import invoices, outbox, outbox_attempts

#: States that a document may be sent from. SENDING: an earlier attempt was in doubt, and the target said that nothing had come (F-86).
SENDABLE: Final = frozenset({PushStatus.QUEUED, PushStatus.SENDING, PushStatus.SENT, PushStatus.PARKED})
#: States in which a person has to decide; `requeue` takes a push out of them.
STOPPED: Final = frozenset({PushStatus.REFUSED, PushStatus.CONFLICT, PushStatus.PARKED})
#: States that tell of no fault.
_ARRIVED: Final = frozenset({PushStatus.SENT, PushStatus.ACCEPTED, PushStatus.POSTED, PushStatus.CANCELLED})
_STATES: Final = {state.value: state for state in PushStatus}
_ENDED: Final = frozenset({PushStatus.POSTED, PushStatus.CANCELLED})
#: States in which finance has the document and may still change its mind.
_FOLLOWED: Final = (PushStatus.SENT, PushStatus.ACCEPTED)
#: Outcome of an attempt of which it is not known what came of it.
IN_DOUBT: Final = "in doubt"
#: Step of an attempt: its document is about to be taken back.
CANCELLING: Final = "cancelling"


class StaleFenceError(RuntimeError):
    """Somebody else has claimed the row since: this worker's lease ran out, and what it wants to write is not the last word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A push. `attempts`: how often a document was about to leave. `fence`: grows with each claim; only the last claim may write.

    `document`: the bytes of the last attempt, `digest` of its content. `next_attempt_at` None: at once.
    """

    invoice_id: InvoiceId
    reference: str
    target: str
    state: PushStatus
    attempts: int
    fence: int
    document: bytes | None
    digest: str | None
    next_attempt_at: datetime | None
    external_id: str | None
    external_number: str | None
    last_error: str | None
    owner: str | None
    lease_until: datetime | None
    queued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxAttempt:
    """A step of an attempt: "sending" before the first byte leaves, the resulting state after the answer."""

    invoice_id: InvoiceId
    attempt: int
    at: datetime
    outcome: str
    message: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """So many pushes are in one state; `since`: when the first of them was queued."""

    count: int
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class External:
    """How finance calls a document, and what it told of it after posting."""

    id: str | None = None
    number: str | None = None
    read_back: ReadBack | None = None


_NOTHING_NEW: Final = External()


@dataclass(frozen=True, slots=True)
class _Step:
    change: PushChanged
    at: datetime
    request_id: str | None = None


_C: Final = outbox.c
_ROW: Final = Prepared(sa.select(outbox).where(_C.invoice_id == sa.bindparam("wanted")))
_FENCE: Final = Prepared(sa.select(_C.fence).where(_C.invoice_id == sa.bindparam("wanted")))
#: What only the holder of a claim changes; not the document, which is long.
_STANDING: Final = ("fence", "owner", "state", "attempts", "external_id", "external_number")
_STANDING_KEPT: Final = Prepared(
    sa.select(*(_C[name] for name in _STANDING)).where(_C.invoice_id == sa.bindparam("wanted")).with_for_update()
)
_standing_of: Final = attrgetter(*_STANDING)
_ROW_KEPT: Final = Prepared(sa.select(outbox).where(_C.invoice_id == sa.bindparam("wanted")).with_for_update())
_TRIED: Final = Prepared(
    sa.insert(outbox_attempts).values(
        {name: sa.bindparam(name) for name in ("invoice_id", "attempt", "at", "outcome", "message", "request_id")}
    )
)


def _update(*names: str) -> Prepared:
    """Sets these columns of a row; the values are named as they are, with an underscore behind."""
    values = {name: sa.bindparam(f"{name}_", type_=_C[name].type) for name in names}
    return Prepared(sa.update(outbox).where(_C.invoice_id == sa.bindparam("wanted")).values(values))


_SENDING: Final = _update("attempts", "document", "digest", "state")
_TAKEN: Final = (
    sa.update(outbox)
    .where(_C.invoice_id == sa.bindparam("wanted"), sa.or_(_C.lease_until.is_(None), _C.lease_until <= sa.bindparam("ends_before")))
    .values(fence=_C.fence + 1, owner=sa.bindparam("owner_"), lease_until=sa.bindparam("lease_until_"))
    .returning(*_C)
)
_CLAIM: Final = Prepared(_TAKEN.where(*(_C.state != state.value for state in sorted(_ENDED))))
_CLAIM_ENDED: Final = Prepared(_TAKEN)
_RESULT: Final = _update("state", "external_id", "external_number", "owner", "lease_until", "next_attempt_at", "last_error")


def fence_of(connection: sa.Connection, invoice_id: str) -> int | None:
    """The fence of the last claim on a push; None when there is no such push."""
    found = _FENCE.one(connection, wanted=invoice_id)
    return None if found is None else found[0]


class Outbox:
    """The outbox, read."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, invoice_id: str) -> OutboxRow | None:
        """The push of an invoice."""
        found = _ROW.one(self._connection, wanted=invoice_id)
        return None if found is None else _row(found)

    def due(self, now: datetime, limit: int, *, states: Collection[PushStatus] = (PushStatus.QUEUED,)) -> list[OutboxRow]:
        """Pushes in one of the states whose time has come and that nobody holds, the longest waiting first."""
        time = instant_text(now)
        come = sa.or_(_C.next_attempt_at.is_(None), _C.next_attempt_at <= time)
        return self._rows(_C.state.in_([state.value for state in states]), come, _free(time), limit=limit)

    def followed(self, target: str, now: datetime, limit: int) -> list[OutboxRow]:
        """Documents of a target that are asked about now: those not posted, and posted ones as long as a time for asking is set."""
        come = _C.next_attempt_at <= instant_text(now)
        waiting = sa.and_(_C.state.in_([state.value for state in _FOLLOWED]), sa.or_(_C.next_attempt_at.is_(None), come))
        posted = sa.and_(_C.state == PushStatus.POSTED.value, come)
        return self._rows(_C.target == target, sa.or_(waiting, posted), limit=limit)

    def references(self) -> frozenset[str]:
        """The references of all pushes: what this store knows to be its own."""
        return frozenset(self._connection.execute(sa.select(_C.reference)).scalars())

    def in_doubt(self, now: datetime) -> list[OutboxRow]:
        """Pushes that were being sent when their lease ran out: whether the document arrived must be asked first (F-84)."""
        return self._rows(_C.state == PushStatus.SENDING.value, _free(instant_text(now)))

    def counts(self) -> dict[PushStatus, int]:
        """Number of pushes in each state that occurs."""
        rows = self._connection.execute(sa.select(_C.state, sa.func.count()).group_by(_C.state))
        return {PushStatus(row[0]): row[1] for row in rows}

    def waiting(self) -> dict[PushStatus, Waiting]:
        """How many pushes are in each state that occurs, and since when the oldest of them waits."""
        rows = self._connection.execute(sa.select(_C.state, sa.func.count(), sa.func.min(_C.queued_at)).group_by(_C.state))
        return {PushStatus(row[0]): Waiting(count=row[1], since=instant(row[2])) for row in rows}

    def all(self, *, states: Collection[PushStatus] | None = None) -> list[OutboxRow]:
        """All pushes (in one of the states), the longest waiting first."""
        return self._rows() if states is None else self._rows(_C.state.in_([state.value for state in states]))

    def attempts(self, invoice_id: str) -> list[OutboxAttempt]:
        """Everything that was tried for an invoice, in order."""
        table = outbox_attempts.c
        rows = self._connection.execute(sa.select(outbox_attempts).where(table.invoice_id == invoice_id).order_by(table.position))
        return [
            OutboxAttempt(
                invoice_id=row.invoice_id,
                attempt=row.attempt,
                at=instant(row.at),
                outcome=row.outcome,
                message=row.message,
                request_id=row.request_id,
            )
            for row in rows
        ]

    def cancel_reason(self, invoice_id: str) -> str | None:
        """Why its document is being taken back, where that is the last that was tried and what came of it is not known."""
        last = next(reversed(self.attempts(invoice_id)), None)
        return last.message if last is not None and last.outcome == CANCELLING else None

    def _rows(self, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[OutboxRow]:
        statement = sa.select(outbox).where(*conditions).order_by(_C.next_attempt_at.asc().nulls_first(), _C.queued_at, _C.invoice_id)
        return [_row(row) for row in self._connection.execute(statement.limit(limit))]


class OutboxWriter(Outbox):
    """The outbox, moved on. A worker claims a row, and every write of it must carry the fence of that claim."""

    _claimed: OutboxRow | None = None

    def enqueue(self, invoice_id: InvoiceId, reference: str, target: str, at: datetime) -> OutboxRow:
        """Queues a confirmed invoice, in the transaction that confirms it (promise 4). Its confirmation says already that it is queued.

        Raises ImpossibleEventError when the invoice is not confirmed under this reference.
        """
        headers = read_headers(self._connection, invoices.c.id == invoice_id)
        if not headers or (headers[0].reference, headers[0].push) != (reference, PushStatus.QUEUED):
            raise ImpossibleEventError(f"invoice {invoice_id} is not confirmed as {reference}: it cannot be queued")
        values = {
            "invoice_id": invoice_id,
            "reference": reference,
            "target": target,
            "state": PushStatus.QUEUED.value,
            "attempts": 0,
            "fence": 0,
            "queued_at": instant_text(at),
        }
        self._connection.execute(sa.insert(outbox).values(values))
        return self._present(invoice_id)

    def route(self, invoice_id: str, target: str) -> bool:
        """Sends an invoice to another target than it was queued for. False when anything was ever sent of it: then it stays (F-30)."""
        untouched = sa.and_(_C.invoice_id == invoice_id, _C.state == PushStatus.QUEUED.value, _C.attempts == 0)
        return self._connection.execute(sa.update(outbox).where(untouched).values(target=target)).rowcount > 0

    def claim(
        self, invoice_id: str, owner: str, now: datetime, lease_seconds: float, *, take_over: bool = False, ended: bool = False
    ) -> OutboxRow | None:
        """Takes the row for `lease_seconds`; None when another worker holds it, when it has ended, or when it is not there.

        `take_over` ends another worker's lease: only for a caller that knows the other to be gone, as the holder of the stage's lock does.
        `ended` takes ended ones too: for a caller that asks and sends nothing.
        Look at the state of what you get: it may have moved on since it was listed.
        """
        until = instant_text(now + timedelta(seconds=lease_seconds))
        # Another worker's lease always ends before this text.
        ends_before = "~" if take_over else instant_text(now)
        claim = _CLAIM_ENDED if ended else _CLAIM
        claimed = claim.one(self._connection, wanted=invoice_id, ends_before=ends_before, owner_=owner, lease_until_=until)
        self._claimed = None if claimed is None else _row(claimed)
        return self._claimed

    def sending(self, row: OutboxRow, document: bytes, digest: str, at: datetime) -> OutboxRow:
        """Says that a document is about to leave. Commit before the first byte does (F-84).

        Raises StaleFenceError, and RefusedError `push-state` when nothing may be sent in the row's state.
        """
        present = self._mine(row)
        if present.owner is None:
            raise StaleFenceError(f"the push of {row.reference} is not claimed: two workers could send it at once")
        if present.state not in SENDABLE:
            raise RefusedError("push-state", f"invoice {row.invoice_id} is {present.state}: it cannot be sent", at=row.reference)
        attempt = present.attempts + 1
        state = PushStatus.SENDING.value
        _SENDING.run(self._connection, wanted=row.invoice_id, attempts_=attempt, document_=document, digest_=digest, state_=state)
        self._happened(present, _Step(PushChanged(push=PushStatus.SENDING, attempt=attempt), at))
        return replace(present, attempts=attempt, document=document, digest=digest, state=PushStatus.SENDING)

    def result(
        self,
        row: OutboxRow,
        push: PushStatus,
        *,
        at: datetime,
        external: External = _NOTHING_NEW,
        message: str | None = None,
        request_id: str | None = None,
        next_attempt_at: datetime | None = None,
    ) -> OutboxRow:
        """Says what came of it, and gives the row back. What is not said of the document's id and number stays.

        Raises StaleFenceError when another worker has claimed the row since.
        """
        present = self._mine(row)
        step = PushChanged(
            push=push,
            attempt=present.attempts,
            external_id=external.id or present.external_id,
            external_number=external.number or present.external_number,
            message=message,
            read_back=external.read_back,
        )
        error = None if push in _ARRIVED else message
        _RESULT.run(
            self._connection,
            wanted=row.invoice_id,
            state_=push.value,
            external_id_=step.external_id,
            external_number_=step.external_number,
            owner_=None,
            lease_until_=None,
            next_attempt_at_=optional_instant_text(next_attempt_at),
            last_error_=error,
        )
        self._happened(present, _Step(step, at, request_id))
        return replace(
            present,
            state=push,
            external_id=step.external_id,
            external_number=step.external_number,
            owner=None,
            lease_until=None,
            next_attempt_at=next_attempt_at,
            last_error=error,
        )

    def in_doubt_until(
        self, row: OutboxRow, *, at: datetime, message: str, request_id: str | None = None, next_attempt_at: datetime | None = None
    ) -> OutboxRow:
        """Gives a row back that is still *sending*: whether its document arrived is asked again, not before `next_attempt_at` (F-85).

        Raises StaleFenceError when another worker has claimed the row since.
        """
        present = self._mine(row)
        given_back = {"owner": None, "lease_until": None, "next_attempt_at": optional_instant_text(next_attempt_at), "last_error": message}
        self._write(row, given_back)
        self._tried(present.invoice_id, present.attempts, at, IN_DOUBT, message, request_id)
        return self._present(row.invoice_id)

    def cancelling(self, row: OutboxRow, reason: str, at: datetime) -> OutboxRow:
        """Says that finance is about to be told to take a document back. Commit before: what is gone then went by our own act.

        Raises StaleFenceError, and RefusedError `push-state` for a document that is not accepted.
        """
        present = self._mine(row)
        if present.state is not PushStatus.ACCEPTED:
            raise RefusedError("push-state", f"invoice {row.invoice_id} is {present.state}: nothing can be taken back", at=row.reference)
        self._tried(present.invoice_id, present.attempts, at, CANCELLING, reason, None)
        return self._present(row.invoice_id)

    def follow_at(self, row: OutboxRow, next_attempt_at: datetime) -> None:
        """Gives a row back unchanged; it is looked at again at that time. Raises StaleFenceError."""
        self._mine(row)
        self._write(row, {"owner": None, "lease_until": None, "next_attempt_at": instant_text(next_attempt_at)})

    def keep(self, row: OutboxRow, document: bytes, digest: str) -> None:
        """Keeps the document of a row that finance had before anything was sent: it is followed by it. Raises StaleFenceError."""
        self._mine(row)
        self._write(row, {"document": document, "digest": digest})

    def adopt(self, row: OutboxRow, reference: str, document: bytes, digest: str, at: datetime) -> OutboxRow:
        """Gives an invoice of which nothing was sent the reference and document that finance has from a history that was lost.

        Raises StaleFenceError, and RefusedError `push-state` when anything was ever sent of it.
        """
        present = self._mine(row)
        if present.state is not PushStatus.QUEUED or present.attempts:
            raise RefusedError("push-state", f"invoice {row.invoice_id} is {present.state}: its reference cannot change", at=row.reference)
        self._write(row, {"reference": reference, "document": document, "digest": digest})
        by = present.owner or "push"
        LedgerWriter(self._connection).append([(present.invoice_id, Adopted(reference=reference))], at=at, by=by)
        return self._present(row.invoice_id)

    def requeue(self, invoice_id: str, *, by: str, at: datetime) -> bool:
        """A person sends a refused, conflicting or parked push on its way again. False when it is in no such state, or held."""
        row = self.get(invoice_id)
        if row is None or row.state not in STOPPED:
            return False
        claimed = self.claim(invoice_id, by, at, 0)
        if claimed is None:
            return False
        self.result(claimed, PushStatus.QUEUED, at=at)
        return True

    def release(self, row: OutboxRow) -> None:
        """Gives the row back unchanged. Raises StaleFenceError."""
        self._mine(row)
        self._write(row, {"owner": None, "lease_until": None})

    def _mine(self, row: OutboxRow) -> OutboxRow:
        """The row as it is now, kept from other writers. Raises StaleFenceError when it was claimed again or given back since."""
        claimed, self._claimed = self._claimed, None
        if claimed is row:
            # Just claimed, in this very transaction and as its last word: nobody else can have written it.
            return row
        if _STANDING_KEPT.one(self._connection, wanted=row.invoice_id) == _standing_of(row):
            return row
        found = _ROW_KEPT.one(self._connection, wanted=row.invoice_id)
        present = None if found is None else _row(found)
        if present is None or (present.fence, present.owner) != (row.fence, row.owner):
            raise StaleFenceError(f"the push of {row.reference} was taken over or given back: claim {row.fence} is not the last word")
        return present

    def _write(self, row: OutboxRow, values: Mapping[str, object]) -> None:
        self._connection.execute(sa.update(outbox).where(_C.invoice_id == row.invoice_id).values(values))

    def _happened(self, before: OutboxRow, step: _Step) -> None:
        """Keeps the step for ever, and tells the invoice when it changed something."""
        change = step.change
        self._tried(before.invoice_id, change.attempt, step.at, change.push.value, change.message, step.request_id)
        learned = (change.external_id or before.external_id, change.external_number or before.external_number)
        news = change.push is not before.state or learned != (before.external_id, before.external_number)
        if news or self._is_news(before.invoice_id, change.read_back):
            by = before.owner or "push"
            tell(self._connection, before.invoice_id, change, at=step.at, by=by)

    def _is_news(self, invoice_id: str, told: ReadBack | None) -> bool:
        """Whether finance told something of a posted document that the invoice does not say yet (F-90)."""
        if told is None:
            return False
        (header,) = read_headers(self._connection, invoices.c.id == invoice_id)
        return header.invoice(()).read_back != told

    def _tried(self, invoice_id: str, attempt: int, at: datetime, outcome: str, message: str | None, request_id: str | None) -> None:
        values: dict[str, Cell] = {
            "invoice_id": invoice_id,
            "attempt": attempt,
            "at": instant_text(at),
            "outcome": outcome,
            "message": message,
            "request_id": request_id,
        }
        _TRIED.run(self._connection, **values)

    def _present(self, invoice_id: str) -> OutboxRow:
        row = self.get(invoice_id)
        assert row is not None, "it was written in this transaction"
        return row


def _free(now: str) -> sa.ColumnElement[bool]:
    return sa.or_(_C.lease_until.is_(None), _C.lease_until <= now)


def _row(cells: Row) -> OutboxRow:
    """The push of a row, its cells in the order of the table."""
    (
        invoice_id, reference, target, state, attempts, fence, owner, lease_until, document, digest, queued_at, next_attempt_at,
        external_id, external_number, last_error,
    ) = cells  # fmt: skip
    return OutboxRow(
        invoice_id=invoice_id,
        reference=reference,
        target=target,
        state=_STATES[state],
        attempts=attempts,
        fence=fence,
        document=document,
        digest=digest,
        next_attempt_at=optional_instant(next_attempt_at),
        external_id=external_id,
        external_number=external_number,
        last_error=last_error,
        owner=owner,
        lease_until=optional_instant(lease_until),
        queued_at=instant(queued_at),
    )
