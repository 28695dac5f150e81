"""Hours that are ready to be invoiced, by customer, from Dynamics 365 Project Operations."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import requests

READY_TO_INVOICE = 192350004
TRIES_MAX = 5


def ready_hours(url: str, token: str, *, wait: Callable[[float], None] = time.sleep) -> dict[str, Decimal]:
    """Hours by the name of the customer. Raises requests.HTTPError when the environment keeps refusing."""
    with requests.Session() as session:
        session.headers.update({"Authorization": f"Bearer {token}", "Accept": "application/json"})
        api = f"{url}/api/data/v9.2"
        names = {row["accountid"]: row["name"] for row in rows(session, f"{api}/accounts?$select=name", wait)}
        query = f"$select=msdyn_quantity,_msdyn_accountcustomer_value&$filter=msdyn_billingstatus eq {READY_TO_INVOICE}"
        hours: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in rows(session, f"{api}/msdyn_actuals?{query}", wait):
            hours[names[row["_msdyn_accountcustomer_value"]]] += Decimal(str(row["msdyn_quantity"]))
        return dict(hours)


def rows(session: requests.Session, link: str | None, wait: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """The rows of every page."""
    while link:
        page = answer(session, link, wait).json()
        yield from page["value"]
        link = page.get("@odata.nextLink")


def answer(session: requests.Session, link: str, wait: Callable[[float], None]) -> requests.Response:
    """The answer to a GET, asked for again when the environment is busy or the connection was lost."""
    for attempt in range(1, TRIES_MAX + 1):
        try:
            response = session.get(link, timeout=30)
        except requests.ConnectionError:
            if attempt == TRIES_MAX:
                raise
            wait(attempt)
            continue
        if response.status_code not in (429, 503) or attempt == TRIES_MAX:
            break
        wait(float(response.headers.get("Retry-After", attempt)))
    response.raise_for_status()
    return response
