"""One row of a hundred changed and a few deleted: what the next pull costs beside the first one, and that it leaves what the source has."""

from __future__ import annotations

import statistics

from benchmarks.canned_dataverse import PAGE_ROWS, Table, canned_dataverse
from benchmarks.contest import read_by


def run(rounds: int, quick: bool) -> None:
    """Prints the share of rows read and of time taken; stops when a row differs from the source."""
    _measure(20_000 if quick else 200_000, rounds)


def run_long(rounds: int, quick: bool) -> None:
    """The same for a million rows, once."""
    del rounds
    _measure(200_000 if quick else 1_000_000, 1)


def _measure(rows: int, rounds: int) -> None:
    table = Table(rows=rows)
    with canned_dataverse(table) as url:
        results = [(read_by("ours", url), read_by("changes", url)) for _ in range(rounds)]
    shares = [changed.seconds / full.seconds for full, changed in results]
    read = results[0][1].rows
    print(f"{rows:,} actuals, then {table.changed:,} changed and {table.deleted} deleted; {rounds} rounds")
    print(f"  rows and deletions read: {read:,} of {rows:,} ({read / rows:.2%}); every row compared with the source: equal")
    print(f"  time of the second pull / first pull: {statistics.median(shares):.2%} (pages of {PAGE_ROWS:,})")
