"""Several readers of one table, in turns and each in a process of its own, compared as ratios of the same round."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: The interpreter of an environment that has `dlt[sqlalchemy]`; made by hand, because it would not fit beside ours.
DLT_PYTHON = Path(os.environ.get("BENCH_DLT_PYTHON", ".venv-dlt/bin/python"))


@dataclass(frozen=True, slots=True)
class Result:
    """One reading."""

    rows: int
    seconds: float
    cpu_seconds: float
    mebibytes: int

    @property
    def per_second(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def cpu_microseconds(self) -> float:
        """CPU time for each row."""
        return self.cpu_seconds / self.rows * 1e6


def read_by(reader: str, url: str, *options: str) -> Result:
    """One reading in a fresh process and a fresh folder; `BENCH_FOLDER` says on which disk."""
    python = str(DLT_PYTHON) if reader == "dlt" else sys.executable
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as folder:
        command = [python, "-m", "benchmarks.readers", reader, url, folder, *options]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{reader} failed:\n{done.stderr}")
    rows, seconds, cpu_seconds, kibibytes = done.stdout.split()[-4:]
    return Result(int(rows), float(seconds), float(cpu_seconds), int(kibibytes) // 1024)


def contest(readers: Sequence[str], url: str, rounds: int) -> dict[str, list[Result]]:
    """Results by reader, one a round; in each round each reader comes once."""
    results: dict[str, list[Result]] = {reader: [] for reader in readers}
    for number in range(rounds):
        # Each round begins with another one: whoever comes first after a pause has the cooler machine.
        for reader in (*readers[number % len(readers) :], *readers[: number % len(readers)]):
            results[reader].append(read_by(reader, url))
    return results


def ratios(results: dict[str, list[Result]], ours: str, other: str) -> list[float]:
    """How many times as fast `ours` was, round by round."""
    return [mine.per_second / theirs.per_second for mine, theirs in zip(results[ours], results[other], strict=True)]


def cpu_ratios(results: dict[str, list[Result]], ours: str, other: str) -> list[float]:
    """The same in CPU time: how many times as little `ours` took for each row, round by round."""
    return [theirs.cpu_microseconds / mine.cpu_microseconds for mine, theirs in zip(results[ours], results[other], strict=True)]


def spread(figures: Sequence[float]) -> str:
    """Median and extremes."""
    return f"{statistics.median(figures):.2f} (min {min(figures):.2f}, max {max(figures):.2f})"


def print_results(results: dict[str, list[Result]]) -> None:
    """A line a reader."""
    for reader, found in results.items():
        per_second = [result.per_second for result in found]
        memory = max(result.mebibytes for result in found)
        print(
            f"  {reader:<10}{statistics.median(per_second):>10,.0f} rows/s  (min {min(per_second):,.0f}, "
            f"max {max(per_second):,.0f}); {statistics.median(result.cpu_microseconds for result in found):.1f} µs of CPU "
            f"a row, {memory} MiB"
        )
