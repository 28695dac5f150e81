"""The JSON of `proforma explain`, as types: the document is made of them, and its published schema is made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from proforma.cli.output import text
from proforma.cli.shapes import decision_shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from proforma.pricing.explaining import Step as PricingStep
    from proforma.sync.explain import Billing, Explanation

SCHEMA_ID: Final = "https://proforma-sync.invalid/schema/explain.schema.json"
Figure = Annotated[str, Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$", description="An exact decimal figure, as text.")]
Id = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", description="A GUID in canonical form.")]
Rule = Annotated[str, Meta(pattern=r"^P-[1-9][0-9]?$", description="The number of a rule of docs/rules/pricing.md.")]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A calendar day.")]


class Step(Struct, kw_only=True, frozen=True):
    """One step on the way to a price."""

    rule: Rule
    topic: Annotated[str, Meta(description="What the step is about: date, price list, row …")]
    text: Annotated[str, Meta(description="The step as a sentence.")]


class BilledOn(Struct, kw_only=True, frozen=True):
    """The record on one invoice: its figures there, why they were so, and what the rules answer otherwise today."""

    invoice: Id
    number: str | None
    status: Annotated[str, Meta(description="draft, confirmed or corrected")]
    corrects: Annotated[Id | None, Meta(description="The invoice that this one corrects; its reason is told here.")]
    quantity: Figure
    price: Figure | None
    amount: Figure
    currency: str
    billing_type: str
    edited: Annotated[bool, Meta(description="Whether somebody changed the figures on the draft.")]
    rule: Rule | None
    reason: str | None
    price_list: Id | None
    price_list_name: Annotated[str | None, Meta(description="The name that the list had then.")]
    kept_at: Annotated[str | None, Meta(description="When the reason was kept: an instant in UTC.")]
    steps: list[Step]
    differs: Annotated[list[str], Meta(description="Which of price, amount, price list and currency the rules answer otherwise today.")]


class Explained(Struct, kw_only=True, frozen=True):
    """Why a record has its price: today's decision with the steps that led there, and every invoice that the record was put on.

    What is known of invoices alone (added by hand, or deleted in Dataverse since) has no decision: its fields are null.
    """

    record: Id
    table: str | None
    side: str | None
    day: Annotated[Day | None, Meta(description="The day on which the record is priced.")]
    price_list: Id | None
    price_line: Id | None
    markup_line: Id | None
    override: Id | None
    cost_record: Id | None
    price: Figure | None
    amount: Figure | None
    quantity: Figure | None
    unit: Id | None
    currency: str | None
    discount: Figure | None
    fee: Figure | None
    extended: Figure | None
    billing_type: str | None
    rule: Rule | None
    reason: str | None
    meaning: Annotated[str | None, Meta(description="What the reason means and, where somebody has to act, what to do.")]
    trail: Annotated[list[str], Meta(description="The steps as lines that begin with the number of their rule.")]
    steps: list[Step]
    names: Annotated[dict[str, str], Meta(description="What people call the things that ids of this document stand for.")]
    billed: Annotated[list[BilledOn], Meta(description="Invoices, the oldest first.")]


def document(found: Explanation) -> Explained:
    """The document of an explanation."""
    from proforma.pricing.explaining import MEANINGS
    from proforma.pricing.outcomes import Unresolved
    from proforma.pricing.sides import pricing_day

    decision = found.decision
    shape: dict[str, Any] = dict.fromkeys(Explained.__struct_fields__)
    day = None
    if decision is not None and found.record is not None:
        shape.update(decision_shape(decision))
        try:
            day = pricing_day(found.record)[0].isoformat()
        except Unresolved:
            day = None
    ids = {value for value in shape.values() if isinstance(value, str)} | {b.reason.price_list_id for b in found.billed if b.reason}
    shape.update(
        record=found.record_id,
        day=day,
        meaning=MEANINGS.get(decision.reason) if decision else None,
        trail=list(decision.trail) if decision else [],
        steps=_steps(found.steps),
        names={id_: name for id_, name in sorted(found.names.items()) if id_ in ids},
        billed=[_billed(billing) for billing in found.billed],
    )
    return Explained(**shape)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    made = msgspec.json.schema(Explained)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, "title": "proforma explain --json", **made}


def _steps(steps: Iterable[PricingStep]) -> list[Step]:
    return [Step(rule=step.rule, topic=step.topic, text=step.text) for step in steps]


def _billed(billing: Billing) -> BilledOn:
    invoice, detail, reason = billing.invoice, billing.detail, billing.reason
    return BilledOn(
        invoice=invoice.id,
        number=invoice.number,
        status=invoice.status,
        corrects=invoice.corrects,
        quantity=text(detail.quantity) or "0",
        price=text(detail.price),
        amount=text(detail.amount) or "0",
        currency=invoice.currency.code,
        billing_type=detail.billing_type,
        edited=detail.is_edited,
        rule=detail.price_rule,
        reason=detail.price_reason,
        price_list=reason.price_list_id if reason else detail.price_list_id,
        price_list_name=reason.price_list if reason else None,
        kept_at=reason.kept_at.isoformat() if reason else None,
        steps=_steps(billing.steps),
        differs=list(billing.differs),
    )
