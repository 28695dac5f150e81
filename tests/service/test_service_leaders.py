"""The small form of `make leader-test`."""

from __future__ import annotations

from pathlib import Path

import pytest
from leader_kills import prove


@pytest.mark.slow
def test_leaders_may_be_killed_and_frozen_while_invoices_flow(postgresql_url: str, tmp_path: Path) -> None:
    """Three times in the middle of a push: nine invoices, each once in finance; each tick run to its end once."""
    assert prove(postgresql_url, tmp_path, kills=3, lease_seconds=1.5)
