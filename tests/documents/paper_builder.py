"""A paper in NOK with defaults, so that a test names only what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from proforma.documents import Paper, Party
from proforma.documents.paper import PaperDetail, PaperLine
from proforma.domain.codes import BillingType, InvoiceStatus, LineType
from proforma.domain.money import total


def detail(source: str = "a", **more: Any) -> PaperDetail:
    """7.5 h at 1,250.00 = 9,375.00 by Ingrid Ødegård; `amount` None takes quantity × price."""
    fields: dict[str, Any] = {
        "source": source, "day": date(2026, 3, 2), "description": "Workshop", "person": "Ingrid Ødegård", "role": "Consultant",
        "category": None, "task": None, "project": "Rollout", "billing_type": BillingType.CHARGEABLE, "quantity": Decimal("7.5000"),
        "unit": "Hour", "price": Decimal("1250.00"), "amount": Decimal("9375.00"), "previous": None, "tax": None,
        "price_list": "Rates 2026", "price_reason": "role-price", "price_rule": "P-33", **more,
    }  # fmt: skip
    charged = fields["billing_type"] is BillingType.CHARGEABLE
    value = fields["amount"] - (fields["previous"] or 0) if charged else Decimal(0)
    return PaperDetail(**{"value": value, **fields})


def line(*details: PaperDetail, type_: LineType = LineType.TIME, description: str = "Implementation") -> PaperLine:
    return PaperLine(type=type_, description=description, amount=total(d.value for d in details), details=details)


def paper(lines: Iterable[PaperLine], **more: Any) -> Paper:
    kept = tuple(lines)
    fields: dict[str, Any] = {
        "number": "PF-000123", "reference": "PF-000123-0F8FAD5B", "status": InvoiceStatus.CONFIRMED, "invoice_date": date(2026, 3, 31),
        "accounting_date": None, "currency": "NOK", "precision": 2, "seller": Party(name="Nordlys AS", lines=("Storgata 1",)),
        "customer": Party(name="Fabrikam", number="C-1"), "contract_number": "K-1", "contract_name": "Rollout", "projects": ("Rollout",),
        "payment_terms": 1, "corrects": None, "lines": kept, "total": total(one.amount for one in kept), **more,
    }  # fmt: skip
    return Paper(**fields)
