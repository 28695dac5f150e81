"""The reference under which finance knows an invoice."""

from __future__ import annotations

import re
from typing import Final

from proforma.domain.invoices import Invoice

#: Dynamics 365 Finance and Business Central both keep at least 35 characters of an external document number.
REFERENCE_LENGTH_MAX: Final = 35
_ID_LENGTH: Final = 12
_NUMBER_LENGTH_MAX: Final = REFERENCE_LENGTH_MAX - _ID_LENGTH - 1
_FOREIGN: Final = re.compile(r"[^A-Z0-9]+")


def reference(invoice: Invoice) -> str:
    """The reference of an invoice: its number and twelve digits of its id, A–Z, 0–9 and hyphen only (promise 4).

    The part of the id keeps references apart even when a store was lost and numbers begin anew. Of a long number the end is kept.
    """
    number = _FOREIGN.sub("-", invoice.number.upper()).strip("-")[-_NUMBER_LENGTH_MAX:].strip("-")
    digits = _FOREIGN.sub("", invoice.id.upper())[:_ID_LENGTH]
    return f"{number}-{digits}" if number else digits
