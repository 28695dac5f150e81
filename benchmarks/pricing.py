"""Pricing at scale, store to store, beside the floor: a bare SQLite program that reads the same columns and writes the same rows."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.priced_company import DIMENSIONS, Company
from proforma.domain.policies import PricingPolicy
from proforma.pricing.combinations import PLACE, WORK
from proforma.store import Store
from proforma.sync.combined import SPAN
from proforma.sync.price import price

ACTUALS, QUICK = 1_000_000, 100_000
#: An environment with pandas and DuckDB, if there is one.
FRAMES: Final = Path(os.environ.get("BENCH_FRAMES", ".venv-frames"))
#: What our price needs of an actual; the floor reads the same.
_READ: Final = ("id", "transaction_date", "document_date", "start_date", "quantity", "price", "role_id", *PLACE, *WORK)
_WRITTEN: Final = "record_id, grounds_id, price, amount, quantity, discount, fee, extended, cost_record_id, decided_at"


def run(rounds: int, quick: bool) -> None:
    """Prints one line a figure; each round measures everything once, one after the other, so that ratios bear a busy machine."""
    actuals = QUICK if quick else ACTUALS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _filled(folder / "company.db", actuals)
        found = {name: [_measured(name, folder) for _ in range(rounds)] for name in ("floor", "ours", "again", "pandas", "duckdb")}
    _table(actuals, found)


def _table(actuals: int, found: dict[str, list[tuple[float, float, int, str]]]) -> None:
    print(f"pricing   {actuals:,} actuals, each decision with list, line, rule and reason")
    floor = [seconds for seconds, *_ in found["floor"]]
    for name, runs in found.items():
        if not runs[0][0]:
            print(f"  {name:<8}{runs[0][3]}")
            continue
        seconds, cpu = statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)
        ratio = statistics.median(run[0] / other for run, other in zip(runs, floor, strict=True))
        print(
            f"  {name:<8}{seconds:8.1f} s, {cpu:6.1f} s of CPU, {ratio:5.2f} times the floor, {max(r[2] for r in runs)} MiB; {runs[0][3]}"
        )


def _filled(store: Path, actuals: int) -> None:
    with Store.open(f"sqlite:///{store}") as opened:
        Company(actuals).fill(opened)


def _measured(name: str, folder: Path) -> tuple[float, float, int, str]:
    """Seconds, seconds of CPU, most memory in MiB, and a remark, of one way in a process of its own."""
    if name in ("floor", "ours"):
        shutil.copy(folder / "company.db", folder / f"{name}.db")
    database = folder / ("ours.db" if name == "again" else f"{name}.db" if name in ("floor", "ours") else "company.db")
    command = [sys.executable, "-m", "benchmarks.pricing", "--way", name, "--database", str(database)]
    # The libraries compared with are no dependency: they live in an environment of their own, which these two ways alone see.
    found = FRAMES.glob("lib/python*/site-packages") if name in ("pandas", "duckdb") else ()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(folder.absolute()) for folder in found)}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    seconds, cpu, memory, remark = ran.stdout.strip().split("|")
    return float(seconds), float(cpu), int(memory), remark


# ---- the ways -----------------------------------------------------------------------------------------------------------------


def _ours(database: Path) -> str:
    with Store.open(f"sqlite:///{database}") as store:
        batches = list(price(store, PricingPolicy(), now=lambda: datetime.now(UTC)))
    priced, changed = sum(batch.priced for batch in batches), sum(batch.changed for batch in batches)
    return f"{priced:,} priced, {changed:,} decisions written"


def _floor(database: Path) -> str:
    """Reads by id and writes by id, as the key of decisions wants it; the figures are made up, nothing is looked up."""
    reading, writing = sqlite3.connect(database, isolation_level=None), sqlite3.connect(database, isolation_level=None)
    for connection in (reading, writing):
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -16384")
    writing.execute("PRAGMA wal_autocheckpoint = 4000")
    names = ", ".join(f'"{name}"' for name in _READ)
    insert = f"INSERT OR REPLACE INTO price_decisions ({_WRITTEN}) VALUES ({', '.join('?' * 10)})"
    rows, last = 0, ""
    while True:
        wanted = f"SELECT {names} FROM mirror_actual WHERE deleted_at IS NULL AND id > ? ORDER BY id LIMIT {SPAN}"
        page = reading.execute(wanted, (last,)).fetchall()
        if not page:
            break
        made = [(row[0], 4611686018427387903, "120.00", "960.00", row[4], None, None, None, None, _AT) for row in page]
        writing.execute("BEGIN IMMEDIATE")
        writing.executemany(insert, made)
        writing.execute("COMMIT")
        rows, last = rows + len(page), page[-1][0]
    reading.close()
    writing.close()
    return f"{rows:,} rows read and written"


_AT: Final = "2026-12-31T12:00:00.000000+00:00"


def _pandas(database: Path) -> str:
    return _resolved(database, "pandas", _by_pandas)


def _duckdb(database: Path) -> str:
    return _resolved(database, "duckdb", _by_duckdb)


def _resolved(database: Path, library: str, resolve: Callable[[sqlite3.Connection], tuple[int, float]]) -> str:
    """The same resolution in memory, without a store: loading and writing are not counted, and nothing tells why."""
    try:
        __import__(library)
        __import__("pandas")
    except ModuleNotFoundError as missing:
        return f"skipped: {missing.name} is not installed"
    connection = sqlite3.connect(database)
    priced, seconds = resolve(connection)
    connection.close()
    global _own_seconds  # noqa: PLW0603 - the one figure that a way measures itself
    _own_seconds = seconds
    return f"{priced:,} role prices found; in memory, without reading, writing, units, rounding or reasons"


_own_seconds = 0.0
_ACTUALS_SQL: Final = (
    "SELECT id, transaction_date AS day, contract_id, CAST(quantity AS REAL) AS quantity, "
    + ", ".join(f"json_extract(dimensions, '$.\"{name}\"') AS d{n}" for n, name in enumerate(DIMENSIONS))
    + " FROM mirror_actual WHERE transaction_class = 'time'"
)
_ROWS_SQL: Final = (
    "SELECT id AS line, price_list_id, CAST(price AS REAL) AS price, "
    + ", ".join(f"json_extract(dimensions, '$.\"{name}\"') AS d{n}" for n, name in enumerate(DIMENSIONS))
    + " FROM mirror_role_price"
)
_LISTS_SQL: Final = (
    "SELECT a.owner_id AS contract_id, l.id AS price_list_id, l.first_day, l.last_day "
    "FROM mirror_price_list_attachment a JOIN mirror_price_list l ON l.id = a.price_list_id"
)


def _by_pandas(connection: sqlite3.Connection) -> tuple[int, float]:
    import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]

    work, rows, lists = (pd.read_sql(sql, connection) for sql in (_ACTUALS_SQL, _ROWS_SQL, _LISTS_SQL))
    began = time.perf_counter()
    listed = work.merge(lists, on="contract_id")
    listed = listed[(listed.first_day <= listed.day) & (listed.day <= listed.last_day)]
    names = [f"d{n}" for n in range(len(DIMENSIONS))]
    priced = 0
    patterns = rows[names].notna().drop_duplicates().sort_values(names, ascending=False)
    for pattern in patterns.itertuples(index=False):
        filled = [name for name, is_filled in zip(names, pattern, strict=True) if is_filled]
        fitting = rows[(rows[names].notna() == list(pattern)).all(axis=1)]
        found = listed.merge(fitting[["price_list_id", *filled, "line", "price"]], on=["price_list_id", *filled])
        found["amount"] = found.quantity * found.price
        priced += len(found)
        listed = listed[~listed.id.isin(found.id)]
    return priced, time.perf_counter() - began


def _by_duckdb(connection: sqlite3.Connection) -> tuple[int, float]:
    import duckdb  # type: ignore[import-not-found, import-untyped, unused-ignore]
    import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]

    tables = {name: pd.read_sql(sql, connection) for name, sql in (("work", _ACTUALS_SQL), ("rows", _ROWS_SQL), ("lists", _LISTS_SQL))}
    memory = duckdb.connect()
    for name, table in tables.items():
        memory.register("frame", table)
        memory.execute(f'CREATE TABLE "{name}" AS SELECT * FROM frame')
    fits = " AND ".join(f"(r.d{n} IS NULL OR r.d{n} = w.d{n})" for n in range(1, len(DIMENSIONS)))
    weight = " + ".join(f"(r.d{n} IS NOT NULL)::INT * {2 ** (len(DIMENSIONS) - n)}" for n in range(len(DIMENSIONS)))
    began = time.perf_counter()
    answer = memory.execute(
        f"SELECT count(*) FROM (SELECT w.id, arg_max(r.line, {weight}), arg_max(r.price, {weight}) * any_value(w.quantity) "
        "FROM work w JOIN lists l ON l.contract_id = w.contract_id AND w.day BETWEEN l.first_day AND l.last_day "
        f'JOIN "rows" r ON r.price_list_id = l.price_list_id AND r.d0 = w.d0 AND {fits} GROUP BY w.id)'
    ).fetchone()
    return int(answer[0]) if answer else 0, time.perf_counter() - began


_WAYS: Final[dict[str, Callable[[Path], str]]] = {"floor": _floor, "ours": _ours, "again": _ours, "pandas": _pandas, "duckdb": _duckdb}


def _tell(way: str, database: Path) -> None:
    began, used = time.perf_counter(), os.times()
    remark = _WAYS[way](database)
    seconds, now = time.perf_counter() - began, os.times()
    cpu = now.user + now.system - used.user - used.system
    if way in ("pandas", "duckdb"):
        seconds = cpu = _own_seconds
    print(f"{seconds}|{cpu}|{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}|{remark}")


def main() -> None:
    """`python -m benchmarks.pricing`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--way", choices=_WAYS)
    parser.add_argument("--database", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    if given.way:
        _tell(given.way, given.database)
    else:
        run(given.rounds, given.quick)


if __name__ == "__main__":
    main()
