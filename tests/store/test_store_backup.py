"""Backups of a SQLite store: whole, checked, put back only when nobody uses it; and every released schema opens."""

from __future__ import annotations

import shutil
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing_world import BillingWorld
from proforma.domain.errors import ConfigurationError, StoreFaultError
from proforma.store import Store, schema
from proforma.store.backup import back_up, restore
from project_folder import Project

#: A store of each released schema as SQL, made by `sqlite3 proforma.db .dump` after a small story. None is ever changed.
SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)


def opened(file: Path) -> Store:
    return Store.open(f"sqlite:///{file}", busy_seconds=0)


def runs(file: Path) -> int:
    """How many runs a store knows: what these tests write into it."""
    with opened(file) as store, store.read() as reader:
        return len(reader.runs.list(1000))


def begin_run(file: Path) -> None:
    with opened(file) as store, store.begin() as tx:
        tx.runs.start("sync", NOW)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store with one run."""
    begin_run(tmp_path / "proforma.db")
    return tmp_path / "proforma.db"


def test_a_backup_is_taken_while_somebody_writes(file: Path, tmp_path: Path) -> None:
    """A writer commits all the while: the copy is whole, and holds what was committed when it was taken."""
    writing, stop = threading.Event(), threading.Event()

    def write() -> None:
        with Store.open(f"sqlite:///{file}") as store:
            while not stop.is_set():
                with store.begin() as tx:
                    tx.runs.start("sync", NOW)
                writing.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        # SQLite keeps everybody else out for a moment when the first one opens a store.
        assert writing.wait(30)
        before = runs(file)
        back_up(file, tmp_path / "copy.db")
    finally:
        stop.set()
        writer.join()
    assert before <= runs(tmp_path / "copy.db") <= runs(file)
    assert not list(tmp_path.glob(".*.part"))


def test_no_backup_is_overwritten(file: Path, tmp_path: Path) -> None:
    """A name that is taken is refused."""
    (tmp_path / "copy.db").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="already"):
        back_up(file, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text(encoding="utf-8") == "mine"


def test_a_restore_keeps_the_old_store(file: Path, tmp_path: Path) -> None:
    """The copy is the store now, and the old one has another name, with everything that was in it."""
    back_up(file, tmp_path / "copy.db")
    begin_run(file)
    kept = restore(file, tmp_path / "copy.db", now=NOW)
    assert kept == tmp_path / "proforma.db.before-restore-20260331T120000000000"
    assert (runs(file), runs(kept), runs(tmp_path / "copy.db")) == (1, 2, 1)


def test_a_lost_store_is_restored_too(file: Path, tmp_path: Path) -> None:
    """There is nothing to keep."""
    back_up(file, tmp_path / "copy.db")
    file.unlink()
    assert restore(file, tmp_path / "copy.db") is None
    assert runs(file) == 1


def test_a_damaged_store_is_kept_as_it_is(file: Path, tmp_path: Path) -> None:
    """What cannot be read is put aside byte for byte."""
    back_up(file, tmp_path / "copy.db")
    file.write_bytes(b"garbage " * 1000)
    kept = restore(file, tmp_path / "copy.db", now=NOW)
    assert kept is not None
    assert (kept.read_bytes(), runs(file)) == (b"garbage " * 1000, 1)


def test_a_restore_is_refused_while_the_store_is_used(file: Path, tmp_path: Path) -> None:
    """A daemon that schedules, a stage that runs: each is named, and nothing changes."""
    back_up(file, tmp_path / "copy.db")
    begin_run(file)
    with opened(file) as store:
        with store.stage_lock("push"), pytest.raises(StoreFaultError, match="the stage push is already under way"):
            restore(file, tmp_path / "copy.db")
        with store.begin() as tx:
            lease = tx.leases.take("schedule", "proforma 42@billing-1", 60)
        with pytest.raises(StoreFaultError, match="a daemon uses the store: proforma 42@billing-1"):
            restore(file, tmp_path / "copy.db")
        assert lease is not None
        with store.begin() as tx:
            tx.leases.give_back(lease)
    assert runs(file) == 2
    restore(file, tmp_path / "copy.db")
    assert runs(file) == 1


@pytest.mark.parametrize(("content", "answer"), [(b"", "no store"), (b"garbage " * 1000, "no store"), (None, "no such file")])
def test_what_is_no_backup_is_refused(file: Path, tmp_path: Path, content: bytes | None, answer: str) -> None:
    """An empty file, another file, no file: exit code 2, and the store stays."""
    source = tmp_path / "copy.db"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(ConfigurationError, match=answer):
        restore(file, source)
    assert runs(file) == 1


def test_a_backup_of_a_newer_program_is_refused(file: Path, tmp_path: Path) -> None:
    """Its schema is unknown here."""
    shutil.copy(file, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="schema 9999"):
        restore(file, tmp_path / "copy.db")


def test_an_older_store_is_copied_before_it_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy has the older schema and everything in it; a store that is up to date is not copied."""
    file = tmp_path / "proforma.db"
    begin_run(file)
    assert not list(tmp_path.glob("*.backup"))
    present = schema.HEAD
    newer = f"{present}z"
    monkeypatch.setattr(schema, "HEAD", newer)
    monkeypatch.setattr("proforma.store.backup.HEAD", newer)

    def migrate(connection: object) -> None:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newer}'")  # type: ignore[attr-defined]

    monkeypatch.setattr(schema, "migrate", migrate)
    begin_run(file)
    copy = tmp_path / f"proforma.db.schema-{present}.backup"
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num, (SELECT count(*) FROM runs) FROM alembic_version").fetchone() == (present, 1)
    assert runs(file) == 2


def test_the_present_schema_has_its_fixture() -> None:
    """Whoever changes the schema adds a store of the one before: the newest fixture is the present schema."""
    assert [path.stem for path in SCHEMAS][-1] == schema.HEAD, "run `python tests/store/test_store_backup.py` and commit the file it makes"


@pytest.mark.parametrize("dump", SCHEMAS, ids=lambda path: path.stem)
def test_a_store_of_every_schema_opens(tmp_path: Path, dump: Path) -> None:
    """It is migrated, its ledger holds, its invoices are there, and work goes on."""
    file = tmp_path / "proforma.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    with opened(file) as store, store.read() as reader:
        assert store.schema_version == schema.HEAD
        assert reader.ledger.check() == []
        assert {str(i.status): str(i.push) for i in reader.ledger.invoices()} == {"confirmed": "accepted", "draft": "none"}
        assert [run.outcome for run in reader.runs.list()] == ["done"]


def make_fixture(folder: Path) -> None:
    """Writes a store of the present schema as SQL: one invoice in finance, one draft, one run."""
    from proforma.mock import MockServer

    world = BillingWorld()
    for name in ("north", "south"):
        world.contract(name)
        world.time(f"@w-{name}", name)
    with MockServer(world.sets) as server:
        server.write_configuration(folder / "proforma.yaml")
        project = Project(folder, server)
        for words in (("sync",), ("invoice", "create", "--all"), ("invoice", "confirm", "PF-000001"), ("push",)):
            assert project.run(*words).code == 0
    target = SCHEMAS[0].parent if SCHEMAS else Path(__file__).parent / "schemas"
    target.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / "proforma.db")) as connection:
        (target / f"{schema.HEAD}.sql").write_text("\n".join(connection.iterdump()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    import tempfile

    sys.path.insert(0, str(Path(__file__).parents[1]))
    with tempfile.TemporaryDirectory() as made:
        make_fixture(Path(made))
