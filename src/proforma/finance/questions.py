"""What a finance system can be asked before anything is sent: whether it knows a key, and would take documents with it (F-89)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from proforma.domain.codes import KeyKind
from proforma.finance.document import FinanceDocument

EVERY_KIND: Final = frozenset(KeyKind)
#: What a line may be booked on; what stands first counts.
BOOKED: Final = (KeyKind.ACCOUNT, KeyKind.RESOURCE, KeyKind.ITEM)


@dataclass(frozen=True, slots=True)
class Question:
    """One key as a document would name it; a day as YYYY-MM-DD. `precision`: of a currency, the decimals of our amounts."""

    kind: KeyKind
    key: str
    precision: int | None = None


def questions_about(document: FinanceDocument, *, precision: int) -> Iterator[Question]:
    """Every key that a document names; `precision`: decimals of its amounts."""
    content = document.content
    yield Question(KeyKind.CUSTOMER, document.customer)
    yield Question(KeyKind.CURRENCY, document.currency, precision)
    yield Question(KeyKind.DAY, content.get("posting_date") or content["invoice_date"])
    for line in content["lines"]:
        booked = next((kind for kind in BOOKED if line.get(kind)), None)
        if booked is not None:
            yield Question(booked, line[booked])
        if line.get("unit"):
            yield Question(KeyKind.UNIT, line["unit"])
