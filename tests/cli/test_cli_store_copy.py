"""`proforma store copy`: from SQLite to PostgreSQL and back, all of it or nothing, and both sides compared."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from billing_world import BillingWorld
from proforma.domain.errors import UnfinishedError
from proforma.mock import MockServer
from proforma.store import Store
from proforma.store.copying import copy_store, copy_target
from proforma.store.statements import insert
from proforma.store.tables import metadata
from project_folder import Project


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that has pulled, priced, billed and pushed, with one more draft."""
    world, folder = BillingWorld(), tmp_path_factory.mktemp("prepared")
    world.contract("north")
    world.time("@w1", "north", hours="7.50")
    with MockServer(world.sets) as server:
        server.write_configuration(folder / "proforma.yaml")
        project = Project(folder, server)
        for number in range(2):
            commands: list[tuple[str, ...]] = [("pull",), ("price",), ("invoice", "create", "--all")]
            commands += [("invoice", "confirm", "--all-drafts"), ("push",)] if number == 0 else []
            for words in commands:
                assert project.run(*words).code == 0
            world.time(f"@more{number}", "north")
            server.load(world.sets)
        yield project


@pytest.fixture
def billed(prepared: Project, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(prepared.folder, folder)
    return Project(folder, prepared.server)


def use(project: Project, url: str) -> None:
    """Points the configuration at another store."""
    config = project.folder / "proforma.yaml"
    lines = config.read_text(encoding="utf-8").splitlines()
    config.write_text("\n".join(f'store: "{url}"' if line.startswith("store:") else line for line in lines) + "\n", encoding="utf-8")


def rows_in(url: str) -> int:
    """Rows of a store, but for the one that it is born with."""
    with Store.open(url) as store, store.read() as reader:
        tables = [table for table in metadata.sorted_tables if table.name not in ("price_state", "watch_state")]
        return sum(reader.connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in tables)


def test_a_store_moves_to_postgresql_and_back(billed: Project, postgresql_url: str) -> None:
    """Every table is equal on both sides; there the work goes on with the next numbers; and the way back gives the same again."""
    home = f"sqlite:///{billed.folder / 'proforma.db'}"
    before = billed.invoices()
    moved = billed.run("store", "copy", "--to", postgresql_url)
    assert (moved.code, moved.json["equal"], len(moved.json["tables"])) == (0, True, len(metadata.sorted_tables))
    there = {table["table"]: table["rows"] for table in moved.json["tables"]}
    assert (there["invoices"], there["mirror_actual"], there["outbox"]) == ([2, 2], [2, 2], [1, 1])
    use(billed, postgresql_url)
    assert billed.invoices() == before
    assert billed.run("db", "check").json == {"invoices": 2, "faults": []}
    back = f"sqlite:///{billed.folder / 'back.db'}"
    assert billed.run("store", "copy", "--to", back).json["equal"] is True
    use(billed, home)
    assert billed.run("store", "copy", "--to", back, "--check").json["equal"] is True
    use(billed, postgresql_url)
    for words in (("invoice", "confirm", "--all-drafts"), ("push",)):
        assert billed.run(*words).code == 0
    assert [(invoice["number"], invoice["push"]) for invoice in billed.invoices()] == [("PF-000001", "accepted"), ("PF-000002", "accepted")]
    differs = billed.run("store", "copy", "--to", back, "--check")
    assert (differs.code, differs.json["equal"]) == (1, False)
    assert {table["table"] for table in differs.json["tables"] if not table["equal"]} >= {"invoice_events", "outbox"}


def test_a_copy_that_was_interrupted_leaves_nothing(billed: Project, postgresql_url: str) -> None:
    """Stopped while it writes and while it compares: the target is empty each time, and the next copy is whole."""
    home = f"sqlite:///{billed.folder / 'proforma.db'}"
    total = rows_in(home)
    for after in (total // 2, total + total // 2):
        left = [after]

        def interrupt(rows: int, left: list[int] = left) -> None:
            left[0] -= rows
            if left[0] < 0:
                raise KeyboardInterrupt

        with Store.open(home) as source, copy_target(postgresql_url, source) as target, pytest.raises(KeyboardInterrupt):
            copy_store(source, target, told=interrupt)
        assert rows_in(postgresql_url) == 0
    assert billed.run("store", "copy", "--to", postgresql_url).json["equal"] is True


def test_a_difference_is_found_and_nothing_kept(billed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row altered on its way: the copy is refused by the name of its table."""

    def altered(connection: sa.Connection, table: sa.Table, rows: list[tuple[object, ...]]) -> None:
        changed = [(row[0], *row[1:-1], "2099-01-01") for row in rows] if table.name == "outbox_attempts" else rows
        insert(connection, table, changed)  # type: ignore[arg-type]

    monkeypatch.setattr("proforma.store.copying.insert", altered)
    copy = f"sqlite:///{tmp_path / 'copy.db'}"
    refused = pytest.raises(UnfinishedError, match="differs from the store in outbox_attempts; nothing was kept")
    with Store.open(f"sqlite:///{billed.folder / 'proforma.db'}") as source, copy_target(copy, source) as target, refused:
        copy_store(source, target)
    assert rows_in(copy) == 0


def test_what_may_not_be_copied_to_is_told(billed: Project, tmp_path: Path) -> None:
    """The store itself, one that holds rows, one of another schema, another program's database, a URL that is none."""
    newer, foreign, used = tmp_path / "newer.db", tmp_path / "foreign.db", tmp_path / "used.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE recipes (name)")
    for file, version in ((newer, "9999"), (tmp_path / "older.db", "0001")):
        Store.open(f"sqlite:///{file}").close()
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", [version])
    assert billed.run("store", "copy", "--to", f"sqlite:///{used}").code == 0
    answers = {
        f"sqlite:///{billed.folder / 'proforma.db'}": "the target is the store itself (name another file or database)",
        f"sqlite:///{used}": "the target holds rows already, in ",
        f"sqlite:///{newer}": "the store has schema 9999, this program knows schemas up to",
        f"sqlite:///{tmp_path / 'older.db'}": "the store has schema 0001, not ",
        f"sqlite:///{foreign}": "the database holds other tables and no store (name a database of its own)",
        "mysql://localhost/x": "store: ",
        "proforma.db": "the store URL cannot be read",
    }
    for url, answer in answers.items():
        given = billed.run("store", "copy", "--to", url)
        assert (given.code, given.out) == (2, ""), (url, given.err)
        assert answer in given.err


def test_a_store_at_work_is_not_copied(billed: Project, tmp_path: Path) -> None:
    """While a stage runs, or a daemon holds the lease: what it writes would be missing in the copy."""
    to = f"sqlite:///{tmp_path / 'copy.db'}"
    with Store.open(f"sqlite:///{billed.folder / 'proforma.db'}") as store:
        with store.stage_lock("push"):
            busy = billed.start_and_wait("store", "copy", "--to", to)
        with store.begin() as tx:
            assert tx.leases.take("schedule", "proforma 1@elsewhere", 60)
        scheduled = billed.run("store", "copy", "--to", to)
    assert (busy.code, "the stage push is already under way" in busy.err) == (3, True)
    assert (scheduled.code, "a daemon runs on the store: proforma 1@elsewhere (stop it, then copy)" in scheduled.err) == (3, True)
    assert rows_in(to) == 0


def test_text_that_postgresql_cannot_keep_is_named(billed: Project, postgresql_url: str) -> None:
    """The character NUL, which SQLite keeps: the table is told, and nothing is copied."""
    with closing(sqlite3.connect(billed.folder / "proforma.db")) as connection, connection:
        connection.execute("UPDATE mirror_role SET name = ?", ["a\0b"])
    given = billed.run("store", "copy", "--to", postgresql_url)
    assert (given.code, "a row of mirror_role cannot be kept there" in given.err) == (2, True)
    assert rows_in(postgresql_url) == 0
