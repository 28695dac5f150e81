"""The version of a store's schema, and the way from an older one to this program's."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from proforma.domain.errors import ConfigurationError

#: Revision that this program works with: the last one in `migrations/versions`.
HEAD: Final = "0004"
_VERSIONS: Final = "alembic_version"


def version(connection: sa.Connection) -> str | None:
    """Revision of the store, None when it is empty.

    Raises ConfigurationError for a store of a newer program, and for a database that is somebody else's.
    """
    tables = set(sa.inspect(connection).get_table_names())
    if _VERSIONS not in tables:
        if tables:
            raise ConfigurationError("the database holds other tables and no store", at="store", hint="name a database of its own")
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()  # noqa: S608 - a constant
    if found is None:
        return None
    revision = str(found)
    if revision > HEAD:
        message = f"the store has schema {revision}, this program knows schemas up to {HEAD}"
        raise ConfigurationError(message, at="store", hint="a newer proforma-sync has used it: install that version or a later one")
    return revision


def migrate(connection: sa.Connection) -> None:
    """Brings the store to HEAD inside the transaction of the connection: all of it or nothing."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "proforma.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
