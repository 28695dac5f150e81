"""Every digit survives the whole way: JSON of Dataverse, mirror, ledger, JSON of finance, for values of up to nineteen digits."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finance_worlds import SYSTEMS, System
from milestones import SET, client_of, guid, mirror, pull_milestones, row
from proforma.domain.codes import BillingType, CustomerKind, LineType, SourceKind, TransactionClass
from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId, CurrencyId, CustomerId, Guid, InvoiceId, SourceId
from proforma.domain.invoices import Changes, Confirmed, Drafted, Happening, Invoice, InvoiceDetail, InvoiceLine
from proforma.domain.masters import Customer
from proforma.domain.money import Currency
from proforma.finance import FinanceDocument
from proforma.mapping import load_mappings
from proforma.mock import MockServer
from proforma.settings.configuration import TargetSettings
from proforma.store import Store
from proforma.sync.send import InvoiceDocuments
from proforma.sync.targets import open_target
from proforma.transport.auth import static_token
from proforma.transport.redaction import Secret
from proforma.transport.retry import Retrier
from proforma.transport.session import Session

VALUES, LINES = 10_000, 1_000
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAY = date(2026, 3, 31)
CUSTOMER, CONTRACT = CustomerId(Guid(guid(900_001))), ContractId(Guid(guid(900_002)))


def values() -> list[Decimal]:
    """Of one to nineteen digits, two of them behind the point; those that a binary fraction cannot hold among them."""
    chance = random.Random(19)
    drawn = [Decimal(chance.randrange(10 ** (digits - 1), 10**digits)) / 100 for digits in (n % 19 + 1 for n in range(VALUES - 3))]
    return [Decimal("99999999999999999.99"), Decimal("922337203685477.58"), Decimal("0.01"), *drawn]


def world() -> dict[str, Any]:
    """The values as milestones in Dataverse, and what finance needs to take invoices."""
    return {
        SET: [row(number, f"{value:.2f}") for number, value in enumerate(values())],
        "accounts": [{"accountid": "@c", "name": "Customer", "accountnumber": "C-1"}],
        "transactioncurrencies": [{"transactioncurrencyid": "@usd", "isocurrencycode": "USD"}],
    }


def line(number: int, amount: Decimal) -> InvoiceLine:
    """One milestone."""
    detail = InvoiceDetail(
        id=Guid(guid(100_000 + number)),
        source=SourceId(Guid(guid(number))),
        kind=SourceKind.MILESTONE,
        type=LineType.MILESTONE,
        transaction_class=TransactionClass.MILESTONE,
        contract_line_id=None,
        billing_type=BillingType.CHARGEABLE,
        quantity=Decimal(1),
        price=amount,
        amount=amount,
    )
    return InvoiceLine(contract_line_id=None, type=LineType.MILESTONE, description=f"Milestone {number}", details=(detail,))


def invoice(number: int, lines: Sequence[InvoiceLine]) -> Invoice:
    """A draft with these lines."""
    return Invoice(
        id=InvoiceId(Guid(guid(200_000 + number))), number=f"PF-{number:06d}", contract_id=CONTRACT, customer_id=CUSTOMER,
        currency=Currency("USD", 2), currency_id=CurrencyId(Guid(guid(900_003))), as_of=DAY, invoice_date=DAY, created_at=NOON,
        lines=tuple(lines),
    )  # fmt: skip


@dataclass(frozen=True)
class Journey:
    """A mock on which both sides live, and a store whose confirmed invoices hold what was pulled from it."""

    server: MockServer
    store: Store


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """The values pulled, and invoiced a thousand at a time."""
    folder: Path = tmp_path_factory.mktemp("exact")
    with MockServer(world()) as server, Store.open(f"sqlite:///{folder / 'proforma.db'}") as store:
        with client_of(server.url, page_size=5000) as client:
            pull_milestones(store, client)
        pulled = mirror(store)
        lines = [line(number, pulled[guid(number)] or Decimal(0)) for number in range(VALUES)]
        happened: list[tuple[InvoiceId, Happening]] = []
        for number in range(VALUES // LINES):
            draft = invoice(number, lines[number * LINES : (number + 1) * LINES])
            happened += [(draft.id, Drafted(invoice=draft)), (draft.id, Confirmed(reference=f"{draft.number}-X", accounting_date=DAY))]
        with store.begin() as tx:
            customer = Customer(id=CUSTOMER, kind=CustomerKind.ACCOUNT, name="Customer", number="C-1")
            tx.mirror.upsert("accounts", Customer, [customer], [None], 1)
            tx.mirror.upsert("salesorders", Contract, [Contract(id=CONTRACT, customer_id=CUSTOMER)], [None], 1)
            tx.ledger.save(Changes(happenings=tuple(happened)), at=NOON, by="test")
        yield Journey(server, store)


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.name)
def test_ten_thousand_values_arrive_exactly(journey: Journey, system: System) -> None:
    """What each line says in finance is what its milestone says in Dataverse, and what finance answers is read as exactly."""
    journey.server.forget_documents()
    mapping = load_mappings(None).finance[system.target]
    settings = TargetSettings(url=journey.server.url + system.path, company=system.company)
    target = open_target(settings, mapping, static_token(Secret("exact-token")), session=Session(), retrier=Retrier())
    documents = InvoiceDocuments(journey.store, mapping, company=system.company)
    with journey.store.read() as reader:
        sent: list[FinanceDocument] = [documents.of(invoice) for invoice in reader.ledger.invoices()]
    assert [target.create(document).differs_from(document) for document in sent] == [()] * len(sent)
    assert [target.find(document)[0].differs_from(document) for document in sent] == [()] * len(sent)
    target.close()
    arrived = [_amount(system, line) for document in journey.server.documents() for line in _lines(document)]
    assert arrived == [f"{value:.2f}" for value in values()]


def _lines(document: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = document["body"]["lines"]
    return lines


def _amount(system: System, line: dict[str, Any]) -> str:
    name = {"dynamics": "TransactionCurrencyAmount", "business-central": "amountExcludingTax"}.get(system.name, "amount")
    return f"{Decimal(str(line[name])):.2f}"
