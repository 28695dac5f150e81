"""A paper as JSON with a published schema: data for programs, the same in every language. Amounts are texts, never JSON numbers."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec

from proforma.documents.paper import Paper, PaperDetail, PaperLine, Party
from proforma.domain.codes import BillingType
from proforma.domain.money import plain

SCHEMA_FILE = "proforma-invoice.schema.json"


def json_bytes(paper: Paper) -> bytes:
    """The document; it fits `schema()`."""
    return msgspec.json.format(msgspec.json.encode(_document(paper)), indent=1) + b"\n"


def schema() -> bytes:
    """The JSON Schema of the document, as shipped."""
    return files("proforma.documents").joinpath(SCHEMA_FILE).read_bytes()


def _document(paper: Paper) -> dict[str, Any]:
    return {
        "kind": "proforma",
        "is_tax_invoice": False,
        "number": paper.number,
        "reference": paper.reference,
        "status": paper.status,
        "corrects": paper.corrects,
        "invoice_date": paper.invoice_date,
        "accounting_date": paper.accounting_date,
        "first_day": paper.first_day,
        "last_day": paper.last_day,
        "currency": paper.currency,
        "decimals": paper.precision,
        "payment_terms": paper.payment_terms,
        "seller": None if paper.seller is None else _party(paper.seller),
        "customer": _party(paper.customer),
        "contract": {"number": paper.contract_number, "name": paper.contract_name},
        "projects": paper.projects,
        "lines": [_line(line) for line in paper.lines],
        "totals": {
            "advances_applied": plain(paper.applied),
            "non_chargeable": plain(paper.not_charged(BillingType.NON_CHARGEABLE)),
            "complimentary": plain(paper.not_charged(BillingType.COMPLIMENTARY)),
            "tax_as_entered": None if paper.tax is None else plain(paper.tax),
            "total_without_tax": plain(paper.total),
        },
    }


def _party(party: Party) -> dict[str, Any]:
    return {"name": party.name, "number": party.number, "lines": party.lines}


def _line(line: PaperLine) -> dict[str, Any]:
    return {
        "type": line.type,
        "description": line.description,
        "amount": plain(line.amount),
        "details": [_detail(detail) for detail in line.details],
    }


def _detail(detail: PaperDetail) -> dict[str, Any]:
    return {
        "source": detail.source,
        "date": detail.day,
        "description": detail.description,
        "person": detail.person,
        "role": detail.role,
        "category": detail.category,
        "task": detail.task,
        "project": detail.project,
        "billing_type": detail.billing_type,
        "quantity": plain(detail.quantity),
        "unit": detail.unit,
        "price": None if detail.price is None else plain(detail.price),
        "amount": plain(detail.amount),
        "previous_amount": None if detail.previous is None else plain(detail.previous),
        "invoiced_amount": plain(detail.value),
        "price_list": detail.price_list,
        "price_reason": detail.price_reason,
        "price_rule": detail.price_rule,
    }
