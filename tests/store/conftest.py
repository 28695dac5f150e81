"""A store of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proforma.store import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """URL of a store file that is not there yet."""
    return f"sqlite:///{tmp_path / 'proforma.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A fresh store; a writer that finds it locked does not wait."""
    with Store.open(url, busy_seconds=0) as opened:
        yield opened
