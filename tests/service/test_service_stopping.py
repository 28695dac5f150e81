"""A daemon that is stopped: in order by one signal, at once by a second one, and never to anybody's harm."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from failing_site import template

from billing_world import BillingWorld
from proforma.mock import MockServer
from project_folder import Project

#: `make stop-signals` asks for a hundred.
TRIALS = int(os.environ.get("PROFORMA_STOP_SIGNALS", "10"))


@pytest.fixture
def drafted(tmp_path: Path) -> Iterator[Project]:
    """Twice as many drafts as there are trials; each trial confirms two, so that there is always something to send."""
    world = BillingWorld()
    for number in range(2 * TRIALS):
        world.contract(f"c{number}")
        world.time(f"@w{number}", f"c{number}")
    with MockServer() as server:
        template(tmp_path, server)
        for file in tmp_path.glob("proforma.db*"):
            file.unlink()
        server.load(world.sets)
        project = Project(tmp_path, server)
        for words in (("pull",), ("price",), ("invoice", "create", "--all")):
            assert project.run(*words).code == 0
        path = tmp_path / "proforma.yaml"
        path.write_text(path.read_text(encoding="utf-8") + "schedule: {lease_seconds: 1, every_minutes: 1}\n", encoding="utf-8")
        server.faults([{"match": {"path": "/finance/"}, "times": 100_000, "action": {"delay_ms": 30}}])
        yield project


def test_stopped_at_random_moments_nothing_is_lost_or_doubled(drafted: Project) -> None:
    """Each ends with 0, or with 128 and the signal's number after a second one; the rest is sent then, and every invoice is there once."""
    script = Path(__file__).with_name("stop_signals.py")
    command = [sys.executable, str(script), str(drafted.folder), "--trials", str(TRIALS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120 + 30 * TRIALS, check=False)
    assert done.returncode == 0, done.stderr
    codes = {int(code): int(count) for code, count in re.findall(r"(-?\d+): (\d+)", done.stderr.splitlines()[-1])}
    assert sum(codes.values()) == TRIALS
    # A signal that comes before the daemon has begun ends it as it ends any program: by SIGTERM itself, or as interrupted, 3.
    assert set(codes) <= {0, 128 + signal.SIGTERM, 128 + signal.SIGINT, -signal.SIGTERM, 3}, codes
    drafted.server.faults([])
    assert drafted.run("sync").code == 0
    references = Counter(str(document["reference"]) for document in drafted.server.documents())
    assert (len(references), set(references.values())) == (2 * TRIALS, {1})
    assert drafted.run("db", "check").json["faults"] == []
    assert {run["outcome"] for run in drafted.run("runs", "list", "--limit", "1000").json["runs"]} <= {"done", "stopped", "died"}


def test_a_second_signal_stops_at_once(drafted: Project) -> None:
    """While finance keeps it waiting for minutes: the first signal waits for the stage, the second does not."""
    assert drafted.run("invoice", "confirm", "--all-drafts").code == 0
    drafted.server.faults([{"match": {"path": "/finance/"}, "times": 100_000, "action": {"delay_ms": 100_000}}])
    with drafted.start("daemon") as process:
        _until(lambda: any("finance" in str(request["path"]) for request in drafted.server.requests()), process)
        # Two of the same kind at once would be one to the system.
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    drafted.server.faults([])
    assert process.returncode in (128 + signal.SIGTERM, 128 + signal.SIGINT)
    (run,) = drafted.run("runs", "list").json["runs"]
    assert run["outcome"] == "died"


def _until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)
