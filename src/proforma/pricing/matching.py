"""The row of a list that fits a record's dimension values best (P-32, P-33)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, Generic, TypeVar

from proforma.domain.prices import DimensionValue, RolePrice, RolePriceMarkup
from proforma.pricing.dimensions import Values, values_of

Row = TypeVar("Row", RolePrice, RolePriceMarkup)

#: How many outranked rows the trail names (P-33).
LOSERS_SHOWN: Final = 10

#: For each dimension, heaviest first, whether a row fills it.
Pattern = tuple[bool, ...]
#: A pattern, what takes the values of its filled dimensions out of all values, and the rows by those values.
_Group = tuple[Pattern, Callable[[Values], object], dict[object, tuple[Row, ...]]]


@dataclass(frozen=True, slots=True)
class Match(Generic[Row]):
    """The rows that share the best pattern (several are duplicates, P-34; none: no candidate), and what the trail says."""

    rows: tuple[Row, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """How the trail names rows and the values of dimensions: by name and id where there is a name."""

    kind: str
    names: Mapping[str, str]

    def value(self, value: DimensionValue | None) -> str:
        """A dimension's value as people read it."""
        if value is None:
            return "empty"
        name = self.names.get(value) if isinstance(value, str) else None
        return f"{name} ({value})" if name else str(value)


class RowTable(Generic[Row]):
    """Rows of one list, by the dimensions they fill and the values in them, so that a record's candidates are found without a scan."""

    def __init__(self, rows: Sequence[Row], names: tuple[str, ...]) -> None:
        self._names = names
        groups: dict[Pattern, dict[object, list[Row]]] = {}
        for row in rows:
            values = values_of(row.dimensions, names)
            pattern = tuple(value is not None for value in values)
            groups.setdefault(pattern, {}).setdefault(_filled(pattern)(values), []).append(row)
        # True sorts above False: the lexicographically greatest pattern comes first (P-33).
        self._groups: list[_Group[Row]] = [
            (pattern, _filled(pattern), {values: tuple(sorted(same, key=lambda row: row.id)) for values, same in rows.items()})
            for pattern, rows in sorted(groups.items(), key=lambda group: group[0], reverse=True)
        ]

    def best(self, values: Values, *, words: Words, strict: bool) -> Match[Row]:
        """The best candidates for a record's values: each dimension equal or empty, the heaviest filled ones first (P-32, P-33).

        `strict` is the progressive drop of S9.
        """
        kind = words.kind
        ranked = list(self._candidates(values, strict=strict))
        dimensions = ", ".join(f"{name} = {words.value(value)}" for name, value in zip(self._names, values, strict=True))
        first = f"P-30 dimensions: {dimensions or 'none take part'}"
        if not ranked:
            return Match((), (first, f"P-32 {kind}: no row fits"))
        (pattern, winners), *rest = ranked
        chosen = " and ".join(row.id for row in winners)
        steps = [first, f"P-33 {kind} {chosen}: match {_string(pattern)}; best"]
        losers = [f"{row.id} ({_string(pattern)})" for pattern, rows in rest for row in rows]
        if losers:
            more = f" and {len(losers) - LOSERS_SHOWN} more" if len(losers) > LOSERS_SHOWN else ""
            steps.append(f"P-33 {kind} outranked: {', '.join(losers[:LOSERS_SHOWN])}{more}")
        return Match(winners, tuple(steps))

    def winners(self, values: Values, *, strict: bool) -> tuple[Row, ...]:
        """The rows of the best match alone, for callers that need no trail."""
        for pattern, filled, rows in self._groups:
            hit = rows.get(filled(values))
            if hit and not (strict and not _is_progressive(pattern, values)):
                return hit
        return ()

    def _candidates(self, values: Values, *, strict: bool) -> Iterator[tuple[Pattern, tuple[Row, ...]]]:
        """Candidates by pattern, best first; rows of one pattern in the order of their ids, for the trail alone."""
        for pattern, filled, rows in self._groups:
            if strict and not _is_progressive(pattern, values):
                continue
            hit = rows.get(filled(values))
            if hit:
                yield pattern, hit


def _is_progressive(pattern: Pattern, values: Values) -> bool:
    """Whether dropping the lightest dimensions one by one reaches this pattern; what the record leaves empty is not dropped (S9)."""
    kept = [filled for filled, value in zip(pattern, values, strict=True) if value is not None]
    return kept == sorted(kept, reverse=True)


def _filled(pattern: Pattern) -> Callable[[Values], object]:
    places = [place for place, filled in enumerate(pattern) if filled]
    return itemgetter(*places) if places else lambda _: None


def _string(pattern: Pattern) -> str:
    return "".join("1" if filled else "0" for filled in pattern)
