"""`proforma backfill` of actuals from a slow server that throttles, with 1 and with 4 workers; and killed three times on the way."""

from __future__ import annotations

import hashlib
import os
import random
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.canned_dataverse import Table, row_text
from benchmarks.dated_dataverse import ROWS_MADE, dated_row
from benchmarks.throttling_dataverse import throttling_dataverse

PAGE_SECONDS = 1.0
WORKERS = (1, 4)
_CONFIGURATION = """\
source: {{url: "{url}", auth: {{kind: none}}}}
finance: {{target: rest, url: "{url}/finance", auth: {{kind: none}}}}
store: sqlite:///proforma.db
"""
_ID = re.compile(rb'"msdyn_actualid":"([0-9a-f-]{36})"')
_QUANTITY = re.compile(rb'"msdyn_quantity":([0-9.]+)')
_DESCRIPTION = re.compile(rb'"msdyn_description":"([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One backfill: wall time, CPU time of the program, its greatest memory, and how often it was killed."""

    seconds: float
    cpu_seconds: float
    mebibytes: int
    kills: int = 0


def run(rounds: int, quick: bool) -> None:
    """The small form: 100,000 rows from a quicker server, once with each number of workers."""
    del rounds
    _compare(20_000 if quick else 100_000, page_seconds=0.25)


def run_long(rounds: int, quick: bool) -> None:
    """A million actuals, a second of server time for each page of 5,000."""
    del rounds
    _compare(100_000 if quick else 1_000_000, page_seconds=PAGE_SECONDS)


def _compare(rows: int, *, page_seconds: float) -> None:
    print(f"backfill of {rows:,} actuals in pages of 5,000, {page_seconds:g} s of server time a page, throttled like Dataverse")
    wanted = expected_digest(rows)
    found = {}
    for workers in WORKERS:
        with project(rows, page_seconds) as folder:
            found[workers] = read(folder, workers)
            _print(f"{workers} workers", found[workers], rows, digest(folder) == wanted)
    one, four = (found[workers] for workers in WORKERS)
    print(f"  4 workers / 1 worker: {one.seconds / four.seconds:.2f} times as fast, {four.mebibytes / one.mebibytes:.2f} times the memory")
    with project(rows, page_seconds) as folder:
        killed = read(folder, 4, kill_after=[four.seconds * part for part in (0.2, 0.25, 0.3)])
        _print(f"4 workers, killed {killed.kills} times", killed, rows, digest(folder) == wanted)


def _print(name: str, reading: Reading, rows: int, equal: bool) -> None:
    print(
        f"  {name}: {reading.seconds:.0f} s, {rows / reading.seconds:,.0f} rows/s, {reading.cpu_seconds:.0f} s of CPU, "
        f"{reading.mebibytes} MiB at most; rows {'equal' if equal else 'DIFFER FROM'} those of the source",
        flush=True,
    )


@contextmanager
def project(rows: int, page_seconds: float) -> Iterator[Path]:
    """A folder with a configuration that points at a fresh server."""
    with (
        throttling_dataverse(Table(rows=rows, page_seconds=page_seconds)) as url,
        tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder,
    ):
        (Path(folder) / "proforma.yaml").write_text(_CONFIGURATION.format(url=url), encoding="utf-8")
        yield Path(folder)


def read(folder: Path, workers: int, kill_after: list[float] | None = None) -> Reading:
    """Backfills everything; killed after so many seconds each time and begun again, if asked."""
    days = ["--from", "2020-01-01", "--to", "2021-12-31", "--by", "createdon"]
    command = [sys.executable, "-m", "proforma", "-q", "backfill", "actual", *days, "--workers", str(workers)]
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, kills, pauses = 0, 0, list(kill_after or ())
    while True:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        pause = pauses.pop(0) if pauses else None
        deadline = None if pause is None else time.monotonic() + pause
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            if deadline is not None and time.monotonic() > deadline:
                process.send_signal(signal.SIGKILL)
                kills += 1
                deadline = None
            time.sleep(0.05)
        if process.returncode == 0:
            break
        if process.returncode != -signal.SIGKILL:
            raise SystemExit(f"the backfill ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Reading(seconds=time.monotonic() - began, cpu_seconds=cpu, mebibytes=peak >> 20, kills=kills)


def _resident(pid: int) -> int:
    """Bytes that a process has in memory."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * resource.getpagesize()
    except (OSError, IndexError):
        return 0


def expected_digest(rows: int) -> str:
    """Of id, quantity and description of every row of the source, by id."""
    chance = random.Random(2026)
    made = [row_text(chance).encode() for _ in range(ROWS_MADE)]
    texts = (dated_row(made, number) for number in range(rows))
    found = sorted((_ID.search(t)[1], _QUANTITY.search(t)[1], _DESCRIPTION.search(t)[1]) for t in texts)  # type: ignore[index]
    return _digest((a.decode(), b.decode(), c.decode()) for a, b, c in found)


def digest(folder: Path) -> str:
    """The same of the mirror."""
    with closing(sqlite3.connect(folder / "proforma.db")) as connection:
        kept = "SELECT id, quantity, description FROM mirror_actual WHERE deleted_at IS NULL ORDER BY id"
        return _digest(connection.execute(kept))


def _digest(rows: Iterator[tuple[str, str, str]] | sqlite3.Cursor) -> str:
    made = hashlib.sha256()
    for row in rows:
        made.update("\t".join(row).encode())
    return made.hexdigest()
