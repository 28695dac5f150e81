"""What is wrong with the price lists of a quote or contract: misfits, overlaps, gaps by month, stale copies (P-6, P-9, P-10, P-17)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.dates import Effective
from proforma.domain.ids import Guid, PriceListId, QuoteId
from proforma.domain.prices import PriceList
from proforma.pricing.attaching import attachment_problems
from proforma.pricing.book import PriceBook
from proforma.pricing.copies import rows_left_out
from proforma.pricing.defaults import DefaultLists
from proforma.pricing.facts import Facts
from proforma.pricing.price_lists import unusable_because
from proforma.pricing.rate_cards import CardChange, card_of, changes

_DAY: Final = timedelta(days=1)
#: A longer gap is told in one line: nobody reads a hundred months.
_MONTHS_MAX: Final = 24
_WORDS: Final = {
    "inactive": "is inactive, so it prices nothing",
    "wrong-context": "is no sales list, so it prices nothing here",
    "wrong-currency": "is not in the currency of the document, so it prices nothing here",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: a code, and the sentence for people; where there are any, the lists, days or line that it is about."""

    reason: str
    message: str
    price_list_id: PriceListId | None = None
    other_id: PriceListId | None = None
    first_day: date | None = None
    last_day: date | None = None
    line_id: Guid | None = None


def list_findings(book: PriceBook, document_id: Guid, defaults: DefaultLists, *, needed: Sequence[Effective]) -> tuple[Finding, ...]:
    """Everything wrong with the lists of a document, in the order in which a person would look.

    `needed`: the days of the document's planned work; gaps are looked for there and between the lists.
    """
    facts = book.facts
    is_quote = QuoteId(document_id) in facts.quotes
    attached = facts.attached(PriceListOwner.QUOTE if is_quote else PriceListOwner.CONTRACT, document_id)
    currency_id = facts.quotes[QuoteId(document_id)].currency_id if is_quote else _contract_currency(facts, document_id)
    usable = [row for row in attached if unusable_because(row, Side.SALES) is None and row.currency_id == currency_id]
    return (
        *_missing(facts, attached, defaults),
        *_misfits(book, document_id),
        *_never_effective(facts, attached),
        *_gaps(facts, usable, needed, planned=is_quote),
        *_stale(book, attached),
    )


def gaps(held: Sequence[Effective], needed: Sequence[Effective]) -> Iterator[Effective]:
    """The days between the first and the last day that anything touches on which nothing holds, month by month.

    Both ends of every range are filled; a range whose first day is after its last holds nothing.
    """
    ranges = sorted((r.first, r.last) for r in held if r.first and r.last and r.first <= r.last)
    spans = [*ranges, *((r.first, r.last) for r in needed if r.first and r.last and r.first <= r.last)]
    if not spans:
        return
    covered_until = min(first for first, _ in spans)
    end = max(last for _, last in spans)
    is_open = True
    for first, last in ranges:
        if first > covered_until:
            yield from _by_month(covered_until, first - _DAY)
        if last == date.max:
            is_open = False
            break
        covered_until = max(covered_until, last + _DAY)
    if is_open and covered_until <= end:
        yield from _by_month(covered_until, end)


def _by_month(first: date, last: date) -> Iterator[Effective]:
    if (last.year - first.year) * 12 + last.month - first.month >= _MONTHS_MAX:
        yield Effective(first=first, last=last)
        return
    while first <= last:
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1) if (first.year, first.month) != (9999, 12) else None
        end = min(last, following - _DAY) if following else last
        yield Effective(first=first, last=end)
        if following is None:
            return
        first = following


def _missing(facts: Facts, attached: Sequence[PriceList], defaults: DefaultLists) -> Iterator[Finding]:
    """Lists that the document should have received when it was created, itself or as a copy (P-11 to P-14)."""
    if not attached:
        yield Finding(reason="no-price-list-attached", message="no price list is attached: none of its work has a price (P-21)")
        if defaults.warning:
            yield Finding(reason=defaults.warning, message="no list of the opportunity, account or parameters would be given to it (P-11)")
    here = {row.id for row in attached} | {row.copied_from_id for row in attached}
    for list_id in defaults.lists:
        if list_id not in here:
            row = facts.price_lists[list_id]
            yield Finding(
                reason="default-not-attached",
                message=f"{_name(row)} should have been attached when the document was created (P-11), and is not",
                price_list_id=list_id,
            )


