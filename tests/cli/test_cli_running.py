"""The daemon, the logs and the wheel, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from billing_world import BillingWorld
from project_folder import Project

ROOT = Path(__file__).resolve().parents[2]


def test_the_daemon_runs_a_cycle_at_once_and_ends_when_asked(project: Project) -> None:
    """The first cycle begins at start, its invoices reach finance, and SIGTERM ends the daemon with exit code 0."""
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north")
    project.server.load(world.sets)
    project.run("pull")
    project.run("price")
    project.run("invoice", "create", "--all")
    project.run("invoice", "confirm", "--all-drafts")
    with project.start("daemon") as process:
        deadline = time.monotonic() + 30
        while not project.server.documents() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "1 pushed" in out
    assert len(project.server.documents()) == 1


def test_logs_are_json_when_asked_and_hold_no_secret(project: Project) -> None:
    """--log-format json gives one JSON object a line on stderr; at the most talkative level no secret and no token is in it."""
    project.server.faults([{"match": {"path": "/api/data/"}, "times": 1, "action": {"status": 503, "headers": {"Retry-After": "0"}}}])
    command = [sys.executable, "-m", "proforma", "--config", "proforma.yaml", "-vv", "--log-format", "json", "--json", "pull"]
    done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("{")]
    events = [json.loads(line) for line in lines]  # noqa: TID251 - our own log lines, no amounts in them
    assert any(event.get("logger") == "proforma.transport.retry" for event in events)
    assert "mock-secret" not in done.stderr
    assert "Bearer " not in done.stderr


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(tmp_path: Path) -> None:
    """A built wheel holds mappings and example; from it alone `demo` does the whole job and `init` writes a configuration."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True, capture_output=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "proforma", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False)

    where = [sys.executable, "-c", "import proforma; print(proforma.__file__)"]
    found = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    assert found.startswith(str(tmp_path / "installed"))
    demo = run("demo")
    assert demo.returncode == 0, demo.stderr
    assert "INV-000004" in demo.stdout
    assert run("init", "company").returncode == 0
    assert (tmp_path / "company" / "mappings" / "finance" / "rest.yaml").is_file()
