"""The default finance document: what it says of an invoice, to the cent (F-80)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_files import guid

from proforma.domain.codes import BillingType, CustomerKind, LineType, SourceKind, TransactionClass
from proforma.domain.errors import RefusedError
from proforma.domain.ids import (
    CategoryId,
    ContractId,
    ContractLineId,
    CurrencyId,
    CustomerId,
    InvoiceId,
    ProductId,
    ProjectId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
)
from proforma.domain.invoices import Figures, Invoice, InvoiceDetail, InvoiceLine
from proforma.domain.money import Currency
from proforma.mapping import DocumentRules, FinanceMapping, load_mappings
from proforma.mapping.accounts import DocumentFacts, ProductFacts
from proforma.mapping.document import canonical, digest, document, encode

REST = load_mappings(None).finance["rest"]
HOUR, LINE = UnitId(guid("hour")), ContractLineId(guid("line"))


def detail(name: str, *, quantity: str = "8", price: str | None = "120.00", amount: str = "960.00", **more: Any) -> InvoiceDetail:
    """A chargeable time detail of eight hours at 120."""
    values: dict[str, Any] = {
        "id": guid(f"d-{name}"),
        "source": SourceId(guid(name)),
        "kind": SourceKind.ACTUAL,
        "type": LineType.TIME,
        "transaction_class": TransactionClass.TIME,
        "contract_line_id": LINE,
        "billing_type": BillingType.CHARGEABLE,
        "quantity": Decimal(quantity),
        "price": None if price is None else Decimal(price),
        "amount": Decimal(amount),
        "unit_id": HOUR,
    }
    return InvoiceDetail(**{**values, **more})


def line(*details: InvoiceDetail, type_: LineType = LineType.TIME, description: str = "Phase 1") -> InvoiceLine:
    """A line of these details."""
    return InvoiceLine(contract_line_id=LINE, type=type_, description=description, details=details)


def invoice(*lines: InvoiceLine, precision: int = 2, **more: Any) -> Invoice:
    """A confirmed invoice of these lines."""
    values: dict[str, Any] = {
        "id": InvoiceId(guid("inv")),
        "number": "PF-000123",
        "contract_id": ContractId(guid("con")),
        "customer_id": CustomerId(guid("acc")),
        "currency": Currency("USD", precision),
        "currency_id": CurrencyId(guid("cur")),
        "as_of": date(2026, 3, 31),
        "invoice_date": date(2026, 3, 31),
        "created_at": datetime(2026, 4, 1, 8, tzinfo=UTC),
        "lines": lines,
        "reference": "PF-000123-7QX2",
        "accounting_date": date(2026, 4, 1),
    }
    return Invoice(**{**values, **more})


FACTS = DocumentFacts(customer_number="C-1", units={HOUR: "Hour"})


def sending(*include: BillingType, amounts: Any = "text") -> FinanceMapping:
    """The shipped target, with other rules for the document."""
    return replace(REST, document=DocumentRules(amounts=amounts, include=frozenset({BillingType.CHARGEABLE, *include})))


def lines_of(content: Any, *keys: str) -> list[tuple[object, ...]]:
    """These keys of each line."""
    return [tuple(written[key] for key in keys) for written in content["lines"]]


def test_whole_document() -> None:
    """Every name and number that is known stands in the document; amounts carry the currency's decimals as text."""
    work = detail(
        "a1", day=date(2026, 3, 2), description="internal", external_description="Design", project_id=ProjectId(guid("prj")),
        task_id=TaskId(guid("task")), role_id=RoleId(guid("dev")), resource_id=ResourceId(guid("ann")),
        quantity="8.0000000000", price="120.0000", amount="960.0000",
    )  # fmt: skip
    goods = detail(
        "p1", kind=SourceKind.PRODUCT, type=LineType.PRODUCT, quantity="3", price="10.5", amount="31.50",
        product_id=ProductId(guid("cable")), category_id=CategoryId(guid("cat")), unit_id=UnitId(guid("each")),
    )  # fmt: skip
    facts = DocumentFacts(
        customer_number="C-1", customer_name="Fjord Kraft AS", customer_kind=CustomerKind.ACCOUNT, contract_number="ORD-1",
        contract_name="Rollout", company="usmf", due_date=date(2026, 4, 30), purchase_order="PO-9", units={HOUR: "Hour"},
        projects={ProjectId(guid("prj")): "Rollout"}, tasks={TaskId(guid("task")): "Design"}, roles={RoleId(guid("dev")): "Developer"},
        resources={ResourceId(guid("ann")): "Ann"}, categories={CategoryId(guid("cat")): "Hardware"},
        products={ProductId(guid("cable")): ProductFacts(number="P-1", name="Cable")},
    )  # fmt: skip

    content = document(invoice(line(work), line(goods, type_=LineType.PRODUCT, description="Cables")), facts, REST)

    assert content.pop("sha256") == digest(content)
    assert content == {
        "reference": "PF-000123-7QX2",
        "kind": "invoice",
        "number": "PF-000123",
        "corrects": None,
        "company": "usmf",
        "customer": {"account": "C-1", "name": "Fjord Kraft AS", "kind": "account"},
        "currency": "USD",
        "invoice_date": "2026-03-31",
        "due_date": "2026-04-30",
        "posting_date": "2026-04-01",
        "purchase_order": "PO-9",
        "contract": {"number": "ORD-1", "name": "Rollout", "id": guid("con")},
        "lines": [
            {
                "line": 1, "type": "time", "item": None, "description": "Phase 1", "quantity": "8", "unit": "Hour", "unit_price": "120.00",
                "amount": "960.00", "contract_line": LINE,
                "details": [{
                    "source": guid("a1"), "date": "2026-03-02", "billing_type": "chargeable", "description": "Design", "quantity": "8",
                    "unit": "Hour", "unit_price": "120.00", "amount": "960.00", "project": "Rollout", "task": "Design", "role": "Developer",
                    "resource": "Ann",
                }],
            },
            {
                "line": 2, "type": "product", "item": "P-1", "description": "Cables", "quantity": "3", "unit": None, "unit_price": "10.50",
                "amount": "31.50", "contract_line": LINE,
                "details": [{
                    "source": guid("p1"), "billing_type": "chargeable", "quantity": "3", "unit_price": "10.50", "amount": "31.50",
                    "category": "Hardware", "product": {"number": "P-1", "name": "Cable"},
                }],
            },
        ],
        "total": "991.50",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("details", "quantity", "unit", "unit_price", "amount"),
    [
        pytest.param([detail("a"), detail("b", quantity="2.5", amount="300.00")], "10.5", "Hour", "120.00", "1260.00", id="one price"),
        pytest.param([detail("a"), detail("b", price="100.00", amount="800.00")], "1", None, "1760.00", "1760.00", id="two prices"),
        pytest.param([detail("a"), detail("b", unit_id=None)], "1", None, "1920.00", "1920.00", id="two units"),
        pytest.param([detail("a", price=None)], "1", None, "960.00", "960.00", id="no price"),
        pytest.param([detail("a", quantity="0.333", price="10", amount="3.33")], "0.333", "Hour", "10.00", "3.33", id="exactly the amount"),
        pytest.param([detail("a", quantity="0.333", price="10.01", amount="3.33")], "1", None, "3.33", "3.33", id="rounded"),
        pytest.param([detail("a", quantity="-8", amount="-960.00")], "-8", "Hour", "120.00", "-960.00", id="reversal"),
        pytest.param([detail("a", price="120.1250", amount="961.00")], "8", "Hour", "120.125", "961.00", id="price of more decimals"),
    ],
)  # fmt: skip
def test_quantity_times_price_is_the_amount(
    details: list[InvoiceDetail], quantity: str, unit: str | None, unit_price: str, amount: str
) -> None:
    """A line's quantity and price are those of its details where they give the amount exactly, otherwise it is sold once."""
    content = document(invoice(line(*details)), FACTS, REST)

    assert lines_of(content, "quantity", "unit", "unit_price", "amount") == [(quantity, unit, unit_price, amount)]


