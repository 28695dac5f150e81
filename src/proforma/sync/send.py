"""From a confirmed invoice to the document that finance gets: looks up the names and numbers that the mapping needs (F-80, D-4)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, Protocol

from proforma.domain.codes import CustomerKind
from proforma.domain.contracts import Contract, Project
from proforma.domain.errors import RefusedError
from proforma.domain.invoices import Invoice
from proforma.domain.masters import Category, Customer, Product, Resource, Role, Task
from proforma.domain.units import Unit
from proforma.finance import FinanceDocument
from proforma.mapping import DocumentRules, FinanceMapping
from proforma.mapping.accounts import DocumentFacts, ProductFacts
from proforma.mapping.document import document
from proforma.store import Reader, Store
from proforma.sync.names import found, names

_KINDS: Final = ("unit_id", "project_id", "task_id", "role_id", "resource_id", "category_id", "product_id")
_IDS: Final = attrgetter(*_KINDS)


class DocumentOf(Protocol):
    """Makes the document of an invoice, out of an open snapshot where one is given. Raises RefusedError when finance could not take it."""

    def __call__(self, invoice: Invoice, reader: Reader | None = None, /) -> FinanceDocument: ...


class InvoiceDocuments:
    """Makes finance documents of confirmed invoices from the mirror's names and numbers."""

    def __init__(self, store: Store, mapping: FinanceMapping, *, company: str | None) -> None:
        self._store = store
        self._mapping = mapping
        self._company = company

    def of(self, invoice: Invoice, reader: Reader | None = None, /) -> FinanceDocument:
        """The document of an invoice. Raises RefusedError when finance could not know its customer, or when its figures do not add up."""
        with nullcontext(reader) if reader else self._store.read() as snapshot:
            facts = self._facts(snapshot, invoice)
        made = FinanceDocument.of(document(invoice, facts, self._mapping))
        closes = self._mapping.document.zero == "close" and made.total == 0
        return replace(made, stays_here=True) if closes else made

    def _facts(self, reader: Reader, invoice: Invoice) -> DocumentFacts:
        customer = reader.mirror.get(Customer, invoice.customer_id)
        contract = reader.mirror.get(Contract, invoice.contract_id)
        units, projects, tasks, roles, resources, categories, product_ids = _mentioned(invoice)
        products = found(reader, Product, product_ids)
        original = None if invoice.corrects is None else reader.ledger.invoice(invoice.corrects)
        return DocumentFacts(
            customer_number=_number(customer, invoice, self._mapping.document),
            customer_name=customer.name if customer else None,
            customer_kind=customer.kind if customer else CustomerKind.ACCOUNT,
            contract_number=contract.number if contract else None,
            contract_name=contract.name if contract else None,
            company=self._company,
            corrects_reference=original.reference if original else None,
            units=names(reader, Unit, units, lambda unit: unit.name),
            projects=names(reader, Project, projects, lambda project: project.name),
            tasks=names(reader, Task, tasks, lambda task: task.name),
            roles=names(reader, Role, roles, lambda role: role.name),
            resources=names(reader, Resource, resources, lambda resource: resource.name),
            categories=names(reader, Category, categories, lambda category: category.name),
            products={key: ProductFacts(number=product.number, name=product.name) for key, product in products.items()},
        )


def _mentioned(invoice: Invoice) -> tuple[Sequence[Any], ...]:
    """The ids that the details mention, those of one kind together."""
    return tuple(zip(*map(_IDS, invoice.details), strict=True)) or ((),) * len(_KINDS)


def finance_number(customer: Customer | None, rules: DocumentRules) -> str | None:
    """What names a customer (D-4): its number in Dataverse, or, without one, what `customers` of the mapping has for its id."""
    return None if customer is None else customer.number or rules.customers.get(customer.id)


def _number(customer: Customer | None, invoice: Invoice, rules: DocumentRules) -> str:
    """How finance knows the customer, never by a guess (D-4)."""
    number = finance_number(customer, rules)
    if number is None:
        who = f"customer {customer.name!r}" if customer and customer.name else f"customer {invoice.customer_id}"
        raise RefusedError(
            "customer-unknown-to-finance",
            f"{who} has no number in Dataverse (accountnumber), so finance cannot know it: enter the number and pull, or name it by its id "
            f"under document.customers of the finance mapping ({invoice.customer_id}: …), then retry",
        )
    return number
