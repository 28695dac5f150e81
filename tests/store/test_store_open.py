"""Opening a store: what is refused, and with which advice."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from store_builders import pulled, work

from proforma.domain.errors import ConfigurationError, ProformaError, StoreFaultError, UnfinishedError
from proforma.domain.records import Actual
from proforma.store import Store, schema


@contextmanager
def unprivileged() -> Iterator[None]:
    """As a user whom permissions hold back: root may write everywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users may enter, which those of `tmp_path` are not."""
    folder = Path(tempfile.mkdtemp(prefix="proforma-store-"))
    folder.chmod(0o777)
    yield folder
    folder.chmod(0o777)
    shutil.rmtree(folder)


def fault(url: str, *, migrate: bool = True) -> ProformaError:
    """The error with which a URL is refused."""
    with pytest.raises(ProformaError) as caught:
        Store.open(url, migrate=migrate, busy_seconds=0)
    return caught.value


def test_a_fresh_file_becomes_a_store(url: str) -> None:
    """Opening a file that is not there makes an empty store of this program's schema."""
    with Store.open(url) as store, store.read() as reader:
        assert (store.schema_version, reader.mirror.count(), reader.ledger.invoices()) == (schema.HEAD, 0, [])


def test_a_store_keeps_what_it_was_given(url: str) -> None:
    """What one program committed is there for the next."""
    with Store.open(url) as store:
        pulled(store, work("monday"))
    with Store.open(url, migrate=False) as store, store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("monday")]


def test_a_relative_store_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative file is fixed when the store is opened; changing the folder later does not move it."""
    monkeypatch.chdir(tmp_path)
    with Store.open("sqlite:///relative.db") as store:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        pulled(store, work("monday"))
        with store.stage_lock("pull"):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "elsewhere",
        "relative.db",
        "relative.db.migration.lock",
        "relative.db.pull.lock",
    ]


def test_two_openers_of_a_fresh_file_both_succeed(url: str) -> None:
    """One migrates, the other waits for it; neither sees half a schema."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(Store.open, [url] * 4))
    versions = [store.schema_version for store in stores]
    for store in stores:
        store.close()
    assert versions == [schema.HEAD] * 4


def test_commits_are_on_the_disk_before_they_are_reported(store: Store) -> None:
    """Every connection writes ahead, waits for the disk, and keeps rows and their owners together (F-84)."""
    with store.read() as reader:
        connection = reader.mirror._connection
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert pragmas == ["wal", 2, 1]


@pytest.mark.parametrize(
    "url",
    [
        "proforma.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:proforma.db?uri=true",
        "mysql://anna:s3cret-word@host/db",
        "nosuch://anna:s3cret-word@host/db",
        "postgresql+pg8000://anna:s3cret-word@host/db",
        "postgresql+psycopg://anna:s3cret-word@host:port/db",
        "",
    ],
)
def test_a_wrong_url_is_a_configuration_error_without_its_password(url: str) -> None:
    """A URL that cannot be read, or names no place for a ledger, is refused with examples; its password is not repeated (promise 7)."""
    refused = fault(url)
    assert isinstance(refused, ConfigurationError)
    assert "sqlite:///proforma.db" in str(refused)
    causes = (refused, refused.__cause__, None if refused.__suppress_context__ else refused.__context__)
    assert not any("s3cret-word" in str(cause) for cause in causes)


