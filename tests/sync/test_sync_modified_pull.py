"""Pulling by the time of change: no row is passed over because of when it changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import responses

from milestones import KEY, SET, client_of, guid, mirror, pull_milestones
from proforma.store import Store

STORES = ("sqlite", "postgresql")
ORG = "https://contoso.crm4.dynamics.com"
SET_URL = f"{ORG}/api/data/v9.2/{SET}"
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as store:
        yield store


def row(number: int, amount: int, changed: str) -> dict[str, Any]:
    return {KEY: guid(number), "msdyn_amount": amount, "modifiedon": changed}


def answer(scripted: responses.RequestsMock, *rows: dict[str, Any], **links: str) -> None:
    body = {"value": rows, **{f"@odata.{name}Link": link for name, link in links.items()}}
    scripted.add("GET", SET_URL, body=json.dumps(body), content_type="application/json")


def test_a_row_that_changed_behind_a_long_walk_is_read_next(store: Store) -> None:
    """The walk begins at 12:00 and sees a row of 12:40 on its second page; one passed on the first page changed at 12:10."""
    with responses.RequestsMock() as scripted, client_of(ORG) as client:
        answer(scripted, row(1, 1, "2026-03-31T09:00:00Z"), next=f"{SET_URL}?page=2")
        answer(scripted, row(2, 2, "2026-03-31T12:40:00Z"))
        pull_milestones(store, client, now=NOON)
        answer(scripted, row(1, 10, "2026-03-31T12:10:00Z"), row(2, 2, "2026-03-31T12:40:00Z"))
        pull_milestones(store, client, now=NOON + timedelta(hours=1))

        asked = str(scripted.calls[-1].request.url)
    assert "modifiedon%20ge%202026-03-31T11:55:00Z" in asked
    assert mirror(store) == {guid(1): Decimal(10), guid(2): Decimal(2)}
