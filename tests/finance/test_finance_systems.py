"""Dynamics 365 Finance and Business Central as they want it: chunks, companies, days, drafts, posting, credits, local currency."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, System
from proforma.domain.codes import PushStatus
from proforma.finance import BusinessCentralTarget, DynamicsTarget, FinanceDocument, TargetRefusedError
from proforma.mapping import BusinessCentralMapping, DynamicsMapping, load_mappings
from proforma.mapping.document import Document, digest
from proforma.mock import MockServer
from proforma.transport.auth import static_token
from proforma.transport.errors import TransportError
from proforma.transport.origin import Origin
from proforma.transport.redaction import Secret
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier, RetryPolicy

WORLD: dict[str, Any] = {
    "accounts": [{"accountid": "@c", "name": "Customer", "accountnumber": "C-1"}],
    "transactioncurrencies": [
        {"transactioncurrencyid": "@usd", "isocurrencycode": "USD", "currencyprecision": 2, "exchangerate": "1"},
        {"transactioncurrencyid": "@eur", "isocurrencycode": "EUR", "currencyprecision": 2, "exchangerate": "1"},
    ],
}


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A mock with one customer and two currencies."""
    with MockServer(WORLD) as running:
        yield running


def document(*amounts: str, reference: str = "PF-000001-0123456789AB", currency: str = "USD", **more: Any) -> FinanceDocument:
    """A document with one line an amount: so many times one."""
    total = sum((Decimal(amount) for amount in amounts), Decimal(0))
    lines: list[Any] = [
        {"line": number, "type": "time", "item": None, "description": f"Work {number}", "quantity": "1", "unit": None, "unit_price": amount,
         "amount": amount, "contract_line": None, "details": [], "account": "401100"}
        for number, amount in enumerate(amounts, start=1)
    ]  # fmt: skip
    content: Document = {
        "reference": reference, "kind": "credit" if total < 0 else "invoice", "number": "PF-000001", "corrects": None, "company": None,
        "customer": {"account": "C-1", "name": "Customer", "kind": "account"}, "currency": currency, "invoice_date": "2026-03-31",
        "due_date": None, "posting_date": None, "purchase_order": None, "contract": {"number": "K-1", "name": None, "id": "x"},
        "lines": lines, "total": f"{total:.2f}", **more,
    }  # fmt: skip
    return FinanceDocument.of({**content, "sha256": digest(content)})


def remote(server: MockServer, system: System) -> Remote:
    """One attempt a request."""
    retrier = Retrier(RetryPolicy(attempts_max=1))
    return Remote(Origin.parse(server.url + system.path), static_token(Secret("token")), retrier=retrier)


@pytest.fixture
def dynamics(server: MockServer) -> Iterator[DynamicsTarget]:
    """Finance with change sets of at most ten operations."""
    mapping = load_mappings(None).finance["dynamics"]
    assert isinstance(mapping, DynamicsMapping)
    small = DynamicsMapping(
        target="dynamics", settle_seconds=0, document=mapping.document, source=mapping.source, header={}, line={}, operations_max=10
    )
    target = DynamicsTarget("dynamics", remote(server, DYNAMICS), small, company="usmf", settle_seconds=0)
    yield target
    target.close()


def central(server: MockServer, *, post: bool = False, tolerance: str = "0") -> BusinessCentralTarget:
    """Business Central, posting or not."""
    rules = load_mappings(None).finance["business-central"]
    mapping = BusinessCentralMapping(
        target="business-central", settle_seconds=0, document=rules.document, source=rules.source, post=post, tolerance=Decimal(tolerance)
    )
    return BusinessCentralTarget("business-central", remote(server, BUSINESS_CENTRAL), mapping, company="CRONUS", settle_seconds=0)


def body(server: MockServer) -> dict[str, Any]:
    """The one document that finance has."""
    (found,) = server.documents()
    told: Any = found["body"]
    return dict(told)


