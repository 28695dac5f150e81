"""What holds among the ledger's own rows: which part of an actual is sealed, and how the marks of one source add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from proforma.domain.invoices import LedgerActual, SourceMark
from proforma.store.columns import Cells, codec

_ADJUSTED: Final = codec(LedgerActual).names.index("adjusted")


def sealable(rows: Iterable[Cells]) -> list[Cells]:
    """The rows of ledger actuals without the one cell that may change later: whether a correction has replaced them."""
    return [(*row[:_ADJUSTED], *row[_ADJUSTED + 1 :]) for row in rows]


def merge(before: SourceMark | None, mark: SourceMark) -> SourceMark:
    """The marks of one source together: what the new one leaves open stays as it was (I-52, I-45)."""
    if before is None:
        return mark
    return replace(mark, status=mark.status or before.status, nte=mark.nte or before.nte)
