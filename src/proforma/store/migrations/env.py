"""Runs the steps on the connection that `proforma.store.schema.migrate` hands over, inside its transaction."""

from alembic import context

from proforma.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
