"""A detail that a person adds to a draft, as JSON on the command line."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from proforma.domain.codes import BillingType, TransactionClass
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import (
    CategoryId,
    ContractLineId,
    Guid,
    ProductId,
    ProjectId,
    ResourceId,
    RoleId,
    SourceId,
    TaskId,
    UnitId,
    canonical_guid,
)
from proforma.invoicing import ManualDetail

Id = TypeVar("Id", bound=Guid)


class _Given(msgspec.Struct, forbid_unknown_fields=True):
    """What the JSON may say; amounts as texts or numbers, both exact."""

    transaction_class: TransactionClass = msgspec.field(name="class")
    contract_line: str | None = None
    id: str | None = None
    date: date | None = None
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    billing_type: BillingType | None = None
    tax: Decimal | None = None
    description: str | None = None
    external_description: str | None = None
    project: str | None = None
    task: str | None = None
    role: str | None = None
    resource: str | None = None
    category: str | None = None
    product: str | None = None
    unit: str | None = None


def manual_detail(text: str, *, today: date) -> ManualDetail:
    """The detail that the JSON describes. Raises ConfigurationError saying what is wrong with it."""
    try:
        given = msgspec.json.decode(text.encode(), type=_Given)
        return _detail(given, today)
    except (msgspec.MsgspecError, ValueError) as error:
        raise ConfigurationError(
            f"--detail: {error}", hint='for example {"contract_line": "GUID", "class": "fee", "price": "50"}'
        ) from None


def _detail(given: _Given, today: date) -> ManualDetail:
    return ManualDetail(
        id=SourceId(canonical_guid(given.id or str(uuid.uuid4()))),
        contract_line_id=_id(ContractLineId, given.contract_line),
        transaction_class=given.transaction_class,
        day=given.date or today,
        quantity=given.quantity,
        price=given.price,
        billing_type=given.billing_type,
        tax=given.tax,
        description=given.description,
        external_description=given.external_description,
        project_id=_id(ProjectId, given.project),
        task_id=_id(TaskId, given.task),
        role_id=_id(RoleId, given.role),
        resource_id=_id(ResourceId, given.resource),
        category_id=_id(CategoryId, given.category),
        product_id=_id(ProductId, given.product),
        unit_id=_id(UnitId, given.unit),
    )


def _id(kind: type[Id], text: str | None) -> Id | None:
    return None if text is None else kind(canonical_guid(text))
