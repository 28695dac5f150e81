"""A first pull from a server that takes 200 ms for each page: in ranges, beside the reader written by hand, page after page."""

from __future__ import annotations

from benchmarks.canned_dataverse import Table
from benchmarks.contest import contest, print_results, ratios, spread
from benchmarks.dated_dataverse import dated_dataverse

PAGE_ROWS, PAGE_SECONDS = 1_000, 0.2


def run(rounds: int, quick: bool) -> None:
    """Prints rows a second of both, and the ratio round by round. Both get pages of 1,000 rows."""
    rows = 60_000 if quick else 100_000
    with dated_dataverse(Table(rows=rows, page_rows=PAGE_ROWS, page_seconds=PAGE_SECONDS)) as url:
        print(
            f"first pull of {rows:,} actuals in pages of {PAGE_ROWS:,}, {PAGE_SECONDS * 1000:.0f} ms of server time a page; {rounds} rounds"
        )
        results = contest(["by hand", "in ranges"], url, rounds)
        print_results(results)
        print(f"  in ranges / by hand: {spread(ratios(results, 'in ranges', 'by hand'))}; at least 6 wanted")
