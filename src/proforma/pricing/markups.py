"""The percentage that goes on top of a role price: overtime, on site, night (P-36, P-37, P-42)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from proforma.domain.codes import Side
from proforma.domain.ids import PriceLineId, PriceListId, RecordId
from proforma.domain.prices import RolePriceMarkup
from proforma.pricing.case import Case
from proforma.pricing.dimensions import SideDimensions, values_of
from proforma.pricing.facts import Facts
from proforma.pricing.matching import Match, RowTable, Words
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.overrides import override_in_force

#: A markup can take away the whole price, never more (P-37).
PERCENT_MIN: Final = Decimal(-100)


@dataclass(frozen=True, slots=True)
class Markup:
    """The one markup of a record: its percent, its row, and the override that changed the percent (P-42)."""

    percent: Decimal
    line_id: PriceLineId
    override_id: RecordId | None


def markup_of(case: Case, dimensions: SideDimensions) -> Markup | None:
    """The best markup row of the record's list over all dimensions of the side; None when none fits or the side knows no markups.

    Raises Unresolved `ambiguous-markup` for duplicates of the best row.
    """
    if not dimensions.has_markup or not case.facts.markups.get(case.price_list.id):
        return None
    match = _match(case, dimensions)
    if not match.rows:
        return None
    case.trail.extend(step.replace("P-33", "P-37", 1) for step in match.steps[1:])
    if len(match.rows) > 1:
        raise Unresolved("P-37", "ambiguous-markup", f"markups {' and '.join(row.id for row in match.rows)} have the same values")
    row = match.rows[0]
    override = override_in_force(case, row.id, rule="P-42")
    percent = row.percent if override is None else override.percent
    return Markup(max(percent or Decimal(0), PERCENT_MIN), row.id, override.id if override else None)


def markup_table(facts: Facts, list_id: PriceListId, side: Side, dimensions: SideDimensions) -> RowTable[RolePriceMarkup]:
    """The active markups of a list, by all dimensions of a side; made once."""
    return facts.index(("markup table", list_id, side), lambda: RowTable(facts.markups.get(list_id, ()), dimensions.all))


def _match(case: Case, dimensions: SideDimensions) -> Match[RolePriceMarkup]:
    facts = case.facts
    values = values_of(case.record.dimensions, dimensions.all)
    list_id = case.price_list.id
    strict = facts.policy.dimension_matching == "strict_drop"
    if not case.is_told:
        return Match(markup_table(facts, list_id, case.side, dimensions).winners(values, strict=strict), ())

    def best() -> Match[RolePriceMarkup]:
        return markup_table(facts, list_id, case.side, dimensions).best(values, words=Words("markup", facts.names), strict=strict)

    return facts.remembered(("markup", list_id, case.side, values), best)