def test_a_free_text_invoice_is_written_as_finance_wants_it(server: MockServer, dynamics: DynamicsTarget) -> None:
    """F-9, F-24: noon dates, our key, exact amounts as numbers, no column for what we do not know."""
    found = dynamics.create(document("800.00", "-0.01"))
    header = body(server)
    lines = header.pop("lines")
    assert header["ExternalInvoiceId"] == "PF-000001-0123456789AB"
    assert (header["dataAreaId"], header["InvoiceDate"], header["DueDate"]) == ("usmf", "2026-03-31T12:00:00Z", "1900-01-01T12:00:00Z")
    assert [line["TransactionCurrencyAmount"] for line in lines] == [Decimal("800.00"), Decimal("-0.01")]
    assert {line["MainAccountDisplayValue"] for line in lines} == {"401100"}
    assert (found.state, found.total, found.lines, found.number) == (PushStatus.ACCEPTED, Decimal("799.99"), 2, None)
    assert [request["method"] for request in server.requests()] == ["POST"]


def test_finance_finds_in_any_company_and_whatever_the_case(server: MockServer, dynamics: DynamicsTarget) -> None:
    """F-5, F-34: usmf is not the caller's own company; only `cross-company` shows it, and every request says so."""
    ours = document("800.00")
    assert dynamics.find(ours) == ()
    dynamics.create(ours)
    (found,) = dynamics.find(ours)
    assert found.differs_from(ours) == ()
    asked = [str(request["query"]) for request in server.requests() if request["method"] == "GET"]
    assert asked
    assert all("cross-company=true" in query for query in asked)


def test_a_second_document_of_ours_is_refused_by_finance_itself(dynamics: DynamicsTarget) -> None:
    """F-30: the key is ours."""
    dynamics.create(document("800.00"))
    with pytest.raises(TargetRefusedError) as refused:
        dynamics.create(document("800.00"))
    assert refused.value.exists


def test_a_refused_line_leaves_nothing_behind(server: MockServer, dynamics: DynamicsTarget) -> None:
    """F-31: a change set is undone as a whole."""
    server.switch_finance("dynamics", {"main_accounts": ["999999"]})
    with pytest.raises(TargetRefusedError, match="Main account"):
        dynamics.create(document("800.00", "1.00"))
    assert server.documents() == []


def test_an_invoice_longer_than_a_batch_comes_in_chunks(server: MockServer, dynamics: DynamicsTarget) -> None:
    """F-31: 25 lines, ten operations a batch: 9 lines with the header, then 10, then 6, and at the end it is complete."""
    ours = document(*["1.00"] * 25)
    found = dynamics.create(ours)
    assert (found.lines, found.total, found.complete) == (25, Decimal("25.00"), True)
    assert body(server)["InvoiceName"] == "Customer"
    assert [r["method"] for r in server.requests()].count("POST") == 3


@pytest.mark.parametrize("skip", range(5))
def test_a_long_invoice_goes_on_where_it_broke_off(server: MockServer, dynamics: DynamicsTarget, skip: int) -> None:
    """F-31: whichever request loses its answer, what is found says where to go on."""
    ours = document(*["1.00"] * 25)
    server.faults([{"match": {}, "times": 1, "skip": skip, "action": {"drop": "after"}}])
    with pytest.raises(TransportError) as fault:
        dynamics.create(ours)
    assert fault.value.doubtful
    (begun,) = dynamics.find(ours)
    assert begun.differs_from(ours) == ()
    if not begun.complete:
        dynamics.create(ours, begun)
    (found,) = dynamics.find(ours)
    assert (found.complete, found.differs_from(ours)) == (True, ())
    assert body(server)["InvoiceName"] == "Customer"


def test_posted_in_finance(server: MockServer, dynamics: DynamicsTarget) -> None:
    """F-27: the legal number and its day are told once the recurring batch has posted it, not before."""
    ours = document("800.00")
    made = dynamics.create(ours)
    server.switch_finance("dynamics", {"post_after_seconds": 0})
    found = dynamics.status(ours, made.external_id)
    assert found is not None
    assert (found.state, found.number, str(found.posted_on)) == (PushStatus.POSTED, "INV-00000001", "2026-03-31")


def test_a_draft_in_business_central(server: MockServer) -> None:
    """F-64, F-69: the local currency is not named, and a draft's number is nobody's business."""
    target = central(server)
    found = target.create(document("800.00", "0.01"))
    told = body(server)
    assert (found.state, found.number, found.total, found.lines) == (PushStatus.ACCEPTED, None, Decimal("800.01"), 2)
    assert [line["sequence"] for line in told["lines"]] == [10000, 20000]
    posted = next(r for r in server.requests() if r["method"] == "POST" and str(r["path"]).endswith("salesInvoices"))
    assert "currencyCode" not in str(posted["body"])
    target.close()


