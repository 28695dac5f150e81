"""The rows that the mock serves: what a world file says, completed and typed, and changed afterwards by people or clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final, cast

import msgspec

from proforma.mock.schema import (
    DATES,
    INTEGERS,
    LOOKUPS,
    NUMBERS,
    TableSchema,
    guessed_table,
    known_tables,
    tables_by_logical_name,
)
from proforma.mock.switches import DataverseSwitches, dataverse_switches
from proforma.mock.values import Row, Value, as_guid, as_number, mapping_of, resolve_symbols, symbol_guid, wire_instant

FIRST_INSTANT: Final = datetime(2025, 1, 1, tzinfo=UTC)
FIRST_VERSION: Final = 1000
SETTINGS: Final = ("$keys", "$auth", "$finance", "$dataverse")


class WorldError(ValueError):
    """A world that cannot be served: says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A row that is gone: kept so that change tracking can tell."""

    entity_set: str
    id: str
    version: int


@dataclass(slots=True)
class Table:
    """The rows of one entity set by their key, in order of arrival. `revision` grows with every change."""

    schema: TableSchema
    rows: dict[str, Row] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    revision: int = 0
    _order: tuple[object, int, list[Row]] | None = None

    def put(self, row: Row) -> None:
        """Insert or replace the row under its key."""
        self.rows[str(row[self.schema.primary_id])] = row
        self.names.update(row)
        self.revision += 1

    def remove(self, row_id: str) -> Row | None:
        """Take the row out; None when there is none."""
        self.revision += 1
        return self.rows.pop(row_id, None)

    def ordered(self, name: object, sort: Callable[[Iterable[Row]], list[Row]]) -> list[Row]:
        """The rows as `sort` orders them; the last order, known by `name`, is remembered until a row changes."""
        if self._order is None or self._order[:2] != (name, self.revision):
            self._order = (name, self.revision, sort(self.rows.values()))
        return self._order[2]

    def find(self, cells: Mapping[str, Value]) -> Row | None:
        """The first row with all of these cells; texts compare without regard to case (W-67)."""
        wanted = {name: _same(value) for name, value in cells.items()}
        for row in self.rows.values():
            if all(_same(row.get(name)) == value for name, value in wanted.items()):
                return row
        return None


class World:
    """Tables by entity set, and the settings whose names begin with `$`."""

    def __init__(self, document: Mapping[str, Value] | None = None, *, clock: Callable[[], datetime] | None = None) -> None:
        self.settings: dict[str, Value] = {}
        self.tables: dict[str, Table] = {}
        self.deleted: list[Deleted] = []
        self.version = self.first_token = FIRST_VERSION
        self.switches = DataverseSwitches()
        self._rows_loaded = 0
        self._undo: list[tuple[Table, str, Row | None]] = []
        self._depth = 0
        self._clock = clock or (lambda: datetime.now(UTC))
        self._load(document or {})

    def table(self, entity_set: str) -> Table | None:
        """The table of an entity set, empty when only the schema knows it, None when nobody does."""
        found = self.tables.get(entity_set)
        if found is None and entity_set in known_tables():
            found = self.tables[entity_set] = Table(known_tables()[entity_set])
        return found

    def table_of(self, logical: str) -> Table | None:
        """The table with this logical name."""
        if logical in tables_by_logical_name():
            return self.table(tables_by_logical_name()[logical].entity_set)
        return next((table for table in self.tables.values() if table.schema.logical == logical), None)

    def setting(self, *path: str) -> Value:
        """A setting by its path, such as `("$finance", "rest", "async")`; None when it is not made."""
        value: Value = self.settings
        for name in path:
            value = mapping_of(value).get(name)
        return value

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return self._clock()

    def tracks(self, schema: TableSchema) -> bool:
        """Whether changes of the table are tracked (W-163)."""
        return schema.entity_set not in self.switches.change_tracking.disabled

    def expire_delta_tokens(self) -> None:
        """Let every delta token given out so far be too old (W-175)."""
        self.version += 1
        self.first_token = self.version

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes of the block or, when it raises, none; blocks may stand in each other (W-125, W-147, W-154)."""
        start, deleted = len(self._undo), len(self.deleted)
        self._depth += 1
        try:
            yield
        except BaseException:
            for table, row_id, row in reversed(self._undo[start:]):
                if row is None:
                    table.remove(row_id)
                else:
                    table.put(row)
            del self._undo[start:], self.deleted[deleted:]
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()

    def put(self, table: Table, row: Row) -> None:
        """Insert or replace a row."""
        row_id = str(row[table.schema.primary_id])
        if self._depth:
            self._undo.append((table, row_id, table.rows.get(row_id)))
        table.put(row)

    def stamp(self, row: Row) -> None:
        """Give the row the next version and the present time (W-135, W-143)."""
        self.version += 1
        now = wire_instant(self._clock())
        row["versionnumber"] = self.version
        row["modifiedon"] = now
        row.setdefault("createdon", now)

    def delete(self, table: Table, row_id: str) -> bool:
        """Remove a row and remember that it was there; False when it was not."""
        row = table.remove(row_id)
        if row is None:
            return False
        if self._depth:
            self._undo.append((table, row_id, row))
        self.version += 1
        self.deleted.append(Deleted(entity_set=table.schema.entity_set, id=row_id, version=self.version))
        return True

    def patch(self, document: Mapping[str, Value]) -> None:
        """Change rows as a person would: `{"upsert": {set: [rows]}, "delete": {set: [ids]}}`. All or nothing."""
        unknown = sorted(set(document) - {"upsert", "delete"})
        if unknown:
            raise WorldError(f"unknown key {unknown[0]!r}: a change of a world has 'upsert' and 'delete'")
        resolved = mapping_of(resolve_symbols(dict(document)))
        upserts = [(name, rows_of(name, rows)) for name, rows in _sets(resolved, "upsert").items()]
        deletes = [(name, _ids_of(name, ids)) for name, ids in _sets(resolved, "delete").items()]
        prepared = [self._prepared(name, rows) for name, rows in upserts]
        for table, changes in prepared:
            self.tables[table.schema.entity_set] = table
            for changed in changes:
                self._upsert(table, changed)
        for name, ids in deletes:
            table_found = self.table(name)
            for row_id in ids:
                if table_found is not None:
                    self.delete(table_found, row_id)

    def dump(self) -> dict[str, Value]:
        """The whole world as a document that can be loaded again; money as numbers."""
        tables: dict[str, Value] = {name: cast("Value", list(table.rows.values())) for name, table in self.tables.items() if table.rows}
        return {**self.settings, **tables}

    def typed(self, schema: TableSchema, row: Mapping[str, Value], where: str) -> Row:
        """The row with every cell in the type of its column; cells of unknown columns stay as they are."""
        return {name: _cell(schema, name, value, f"{where}.{name}") for name, value in row.items()}

    def _load(self, document: Mapping[str, Value]) -> None:
        self.settings = {name: resolve_symbols(value) for name, value in document.items() if name.startswith("$")}
        unknown = sorted(set(self.settings) - set(SETTINGS))
        if unknown:
            raise WorldError(f"unknown setting {unknown[0]!r}: known are {', '.join(SETTINGS)}")
        self.switches = _switches(self.settings.get("$dataverse"))
        for name, rows in document.items():
            if not name.startswith("$"):
                self._load_rows(name, rows_of(name, resolve_symbols(rows)))
        self._declare_keys()
        for name in self.switches.change_tracking.disabled:
            if self.table(name) is None:
                raise WorldError(f"$dataverse.change_tracking.disabled: no such entity set: {name}")

    def _load_rows(self, entity_set: str, rows: list[Row]) -> None:
        table, prepared = self._prepared(entity_set, rows)
        self.tables[entity_set] = table
        for number, row in enumerate(prepared):
            self._fill(table.schema, row, number)
            if row[table.schema.primary_id] in table.rows:
                raise WorldError(f"{entity_set}[{number}]: a second row with the key {row[table.schema.primary_id]}")
            table.put(row)

    def _prepared(self, entity_set: str, rows: list[Row]) -> tuple[Table, list[Row]]:
        """The table and the typed rows, nothing stored yet."""
        table = self.table(entity_set) or Table(guessed_table(entity_set, [name for row in rows for name in row]))
        return table, [self.typed(table.schema, row, f"{entity_set}[{number}]") for number, row in enumerate(rows)]

    def _fill(self, schema: TableSchema, row: Row, number: int) -> None:
        """Complete a row of a file: key, times, version, state, in file order."""
        self._rows_loaded += 1
        if not row.get(schema.primary_id):
            row[schema.primary_id] = symbol_guid(f"{schema.entity_set}#{number}")
        instant = wire_instant(FIRST_INSTANT + timedelta(seconds=self._rows_loaded))
        if _has(schema, "createdon"):
            row.setdefault("createdon", instant)
        if _has(schema, "modifiedon"):
            row.setdefault("modifiedon", row.get("createdon", instant))
        given = row.get("versionnumber")
        self.version = max(self.version + 1, given) if isinstance(given, int) else self.version + 1
        row.setdefault("versionnumber", self.version)
        fill_state(schema, row)

    def _upsert(self, table: Table, changes: Row) -> None:
        schema = table.schema
        row_id = changes.get(schema.primary_id) or symbol_guid(f"{schema.entity_set}#{self.version + 1}")
        row: Row = {**table.rows.get(str(row_id), {}), **changes, schema.primary_id: row_id}
        self.stamp(row)
        fill_state(schema, row)
        table.put(row)

    def _declare_keys(self) -> None:
        declared = self.settings.get("$keys")
        if declared is not None and not isinstance(declared, dict):
            raise WorldError("$keys: expected entity set → list of keys, each a list of column names")
        for entity_set, keys in mapping_of(declared).items():
            table = self.table(entity_set)
            if table is None:
                raise WorldError(f"$keys.{entity_set}: no such entity set")
            if not isinstance(keys, list) or not all(isinstance(key, list) and key for key in keys):
                raise WorldError(f"$keys.{entity_set}: expected a list of keys, each a list of column names")
            table.keys = [tuple(str(name) for name in key) for key in keys if isinstance(key, list)]


