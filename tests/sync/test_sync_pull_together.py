"""Several entities at once: each after those it needs, one fault ends all, nothing of it is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

from billing_world import BillingWorld
from proforma.dataverse.client import DataverseClient
from proforma.domain.records import Actual
from proforma.mapping import load_mappings
from proforma.mock import MockServer
from proforma.store import Store
from proforma.sync.pull import Pull
from proforma.transport.auth import static_token
from proforma.transport.errors import HttpStatusError
from proforma.transport.pace import Pace, PaceLimits
from proforma.transport.redaction import Secret
from proforma.transport.retry import Retrier
from proforma.transport.session import Answer, Session

STORES = ("sqlite", "postgresql")
MAPPINGS = load_mappings(None)


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    world = BillingWorld()
    world.contract("c")
    for index in range(30):
        world.time(f"@a-{index}", "c")
    with MockServer(world.sets) as server:
        yield server


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


class Meeting(Session):
    """The first requests for two tables wait for each other: they must be under way together, or nobody ever answers."""

    def __init__(self, *sets: str) -> None:
        super().__init__()
        self._left = set(sets)
        self._barrier = threading.Barrier(len(sets))

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        name = url.partition("?")[0].rpartition("/")[2]
        if name in self._left:
            self._left.discard(name)
            self._barrier.wait(timeout=20)
        return super().exchange(method, url, headers, body)


def client_of(server: MockServer, session: Session | None = None) -> DataverseClient:
    retrier = Retrier(pace=Pace(PaceLimits(at_once_first=4)))
    return DataverseClient(server.url, static_token(Secret("test-token")), page_size=10, session=session, retrier=retrier)


def pull_of(store: Store, client: DataverseClient) -> Pull:
    return Pull(store, client, MAPPINGS, now=lambda: datetime.now(UTC))


def test_entities_without_a_bond_are_read_together(server: MockServer, store: Store) -> None:
    """Accounts and currencies are asked for at the same time, and reported in the order of the mappings."""
    with client_of(server, Meeting("accounts", "transactioncurrencies")) as client:
        pulled = list(pull_of(store, client).run(["currency", "account"]))

    assert [(p.entity, p.rows) for p in pulled] == [("account", 1), ("currency", 1)]


def test_an_entity_waits_for_those_it_needs(server: MockServer, store: Store) -> None:
    """The environment's dimensions are known before the first actual is asked for."""
    server.clear_requests()
    with client_of(server) as client:
        pulled = list(pull_of(store, client).run())

    asked = [str(request["path"]).rpartition("/")[2] for request in server.requests()]
    assert max(i for i, s in enumerate(asked) if s == "msdyn_dimensions") < asked.index("msdyn_actuals")
    assert [p.entity for p in pulled] == [mapping.entity for mapping in MAPPINGS.order()]
    with store.read() as reader:
        assert reader.mirror.count(Actual) == 30


def test_a_fault_of_one_ends_all_and_the_next_pull_goes_on(server: MockServer, store: Store) -> None:
    """The fault is raised, what was committed stays, and the next pull brings the rest."""
    server.faults([{"match": {"path": "/api/data/v9.2/msdyn_actuals", "query": "skiptoken"}, "times": 1, "action": {"status": 403}}])
    with client_of(server) as client:
        pull = pull_of(store, client)
        with pytest.raises(HttpStatusError) as fault:
            list(pull.run())
        assert fault.value.status == 403
        with store.read() as reader:
            assert reader.mirror.count(Actual) == 10

        assert {p.entity: p.rows for p in pull.run(["actual"])} == {"actual": 20}

    with store.read() as reader:
        assert reader.mirror.count(Actual) == 30


def test_a_pull_that_nobody_wants_more_of_stops(server: MockServer, store: Store) -> None:
    """Closed after its first entity, it has given the stage back."""
    with client_of(server) as client:
        pull = pull_of(store, client)
        running = pull.run()
        assert next(running).rows >= 0
        running.close()  # type: ignore[attr-defined]

        with store.stage_lock("pull"):
            pass
