"""One module a schema version, each in plain DDL of its own day, so that it never imports the tables of today."""
