"""Promises 1 and 2 at every boundary of a pull: 200 kill points in a tracked and in an untracked pull, the mock's rows as the judge.

A kill is an exception that nothing catches, raised just before or after a request, a commit, or the last statement of a transaction.
What SIGKILL would do besides is shown in test_killed.py.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from milestones import NO_TRACKING, change, client_of, mirror, pull_milestones, source, world
from proforma.mock import MockServer
from proforma.store import Store, Transaction
from proforma.sync import ranges
from proforma.transport.session import Answer, Session

ROWS, PAGE_ROWS, POINTS = 11, 3, 200
pytestmark = pytest.mark.slow


class Killed(BaseException):
    """The process ends here."""


class Fuse:
    """Counts boundaries and kills at one of them; 0 kills never."""

    def __init__(self, kill_at: int) -> None:
        self.left = self.kill_at = kill_at

    def boundary(self) -> None:
        self.left -= 1
        if self.left == 0 or (self.kill_at and self.left < 0):
            raise Killed  # and whatever another thread still tries: the process is gone


class FusedSession(Session):
    """Every request is a boundary before it is sent and after its answer came."""

    fuse: Fuse

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        self.fuse.boundary()
        answer = super().exchange(method, url, headers, body)
        self.fuse.boundary()
        return answer


class FusedStore(Store):
    """Every transaction is a boundary before it begins, before it is committed, and after."""

    fuse: Fuse

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.fuse.boundary()
        with super().begin() as tx:
            yield tx
            self.fuse.boundary()
        self.fuse.boundary()


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A migrated store, to begin each case with."""
    file = tmp_path_factory.mktemp("template") / "proforma.db"
    Store.open(f"sqlite:///{file}").close()
    return file.read_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


def pull_until(file: Path, server: MockServer, kill_at: int, *, full: bool = False, ranges: str | None = None) -> bool:
    """One pull by a process of its own, killed at the given boundary; False when it ended before."""
    session = FusedSession()
    session.fuse = Fuse(kill_at)
    store = FusedStore.open(f"sqlite:///{file}")
    assert isinstance(store, FusedStore)
    store.fuse = session.fuse
    with store, client_of(server.url, page_size=PAGE_ROWS, session=session) as client:
        try:
            pull_milestones(store, client, full=full, ranges=ranges)
        except Killed:
            return True
    return False


@pytest.fixture
def small_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges and pages of a size that a small table has several of."""
    monkeypatch.setattr(ranges, "PAGE_ROWS", 2)
    monkeypatch.setattr(ranges, "WORTH_ROWS", 0)
    monkeypatch.setattr(ranges, "AT_ONCE", 3)


def disturb(server: MockServer, chance: random.Random) -> None:
    """Some rows change, one or two come, one goes."""
    numbers = range(1, ROWS + 4)
    changed = {number: f"{chance.randrange(10_000)}.25" for number in chance.sample(numbers, 4)}
    change(server, changed, delete=[chance.choice(numbers)])


@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
def test_copy_equals_source_wherever_pulls_are_killed(template: bytes, server: MockServer, tmp_path: Path, *, tracked: bool) -> None:
    """Two pulls killed while the source changes, then one whole pull: the mirror has exactly the rows of the source."""
    file = tmp_path / "proforma.db"
    killed = 0
    for point in range(1, POINTS + 1):
        chance = random.Random(point)
        server.load(world(ROWS, **({} if tracked else NO_TRACKING)))
        file.write_bytes(template)
        # A walk over four pages has some 20 boundaries, the walk after it fewer: every one of the first is met about ten times.
        killed += pull_until(file, server, 1 + point % 21)
        disturb(server, chance)
        killed += pull_until(file, server, chance.randint(1, 14))
        disturb(server, chance)

        assert not pull_until(file, server, 0, full=not tracked)
        with Store.open(f"sqlite:///{file}") as store:
            assert mirror(store) == source(server), f"kill point {point}"
        for beside in ("proforma.db-wal", "proforma.db-shm"):
            (tmp_path / beside).unlink(missing_ok=True)
    assert killed >= POINTS * 1.5, "most pulls must be killed, or the test shows nothing"


@pytest.mark.usefixtures("small_ranges")
def test_copy_equals_source_wherever_pulls_in_ranges_are_killed(template: bytes, server: MockServer, tmp_path: Path) -> None:
    """As above for a first pull in ranges: after every kill it is known what is left of them, and what changed meanwhile is read too."""
    file = tmp_path / "proforma.db"
    killed = 0
    for point in range(1, 41):
        chance = random.Random(point)
        server.load(world(ROWS, **NO_TRACKING))
        file.write_bytes(template)
        killed += pull_until(file, server, 1 + point, ranges="createdon")
        disturb(server, chance)
        killed += pull_until(file, server, chance.randint(1, 40), ranges="createdon")
        disturb(server, chance)

        assert not pull_until(file, server, 0, full=True, ranges="createdon")
        with Store.open(f"sqlite:///{file}") as store, store.read() as reader:
            assert mirror(store) == source(server), f"kill point {point}"
            assert reader.cursors.ranges("milestone") == []
        for beside in ("proforma.db-wal", "proforma.db-shm"):
            (tmp_path / beside).unlink(missing_ok=True)
    assert killed >= 40, "most pulls must be killed, or the test shows nothing"
