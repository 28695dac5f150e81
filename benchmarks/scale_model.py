"""Arithmetic of larger installations: how long the first load takes and what limits it. `python -m benchmarks.scale_model` prints a table.

It simulates nothing: it divides work by what each limit lets through, and the slowest limit is the time. What was measured and what is
assumed stands apart in `Figures`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What the arithmetic rests on.

    Measured: CPU of reading and pricing a row, bytes a row takes in the mirror, rows a second that a database keeps when it holds some
    million (a larger one is slower: nobody has measured how much). Known of the service (W-89, W-190), for each user on each
    web server: rows of a page, requests and seconds of execution in each second. Assumed: seconds of execution a page costs.
    """

    pull_cpu_seconds: float = 60e-6
    price_cpu_seconds: float = 35e-6
    row_bytes: int = 1_200
    kept_a_second: float = 15_000.0
    page_rows: int = 5_000
    requests_a_second: float = 6_000 / 300
    execution_a_second: float = 1_200 / 300
    page_seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is to be run: environments of so many actuals each, with so many application users; and what is shared by all of them.

    `databases`: servers over which the stores are spread, one store an environment.
    `readers`: pages under way at once over all workers. `changed_a_day`: share of the actuals that change in a day.
    """

    environments: int
    actuals: int
    users: int = 1
    cores: int
    readers: int
    databases: int = 1
    changed_a_day: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Seconds that each limit alone would take for the first load; bytes of all mirrors; CPU of one day's changes."""

    protection: float
    requests: float
    readers: float
    cpu: float
    writing: float
    mirror_bytes: int
    daily_cpu: float

    @property
    def seconds(self) -> float:
        """The time of the slowest."""
        return max(self.protection, self.requests, self.readers, self.cpu, self.writing)

    @property
    def limit(self) -> str:
        """What is the slowest."""
        limits = {
            "execution time in Dataverse": self.protection,
            "requests to Dataverse": self.requests,
            "pages under way": self.readers,
            "our CPU": self.cpu,
            "writing to the databases": self.writing,
        }
        return max(limits, key=lambda name: limits[name])


def first_load(fleet: Fleet, figures: Figures | None = None) -> Load:
    """The first load of every environment, all of them at the same time. Environments do not share limits, machines they do."""
    known = figures or Figures()
    rows = fleet.environments * fleet.actuals
    pages_each = -(-fleet.actuals // known.page_rows)
    cpu = known.pull_cpu_seconds + known.price_cpu_seconds
    return Load(
        protection=pages_each * known.page_seconds / (known.execution_a_second * fleet.users),
        requests=pages_each / (known.requests_a_second * fleet.users),
        readers=fleet.environments * pages_each * known.page_seconds / fleet.readers,
        cpu=rows * cpu / fleet.cores,
        writing=rows / (known.kept_a_second * fleet.databases),
        mirror_bytes=rows * known.row_bytes,
        daily_cpu=rows * fleet.changed_a_day * cpu,
    )


FLEETS: Final = (
    Fleet(environments=1, actuals=1_000_000, cores=2, readers=1),
    Fleet(environments=1, actuals=1_000_000, cores=2, readers=4),
    Fleet(environments=1, actuals=10_000_000, cores=4, readers=4),
    Fleet(environments=1, actuals=10_000_000, users=4, cores=4, readers=16),
    Fleet(environments=10, actuals=10_000_000, cores=8, readers=40, databases=2),
    Fleet(environments=100, actuals=10_000_000, cores=16, readers=400),
    Fleet(environments=100, actuals=10_000_000, cores=16, readers=400, databases=20),
    Fleet(environments=100, actuals=10_000_000, cores=64, readers=400, databases=100),
)


def table() -> str:
    """The fleets and their first load, as a table of a document."""
    lines = [
        "| environments | actuals in all | users each | cores | pages at once | database servers "
        "| first load | limited by | mirrors | CPU for a day's changes |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for fleet in FLEETS:
        load = first_load(fleet)
        cells = (
            str(fleet.environments),
            f"{fleet.environments * fleet.actuals:,}",
            str(fleet.users),
            str(fleet.cores),
            str(fleet.readers),
            str(fleet.databases),
            _duration(load.seconds),
            load.limit,
            _size(load.mirror_bytes),
            _duration(load.daily_cpu),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 2 * _DAY_SECONDS else f"{seconds / _DAY_SECONDS:.1f} days"


def _size(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size < 1e12 else f"{size / 1e12:,.1f} TB"


if __name__ == "__main__":
    print(table())
