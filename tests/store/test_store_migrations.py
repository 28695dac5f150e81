"""The schema: migrations make exactly what the program expects, all of it or nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from proforma.store import Store, schema
from proforma.store.connect import BEGIN, connect, place
from proforma.store.tables import metadata


def shape(connection: sa.Connection) -> dict[str, object]:
    """Columns, keys and indexes of every table, as the database tells them."""
    inspector = sa.inspect(connection)
    return {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name)["constrained_columns"],
            sorted((str(key["name"]), key["constrained_columns"], key["referred_table"]) for key in inspector.get_foreign_keys(name)),
            sorted((str(key["name"]), key["column_names"]) for key in inspector.get_unique_constraints(name)),
            sorted((str(index["name"]), index["column_names"], index["unique"]) for index in inspector.get_indexes(name)),
        )
        for name in inspector.get_table_names()
        if name not in ("alembic_version", "sqlite_sequence")
    }


def test_migrations_make_the_tables_that_the_program_expects(store: Store, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The migrated schema equals the metadata, column for column and index for index."""
    engine = connect(place(f"sqlite:///{tmp_path_factory.mktemp('direct')}/direct.db"), busy_seconds=0)
    with engine.begin() as connection:
        metadata.create_all(connection)
        expected = shape(connection)
    engine.dispose()
    with store.read() as reader:
        connection = reader.mirror._connection
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert shape(connection) == expected


def test_the_last_migration_is_the_one_the_program_names() -> None:
    """`HEAD` is checked without loading the migrations, so it must not be forgotten."""
    config = Config()
    config.set_main_option("script_location", "proforma.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_a_migration_that_fails_leaves_nothing(url: str) -> None:
    """All steps run in one transaction: a store is never between two schemas."""
    engine = connect(place(url), busy_seconds=0)

    def fail_after_the_last_step() -> None:
        with engine.connect().execution_options(**{BEGIN: "BEGIN IMMEDIATE"}) as connection, connection.begin():
            schema.migrate(connection)
            assert schema.version(connection) == schema.HEAD
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_the_last_step()
    with engine.connect() as connection:
        left = sa.inspect(connection).get_table_names()
    engine.dispose()
    assert left == []


def test_the_tables_can_be_written_in_postgresql() -> None:
    """Every table and index has a PostgreSQL form; names stay within its 63 characters."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect)).count("CREATE TABLE") == 1
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).count(" INDEX ") == 1
            assert len(str(index.name)) < 64