def test_the_password_of_a_store_is_not_shown() -> None:
    """What a store says of itself, and what it says when the database is away, holds no password (promise 7)."""
    url = "postgresql+psycopg://anna:s3cret-word@127.0.0.1:1/ledger?connect_timeout=2"
    refused = fault(url)
    assert "s3cret-word" not in f"{refused} {refused!r}"
    assert refused.__cause__ is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A store in a folder that is not there is not made: the folder may be a disk that is not mounted."""
    refused = fault(f"sqlite:///{tmp_path}/missing/proforma.db")
    assert isinstance(refused, UnfinishedError)
    assert str(refused) == f"{tmp_path}/missing: the folder of the store does not exist (create it, or change `store` in the configuration)"


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    """The URL of a folder is refused."""
    refused = fault(f"sqlite:///{tmp_path}")
    assert isinstance(refused, UnfinishedError)
    assert str(refused) == f"{tmp_path}: the store is a folder, not a file (change `store` in the configuration)"


def test_a_read_only_file_is_refused_when_opened(open_folder: Path) -> None:
    """A store that cannot be written is refused at once, not at the first commit."""
    file = open_folder / "proforma.db"
    Store.open(f"sqlite:///{file}").close()
    file.chmod(0o444)
    with unprivileged():
        refused = fault(f"sqlite:///{file}")
    assert isinstance(refused, UnfinishedError)
    assert str(refused) == f"{file}: the store is not writable (check the owner and permissions of the file)"


def test_a_read_only_folder_is_refused(open_folder: Path) -> None:
    """SQLite's log lies beside the store, so the folder must be writable too."""
    open_folder.chmod(0o555)
    with unprivileged():
        refused = fault(f"sqlite:///{open_folder}/proforma.db")
    assert isinstance(refused, UnfinishedError)
    assert refused.message == "the folder of the store is not writable"


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """A file of something else is refused and not changed."""
    file = tmp_path / "letter.txt"
    file.write_text("Dear customer,\n" * 100)
    refused = fault(f"sqlite:///{file}")
    assert isinstance(refused, UnfinishedError)
    assert str(refused) == f"{file}: the file is not a store: it holds something else (change `store`, or move the file away)"
    assert file.read_text() == "Dear customer,\n" * 100


def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    """A database with other tables is not filled with ours."""
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    refused = fault(f"sqlite:///{file}")
    assert isinstance(refused, ConfigurationError)
    assert refused.message == "the database holds other tables and no store"


def test_a_store_of_a_newer_program_is_refused(url: str, tmp_path: Path) -> None:
    """An older program must not write into a newer schema that it does not understand."""
    Store.open(url).close()
    with closing(sqlite3.connect(tmp_path / "proforma.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = fault(url)
    assert isinstance(refused, ConfigurationError)
    assert refused.message == f"the store has schema 9999, this program knows schemas up to {schema.HEAD}"


def test_without_migration_a_missing_store_is_not_made(url: str, tmp_path: Path) -> None:
    """`migrate=False` neither makes nor changes a store."""
    refused = fault(url, migrate=False)
    assert isinstance(refused, ConfigurationError)
    assert refused.hint == "run `proforma db upgrade`"
    assert list(tmp_path.iterdir()) == []


def test_without_migration_an_empty_database_is_refused(url: str, tmp_path: Path) -> None:
    """An empty database is a store of no schema yet."""
    sqlite3.connect(tmp_path / "proforma.db").close()
    (tmp_path / "proforma.db").touch()
    refused = fault(url, migrate=False)
    assert isinstance(refused, ConfigurationError)
    assert refused.message == f"the store has schema none, not {schema.HEAD}"


def test_a_locked_store_says_so(store: Store, tmp_path: Path) -> None:
    """A writer that waited too long for another one ends as unfinished: safe to run again."""
    with closing(sqlite3.connect(tmp_path / "proforma.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnfinishedError, match="locked by another process"), store.begin():
            pytest.fail("two writers at once")


def test_a_full_disk_says_so(store: Store) -> None:
    """A write that finds no room is unfinished, and nothing of it stays."""
    with store.read() as reader:
        pages = reader.mirror._connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    too_much = [work(f"work {n}") for n in range(2000)]

    def write_too_much() -> None:
        with store.begin() as tx:
            tx.mirror._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 5}")
            tx.mirror.upsert("msdyn_actuals", Actual, too_much, [None] * 2000, 1)

    with pytest.raises(UnfinishedError, match="the disk is full"):
        write_too_much()
    with store.read() as reader:
        assert reader.mirror.count() == 0


def test_threads_take_turns_and_do_not_wait_for_ever(tmp_path: Path) -> None:
    """One writer at a time within a process too: a second one waits as long as it would for another process, and says who is there."""
    with Store.open(f"sqlite:///{tmp_path / 'proforma.db'}", busy_seconds=0.01) as store:
        with store.begin(), pytest.raises(StoreFaultError, match="locked by this process") as fault, store.begin():
            pass
        assert fault.value.reason == "store-locked"
        with store.begin():
            pass
