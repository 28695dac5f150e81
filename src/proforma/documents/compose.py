"""From an invoice and the names of what it mentions to a paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from proforma.documents.paper import Paper, PaperDetail, PaperLine, Party
from proforma.domain.codes import SourceKind
from proforma.domain.ids import CategoryId, PriceListId, ProductId, ProjectId, ResourceId, RoleId, TaskId, UnitId
from proforma.domain.invoices import Invoice, InvoiceDetail, InvoiceLine

Id = TypeVar("Id", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names that an invoice itself does not carry, looked up by the caller; what is missing is left out of the document."""

    seller: Party | None = None
    customer: Party
    contract_number: str | None = None
    contract_name: str | None = None
    payment_terms: int | None = None
    corrects: str | None = None
    units: Mapping[UnitId, str] = field(default_factory=dict)
    projects: Mapping[ProjectId, str] = field(default_factory=dict)
    tasks: Mapping[TaskId, str] = field(default_factory=dict)
    roles: Mapping[RoleId, str] = field(default_factory=dict)
    resources: Mapping[ResourceId, str] = field(default_factory=dict)
    categories: Mapping[CategoryId, str] = field(default_factory=dict)
    products: Mapping[ProductId, str] = field(default_factory=dict)
    price_lists: Mapping[PriceListId, str] = field(default_factory=dict)


def compose(invoice: Invoice, names: Names) -> Paper:
    """The paper of an invoice, draft or not; lines, rows and amounts are the invoice's own, in its order."""
    lines = tuple(_line(line, names) for line in invoice.lines)
    projects = dict.fromkeys(d.project for line in lines for d in line.details if d.project is not None)
    return Paper(
        number=invoice.number,
        reference=invoice.reference,
        status=invoice.status,
        invoice_date=invoice.invoice_date,
        accounting_date=invoice.accounting_date,
        currency=invoice.currency.code,
        precision=invoice.currency.precision,
        seller=names.seller,
        customer=names.customer,
        contract_number=names.contract_number,
        contract_name=names.contract_name,
        projects=tuple(projects),
        payment_terms=names.payment_terms,
        corrects=names.corrects,
        lines=lines,
        total=invoice.total,
    )


def _line(line: InvoiceLine, names: Names) -> PaperLine:
    details = tuple(_detail(detail, names) for detail in line.details)
    return PaperLine(type=line.type, description=line.description, amount=line.amount, details=details)


def _detail(detail: InvoiceDetail, names: Names) -> PaperDetail:
    """What the customer was meant to read wins over what our people wrote."""
    return PaperDetail(
        source=detail.source,
        day=detail.day,
        description=detail.external_description or detail.description or _named(names.products, detail.product_id),
        person=_named(names.resources, detail.resource_id),
        role=_named(names.roles, detail.role_id),
        category=_named(names.categories, detail.category_id),
        task=_named(names.tasks, detail.task_id),
        project=_named(names.projects, detail.project_id),
        billing_type=detail.billing_type,
        quantity=detail.quantity,
        unit=_named(names.units, detail.unit_id),
        price=detail.price,
        amount=detail.amount,
        previous=detail.previous_amount,
        value=detail.value,
        tax=detail.tax,
        price_list=_named(names.price_lists, detail.price_list_id),
        price_reason="entered" if detail.kind is SourceKind.MANUAL and detail.price_reason is None else detail.price_reason,
        price_rule=detail.price_rule,
    )


def _named(names: Mapping[Id, str], id_: Id | None) -> str | None:
    return None if id_ is None else names.get(id_)