def _misfits(book: PriceBook, document_id: Guid) -> Iterator[Finding]:
    facts = book.facts
    for problem in attachment_problems(book, document_id):
        row = facts.price_lists[problem.price_list_id]
        if problem.other_id is None:
            yield Finding(reason=problem.reason, message=f"{_name(row)} {_WORDS[problem.reason]} (P-9)", price_list_id=row.id)
            continue
        other = facts.price_lists[problem.other_id]
        planned = row.effective.overlaps(other.effective)
        pair = (row.effective, other.effective) if planned else (row.effective_for_actuals, other.effective_for_actuals)
        first, last = _shared(*pair)
        yield Finding(
            reason="overlap",
            message=f"{_name(other)} and {_name(row)} both hold from {first or 'ever'} to {last or 'ever'} (P-10)",
            price_list_id=row.id,
            other_id=other.id,
            first_day=first,
            last_day=last,
        )


def _shared(first: Effective, second: Effective) -> tuple[date | None, date | None]:
    begin = max(first.first or date.min, second.first or date.min)
    end = min(first.last or date.max, second.last or date.max)
    return (None if begin == date.min else begin, None if end == date.max else end)


def _never_effective(facts: Facts, attached: Sequence[PriceList]) -> Iterator[Finding]:
    for row in attached:
        days = row.effective
        if days.first and days.last and days.first > days.last:
            message = f"{_name(row)} begins on {days.first}, after its end on {days.last}: it holds on no day (P-6)"
            yield Finding(reason="begin-after-end", message=message, price_list_id=row.id, first_day=days.first, last_day=days.last)
        elif days.is_open_ended and facts.policy.open_ended_price_lists == "not_effective":
            message = f"{_name(row)} has no {'first' if days.first is None else 'last'} day: it holds on no day (P-6)"
            yield Finding(reason="open-ended", message=message, price_list_id=row.id)


def _gaps(facts: Facts, usable: Sequence[PriceList], needed: Sequence[Effective], *, planned: bool) -> Iterator[Finding]:
    if not usable:
        return
    held = [row.effective if planned else row.effective_for_actuals for row in usable]
    if facts.policy.open_ended_price_lists == "unbounded":
        held = [Effective(first=days.first or date.min, last=days.last or date.max) for days in held]
    for gap in gaps(held, needed):
        yield Finding(
            reason="gap", message=f"no price list holds from {gap.first} to {gap.last} (P-22)", first_day=gap.first, last_day=gap.last
        )


def _stale(book: PriceBook, attached: Sequence[PriceList]) -> Iterator[Finding]:
    """Copies that no longer say what the list says from which they were made: changes of the master never reach them (P-13, P-14)."""
    facts = book.facts
    for row in attached:
        source = facts.price_lists.get(row.copied_from_id) if row.copied_from_id else None
        if source is None:
            continue
        copy, master = card_of(facts.records, row.id), card_of(facts.records, source.id)
        assert copy is not None, "attached lists are among the records"
        assert master is not None, "it was found there"
        differ = [change for change in changes(copy, master) if change.table not in ("price list", "override", "item")]
        if differ:
            yield Finding(
                reason="stale-copy",
                message=f"{_name(row)} differs from {_name(source)}, of which it is a copy, in {_counted(differ)}",
                price_list_id=row.id,
                other_id=source.id,
            )
        if not copy.items and rows_left_out(book, source.id):
            yield Finding(
                reason="items-left-out",
                message=f"{_name(row)} has no items, {_name(source)} has some: material has no price here until one is added (P-17)",
                price_list_id=row.id,
                other_id=source.id,
            )


def _counted(differ: Sequence[CardChange]) -> str:
    examples = ", ".join(f"{change.table} {change.what}" for change in differ[:3])
    return f"{len(differ)} rows: {examples}{' …' if len(differ) > 3 else ''}"


def _contract_currency(facts: Facts, document_id: Guid) -> Guid | None:
    return next((row.currency_id for row in facts.contracts.values() if row.id == document_id), None)


def _name(row: PriceList) -> str:
    return f"price list {row.name or row.id}"
