"""Checks a quote or contract against its price lists: what it should have received, what is wrong, and each line's price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from proforma.domain.codes import EstimateOwner
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import ConfigurationError, RefusedError
from proforma.domain.ids import Guid, PriceListId
from proforma.domain.policies import PricingPolicy
from proforma.domain.records import Estimate
from proforma.pricing import PriceBook
from proforma.pricing.attaching import attachment_problems
from proforma.pricing.defaults import default_price_lists
from proforma.store import Reader, Store
from proforma.sync.price import pricing_records, related_records


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLine:
    """One line detail: what Dataverse stores and what our rules give."""

    estimate: Estimate
    decision: PriceDecision

    @property
    def agrees(self) -> bool:
        """Whether the stored price, where there is one, is ours."""
        return self.estimate.price is None or self.estimate.price == self.decision.price


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCheck:
    """What a check found."""

    default_price_lists: tuple[PriceListId, ...]
    problems: tuple[str, ...]
    lines: tuple[CheckedLine, ...]


def check_document(store: Store, policy: PricingPolicy, document_id: Guid, *, zone: str) -> DocumentCheck:
    """Checks one quote or contract. Raises ConfigurationError when the mirror has none of that id."""
    with store.read() as reader:
        records = pricing_records(reader)
        book = PriceBook(records, policy)
        try:
            defaults = default_price_lists(book, document_id, ZoneInfo(zone))
        except RefusedError:
            raise ConfigurationError(f"the mirror has no quote or contract {document_id}", hint="pull first, or check the id") from None
        lines = tuple(_lines(reader, PriceBook(records, replace(policy, entered_price="recompute")), document_id))
    problems = [f"{p.reason}: price list {p.price_list_id}" for p in attachment_problems(book, document_id)]
    if defaults.warning:
        problems.append(defaults.warning)
    problems += [f"{line.decision.reason}: line detail {line.estimate.id} has no price" for line in lines if not line.decision.is_priced]
    problems += [f"price-differs: line detail {line.estimate.id}" for line in lines if not line.agrees]
    return DocumentCheck(default_price_lists=defaults.lists, problems=tuple(problems), lines=lines)


def _lines(reader: Reader, book: PriceBook, document_id: Guid) -> Iterator[CheckedLine]:
    for estimates in (
        reader.mirror.batches(Estimate, quote_id=document_id),
        reader.mirror.batches(Estimate, contract_id=document_id, owner=EstimateOwner.CONTRACT),
    ):
        for batch in estimates:
            linked = related_records(reader, batch)
            for estimate in batch:
                yield CheckedLine(estimate=estimate, decision=book.decide(estimate, linked.get(estimate.id, ())))