def test_only_what_the_mapping_asks_for() -> None:
    """Non-chargeable and complimentary details are sent only on request, add nothing, and tell what they are worth (I-122, I-26)."""
    free = detail("b", quantity="2", amount="240.00", billing_type=BillingType.NON_CHARGEABLE)
    gift = detail("c", quantity="1", amount="120.00", billing_type=BillingType.COMPLIMENTARY)
    proforma = invoice(line(detail("a"), free), line(gift, description="Phase 2"))

    def told(mapping: FinanceMapping) -> list[list[tuple[object, ...]]]:
        content: Any = document(proforma, FACTS, mapping)
        assert content["total"] == "960.00"
        return [[(d["billing_type"], d["amount"], d.get("full_amount")) for d in written["details"]] for written in content["lines"]]

    assert told(sending()) == [[("chargeable", "960.00", None)]]
    assert told(sending(BillingType.NON_CHARGEABLE)) == [[("chargeable", "960.00", None), ("non-chargeable", "0.00", "240.00")]]
    assert told(sending(BillingType.COMPLIMENTARY)) == [[("chargeable", "960.00", None)], [("complimentary", "0.00", "120.00")]]
    both = document(proforma, FACTS, sending(BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY))
    assert lines_of(both, "line", "quantity", "unit_price", "amount") == [(1, "8", "120.00", "960.00"), (2, "1", "0.00", "0.00")]


