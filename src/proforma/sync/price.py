"""The second stage: a price decision for every actual and estimate of the mirror.

Only decisions that differ from the stored ones are written. Actuals are decided in columns, each combination once, unless the caller
wants to be told the decisions with their trails; when nothing that all prices follow from has changed since the last time, only those
that changed themselves, or are connected to one that did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from proforma.domain.codes import CustomerKind, PriceListOwner
from proforma.domain.contracts import (
    Contract,
    ContractLine,
    LineCategory,
    LineRole,
    LineTask,
    Project,
    Quote,
    QuoteLine,
    Subcontract,
)
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import RefusedError
from proforma.domain.ids import Guid, RecordId
from proforma.domain.masters import Category, CurrencyRecord, Customer, OrganizationalUnit, Product, Role
from proforma.domain.policies import PricingPolicy
from proforma.domain.prices import (
    CategoryPrice,
    DatedExchangeRate,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PriceOverride,
    PricingDimension,
    RolePrice,
    RolePriceMarkup,
)
from proforma.domain.records import Actual, Estimate, PricedRecord
from proforma.domain.units import Unit
from proforma.pricing import PriceBook, PricingRecords
from proforma.store import ContractSpan, Reader, Store
from proforma.store.due import DueState
from proforma.store.statements import chunks
from proforma.sync.book_fingerprint import fingerprint_of
from proforma.sync.collector import uncollected
from proforma.sync.combined import CombinedPricing, Outcome, Span
from proforma.sync.progress import Progress, Silent

#: Enough records a transaction that the commit costs little, few enough that memory stays flat.
BATCH: Final = 2_000
_OWNERS: Final = {CustomerKind.ACCOUNT: PriceListOwner.ACCOUNT, CustomerKind.CONTACT: PriceListOwner.CONTACT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One batch of decisions as committed: how many, how many of them with a price, how many of each reason.

    `unpriced` counts those that lack a price which a rule should have given, `changed` those that differ from what was stored.
    `decisions` are there when they were asked for.
    """

    records: int
    priced: int
    unpriced: int
    reasons: Mapping[str, int]
    changed: int
    decisions: Sequence[PriceDecision] = ()


def price_book(reader: Reader, policy: PricingPolicy) -> PriceBook:
    """What pricing knows, under a policy."""
    return PriceBook(pricing_records(reader), policy)


def pricing_records(reader: Reader) -> PricingRecords:
    """Everything that pricing knows, read from the mirror. Its size follows the price lists, not the actuals."""
    every = reader.mirror.all
    return PricingRecords(
        currencies=list(every(CurrencyRecord)),
        units=list(every(Unit)),
        organizational_units=list(every(OrganizationalUnit)),
        roles=list(every(Role)),
        categories=list(every(Category)),
        products=list(every(Product)),
        price_lists=list(every(PriceList)),
        attachments=list(every(PriceListAttachment)),
        role_prices=list(every(RolePrice)),
        markups=list(every(RolePriceMarkup)),
        overrides=list(every(PriceOverride)),
        category_prices=list(every(CategoryPrice)),
        items=list(every(PriceListItem)),
        dimensions=list(every(PricingDimension)),
        exchange_rates=list(every(DatedExchangeRate)),
        quotes=list(every(Quote)),
        quote_lines=list(every(QuoteLine)),
        contracts=list(every(Contract)),
        contract_lines=list(every(ContractLine)),
        line_roles=list(every(LineRole)),
        line_categories=list(every(LineCategory)),
        line_tasks=list(every(LineTask)),
        projects=list(every(Project)),
        subcontracts=list(every(Subcontract)),
        owner_currencies={customer.id: (_OWNERS[customer.kind], customer.currency_id) for customer in every(Customer)},
    )