def rows_of(entity_set: str, rows: Value) -> list[Row]:
    """The rows of an entity set of a document; raises `WorldError` for anything but a list of mappings."""
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise WorldError(f"{entity_set}: expected a list of rows, found {_kind(rows)}")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise WorldError(f"{entity_set}[{number}]: expected a row (column: value), found {_kind(row)}")
    return cast("list[Row]", rows)


def _switches(document: Value) -> DataverseSwitches:
    try:
        return dataverse_switches(document)
    except msgspec.ValidationError as problem:
        raise WorldError(f"$dataverse: {problem}") from problem


def fill_state(schema: TableSchema, row: Row) -> None:
    """Active, in the first status of its state, where the row says nothing."""
    if _has(schema, "statecode"):
        row.setdefault("statecode", 0)
    if _has(schema, "statuscode") and "statuscode" not in row:
        column = schema.columns.get("statuscode")
        state = row.get("statecode")
        default = 1 if state in (0, None) else 2
        row["statuscode"] = column.first_status.get(state, default) if column and isinstance(state, int) else default


def _has(schema: TableSchema, name: str) -> bool:
    return not schema.known or name in schema.columns


def _cell(schema: TableSchema, name: str, value: Value, where: str) -> Value:
    if value is None:
        return None
    column = schema.wire.get(name)
    kind = column.type if column else "guid" if name == schema.primary_id else "unknown"
    if kind in NUMBERS:
        return _number(value, kind, where)
    if kind == "boolean":
        return _boolean(value, where)
    if isinstance(value, str) and (kind in LOOKUPS or kind == "guid" or name.endswith("_value")):
        return as_guid(value) or value
    if kind in DATES and not isinstance(value, str):
        raise WorldError(f"{where}: expected a date as text, found {_kind(value)}")
    return value


