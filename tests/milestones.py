"""A source of milestones on the mock, the pull that reads it, and what both hold, to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from proforma.dataverse.client import DataverseClient
from proforma.domain.contracts import Milestone
from proforma.mapping import Mappings, load_mappings
from proforma.mock import MockServer
from proforma.store import Store
from proforma.sync.entity_pull import Pulled
from proforma.sync.pull import Pull
from proforma.transport.auth import TokenSource, static_token
from proforma.transport.redaction import Secret
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Session

SET = "msdyn_contractlinescheduleofvalues"
KEY = "msdyn_contractlinescheduleofvalueid"
NO_TRACKING: dict[str, Any] = {"$dataverse": {"change_tracking": {"disabled": [SET]}}}


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def row(number: int, amount: str) -> dict[str, Any]:
    return {KEY: guid(number), "msdyn_name": f"M{number}", "msdyn_amount": amount}


def world(count: int, **settings: Any) -> dict[str, Any]:
    """Milestones 1 to `count`, each of its number times 100."""
    return {SET: [row(number, f"{number}00.00") for number in range(1, count + 1)], **settings}


def client_of(url: str, *, page_size: int = 4, session: Session | None = None, tokens: TokenSource | None = None) -> DataverseClient:
    """A client that tries twice and whose pauses pass at once."""
    slept: list[float] = []
    retrier = Retrier(RetryPolicy(attempts_max=2), clock=Clock(monotonic=lambda: sum(slept), sleep=slept.append))
    tokens = tokens or static_token(Secret("test-token"))
    return DataverseClient(url, tokens, page_size=page_size, session=session, retrier=retrier)


def pull_milestones(
    store: Store, client: DataverseClient, *, full: bool = False, now: datetime | None = None, ranges: str | None = None
) -> Pulled:
    """One pull of the milestones alone, by the shipped mapping; `ranges` names a column by which it may be divided."""
    pull = Pull(store, client, mappings(ranges), now=lambda: now or datetime.now(UTC))
    (pulled,) = pull.run(["milestone"], full=full)
    return pulled


@cache
def mappings(ranges: str | None = None) -> Mappings:
    """The shipped ones; milestones may be divided by a column."""
    shipped = load_mappings(None)
    divided = replace(shipped.entities["milestone"], ranges=ranges)
    return replace(shipped, entities={**shipped.entities, "milestone": divided})


def source(server: MockServer) -> dict[str, Decimal]:
    """What Dataverse holds."""
    rows: Any = server.dump().get(SET, [])
    return {str(r[KEY]): Decimal(str(r["msdyn_amount"])) for r in rows}


def mirror(store: Store) -> dict[str, Decimal | None]:
    """What the mirror holds, deleted rows left out."""
    with store.read() as reader:
        return {str(milestone.id): milestone.amount for milestone in reader.mirror.all(Milestone)}


def change(server: MockServer, upsert: Mapping[int, str] | None = None, delete: Sequence[int] = ()) -> None:
    """Sets amounts by number, adding what is new, and deletes."""
    server.patch(upsert={SET: [row(n, amount) for n, amount in (upsert or {}).items()]}, delete={SET: [guid(n) for n in delete]})


def empty_store(folder: Path) -> Store:
    return Store.open(f"sqlite:///{folder / 'proforma.db'}")