def test_a_foreign_currency_is_named(server: MockServer) -> None:
    """F-64: any other currency than the company's own is."""
    target = central(server)
    found = target.create(document("800.00", currency="EUR"))
    assert (found.currency, body(server)["currencyCode"]) == ("EUR", "EUR")
    target.close()


def test_posting_in_business_central(server: MockServer) -> None:
    """F-67, F-69: posted at once where the mapping says so; the id stays, the number becomes the legal one."""
    target = central(server, post=True)
    found = target.create(document("800.00"))
    assert (found.state, found.number, found.complete) == (PushStatus.POSTED, "PS-INV103001", True)
    assert (str(found.posted_on), found.tax, found.remaining) == ("2026-03-31", Decimal("0.00"), Decimal("800.00"))
    target.close()


@pytest.mark.parametrize("action", [{"drop": "after"}, {"drop": "before"}, {"status": 504, "body": "late", "after": True}])
def test_posting_is_never_repeated_without_looking(server: MockServer, action: dict[str, Any]) -> None:
    """F-68: a lost answer to `post` may mean posted."""
    target = central(server, post=True)
    ours = document("800.00")
    server.faults([{"match": {"path": "Microsoft.NAV.post"}, "times": 1, "action": action}])
    with pytest.raises(TransportError) as fault:
        target.create(ours)
    assert fault.value.doubtful
    (begun,) = target.find(ours)
    found = begun if begun.complete else target.create(ours, begun)
    assert (found.state, found.number) == (PushStatus.POSTED, "PS-INV103001")
    assert len(server.documents()) == 1
    target.close()


def test_a_long_invoice_in_business_central(server: MockServer) -> None:
    """F-56, F-67: 250 lines come in batches of 100, 100 and 50, each as a whole."""
    target = central(server)
    found = target.create(document(*["1.00"] * 250))
    assert (found.lines, found.total) == (250, Decimal("250.00"))
    batches = [r for r in server.requests() if str(r["path"]).endswith("$batch")]
    assert len(batches) == 3
    target.close()


def test_a_sum_below_zero_is_a_credit_memo(server: MockServer) -> None:
    """F-71: a document of its own kind with positive amounts; for us it stays below zero."""
    target = central(server)
    ours = document("100.00", "-300.00")
    found = target.create(ours)
    assert (found.total, found.line_amounts) == (Decimal("-200.00"), (Decimal("100.00"), Decimal("-300.00")))
    assert [line["amountExcludingTax"] for line in body(server)["lines"]] == [Decimal("-100.00"), Decimal("300.00")]
    assert all(line["unitPrice"] >= 0 for line in body(server)["lines"])
    assert [one.differs_from(ours) for one in target.find(ours)] == [()]
    assert "salesCreditMemos" in str(server.requests()[-1]["path"])
    target.close()


def test_what_business_central_rounds_is_seen_before_it_is_posted(server: MockServer) -> None:
    """F-65: a line of 0.005 becomes 0.01 there: it stays a draft, and the difference is told."""
    target = central(server, post=True)
    ours = document("0.005")
    found = target.create(ours)
    assert found.state is PushStatus.ACCEPTED
    assert found.differs_from(ours)
    assert central(server, tolerance="0.01").find(ours)[0].differs_from(ours) == ()
    target.close()


def test_a_naive_client_makes_doubles_in_business_central(server: MockServer) -> None:
    """F-73: nothing there keeps a second document away, so the mock does not either; the look-up tells both."""
    target = central(server)
    ours = document("800.00")
    target.create(ours)
    target.create(ours)
    assert len(target.find(ours)) == 2
    target.close()


VALUES = [Decimal(10 * number + 7) * (Decimal("1000000007") ** (number % 2)) / 100 for number in range(1, 100)] + [
    Decimal("922337203685477.58"), Decimal("-99999999999999999.99"), Decimal("0.01"),
]  # fmt: skip


def test_amounts_of_nineteen_digits_arrive_exactly(server: MockServer, dynamics: DynamicsTarget) -> None:
    """Every digit reaches both systems, and what they say of it is what we said."""
    ours = document(*(f"{value:.2f}" for value in VALUES))
    assert dynamics.create(ours).differs_from(ours) == ()
    target = central(server)
    assert target.create(ours).differs_from(ours) == ()
    target.close()
