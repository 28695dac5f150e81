"""The JSON that other programs parse (docs/json.md): keys may be added, never renamed; amounts are texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from proforma.cli.output import text
from proforma.domain.decisions import PriceDecision
from proforma.domain.invoices import Invoice, InvoiceDetail, InvoiceLine, LedgerActual, PriceDifference, ReadBack, Refusal
from proforma.invoicing import BacklogRow, CurrencyTotal


def decision_shape(decision: PriceDecision) -> dict[str, Any]:
    """One price decision."""
    return {
        "record": decision.record_id,
        "table": decision.table,
        "side": decision.side,
        "price_list": decision.price_list_id,
        "price_line": decision.price_line_id,
        "markup_line": decision.markup_line_id,
        "override": decision.override_id,
        "cost_record": decision.cost_record_id,
        "price": text(decision.price),
        "amount": text(decision.amount),
        "quantity": text(decision.quantity),
        "unit": decision.unit_id,
        "currency": decision.currency,
        "discount": text(decision.discount),
        "fee": text(decision.fee),
        "extended": text(decision.extended),
        "billing_type": decision.billing_type,
        "rule": decision.rule,
        "reason": decision.reason,
        "trail": decision.trail,
    }


def invoice_shape(invoice: Invoice) -> dict[str, Any]:
    """One invoice with its lines and details."""
    told = invoice.read_back or ReadBack()
    return {
        "id": invoice.id,
        "number": invoice.number,
        "reference": invoice.reference,
        "contract": invoice.contract_id,
        "customer": invoice.customer_id,
        "currency": invoice.currency.code,
        "status": invoice.status,
        "push": invoice.push,
        "as_of": invoice.as_of,
        "invoice_date": invoice.invoice_date,
        "accounting_date": invoice.accounting_date,
        "total": text(invoice.total),
        "external_id": invoice.external_id,
        "external_number": invoice.external_number,
        "posted_on": told.posted_on,
        "tax": text(told.tax),
        "total_with_tax": text(told.total_with_tax),
        "remaining": text(told.remaining),
        "corrects": invoice.corrects,
        "origin": invoice.origin,
        "changed_sources": invoice.flags,
        "lines": [_line_shape(line) for line in invoice.lines],
    }


def difference_shape(difference: PriceDifference) -> dict[str, Any]:
    """What an invoice of Dataverse bills of one detail, and what our rules say of it."""
    return {
        "detail": difference.detail,
        "source": difference.source,
        "reason": difference.reason,
        "message": difference.message,
        "billed": text(difference.billed),
        "ours": text(difference.ours),
    }


def _line_shape(line: InvoiceLine) -> dict[str, Any]:
    return {
        "contract_line": line.contract_line_id,
        "type": line.type,
        "description": line.description,
        "amount": text(line.amount),
        "details": [_detail_shape(detail) for detail in line.details],
    }


def _detail_shape(detail: InvoiceDetail) -> dict[str, Any]:
    return {
        "source": detail.source,
        "kind": detail.kind,
        "date": detail.day,
        "description": detail.description,
        "billing_type": detail.billing_type,
        "quantity": text(detail.quantity),
        "price": text(detail.price),
        "amount": text(detail.amount),
        "previous_amount": text(detail.previous_amount),
        "invoice_amount": text(detail.invoice_amount),
        "price_list": detail.price_list_id,
        "rule": detail.price_rule,
        "reason": detail.price_reason,
    }


def backlog_shape(row: BacklogRow) -> dict[str, Any]:
    """One row of the billing backlog."""
    return {
        "source": row.source,
        "kind": row.kind,
        "contract": row.contract_id,
        "contract_line": row.contract_line_id,
        "project": row.project_id,
        "customer": row.customer_id,
        "class": row.transaction_class,
        "billing_type": row.billing_type,
        "status": row.status,
        "adjustment": row.adjustment,
        "nte": row.nte,
        "date": row.day,
        "description": row.description,
        "quantity": text(row.quantity),
        "price": text(row.price),
        "amount": text(row.amount),
        "currency": row.currency,
        "used": text(row.used),
        "available": text(row.available),
    }


def backlog_total_shape(currency: str | None, of: CurrencyTotal) -> dict[str, Any]:
    """What the listed rows of one currency come to."""
    return {
        "currency": currency,
        "rows": of.rows,
        "amount": text(of.amount),
        "ready_rows": of.ready_rows,
        "ready_amount": text(of.ready_amount),
        "unpriced_rows": of.unpriced,
    }


def ledger_shape(row: LedgerActual) -> dict[str, Any]:
    """One actual of the ledger."""
    return {
        "id": row.id,
        "invoice": row.invoice_id,
        "source": row.source,
        "type": row.type,
        "class": row.transaction_class,
        "reversal": row.reversal,
        "adjusted": row.adjusted,
        "quantity": text(row.quantity),
        "price": text(row.price),
        "amount": text(row.amount),
        "currency": row.currency,
        "billing_type": row.billing_type,
        "billing_status": row.billing_status,
        "contract": row.contract_id,
        "contract_line": row.contract_line_id,
        "customer": row.customer_id,
        "date": row.day,
        "accounting_date": row.accounting_date,
    }


def refusals_shape(refusals: Iterable[Refusal]) -> list[dict[str, Any]]:
    """What an act refused."""
    return [{"id": refusal.id, "reason": refusal.reason, "message": refusal.message} for refusal in refusals]
