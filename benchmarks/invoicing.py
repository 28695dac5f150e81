"""Invoicing at scale, store to store: the periodic run of a whole company beside the floor, and the life of one very long invoice.

The floor is a bare SQLite program that reads the same rows by contract and writes as many invoice details, with the same columns, index
and durability. It decides nothing and writes neither headers, events nor reasons. Each side runs in a process of its own.
"""

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
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.billed_company import AS_OF, BilledCompany
from proforma.domain.ids import ContractId
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.settings import DocumentSettings
from proforma.store import Store
from proforma.sync.draft import CONTRACTS_AT_ONCE, BillingDesk, work_based_contracts
from proforma.sync.proof import faults

CONTRACTS, ROWS_EACH, DETAILS, EDITS = 2_000, 500, 100_000, 1_000
QUICK_CONTRACTS, QUICK_ROWS, QUICK_DETAILS = 40, 500, 5_000


class Measured(NamedTuple):
    """One way or step: wall and CPU seconds, most memory of its process so far in MiB, and a remark."""

    name: str
    seconds: float
    cpu_seconds: float
    mebibytes: int
    remark: str

    def line(self) -> str:
        """As it is printed, and read again from the process that measured it."""
        return "|".join(map(str, self))


def run(rounds: int, quick: bool) -> None:
    """Prints both parts. Each round measures every side once, one after the other, so that ratios bear a busy machine."""
    _print_company(rounds, BilledCompany(QUICK_CONTRACTS, QUICK_ROWS) if quick else BilledCompany(CONTRACTS, ROWS_EACH))
    _print_long_invoice(QUICK_DETAILS if quick else DETAILS)


def _print_company(rounds: int, company: BilledCompany) -> None:
    with _store_of(company) as filled:
        found = {way: [_in_own_process(way, filled) for _ in range(rounds)] for way in ("floor", "ours", "duckdb", "python")}
        fewer = _fewer_contracts(company)
    rows = company.contracts * company.rows_each
    print(f"invoicing   a periodic run over {company.contracts:,} contracts with {rows:,} rows, events and reasons included")
    for way, runs in found.items():
        if not runs[0].seconds:
            print(f"  {way:<8}{runs[0].remark}")
            continue
        seconds, cpu = statistics.median(r.seconds for r in runs), statistics.median(r.cpu_seconds for r in runs)
        pairs = list(zip(runs, found["floor"], strict=True))
        walls, cpus = ([getattr(r, name) / getattr(f, name) for r, f in pairs] for name in ("seconds", "cpu_seconds"))
        print(
            f"  {way:<8}{seconds:8.1f} s, {cpu:6.1f} s of CPU; {statistics.median(walls):.2f} times the floor, "
            f"{statistics.median(cpus):.2f} in CPU time; {max(r.mebibytes for r in runs)} MiB; {runs[0].remark}"
        )
    print(f"  a quarter of the contracts: {fewer.mebibytes} MiB; {fewer.remark}")


