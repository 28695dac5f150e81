"""A sample of the kill proof: SIGKILL before and after commits and requests of a push, once and twice (promise 4, F-84)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_a_push_killed_at_sampled_boundaries_sends_each_invoice_once() -> None:
    """Whatever boundary a push dies at, and the next one too: finance has each invoice exactly once. `make kill-test` tries them all."""
    tool = Path(__file__).with_name("kill_points.py")
    command = [sys.executable, str(tool), "--invoices", "4", "--single", "10", "--double", "4", "--seed", "7"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tool.parents[1]), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert "54 processes killed, 0 faults" in done.stdout
