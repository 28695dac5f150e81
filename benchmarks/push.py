"""2,000 invoices of ten lines to a finance system, one request each, beside a bare loop; and single invoices that are very long."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.canned_finance import canned_finance
from benchmarks.confirmed_invoices import CUSTOMER, Backlog
from benchmarks.contest import Result, cpu_ratios, ratios, spread
from proforma.store import Store

INVOICES, INVOICES_QUICK, LINES = 2_000, 200, 10
SERVER_SECONDS, AT_ONCE = 0.05, 5
LINES_LONG, LINES_LONG_QUICK = (5_000, 100_000), (500, 5_000)
#: Finance systems by the name of their mapping, and where the mock serves them.
_MOCKED = {"dynamics": "/finance/dynamics/data", "business-central": "/finance/bc/v2.0/tenant/production/api/v2.0"}


def run(rounds: int, quick: bool) -> None:
    """Prints invoices a second of each, and ratios round by round."""
    invoices = INVOICES_QUICK if quick else INVOICES
    with _filled(Backlog(invoices, LINES)) as prepared:
        _beside_a_loop(prepared, invoices, rounds)
        _several_at_once(prepared, invoices, rounds)
    for lines in LINES_LONG_QUICK if quick else LINES_LONG:
        _one_long(lines)


def _beside_a_loop(prepared: Path, invoices: int, rounds: int) -> None:
    print(f"push of {invoices:,} invoices of {LINES} lines, one request each; {rounds} rounds")
    with canned_finance() as url:
        results = _contest(("bare", "journal", "ours"), url, prepared, rounds)
    _print_results(results)
    print(f"  ours / journal: {spread(ratios(results, 'ours', 'journal'))}; at least 0.7 wanted")
    print(f"  in CPU time: {spread(cpu_ratios(results, 'ours', 'journal'))}")


def _several_at_once(prepared: Path, invoices: int, rounds: int) -> None:
    possible = AT_ONCE / SERVER_SECONDS
    print(f"the same with {SERVER_SECONDS * 1000:.0f} ms of server time, {AT_ONCE} at once; {possible:.0f} a second are possible")
    with canned_finance(SERVER_SECONDS) as url:
        results = _contest(("five at once",), url, prepared, rounds)
    _print_results(results)
    reached = [result.per_second / possible for result in results["five at once"]]
    print(f"  of what is possible: {spread(reached)}; at least 0.9 wanted")


def _one_long(lines: int) -> None:
    """Memory and our own CPU time; the mocks of the products work in a process of their own and need time too."""
    print(f"one invoice of {lines:,} lines")
    with _filled(Backlog(1, lines)) as prepared, canned_finance() as url:
        _print_long("rest", _pushed("ours", url, prepared))
    with _mock() as url:
        for target, path in _MOCKED.items():
            with _filled(Backlog(1, lines, target)) as prepared:
                _print_long(target, _pushed(target, url + path, prepared))


def _print_long(target: str, result: Result) -> None:
    print(f"  {target:<18}{result.seconds:>7.1f} s, {result.cpu_seconds:6.1f} s of CPU, {result.mebibytes} MiB")


def _contest(pushers: Sequence[str], url: str, prepared: Path, rounds: int) -> dict[str, list[Result]]:
    """Results by pusher, one a round; each round begins with another one."""
    results: dict[str, list[Result]] = {pusher: [] for pusher in pushers}
    for number in range(rounds):
        for pusher in (*pushers[number % len(pushers) :], *pushers[: number % len(pushers)]):
            results[pusher].append(_pushed(pusher, url, prepared))
    return results


def _pushed(pusher: str, url: str, prepared: Path) -> Result:
    """One push in a fresh process, from a copy of the prepared store; `BENCH_FOLDER` says on which disk."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        shutil.copy(prepared, Path(folder) / "proforma.db")
        command = [sys.executable, "-m", "benchmarks.pushers", pusher, url, folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{pusher} failed:\n{done.stderr}")
    invoices, seconds, cpu_seconds, kibibytes = done.stdout.split()[-4:]
    if int(invoices) == 0:
        raise SystemExit(f"{pusher} sent nothing:\n{done.stderr}")
    return Result(int(invoices), float(seconds), float(cpu_seconds), int(kibibytes) // 1024)


@contextmanager
def _filled(backlog: Backlog) -> Iterator[Path]:
    """The file of a store with that backlog."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proforma.db"
        with Store.open(f"sqlite:///{file}") as store:
            backlog.fill(store)
        yield file


@contextmanager
def _mock() -> Iterator[str]:
    """The mock in a process of its own, with the customer and currency of the invoices; gives its URL."""
    world = {
        "accounts": [{"accountid": "@c", "name": "Customer", "accountnumber": CUSTOMER}],
        "transactioncurrencies": [{"transactioncurrencyid": "@usd", "isocurrencycode": "USD"}],
    }
    process = subprocess.Popen([sys.executable, "-m", "proforma", "mock", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().split()[1]
        requests.put(f"{url}/mock/world", json=world, timeout=60).raise_for_status()
        yield url
    finally:
        process.terminate()
        process.communicate(timeout=30)


def _print_results(results: dict[str, list[Result]]) -> None:
    for pusher, found in results.items():
        per_second = [result.per_second for result in found]
        cpu = statistics.median(result.cpu_microseconds for result in found)
        memory = max(result.mebibytes for result in found)
        print(
            f"  {pusher:<14}{statistics.median(per_second):>8,.0f} invoices/s  (min {min(per_second):,.0f}, max {max(per_second):,.0f}); "
            f"{cpu:,.0f} µs of CPU an invoice, {memory} MiB"
        )