def test_credit() -> None:
    """A correction that takes money back is a credit: what each detail adds is the difference to what was billed (I-96)."""
    billed = Figures(quantity=Decimal(8), price=Decimal(120), amount=Decimal(960), billing_type=BillingType.CHARGEABLE)
    less = detail("a", quantity="6", amount="720.00", previous=billed)
    facts = replace(FACTS, corrects_reference="PF-000100-AAAA")

    content: Any = document(invoice(line(less), corrects=InvoiceId(guid("old"))), facts, REST)

    assert (content["kind"], content["corrects"], content["total"]) == ("credit", "PF-000100-AAAA", "-240.00")
    assert lines_of(content, "quantity", "unit_price", "amount") == [("1", "-240.00", "-240.00")]
    assert content["lines"][0]["details"][0]["previous_amount"] == "960.00"
    assert (content["lines"][0]["details"][0]["amount"], content["lines"][0]["details"][0]["full_amount"]) == ("-240.00", "720.00")


@pytest.mark.parametrize(
    ("precision", "amount", "shown"), [(0, "1200", "1200"), (2, "-0.00", "0.00"), (3, "1200.5", "1200.500"), (4, "0.0001", "0.0001")]
)
def test_amounts_have_the_decimals_of_the_currency(precision: int, amount: str, shown: str) -> None:
    """Yen have none, dinars three; there is no negative zero."""
    content = document(invoice(line(detail("a", price=None, amount=amount)), precision=precision), FACTS, REST)

    assert (content["total"], lines_of(content, "amount")) == (shown, [(shown,)])


def test_amounts_as_numbers() -> None:
    """Amounts that a target wants as numbers keep every digit on the wire, and the digest stays the same (F-79)."""
    huge = invoice(
        line(detail("a", quantity="1", price="922337203685477.5807", amount="922337203685477.5807")), currency=Currency("XXX", 4)
    )

    numbers, text = document(huge, FACTS, sending(amounts="number")), document(huge, FACTS, sending())

    assert b'"total":922337203685477.5807' in encode(numbers)
    assert b'"total":"922337203685477.5807"' in encode(text)
    assert numbers["sha256"] == text["sha256"]


def test_digest_covers_every_key() -> None:
    """The digest is the hash of the sorted, compact JSON of everything else, so that any change shows."""
    content = document(invoice(line(detail("a"))), FACTS, REST)
    body = msgspec.json.encode({key: value for key, value in content.items() if key != "sha256"}, order="sorted")

    assert content["sha256"] == digest(content) == hashlib.sha256(body).hexdigest()
    assert canonical(msgspec.json.decode(encode(content))) == body
    assert digest({**content, "purchase_order": "PO-1"}) != content["sha256"]


@pytest.mark.parametrize(
    ("proforma", "reason", "message"),
    [
        (invoice(line(detail("a")), reference=None), "no-reference", "invoice PF-000123 is not confirmed, so it has no reference yet"),
        (invoice(line(detail("a", amount="960.001"))), "amount-not-rounded", "the amount 960.001 has more than 2 decimals"),
    ],
)
def test_what_is_never_sent(proforma: Invoice, reason: str, message: str) -> None:
    """A draft, or an amount that its currency cannot hold, is refused before anything leaves."""
    with pytest.raises(RefusedError) as refused:
        document(proforma, FACTS, REST)

    assert (refused.value.reason, refused.value.message) == (reason, message)


def test_an_invoice_of_nothing_chargeable() -> None:
    """Lines of which nothing is sent are left out; what to do with an empty document is the caller's decision (D-28)."""
    free = detail("a", billing_type=BillingType.COMPLIMENTARY)

    content = document(invoice(line(free)), FACTS, REST)

    assert (content["kind"], content["lines"], content["total"]) == ("invoice", [], "0.00")


AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
DETAILS = st.builds(
    lambda quantity, price, amount, kind: detail("a", quantity=str(quantity), price=price, amount=str(amount), billing_type=kind),
    st.decimals(min_value=-1000, max_value=1000, places=3),
    st.one_of(st.none(), st.sampled_from(["1", "0", "120.00", "0.3333"])),
    AMOUNTS,
    st.sampled_from([BillingType.CHARGEABLE, BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY]),
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(st.lists(DETAILS, min_size=1, max_size=4), max_size=4), st.sets(st.sampled_from(list(BillingType))))
def test_money_is_conserved(lines: list[list[InvoiceDetail]], include: set[BillingType]) -> None:
    """Details add up to their line, lines to the total, the total is the invoice's, and quantity × price is each amount."""
    proforma = invoice(*(line(*details) for details in lines))

    content: Any = document(proforma, FACTS, sending(*include))

    assert Decimal(content["total"]) == proforma.total == sum(Decimal(written["amount"]) for written in content["lines"])
    for written in content["lines"]:
        assert Decimal(written["amount"]) == sum(Decimal(part["amount"]) for part in written["details"])
        assert Decimal(written["amount"]) == Decimal(written["quantity"]) * Decimal(written["unit_price"])
