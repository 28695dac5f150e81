"""What taking over invoices of Dataverse needs of the store, and what it leaves there for a person (I-130, promise 5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from proforma.domain.codes import InvoiceStatus, Origin
from proforma.domain.contracts import Contract
from proforma.domain.decisions import PriceDecision
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, Guid, InvoiceId, SourceId
from proforma.domain.invoices import Compared, Deleted, Invoice, PassedOver, PriceDifference
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.domain.records import Actual, TransactionConnection
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice, UpstreamLine
from proforma.invoicing import Finding, TakenOver, Upstream
from proforma.pricing import PriceBook
from proforma.store import Reader, Transaction
from proforma.sync.price import price_book, related_records

#: Under this name the problems of invoices of Dataverse are kept, apart from those of their push.
ENTITY: Final = "dataverse-invoice"
HELD: Final = "held"
CHANGED: Final = "upstream-changed"
WARNING: Final = "price-warning"


def require_clear_origins(reader: Reader, policy: InvoicingPolicy) -> None:
    """Raises ConfigurationError where `invoicing.origins` names a contract twice, with two origins, or names none that there is.

    A name that nobody has would leave the contract that was meant to the other origin, and it would be billed twice.
    """
    named: dict[ContractId, tuple[str, Origin]] = {}
    unknown = dict.fromkeys(policy.origins)
    for contract in reader.mirror.all(Contract) if policy.origins else ():
        for name, origin in policy.origins.items():
            if name.lower() not in (contract.id, (contract.number or "").lower()):
                continue
            unknown.pop(name, None)
            other, first = named.setdefault(contract.id, (name, origin))
            if first is not origin:
                message = f"{other!r} and {name!r} are one contract, and it has two origins: {first.value} and {origin.value}"
                raise ConfigurationError(message, at="invoicing.origins", hint="keep one of them")
    if unknown:
        message = f"there is no contract {next(iter(unknown))!r}"
        raise ConfigurationError(message, at="invoicing.origins", hint="correct its number or id, or run `proforma pull contract` first")


def contracts_made_elsewhere(reader: Reader, policy: InvoicingPolicy) -> list[ContractId]:
    """The contracts whose invoices Dataverse makes and of which it has some, or had when they were taken over."""
    if policy.origin is Origin.LOCAL and Origin.DATAVERSE not in policy.origins.values():
        return []
    billed: set[ContractId] = {invoice.contract_id for invoice in reader.mirror.all(UpstreamInvoice) if invoice.contract_id is not None}
    billed |= {header.contract_id for header in reader.ledger.all_headers() if header.is_taken_over}
    contracts = reader.mirror.get_many(Contract, billed).values()
    return sorted(contract.id for contract in contracts if policy.origin_of(contract) is Origin.DATAVERSE)


def load_upstream(reader: Reader, contract_id: ContractId, live: Sequence[Invoice]) -> Upstream:
    """Everything that Dataverse says of the invoices of a contract, and what was decided here about them.

    `live`: the invoices of the contract that are here; only the others are looked up.
    """
    invoices = list(reader.mirror.where(UpstreamInvoice, contract_id=contract_id))
    ids = [invoice.id for invoice in invoices]
    details = list(reader.mirror.where(UpstreamDetail, invoice_id=ids))
    here = {invoice.id for invoice in live}
    new = [invoice for invoice in invoices if invoice.id not in here]
    known = [found for invoice in new if (found := reader.ledger.invoice(invoice.id)) is not None]
    numbers = (reader.ledger.invoice(invoice.number) for invoice in new if invoice.number)
    return Upstream(
        invoices=invoices,
        lines=list(reader.mirror.where(UpstreamLine, invoice_id=ids)),
        details=details,
        links=_links(reader, [detail.id for detail in details]),
        numbers={found.number: found.id for found in numbers if found is not None},
        given_up=frozenset(_given_up(reader, contract_id, known)),
    )


def _given_up(reader: Reader, contract_id: ContractId, known: Sequence[Invoice]) -> Iterator[InvoiceId]:
    """What a person gave up, and what was taken over while it belonged to another contract."""
    yield from (InvoiceId(Guid(source)) for source in reader.quarantine.dropped(HELD, ENTITY))
    yield from (i.id for i in known if i.status is InvoiceStatus.DELETED or i.contract_id != contract_id)


def _links(reader: Reader, ids: Collection[Guid]) -> Mapping[str, Sequence[Guid]]:
    """The other ends of the active connections of details."""
    found: defaultdict[str, list[Guid]] = defaultdict(list)
    for near, far in (("first_id", "second_id"), ("second_id", "first_id")):
        for link in reader.mirror.where(TransactionConnection, **{near: list(ids)}):
            other = getattr(link, far)
            if link.active and other is not None:
                found[getattr(link, near)].append(other)
    return found


def last_compared(reader: Reader, invoices: Sequence[Invoice]) -> dict[InvoiceId, tuple[PriceDifference, ...]]:
    """How each held invoice was compared last."""
    held = (invoice for invoice in invoices if invoice.is_taken_over and invoice.status is InvoiceStatus.DRAFT)
    return {invoice.id: differences_of(reader, invoice) for invoice in held}


def differences_of(reader: Reader, invoice: Invoice) -> tuple[PriceDifference, ...]:
    """What an invoice of Dataverse bills otherwise than our rules say, as it was compared last."""
    if not invoice.is_taken_over:
        return ()
    compared = [event.happening for event in reader.ledger.events(invoice.id) if isinstance(event.happening, Compared)]
    return compared[-1].differences if compared else ()


class IndependentPricer:
    """Prices records by the rules alone: what Dataverse has stored as their price is set aside. Reads the price lists at first need."""

    def __init__(self, policy: PricingPolicy) -> None:
        self._policy = replace(policy, entered_price="recompute", unresolved_price="null")
        self._book: PriceBook | None = None

    def over(self, reader: Reader) -> Callable[[Actual], PriceDecision]:
        """The pricer over a snapshot of the store."""

        def price(record: Actual) -> PriceDecision:
            if self._book is None:
                self._book = price_book(reader, self._policy)
            return self._book.decide(record, related_records(reader, [record]).get(record.id, ()))

        return price


def keep_findings(tx: Transaction, taken: TakenOver, at: datetime) -> list[Finding]:
    """Lists what was found and takes off the list what is in order by now; gives what is listed.

    What a person has dropped is left alone while it is as it was.
    """
    dropped = {kind: tx.quarantine.dropped(kind, ENTITY) for kind in (HELD, CHANGED)}
    for kind in (HELD, CHANGED):
        still = {finding.invoice_id for finding in taken.findings if finding.kind == kind}
        tx.quarantine.resolve(ENTITY, [id_ for id_ in taken.judged if id_ not in still], kind=kind)
    listed = [found for found in taken.findings if dropped.get(found.kind, {}).get(found.invoice_id) != found.message]
    for found in listed:
        tx.quarantine.put(found.kind, ENTITY, found.invoice_id, found.reason, found.message, None, at)
    return listed


def as_passed_over(finding: Finding, contract_id: ContractId) -> PassedOver:
    """A finding as an act reports it."""
    return PassedOver(source=SourceId(finding.invoice_id), reason=finding.reason, message=finding.message, contract_id=contract_id)


def give_up(tx: Transaction, invoice_id: str, *, at: datetime, by: str) -> None:
    """A person decided that a held invoice is not taken over: what was drafted of it is deleted."""
    held = tx.ledger.invoice(invoice_id)
    if held is not None and held.is_taken_over and held.status is InvoiceStatus.DRAFT:
        tx.ledger.append([(held.id, Deleted())], at=at, by=by)
