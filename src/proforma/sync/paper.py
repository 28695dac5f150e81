"""From an invoice to the paper that a customer is shown: looks up the names that it mentions by id."""

from __future__ import annotations

from proforma.documents import Names, Paper, Party, compose
from proforma.domain.contracts import Contract, ContractCustomer, Project
from proforma.domain.invoices import Invoice
from proforma.domain.masters import Category, Customer, OrganizationalUnit, Product, Resource, Role, Task
from proforma.domain.prices import PriceList
from proforma.domain.units import Unit
from proforma.settings import DocumentSettings
from proforma.store import Reader
from proforma.sync.names import names


def paper_of(reader: Reader, invoice: Invoice, settings: DocumentSettings) -> Paper:
    """The paper of an invoice in any state. The seller is the configured one, else the unit that contracts."""
    contract = reader.mirror.get(Contract, invoice.contract_id)
    customer = reader.mirror.get(Customer, invoice.customer_id)
    original = None if invoice.corrects is None else reader.ledger.invoice(invoice.corrects)
    rows = list(invoice.details)
    known = Names(
        seller=_seller(reader, contract, settings),
        customer=_customer(customer, invoice),
        contract_number=contract.number if contract else None,
        contract_name=contract.name if contract else None,
        payment_terms=_payment_terms(reader, invoice),
        corrects=original.number if original else None,
        units=names(reader, Unit, (row.unit_id for row in rows), lambda unit: unit.name),
        projects=names(reader, Project, (row.project_id for row in rows), lambda project: project.name),
        tasks=names(reader, Task, (row.task_id for row in rows), lambda task: task.name),
        roles=names(reader, Role, (row.role_id for row in rows), lambda role: role.name),
        resources=names(reader, Resource, (row.resource_id for row in rows), lambda resource: resource.name),
        categories=names(reader, Category, (row.category_id for row in rows), lambda category: category.name),
        products=names(reader, Product, (row.product_id for row in rows), lambda product: product.name),
        price_lists=names(reader, PriceList, (row.price_list_id for row in rows), lambda price_list: price_list.name),
    )
    return compose(invoice, known)


def _customer(customer: Customer | None, invoice: Invoice) -> Party:
    """The customer, with the address that Dataverse has."""
    if customer is None:
        return Party(name=invoice.customer_id)
    return Party(name=customer.name or invoice.customer_id, number=customer.number, lines=customer.address)


def _seller(reader: Reader, contract: Contract | None, settings: DocumentSettings) -> Party | None:
    if settings.seller is not None:
        return Party(name=settings.seller.name, lines=tuple(settings.seller.lines))
    unit = None if contract is None or contract.contracting_unit_id is None else contract.contracting_unit_id
    found = None if unit is None else reader.mirror.get(OrganizationalUnit, unit)
    return Party(name=found.name) if found is not None and found.name else None


def _payment_terms(reader: Reader, invoice: Invoice) -> int | None:
    """Of the contract customer whom the invoice bills (I-78)."""
    rows = reader.mirror.where(ContractCustomer, contract_id=invoice.contract_id, customer_id=invoice.customer_id)
    return next((row.payment_terms for row in rows if row.active and row.payment_terms is not None), None)
