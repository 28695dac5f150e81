"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from proforma.mock import MockServer
from proforma.store import Store
from project_folder import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project folder with an empty mock over real sockets."""
    with MockServer() as server:
        server.write_configuration(tmp_path / "proforma.yaml")
        yield Project(tmp_path, server)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """URL of a store file that is not there yet."""
    return f"sqlite:///{tmp_path / 'proforma.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A fresh store; a writer that finds it locked does not wait."""
    with Store.open(url, busy_seconds=0) as opened:
        yield opened
