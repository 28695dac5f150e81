"""Making details from sources, and arranging details into invoice lines (I-59, I-65, I-71, I-76)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

from proforma.domain.codes import LineType, SourceKind, TransactionClass
from proforma.domain.ids import ContractLineId, Guid
from proforma.domain.invoices import Figures, InvoiceDetail, InvoiceLine
from proforma.invoicing.facts import Facts
from proforma.invoicing.sources import Source

_OF_CLASS: Final = {
    TransactionClass.TIME: LineType.TIME,
    TransactionClass.EXPENSE: LineType.EXPENSE,
    TransactionClass.MATERIAL: LineType.MATERIAL,
    TransactionClass.FEE: LineType.FEE,
    TransactionClass.MILESTONE: LineType.MILESTONE,
    TransactionClass.PRODUCT: LineType.PRODUCT,
    TransactionClass.RETAINER: LineType.RETAINER,
}
_RANK: Final = {type_: rank for rank, type_ in enumerate(LineType)}
#: Project work comes first, contract line by contract line; these follow it (I-76).
_AFTER_WORK: Final = {LineType.PRODUCT: 1, LineType.RETAINER: 2, LineType.ADVANCE_APPLIED: 3}
_EACH_ITS_OWN_LINE: Final = frozenset({LineType.RETAINER, LineType.ADVANCE_APPLIED})

_LineKey = tuple[int, int, ContractLineId | str, int, date, Guid | str]


def line_type(transaction_class: TransactionClass) -> LineType:
    """The type of invoice line on which a class is billed (I-76)."""
    return _OF_CLASS[transaction_class]


def figures_of(source: Source) -> Figures:
    """What the source says; only for sources without fault, which have an amount and a billing type."""
    assert source.amount is not None
    assert source.billing_type is not None
    return Figures(quantity=source.quantity, price=source.price, amount=source.amount, billing_type=source.billing_type)


def detail_of(facts: Facts, source: Source, id_: Guid) -> InvoiceDetail:
    """The detail that bills a source, with its amount as stored (I-111)."""
    assert source.transaction_class is not None
    original = figures_of(source)
    attributes = source.attributes
    return InvoiceDetail(
        id=id_,
        source=source.id,
        kind=source.kind,
        type=line_type(source.transaction_class),
        transaction_class=source.transaction_class,
        contract_line_id=source.line_id,
        line_order=facts.line_order(source.line_id),
        day=source.day,
        billing_type=original.billing_type,
        quantity=original.quantity,
        price=original.price,
        amount=original.amount,
        tax=source.tax,
        original=original,
        description=source.description,
        external_description=source.external_description,
        project_id=attributes.project_id,
        task_id=attributes.task_id,
        role_id=attributes.role_id,
        resource_id=attributes.resource_id,
        category_id=attributes.category_id,
        product_id=attributes.product_id,
        unit_id=attributes.unit_id,
        price_list_id=attributes.price_list_id,
        price_reason=attributes.price_reason,
        price_rule=attributes.price_rule,
    )


def with_source(facts: Facts, detail: InvoiceDetail, source: Source) -> InvoiceDetail:
    """The detail with everything that its source says now; what it is, and the line that it is on, stay."""
    new = detail_of(facts, source, detail.id)
    return replace(new, type=detail.type, transaction_class=detail.transaction_class, contract_line_id=detail.contract_line_id)


def arranged(facts: Facts, details: Iterable[InvoiceDetail]) -> tuple[InvoiceLine, ...]:
    """Details in lines: one a contract line and type, one a retainer; no empty lines; details by date, then source (I-76)."""
    groups: dict[_LineKey, list[InvoiceDetail]] = {}
    for detail in details:
        groups.setdefault(_key(detail), []).append(detail)
    return tuple(_line(facts, groups[key]) for key in sorted(groups))


def _key(detail: InvoiceDetail) -> _LineKey:
    section = _AFTER_WORK.get(detail.type, 0)
    if detail.type in _EACH_ITS_OWN_LINE:
        return (section, 0, "", _RANK[detail.type], detail.day or date.max, detail.source)
    return (section, detail.line_order, detail.contract_line_id or "", _RANK[detail.type], date.min, "")


def _line(facts: Facts, details: list[InvoiceDetail]) -> InvoiceLine:
    first = details[0]
    ordered = sorted(details, key=lambda d: (d.day or date.max, d.source))
    return InvoiceLine(
        contract_line_id=first.contract_line_id, type=first.type, description=_describe(facts, first), details=tuple(ordered)
    )


def _describe(facts: Facts, detail: InvoiceDetail) -> str:
    """The contract line's or retainer's own words, else what kind of line it is."""
    line = facts.line(detail.contract_line_id)
    own = detail.description if detail.type in _EACH_ITS_OWN_LINE or detail.kind is SourceKind.PRODUCT else None
    words = own if line is None else line.description
    return words or detail.type.value.replace("-", " ").capitalize()
