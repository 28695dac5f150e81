"""A sample of the kill proof: SIGKILL before and after commits and requests of a push, once and twice (promise 4, F-84)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("of", "single", "double", "killed"), [("push", 10, 4, 54), ("cancel", 4, 1, 18)], ids=["a push", "a cancellation"]
)
def test_killed_at_sampled_boundaries(of: str, single: int, double: int, killed: int) -> None:
    """Whatever boundary it dies at, and the next one too: finance has each invoice exactly once, or, taken back, none of them.

    `make kill-test` tries all boundaries.
    """
    tool = Path(__file__).with_name("kill_points.py")
    effort = ["--invoices", "4", "--single", str(single), "--double", str(double), "--seed", "7", "--of", of]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tool.parents[1]), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run([sys.executable, str(tool), *effort], check=False, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert f"{killed} processes killed, 0 faults" in done.stdout
