"""Who acts, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from proforma.domain.ids import Guid


@dataclass(frozen=True, slots=True, kw_only=True)
class Clerk:
    """Who acts, at which instant (UTC), and where new ids and invoice numbers come from.

    `next_number` is called once for each draft that really comes into being, so a number is never wasted on a refused creation.
    """

    at: datetime
    by: str
    new_id: Callable[[], Guid]
    next_number: Callable[[], str]