def _number(value: Value, kind: str, where: str) -> Value:
    number = as_number(value)
    if number is None:
        raise WorldError(f"{where}: expected a number, found {value!r}")
    if kind not in INTEGERS:
        return number
    if number != number.to_integral_value():
        raise WorldError(f"{where}: expected a whole number, found {value!r}")
    return int(number)


def _boolean(value: Value, where: str) -> Value:
    if isinstance(value, bool):
        return value
    known: dict[object, bool] = {"true": True, "false": False, 1: True, 0: False}
    key: object = value.lower() if isinstance(value, str) else value if isinstance(value, int) else None
    if key not in known:
        raise WorldError(f"{where}: expected true or false, found {value!r}")
    return known[key]


def _same(value: Value) -> object:
    return value.casefold() if isinstance(value, str) else value


def _sets(document: Mapping[str, Value], name: str) -> Mapping[str, Value]:
    sets = document.get(name)
    if sets is not None and not isinstance(sets, dict):
        raise WorldError(f"{name}: expected entity set → list, found {_kind(sets)}")
    return mapping_of(sets)


def _ids_of(entity_set: str, ids: Value) -> list[str]:
    if not isinstance(ids, list) or not all(isinstance(row_id, str) for row_id in ids):
        raise WorldError(f"delete.{entity_set}: expected a list of ids")
    return [as_guid(str(row_id)) or str(row_id) for row_id in ids]


def _kind(value: Value) -> str:
    names = {bool: "true/false", int: "a number", Decimal: "a number", str: "text", list: "a list", dict: "a mapping"}
    return names.get(type(value), "nothing")
