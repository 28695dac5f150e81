"""Stops a daemon at random moments, by one signal or two, and judges what is left. `make stop-signals` does it a hundred times.

A process of its own that has loaded the program once and forks for each trial, so that a trial costs what the daemon costs.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from proforma.cli.main import run
from proforma.service import daemon as _loaded  # noqa: F401 - loaded before the first fork
from proforma.sync import cycle as _loaded_too  # noqa: F401

#: A tick under way takes about so long; later signals find the daemon idle.
_SECONDS_MAX = 2.0
_WAIT_SECONDS = 60


def trial(folder: Path, chance: random.Random) -> int:
    """Starts a daemon, stops it at some moment, answers its exit code; signals below 0."""
    child = os.fork()
    if child == 0:
        _be_a_daemon(folder)
    time.sleep(chance.uniform(0.05, _SECONDS_MAX))
    os.kill(child, chance.choice((signal.SIGTERM, signal.SIGINT)))
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0.0, 0.2))
        _kill_if_there(child)
    return os.waitstatus_to_exitcode(_ended(child))


def _be_a_daemon(folder: Path) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os._exit(run(["--config", str(folder / "proforma.yaml"), "--as-of", "2026-03-31", "-q", "daemon"]))


def _kill_if_there(child: int) -> None:
    # Not yet waited for, so its number still means this process, also when it has ended.
    os.kill(child, signal.SIGTERM)


def _ended(child: int) -> int:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    return os.waitpid(child, 0)[1]


def main() -> None:
    """Prints how often each exit code came."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--trials", type=int, default=10)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    chance = random.Random(given.seed)
    codes: Counter[int] = Counter()
    for _ in range(given.trials):
        words = ["--config", str(given.folder / "proforma.yaml"), "-q", "invoice", "confirm", *_drafts(given.folder)[:2]]
        if len(words) > 5:
            assert run(words) == 0
        codes[trial(given.folder, chance)] += 1
    print("exit codes: " + ", ".join(f"{code}: {count}" for code, count in sorted(codes.items())), file=sys.stderr)


def _drafts(folder: Path) -> list[str]:
    from proforma.store import Store

    with Store.open(f"sqlite:///{folder / 'proforma.db'}") as store, store.read() as reader:
        return [invoice.number for invoice in reader.ledger.invoices() if invoice.status == "draft"]


if __name__ == "__main__":
    main()
