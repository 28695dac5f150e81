"""Whether a correction may leave: after what it corrects, and only if finance has that (I-100, F-71, D-28).

    the original arrived                       -> it leaves
    it is under way, refused, in doubt         -> it waits
    it ended here with a total of 0            -> it leaves: nothing is missing there
    it was taken back or cancelled in finance  -> a full credit ends here, there is nothing to credit; anything else is for a person
    a person has given it up                   -> for a person: it may have been entered by hand, and then has to be credited

What a person then retries leaves, what they drop ends here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proforma.domain.codes import PushStatus
from proforma.domain.money import total
from proforma.store import Header, Reader
from proforma.sync.delivery import ARRIVED

#: Kind and entity of the problems that pushes make.
_PUSH: Final = ("push", "invoice")


@dataclass(frozen=True, slots=True)
class StaysHere:
    """Why a correction does not leave; `end`: how its push ends, None: it waits."""

    message: str
    end: PushStatus | None = None


def stays_here(reader: Reader, correction: Header) -> StaysHere | None:
    """What keeps a queued invoice back that corrects another one; None: it may leave."""
    if correction.corrects is None:
        return None
    original = reader.ledger.headers([correction.corrects]).get(correction.corrects)
    if original is None or original.push in ARRIVED:
        return None
    if original.push is not PushStatus.CANCELLED:
        return StaysHere(f"waits for {original.number}, which it corrects and which is {original.push}")
    return None if original.total == 0 or _left_before(reader, correction) else _after_the_end(reader, correction, original)


def _left_before(reader: Reader, correction: Header) -> bool:
    """Whether something of it was sent already, or a person has decided that it is."""
    row = reader.outbox.get(correction.id)
    return row is None or row.attempts > 0 or any(step.outcome == PushStatus.PARKED for step in reader.outbox.attempts(correction.id))


def _after_the_end(reader: Reader, correction: Header, original: Header) -> StaysHere:
    why = next((step.message for step in reversed(reader.outbox.attempts(original.id)) if step.outcome == PushStatus.CANCELLED), None)
    ended = f"{original.number}, which it corrects, is not in finance" + (f" ({why})" if why else "")
    given_up = original.id in reader.quarantine.dropped_sources(*_PUSH)
    if not given_up and total((correction.total, original.total)) == 0:
        return StaysHere(f"{ended}: there is nothing to credit, it ends here", PushStatus.CANCELLED)
    todo = "if finance has it all the same, retry this problem and the credit is sent; if not, drop it and the credit ends here"
    return StaysHere(f"{ended} by our books: {todo}", PushStatus.PARKED)
