"""What the report says, and how it behaves when Dataverse does not."""

from __future__ import annotations

from decimal import Decimal

import pytest
import requests

from proforma.mock import MockDataverse
from ready_hours import READY_TO_INVOICE, ready_hours

EXPECTED = {"Acme": Decimal("14.75"), "Bergen Shipping": Decimal("4")}


def test_hours_by_customer(mock_dataverse: MockDataverse) -> None:
    """Only what is ready counts; the world is the one that pyproject.toml names."""
    assert ready_hours(mock_dataverse.url, mock_dataverse.token) == EXPECTED


@pytest.mark.world(page_size=1)
def test_every_page_is_read(mock_dataverse: MockDataverse) -> None:
    """With one row a page, three rows take three requests."""
    assert ready_hours(mock_dataverse.url, mock_dataverse.token) == EXPECTED
    assert len(mock_dataverse.requests("msdyn_actuals")) == 3


@pytest.mark.world({"accounts": [{"accountid": "@solo", "name": "Solo"}]})
def test_work_that_arrives_later(mock_dataverse: MockDataverse) -> None:
    """A world of this test alone, and a row that appears while it runs."""
    assert ready_hours(mock_dataverse.url, mock_dataverse.token) == {}
    work = {"_msdyn_accountcustomer_value": "@solo", "msdyn_quantity": "2.5", "msdyn_billingstatus": READY_TO_INVOICE}
    mock_dataverse.upsert("msdyn_actuals", work)
    assert ready_hours(mock_dataverse.url, mock_dataverse.token) == {"Solo": Decimal("2.5")}


def test_throttling_is_waited_out(mock_dataverse: MockDataverse) -> None:
    """Retry-After is obeyed, and nothing is lost."""
    waited: list[float] = []
    mock_dataverse.fail(429, retry_after=17, times=2, path="msdyn_actuals")
    assert ready_hours(mock_dataverse.url, mock_dataverse.token, wait=waited.append) == EXPECTED
    assert waited == [17, 17]


def test_a_lost_connection_is_tried_again(mock_dataverse: MockDataverse) -> None:
    """The answer was dropped on its way: the page is asked for once more."""
    mock_dataverse.drop_after(path="msdyn_actuals")
    assert ready_hours(mock_dataverse.url, mock_dataverse.token, wait=lambda _: None) == EXPECTED


def test_it_gives_up(mock_dataverse: MockDataverse) -> None:
    """An environment that stays away is an error after five tries."""
    mock_dataverse.fail(503, times=None, path="accounts")
    with pytest.raises(requests.HTTPError, match="503"):
        ready_hours(mock_dataverse.url, mock_dataverse.token, wait=lambda _: None)
    assert len(mock_dataverse.requests()) == 5
