"""Checks a quote or contract: the lists it should have received, what is wrong with those it has, each line's price, milestone sums."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from proforma.domain.codes import BillingMethod, EstimateOwner
from proforma.domain.contracts import ContractLine, Milestone
from proforma.domain.dates import Effective
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import ConfigurationError, RefusedError
from proforma.domain.ids import ContractId, Guid, PriceListId
from proforma.domain.money import plain, total
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Estimate
from proforma.pricing import PriceBook
from proforma.pricing.defaults import default_price_lists
from proforma.pricing.document_lists import Finding, list_findings
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.sides import pricing_day
from proforma.store import Reader, Store
from proforma.sync.price import pricing_records, related_records

#: Reasons that say of a line that a rule left it without a price on purpose (P-2).
_NOT_ASKED: Final = "not-priced"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLine:
    """One line detail: what Dataverse stores and what our rules give."""

    estimate: Estimate
    decision: PriceDecision

    @property
    def agrees(self) -> bool:
        """Whether the stored price and amount, where there are any, are ours."""
        stored, ours = self.estimate, self.decision
        return (stored.price is None or stored.price == ours.price) and (stored.amount is None or stored.amount == ours.amount)

    @property
    def difference(self) -> Decimal | None:
        """Our amount minus the stored one; None where one of them is missing."""
        if self.estimate.amount is None or self.decision.amount is None:
            return None
        return total((self.decision.amount, -self.estimate.amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCheck:
    """What a check found; `default_names` are those of `default_price_lists`."""

    default_price_lists: tuple[PriceListId, ...]
    default_names: tuple[str, ...]
    findings: tuple[Finding, ...]
    lines: tuple[CheckedLine, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """The findings, a sentence each that begins with its code."""
        return tuple(f"{finding.reason}: {finding.message}" for finding in self.findings)


def check_document(store: Store, policy: PricingPolicy, document_id: Guid, *, zone: str) -> DocumentCheck:
    """Checks one quote or contract. Raises ConfigurationError when the mirror has none of that id."""
    with store.read() as reader:
        records = pricing_records(reader)
        book = PriceBook(records, policy)
        try:
            defaults = default_price_lists(book, document_id, ZoneInfo(zone))
        except RefusedError:
            raise ConfigurationError(f"the mirror has no quote or contract {document_id}", hint="pull first, or check the id") from None
        asked = PriceBook(records, replace(policy, entered_price="recompute", unresolved_price="null"))
        lines = tuple(_lines(reader, asked, document_id))
        milestones = list(reader.mirror.where(Milestone, contract_id=document_id))
        contract_lines = [row for row in records.contract_lines if row.contract_id == ContractId(document_id) and row.active]
    return DocumentCheck(
        default_price_lists=defaults.lists,
        default_names=tuple(book.facts.price_lists[id_].name or id_ for id_ in defaults.lists),
        findings=(
            *list_findings(book, document_id, defaults, needed=list(_planned_days(lines))),
            *_line_findings(lines),
            *milestone_findings(contract_lines, milestones),
        ),
        lines=lines,
    )


def milestone_findings(lines: Sequence[ContractLine], milestones: Sequence[Milestone]) -> Iterator[Finding]:
    """Fixed-price lines whose milestones do not add up to the contracted amount; they are billed all the same (I-63)."""
    for line in sorted(lines, key=lambda row: (row.order or 0, row.id)):
        contracted = _contracted(line)
        if line.billing_method is not BillingMethod.FIXED_PRICE or not line.is_project_based or contracted is None:
            continue
        planned = total(row.amount for row in milestones if row.active and row.contract_line_id == line.id and row.amount is not None)
        if planned != contracted:
            name = line.description or line.id
            difference = total((contracted, -planned))
            message = (
                f"the milestones of {name} add up to {_shown(planned)}, contracted are {_shown(contracted)}: "
                f"{_shown(abs(difference))} too {'little' if difference > 0 else 'much'} (I-63)"
            )
            yield Finding(reason="milestone-sum", message=message, line_id=line.id)


def _shown(amount: Decimal) -> str:
    """With two decimals, and more only where they are not zero: Dataverse gives four."""
    short = amount.quantize(Decimal("0.01"))
    return plain(short if short == amount else amount)


def _contracted(line: ContractLine) -> Decimal | None:
    """What a line is sold for without tax; None where the line does not say."""
    if line.extended_amount is not None:
        return total((line.extended_amount, -(line.tax or Decimal(0))))
    return line.base_amount


def _planned_days(lines: Sequence[CheckedLine]) -> Iterator[Effective]:
    """The days on which planned work of the document is priced."""
    for line in lines:
        try:
            first, _ = pricing_day(line.estimate)
        except Unresolved:
            continue
        yield Effective(first=first, last=max(first, line.estimate.end_date or first))


def _line_findings(lines: Sequence[CheckedLine]) -> Iterator[Finding]:
    for line in lines:
        decision, name = line.decision, _line_name(line.estimate)
        if not decision.is_priced and decision.reason != _NOT_ASKED:
            yield Finding(reason=decision.reason, message=f"{name} has no price ({decision.rule})", line_id=line.estimate.id)
        elif decision.is_priced and not line.agrees:
            stored, ours = _figures(line.estimate.price, line.estimate.amount), _figures(decision.price, decision.amount)
            yield Finding(reason="price-differs", message=f"{name}: {stored} stored, {ours} by the rules", line_id=line.estimate.id)


def _line_name(estimate: Estimate) -> str:
    return f"line detail {estimate.description or estimate.id}"


def _figures(price: Decimal | None, amount: Decimal | None) -> str:
    return " and ".join(plain(value) for value in (price, amount) if value is not None) or "nothing"


def _lines(reader: Reader, book: PriceBook, document_id: Guid) -> Iterator[CheckedLine]:
    for estimates in (
        reader.mirror.batches(Estimate, quote_id=document_id),
        reader.mirror.batches(Estimate, contract_id=document_id, owner=EstimateOwner.CONTRACT),
    ):
        for batch in estimates:
            linked = related_records(reader, batch)
            for estimate in batch:
                yield CheckedLine(estimate=estimate, decision=book.decide(estimate, linked.get(estimate.id, ())))