def price(
    store: Store,
    policy: PricingPolicy,
    *,
    now: Callable[[], datetime],
    estimates: bool = False,
    anew: bool = False,
    told: bool = False,
    progress: Progress | None = None,
) -> Iterator[Priced]:
    """Decides every actual, and estimates too when asked, batch by batch; each batch is one commit.

    `anew` writes also the decisions that did not change. `told` gives each decision with its trail, which takes several times as long.
    Raises UnfinishedError when another process is pricing.
    """
    shown = progress or Silent()
    with store.stage_lock("price"):
        with store.read() as reader:
            records = pricing_records(reader)
            book, fingerprint = PriceBook(records, policy), fingerprint_of(records, policy)
            is_known = reader.due.state() == DueState(True, fingerprint) and not (anew or told)
            kinds: tuple[type[PricedRecord], ...] = (Actual, Estimate) if estimates else (Actual,)
            total = sum(reader.mirror.count(kind) for kind in kinds)
        shown.begin("price", total)
        every = _each(store, book, Actual, now, anew=anew) if told else _combined(store, book, now, anew=anew)
        runs = [_due(store, book, now) if is_known else _completed(store, every, fingerprint)]
        runs += [_each(store, book, Estimate, now, anew=anew)] if estimates else []
        for batch in chain.from_iterable(runs):
            shown.advance(batch.records)
            yield batch
        shown.end()


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything is being priced in parts: with which price book, and up to which change of the mirror."""

    fingerprint: str
    position: int


def begin_parts(store: Store, policy: PricingPolicy) -> Parts | None:
    """Makes everything due, to be priced in parts with the present price book; None when only changes are, which `price` does sooner."""
    with store.read() as reader:
        fingerprint = fingerprint_of(pricing_records(reader), policy)
        if reader.due.state() == DueState(True, fingerprint):
            return None
    with store.begin() as tx:
        return Parts(fingerprint, tx.due.begin())


def price_part(
    store: Store, policy: PricingPolicy, contracts: ContractSpan, *, fingerprint: str, now: Callable[[], datetime]
) -> Iterator[Priced]:
    """Decides the actuals of some contracts as a worker, beside others that decide other ones; each batch is one commit.

    Raises UnfinishedError while somebody prices alone, RefusedError `price-book-changed` when the parts began with another book.
    """
    with store.shared_lock("price"):
        with store.read() as reader:
            records = pricing_records(reader)
        if fingerprint_of(records, policy) != fingerprint:
            raise RefusedError("price-book-changed", "price lists or rules changed since this pricing began: the next prices everything")
        yield from _combined(store, PriceBook(records, policy), now, anew=False, contracts=contracts)


def complete_parts(store: Store, parts: Parts) -> None:
    """All parts are priced: from here on only changes are due."""
    with store.begin() as tx:
        tx.due.complete(parts.fingerprint, parts.position)


def _completed(store: Store, every: Iterator[Priced], fingerprint: str) -> Iterator[Priced]:
    """Everything is decided; when that has come to its end, only changes are due."""
    with store.begin() as tx:
        position = tx.due.begin()
    yield from every
    # A run that was stopped has not come here: everything stays due.
    with store.begin() as tx:
        tx.due.complete(fingerprint, position)


def _due(store: Store, book: PriceBook, now: Callable[[], datetime]) -> Iterator[Priced]:
    """What changed is decided, all else is as it was: one batch that counts everything."""
    changed = 0
    with store.begin() as tx:
        position = tx.due.reached()
    with store.read() as reader:
        for ids in chunks((RecordId(Guid(name)) for name in reader.due.names(position)), BATCH):
            others = (actual.id for actuals in reader.mirror.related(ids).values() for actual in actuals)
            due = _actuals(reader, [*ids, *others])
            with store.begin() as tx:
                changed += tx.decisions.save(_decisions(reader, book, due), now())
    if position:
        with store.begin() as tx:
            tx.due.settle(position)
    with store.read() as reader:
        yield _priced(Counter(reader.decisions.outcomes()), changed)


def _each(store: Store, book: PriceBook, kind: type[PricedRecord], now: Callable[[], datetime], *, anew: bool) -> Iterator[Priced]:
    """Record by record, with trails."""
    with store.read() as reader:
        for batch in reader.mirror.batches(kind, size=BATCH):
            decisions = _decisions(reader, book, batch)
            with store.begin() as tx:
                changed = tx.decisions.save(decisions, now(), anew=anew)
            yield _priced(_outcomes(decisions), changed, decisions)


def _combined(
    store: Store, book: PriceBook, now: Callable[[], datetime], *, anew: bool, contracts: ContractSpan | None = None
) -> Iterator[Priced]:
    """In columns; what cannot be shared is decided record by record."""
    pricing = CombinedPricing(book)
    with uncollected():
        for span in pricing.spans(store, contracts):
            alone = _alone(store, book, span)
            with store.begin() as tx:
                tx.decisions.save_grounds(span.grounds)
                changed = tx.decisions.save_span(span.rows, now(), anew=anew) + tx.decisions.save(alone, now(), anew=anew)
            yield _priced(pricing.outcomes(span) + _outcomes(alone), changed)


def _alone(store: Store, book: PriceBook, span: Span) -> list[PriceDecision]:
    if not span.alone:
        return []
    with store.read() as reader:
        return [decision for ids in chunks(span.alone, BATCH) for decision in _decisions(reader, book, _actuals(reader, ids))]


def _priced(outcomes: Counter[Outcome], changed: int, decisions: Sequence[PriceDecision] = ()) -> Priced:
    reasons: Counter[str] = Counter()
    for (reason, _), times in outcomes.items():
        reasons[reason] += times
    return Priced(
        records=reasons.total(),
        priced=sum(times for (_, is_priced), times in outcomes.items() if is_priced),
        unpriced=sum(times for (reason, is_priced), times in outcomes.items() if not is_priced and reason != "not-priced"),
        reasons=reasons,
        changed=changed,
        decisions=decisions,
    )


def _outcomes(decisions: Sequence[PriceDecision]) -> Counter[Outcome]:
    return Counter((decision.reason, decision.is_priced) for decision in decisions)


def _actuals(reader: Reader, ids: Sequence[RecordId]) -> Sequence[Actual]:
    return list(reader.mirror.get_many(Actual, ids).values())


def _decisions(reader: Reader, book: PriceBook, records: Sequence[PricedRecord]) -> list[PriceDecision]:
    linked = related_records(reader, records)
    return [book.decide(record, linked.get(record.id, ())) for record in records]


def related_records(reader: Reader, records: Sequence[PricedRecord]) -> Mapping[RecordId, Sequence[PricedRecord]]:
    """The records at the other end of each record's connections; of an estimate also the one it is paired with (P-49, P-50)."""
    linked: dict[RecordId, list[PricedRecord]] = {
        record_id: list(actuals) for record_id, actuals in reader.mirror.related([record.id for record in records]).items()
    }
    paired = {record.id: record.related_id for record in records if isinstance(record, Estimate) and record.related_id}
    if paired:
        others = reader.mirror.get_many(Estimate, list(paired.values()))
        for record_id, other_id in paired.items():
            if other_id in others:
                linked.setdefault(record_id, []).append(others[other_id])
    return linked


def decide_one(store: Store, policy: PricingPolicy, record_id: RecordId) -> PriceDecision | None:
    """The decision of one actual or estimate, made now from the mirror; None when the mirror has no such record."""
    with store.read() as reader:
        record: PricedRecord | None = reader.mirror.get(Actual, record_id) or reader.mirror.get(Estimate, record_id)
        if record is None:
            return None
        related = related_records(reader, [record]).get(record.id, ())
        return price_book(reader, policy).decide(record, related)
