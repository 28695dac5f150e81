"""A full pull of 200,000 actuals with 40 columns into SQLite, beside a bare socket, a reader written by hand, and dlt."""

from __future__ import annotations

from benchmarks.canned_dataverse import Table, canned_dataverse
from benchmarks.contest import DLT_PYTHON, contest, cpu_ratios, print_results, ratios, read_by, spread

ROWS, ROWS_QUICK, ROWS_LONG = 200_000, 20_000, 2_000_000
ROWS_DLT = (20_000, 200_000)


def run(rounds: int, quick: bool) -> None:
    """Prints rows a second of each reader, and ratios round by round."""
    rows = ROWS_QUICK if quick else ROWS
    readers = ["socket", "by hand", "ours"]
    with canned_dataverse(Table(rows=rows)) as url:
        print(f"pull of {rows:,} actuals, 40 columns, into SQLite; {rounds} rounds")
        results = contest(readers, url, rounds)
        print_results(results)
        print(f"  ours / by hand: {spread(ratios(results, 'ours', 'by hand'))}; at least 0.9 wanted")
        print(f"  in CPU time: {spread(cpu_ratios(results, 'ours', 'by hand'))}")
        if not DLT_PYTHON.exists():
            print(f"  dlt: left out, there is no {DLT_PYTHON}; `python3 -m venv .venv-dlt && .venv-dlt/bin/pip install 'dlt[sqlalchemy]'`")
            return
    for beside in ROWS_DLT[:1] if quick else ROWS_DLT:
        _beside_dlt(beside, min(rounds, 2))


def _beside_dlt(rows: int, rounds: int) -> None:
    """dlt takes a minute or more for 200,000 rows: two rounds at most."""
    with canned_dataverse(Table(rows=rows)) as url:
        results = contest(["dlt", "ours"], url, rounds)
        print(f"  beside dlt, {rows:,} actuals; {rounds} rounds")
        print_results(results)
        print(f"  ours / dlt: {spread(ratios(results, 'ours', 'dlt'))}; at least 10 wanted")
        print(f"  in CPU time: {spread(cpu_ratios(results, 'ours', 'dlt'))}")


def run_long(rounds: int, quick: bool) -> None:
    """Prints the memory of ours at ten times the rows."""
    del rounds
    small, large = (ROWS_QUICK, ROWS) if quick else (ROWS, ROWS_LONG)
    found = {}
    for rows in (small, large):
        with canned_dataverse(Table(rows=rows)) as url:
            found[rows] = read_by("ours", url)
    for rows, result in found.items():
        print(f"  ours, {rows:>9,} rows: {result.mebibytes} MiB at most, {result.per_second:,.0f} rows/s")
    print(f"  memory, {large:,} rows / {small:,} rows: {found[large].mebibytes / found[small].mebibytes:.2f}")
