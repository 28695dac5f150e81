"""Figures over many rows: what `$apply` and FetchXML share (W-82, W-109)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Final, TypeAlias, TypeVar

from proforma.mock.dataverse.errors import ODataError
from proforma.mock.values import Value

Cells: TypeAlias = Sequence[tuple[Value, object]]
T = TypeVar("T")

#: The most rows that an aggregate looks at (W-82).
SOURCE_ROWS_MAX: Final = 50_000
_DIGITS: Final = Decimal("0.000000001")


def check_size(rows: Sequence[object]) -> None:
    """Refuse to aggregate over too many rows."""
    if len(rows) > SOURCE_ROWS_MAX:
        raise ODataError(400, "0x8004e023", "AggregateQueryRecordLimit exceeded. Cannot perform this operation.")


def grouped(rows: Iterable[T], keys: Sequence[Callable[[T], object]]) -> Mapping[tuple[object, ...], list[T]]:
    """Rows by the values of their keys, in order of their first appearance."""
    groups: dict[tuple[object, ...], list[T]] = {}
    for row in rows:
        groups.setdefault(tuple(key(row) for key in keys), []).append(row)
    return groups


def figure(method: str, cells: Cells, *, whole: bool) -> Value:
    """One figure; null when no cell is filled. `cells`: each value as it is stored and as it compares; `whole`: of whole numbers."""
    filled = [(value, rank) for value, rank in cells if value is not None and rank is not None]
    if method == "countdistinct":
        return len({rank for _, rank in filled})
    if not filled:
        return None
    if method in ("min", "max"):
        chosen = (min if method == "min" else max)(filled, key=lambda cell: cell[1])  # type: ignore[arg-type,return-value]
        return _shown(chosen[0], whole=whole)
    with localcontext(prec=60):
        total = sum((Decimal(str(value)) for value, _ in filled), Decimal(0))
        return _shown(total, whole=whole) if method == "sum" else _shown(total / len(filled), whole=False)


def _shown(value: Value, *, whole: bool) -> Value:
    """Nine decimals, but whole numbers as they are (W-109)."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return value
    if whole:
        return int(value)
    number = Decimal(value)
    with localcontext(prec=60):
        return number.quantize(_DIGITS, ROUND_HALF_UP) if number.adjusted() < 40 else number
