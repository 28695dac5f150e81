"""`make bench`: rows pulled a second beside a raw reader, memory at two sizes, price decisions a second."""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import raw_reader
from benchmarks.canned_dataverse import canned_dataverse
from benchmarks.decisions import decisions_per_second
from proforma.settings import load_configuration
from proforma.sync.workshop import Workshop

CONFIGURATION = """\
source: {{url: "{url}", auth: {{kind: none}}}}
finance: {{target: rest, url: "{url}/finance", auth: {{kind: none}}}}
store: sqlite:///proforma.db
"""


def pull(url: str, folder: Path) -> int:
    """Pulls the actuals with the product itself: mapping, checks, mirror, cursor."""
    (folder / "proforma.yaml").write_text(CONFIGURATION.format(url=url), encoding="utf-8")
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="benchmark") as workshop:
        return sum(entity.rows for entity in workshop.pull().run(["actual"]))


def _timed(reader: str, url: str) -> float:
    """Rows a second of one reading, in a process of its own so that neither warms the other up."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks", "--read", reader, "--url", url, "--folder", folder]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    rows, seconds = int(answer[0]), float(answer[1])
    return rows / seconds


def _memory(rows: int) -> int:
    """Most memory that a pull of so many rows takes, in MiB."""
    with tempfile.TemporaryDirectory() as folder, canned_dataverse(rows) as url:
        command = [sys.executable, "-m", "benchmarks", "--read", "ours", "--url", url, "--folder", folder]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(answer[2]) // 1024


def _read(reader: str, url: str, folder: Path) -> None:
    began = time.perf_counter()
    rows = raw_reader.read(url, folder / "raw.db") if reader == "raw" else pull(url, folder)
    seconds = time.perf_counter() - began
    print(rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    """Runs everything and prints one line a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--read", choices=["raw", "ours"])
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    if given.read:
        _read(given.read, given.url, given.folder)
        return
    with canned_dataverse(given.rows) as url:
        pairs = [(_timed("ours", url), _timed("raw", url)) for _ in range(given.rounds)]
    ratios = [ours / raw for ours, raw in pairs]
    print(f"pull      {statistics.median(o for o, _ in pairs):>10,.0f} rows/s ours, {statistics.median(r for _, r in pairs):,.0f} raw")
    print(f"          ratio ours/raw: {statistics.median(ratios):.2f} (min {min(ratios):.2f}, max {max(ratios):.2f}; at least 0.40 wanted)")
    small, large = _memory(20_000), _memory(200_000)
    print(f"memory    {small} MiB at 20,000 rows, {large} MiB at 200,000 rows; ratio {large / small:.2f}")
    for name, figure in decisions_per_second().items():
        print(f"decisions {figure:>10,.0f} a second, {name}")


if __name__ == "__main__":
    main()