def _fewer_contracts(company: BilledCompany) -> Measured:
    """Ours over a quarter of the contracts with as many rows each: its memory should be the same."""
    with _store_of(BilledCompany(max(company.contracts // 4, CONTRACTS_AT_ONCE), company.rows_each)) as filled:
        return _in_own_process("ours", filled)


def _print_long_invoice(details: int) -> None:
    with _store_of(BilledCompany(1, details)) as filled:
        steps = _output_of("long", filled)
    print(f"one invoice with {details:,} details")
    for step in steps:
        print(f"  {step.name:<22}{step.seconds:8.1f} s, {step.cpu_seconds:6.1f} s of CPU, {step.mebibytes} MiB so far; {step.remark}")


@contextmanager
def _store_of(company: BilledCompany) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        file = Path(folder) / "company.db"
        with Store.open(f"sqlite:///{file}") as store:
            company.fill(store)
        yield file


def _in_own_process(way: str, filled: Path) -> Measured:
    return _output_of(way, filled)[0]


def _output_of(way: str, filled: Path) -> list[Measured]:
    """What a way measured of itself, on a copy of the store."""
    database = filled.with_name(f"{way}.db")
    shutil.copy(filled, database)
    command = [sys.executable, "-m", "benchmarks.invoicing", "--way", way, "--database", str(database)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    for file in database.parent.glob(f"{way}.db*"):
        file.unlink()
    cells = (line.split("|", 4) for line in lines)
    return [Measured(name, float(wall), float(cpu), int(memory), remark) for name, wall, cpu, memory, remark in cells]


# ---- the periodic run ----------------------------------------------------------------------------------------------------------


def _ours(database: Path) -> str:
    with _desk(database) as (_, desk):
        drafts = details = 0
        for answer in desk.periodic_run(as_of=AS_OF):
            drafts += len(answer.invoices)
            details += sum(len(line.details) for invoice in answer.invoices for line in invoice.lines)
    return f"{drafts:,} drafts, {details:,} details"


_READ: Final = (
    "id", "contract_line_id", "transaction_class", "transaction_date", "billing_type", "billing_status", "adjustment", "invoice_id",
    "quantity", "customer_id", "currency_id", "description", "external_description", "project_id", "task_id", "role_id", "resource_id",
    "category_id", "product_id", "unit_id", "price_list_id",
)  # fmt: skip
_FIGURES: Final = '{"quantity":"3.25","price":"94.80","amount":"308.10","billing_type":"chargeable"}'


def _floor(database: Path) -> str:
    reading, writing = _bare(database), _bare(database)
    columns = [row[1] for row in writing.execute("PRAGMA table_info(invoice_details)")]
    insert = f"INSERT INTO invoice_details ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    contracts = [row[0] for row in reading.execute("SELECT id FROM mirror_contract ORDER BY number")]
    rows = 0
    for first in range(0, len(contracts), CONTRACTS_AT_ONCE):
        made = [row for contract in contracts[first : first + CONTRACTS_AT_ONCE] for row in _floor_rows(reading, contract)]
        writing.execute("BEGIN IMMEDIATE")
        writing.executemany(insert, made)
        writing.execute("COMMIT")
        rows += len(made)
    reading.close()
    writing.close()
    return f"{rows:,} rows read and written"


def _bare(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, isolation_level=None)
    for pragma in ("synchronous = FULL", "cache_size = -16384", "wal_autocheckpoint = 4000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _floor_rows(reading: sqlite3.Connection, contract: str) -> Iterator[tuple[object, ...]]:
    """A contract's rows with their prices, as cells of details; what no row says is made up."""
    wanted = (
        f"SELECT {', '.join(f'a.{name}' for name in _READ)}, d.price, d.amount FROM mirror_actual a "
        "LEFT JOIN price_decisions d ON d.record_id = a.id WHERE a.contract_id = ? AND a.deleted_at IS NULL"
    )
    for place, row in enumerate(reading.execute(wanted, (contract,)).fetchall(), 1):
        id_, line, class_, day, type_, quantity = row[0], row[1], row[2], row[3], row[4], row[8]
        head = (contract, 1, place, "draft", id_, id_, "actual", class_, class_, line, 0, day, type_, quantity, row[-2], row[-1])
        yield (*head, None, _FIGURES, None, None, 0, *row[11:20], row[20], "role-price", "P-33")


def _duckdb(database: Path) -> str:
    """The grouping alone, in memory."""
    try:
        import duckdb  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ModuleNotFoundError as missing:
        return f"skipped: {missing.name} is not installed"
    with closing(_bare(database)) as connection:
        rows = connection.execute(_GROUPED).fetchall()
    memory = duckdb.connect()
    memory.execute("CREATE TABLE work (contract VARCHAR, customer VARCHAR, line VARCHAR, class VARCHAR, amount DECIMAL(19, 4))")
    memory.executemany("INSERT INTO work VALUES (?, ?, ?, ?, ?)", rows)
    began = time.perf_counter()
    groups = memory.execute("SELECT count(*) FROM (SELECT sum(amount) FROM work GROUP BY contract, customer, line, class)").fetchone()
    return f"{time.perf_counter() - began:.1f} s for the grouping alone: {groups[0] if groups else 0:,} lines"


_GROUPED: Final = (
    "SELECT a.contract_id, a.customer_id, a.contract_line_id, a.transaction_class, d.amount FROM mirror_actual a "
    "JOIN price_decisions d ON d.record_id = a.id"
)


def _python(database: Path) -> str:
    """Reading and grouping in plain Python: sums, nothing written."""
    sums: defaultdict[tuple[str, ...], Decimal] = defaultdict(Decimal)
    with closing(_bare(database)) as connection:
        for *key, amount in connection.execute(_GROUPED):
            sums[tuple(key)] += Decimal(amount)
    return f"{len(sums):,} lines summed, nothing written"


# ---- one long invoice ------------------------------------------------------------------------------------------------------------


def _long(database: Path) -> Iterator[Measured]:
    """Its life step by step, each as a command would do it."""
    with _desk(database) as (store, desk):
        with store.read() as reader:
            contracts = work_based_contracts(reader)
        yield _step("create", lambda: _created(desk, contracts))
        with store.read() as reader:
            draft = reader.ledger.all_headers()[0]
            sources = [detail.source for invoice in reader.ledger.each_invoice() for detail in invoice.details]
        edits = {source: {"quantity": "3", "description": "As agreed"} for source in sources[:EDITS]}
        yield _step(f"edit {len(edits):,} details", lambda: f"{len(desk.edit_many(draft.id, edits).changes.refusals)} refused")
        yield _step("edit one more", lambda: f"{len(desk.edit(draft.id, source=sources[-1], changes={'price': '1'}).invoices)} changed")
        yield _step("confirm", lambda: f"{len(desk.confirm([draft.id], as_of=AS_OF).changes.ledger):,} ledger rows")
        yield _step("show", lambda: _shown(store, draft.id))
        yield _step("list", lambda: _listed(store))
        yield _step("why", lambda: _explained(store, sources[0]))
        for format_ in ("csv", "json", "xlsx"):
            yield _step(f"export {format_}", lambda f=format_: _exported(store, draft.id, f))  # type: ignore[misc]
        yield _step("db check", lambda: _checked(store))


def _step(name: str, act: Callable[[], str]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    remark = act()
    return Measured(name, time.perf_counter() - wall, time.process_time() - cpu, _memory(), remark)


def _created(desk: BillingDesk, contracts: list[ContractId]) -> str:
    answer = desk.create(contracts, as_of=AS_OF)
    return f"{len(answer.invoices)} draft, {len(answer.changes.passed_over)} rows passed over"


def _shown(store: Store, invoice_id: str) -> str:
    with store.read() as reader:
        found = reader.ledger.invoice(invoice_id)
    return "nothing" if found is None else f"total {found.total}"


def _listed(store: Store) -> str:
    with store.read() as reader:
        return f"{len(reader.ledger.all_headers())} invoice"


def _explained(store: Store, source: str) -> str:
    with store.read() as reader:
        kept = reader.reasons.of_source(source)
    return f"{len(kept[0].trail)} steps kept"


def _exported(store: Store, invoice_id: str, format_: str) -> str:
    from proforma.documents import csv_bytes, json_bytes, words
    from proforma.sync.paper import paper_of

    with store.read() as reader:
        found = reader.ledger.invoice(invoice_id)
        assert found is not None, "it was created before"
        paper = paper_of(reader, found, DocumentSettings())
    if format_ == "xlsx":
        from proforma.documents.xlsx import xlsx_bytes

        written = xlsx_bytes(paper, words("en"))
    else:
        written = csv_bytes(paper) if format_ == "csv" else json_bytes(paper)
    return f"{len(written) / 1e6:.1f} MB"


def _checked(store: Store) -> str:
    with store.read() as reader:
        return f"{len(list(faults(reader, InvoicingPolicy())))} faults"


@contextmanager
def _desk(database: Path) -> Iterator[tuple[Store, BillingDesk]]:
    with Store.open(f"sqlite:///{database}") as store:
        yield (
            store,
            BillingDesk(
                store,
                invoicing_policy=InvoicingPolicy(),
                pricing_policy=PricingPolicy(),
                target="rest",
                now=lambda: datetime.now(UTC),
                by="bench",
            ),
        )


def _memory() -> int:
    """Most memory of this program; what `getrusage` says begins with that of the process that started it."""
    for line in _STATUS.read_text().splitlines() if _STATUS.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


_STATUS: Final = Path("/proc/self/status")


_WAYS: Final[dict[str, Callable[[Path], str]]] = {"floor": _floor, "ours": _ours, "duckdb": _duckdb, "python": _python}


def _tell(way: str, database: Path) -> None:
    """Measures one way in this process."""
    if way == "long":
        for step in _long(database):
            print(step.line(), flush=True)
        return
    measured = _step(way, lambda: _WAYS[way](database))
    print((measured._replace(seconds=0.0) if measured.remark.startswith("skipped") else measured).line())


def main() -> None:
    """`python -m benchmarks.invoicing`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--way", choices=(*_WAYS, "long"))
    parser.add_argument("--database", type=Path)
    given = parser.parse_args()
    if given.way:
        _tell(given.way, given.database)
    else:
        run(rounds=1, quick=True)


if __name__ == "__main__":
    main()
