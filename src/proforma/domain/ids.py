"""Identities: GUIDs as lower-case canonical text, one type a kind, so that a list's id cannot stand where a contract's should.

Text rather than `uuid.UUID`: ids are compared, stored and printed far more often than taken apart, and making UUID objects of the
dozen ids of an actual costs more than decoding the rest of the row (docs/decisions/0002-guids-as-text.md).
"""

from __future__ import annotations

import re
from typing import Final, NewType

Guid = NewType("Guid", str)

ActualId = NewType("ActualId", Guid)
CategoryId = NewType("CategoryId", Guid)
ContractId = NewType("ContractId", Guid)
ContractLineId = NewType("ContractLineId", Guid)
CurrencyId = NewType("CurrencyId", Guid)
CustomerId = NewType("CustomerId", Guid)
InvoiceId = NewType("InvoiceId", Guid)
MilestoneId = NewType("MilestoneId", Guid)
OrganizationalUnitId = NewType("OrganizationalUnitId", Guid)
PriceLineId = NewType("PriceLineId", Guid)
PriceListId = NewType("PriceListId", Guid)
ProductId = NewType("ProductId", Guid)
ProjectId = NewType("ProjectId", Guid)
QuoteId = NewType("QuoteId", Guid)
RecordId = NewType("RecordId", Guid)
ResourceId = NewType("ResourceId", Guid)
RetainerId = NewType("RetainerId", Guid)
RoleId = NewType("RoleId", Guid)
SourceId = NewType("SourceId", Guid)
SubcontractId = NewType("SubcontractId", Guid)
TaskId = NewType("TaskId", Guid)
UnitGroupId = NewType("UnitGroupId", Guid)
UnitId = NewType("UnitId", Guid)

_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_guid(text: str) -> bool:
    """Whether the text is a GUID in the canonical form: lower case, with hyphens, without braces."""
    return _GUID.fullmatch(text) is not None


def canonical_guid(text: str) -> Guid:
    """The GUID in canonical form; upper case and braces are accepted on the way in (W-118).

    Raises ValueError when the text is no GUID.
    """
    if _GUID.fullmatch(text):
        return Guid(text)
    lowered = text.strip().strip("{}").lower()
    if not is_guid(lowered):
        raise ValueError(f"{text!r} is not a GUID")
    return Guid(lowered)
