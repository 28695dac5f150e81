"""Re-prices what Dataverse has priced and tells every difference, with its cause and the money at stake. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from proforma.domain.money import total
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Actual, Estimate, PricedRecord
from proforma.pricing.auditing import Auditor, Difference, Stake, Uncompared
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.sides import pricing_day
from proforma.store import Store
from proforma.sync.price import BATCH, pricing_records, related_records
from proforma.sync.progress import Progress, Silent

_KINDS: Final[tuple[type[PricedRecord], ...]] = (Actual, Estimate)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A difference as it is shown: with the day, the codes of both currencies, and the names of contract and lists."""

    difference: Difference
    day: date | None
    stored_currency: str | None
    contract_name: str | None
    stored_list_name: str | None
    list_name: str | None


@dataclass(slots=True)
class Sum:
    """Differences of one kind, added up. `over`: stored beyond ours. `unproven`: stored amounts for which there is none of ours."""

    records: int = 0
    under: Decimal = _ZERO
    over: Decimal = _ZERO
    unproven: Decimal = _ZERO

    @property
    def net(self) -> Decimal:
        """Our amounts minus the stored ones."""
        return total((self.under, -self.over))

    def add(self, difference: Difference) -> None:
        """Counts one more."""
        self.records += 1
        amount = difference.amount
        if amount is None:
            self.unproven = total((self.unproven, difference.stored_amount or _ZERO))
        elif amount > 0:
            self.under = total((self.under, amount))
        else:
            self.over = total((self.over, -amount))


#: Cause, rule, stake and currency of the stored amounts.
GroupKey = tuple[str, str, str, str]


@dataclass(slots=True)
class Tally:
    """What an audit has seen so far; its size follows the kinds of differences, not the records."""

    compared: int = 0
    own_price: int = 0
    not_stored: int = 0
    different: int = 0
    groups: dict[GroupKey, Sum] = field(default_factory=dict)
    totals: dict[tuple[str, str], Sum] = field(default_factory=dict)

    def add(self, outcome: Difference | Uncompared, currency: str) -> None:
        """Counts one record."""
        match outcome:
            case Uncompared.NOT_STORED:
                self.not_stored += 1
            case Uncompared.OWN_PRICE:
                self.own_price += 1
            case Uncompared.AGREES:
                self.compared += 1
            case Difference():
                self.compared += 1
                self.different += 1
                key = (outcome.cause, outcome.decision.rule, str(outcome.stake), currency)
                self.groups.setdefault(key, Sum()).add(outcome)
                self.totals.setdefault((str(outcome.stake), currency), Sum()).add(outcome)

    def group_rows(self) -> list[tuple[GroupKey, Sum]]:
        """The groups, those with the most money in billing first."""
        order = {str(stake): place for place, stake in enumerate(Stake)}
        return sorted(self.groups.items(), key=lambda row: (order[row[0][2]], -abs(row[1].net), row[0]))

    def total_rows(self) -> list[tuple[tuple[str, str], Sum]]:
        """The totals by what is at stake and currency."""
        order = {str(stake): place for place, stake in enumerate(Stake)}
        return sorted(self.totals.items(), key=lambda row: (order[row[0][0]], row[0][1]))


class Audit:
    """One audit: `differences` streams them by id, actuals first; `tally` is complete when the stream has ended."""

    def __init__(self, store: Store, policy: PricingPolicy, *, since: date | None = None, progress: Progress | None = None) -> None:
        self._store = store
        self._policy = policy
        self._since = since
        self._progress = progress or Silent()
        self.tally = Tally()

    def differences(self) -> Iterator[Found]:
        """Every difference, in one snapshot of the store; memory follows the price lists, not the records."""
        with self._store.read() as reader:
            auditor = Auditor(pricing_records(reader), self._policy)
            self._progress.begin("audit", sum(reader.mirror.count(kind) for kind in _KINDS))
            for kind in _KINDS:
                for batch in reader.mirror.batches(kind, size=BATCH):
                    asked = [record for record in batch if self._is_asked(record)]
                    linked = related_records(reader, asked)
                    for record in asked:
                        outcome = auditor.audit(record, linked.get(record.id, ()))
                        self.tally.add(outcome, _currency(auditor, record, outcome) or "?")
                        if isinstance(outcome, Difference):
                            yield _found(auditor, outcome)
                    self._progress.advance(len(batch))
            self._progress.end()

    def _is_asked(self, record: PricedRecord) -> bool:
        """Whether the record is active and not older than asked; one without any date is never left out."""
        if not record.active:
            return False
        day = _day(record)
        return self._since is None or day is None or day >= self._since


def _day(record: PricedRecord) -> date | None:
    try:
        return pricing_day(record)[0]
    except Unresolved:
        return None


def _currency(auditor: Auditor, record: PricedRecord, outcome: Difference | Uncompared) -> str | None:
    stored = auditor.facts.code(record.currency_id)
    return stored or (outcome.decision.currency if isinstance(outcome, Difference) else None)


def _found(auditor: Auditor, difference: Difference) -> Found:
    facts, record, decision = auditor.facts, difference.record, difference.decision
    contract = facts.contracts.get(record.contract_id) if record.contract_id else None
    stored = facts.price_lists.get(record.price_list_id) if record.price_list_id else None
    ours = facts.price_lists.get(decision.price_list_id) if decision.price_list_id else None
    return Found(
        difference=difference,
        day=_day(record),
        stored_currency=_currency(auditor, record, difference),
        contract_name=(contract.number or contract.name) if contract else None,
        stored_list_name=stored.name if stored else None,
        list_name=ours.name if ours else None,
    )
