"""Periods: which rows of an entity lie between two days, by which of its columns, and how the days are divided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.metadata import counted
from proforma.dataverse.query import Condition, Query, Value, and_, ge, lt
from proforma.domain.errors import ConfigurationError
from proforma.mapping import CompiledEntity, EntityMapping, did_you_mean
from proforma.mapping.expressions import Read, reads_of
from proforma.mapping.fields import Kind

Chunk = Literal["day", "week", "month", "quarter", "year"]
CHUNKS: Final[tuple[Chunk, ...]] = get_args(Chunk)
#: Columns that every table of the platform has.
_PLATFORM: Final = ("createdon", "modifiedon")


def divide(first: date, last: date, chunk: Chunk) -> list[tuple[date, date]]:
    """The days from `first` to `last`, both included, in calendar pieces; the outer pieces may be shorter. Weeks begin on Monday."""
    pieces = []
    while first <= last:
        following = _following(first, chunk)
        pieces.append((first, min(last, following - timedelta(days=1))))
        first = following
    return pieces


def _following(day: date, chunk: Chunk) -> date:
    """The first day of the next piece."""
    match chunk:
        case "day":
            return day + timedelta(days=1)
        case "week":
            return day + timedelta(days=7 - day.weekday())
        case "month":
            months = 1
        case "quarter":
            months = 3 - (day.month - 1) % 3
        case "year":
            months = 13 - day.month
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedColumn:
    """A column by which rows lie in time. `is_day`: it holds a business day, else an instant, of which `zone` says the day."""

    name: str
    is_day: bool
    zone: ZoneInfo

    @classmethod
    def of(cls, mapping: EntityMapping, wanted: str | None, zone: ZoneInfo) -> DatedColumn:
        """The column a person names, by itself or by the field that it fills; else `ranges` of the mapping, else `modified`.

        Raises ConfigurationError when there is no such column.
        """
        reads = {read.column: read for filled in mapping.columns.values() for read in reads_of(filled)}
        if wanted is None:
            name = mapping.ranges or mapping.modified
            if name is None:
                hint = "name one with --by"
                raise ConfigurationError(f"the mapping of {mapping.entity} names no column that dates its rows", hint=hint)
            return cls(name=name, is_day=_is_day(reads.get(name)), zone=zone)
        filled = mapping.columns.get(wanted)
        named = [read.column for read in reads_of(filled)] if filled is not None else [wanted]
        dated = {name for name, read in reads.items() if read.kind in (Kind.DATE, Kind.INSTANT)} | {*_PLATFORM}
        dated |= {name for name in (mapping.ranges, mapping.modified) if name is not None}
        if len(named) != 1 or named[0] not in dated:
            fields = [field for field, by in mapping.columns.items() if {read.column for read in reads_of(by)} & dated]
            known = sorted({*dated, *fields})
            raise ConfigurationError(f"--by: {mapping.entity} has no date {wanted!r}", hint=did_you_mean(wanted, known))
        return cls(name=named[0], is_day=_is_day(reads.get(named[0])), zone=zone)

    def between(self, first: date, last: date) -> Condition:
        """The rows of these days, both included. A day is a day everywhere; an instant belongs to the day that the business has then."""
        return and_(ge(self.name, self._begin(first)), lt(self.name, self._begin(last + timedelta(days=1))))

    def _begin(self, day: date) -> Value:
        return day if self.is_day else datetime.combine(day, time(), self.zone).astimezone(UTC)


def _is_day(read: Read | None) -> bool:
    return read is not None and read.kind is Kind.DATE


def query_of(compiled: CompiledEntity[Any], column: DatedColumn, first: date, last: date) -> Query:
    """The rows of a period as the pull reads them, in an order that does not repeat or skip rows between pages (W-76)."""
    days = column.between(first, last)
    return Query(
        entity_set=compiled.entity_set,
        select=compiled.select,
        optional=compiled.optional,
        filter=and_(Condition(compiled.filter), days) if compiled.filter else days,
        order_by=(column.name, compiled.mapping.key),
    )


def count(client: DataverseClient, compiled: CompiledEntity[Any], column: DatedColumn, first: date, last: date) -> int | None:
    """The rows of a period, counted by the environment; None when a single day has more than it counts.

    A period of more than 50,000 rows is counted in halves (W-82).
    """
    found = counted(client, query_of(compiled, column, first, last))
    if found is not None or first == last:
        return found
    middle = first + (last - first) // 2
    before = count(client, compiled, column, first, middle)
    behind = None if before is None else count(client, compiled, column, middle + timedelta(days=1), last)
    return None if before is None or behind is None else before + behind
