"""Stored amounts on an invoice that are not what their quantity and price give: billed as stored, and a person is told (I-111)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from proforma.domain.codes import SourceKind
from proforma.domain.ids import RecordId
from proforma.domain.invoices import Invoice
from proforma.domain.money import plain
from proforma.domain.records import Actual
from proforma.invoicing.amounts import off_by
from proforma.store import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountWarning:
    """A source whose stored amount lies `difference` above what its amount method gives."""

    source: RecordId
    difference: Decimal

    @property
    def message(self) -> str:
        """For a person."""
        return f"the stored amount is {plain(self.difference)} off what quantity and price give; it is billed as stored (I-111)"


def amount_warnings(reader: Reader, invoice: Invoice) -> list[AmountWarning]:
    """One for each source that is off by more than a minor unit, in the invoice's order; a detail that was edited is ours to answer for."""
    asked = [RecordId(d.source) for d in invoice.details if d.kind is SourceKind.ACTUAL and not d.is_edited]
    actuals = reader.mirror.get_many(Actual, asked)
    found = ((id_, off_by(actuals[id_], precision=invoice.currency.precision)) for id_ in asked if id_ in actuals)
    return [AmountWarning(source=id_, difference=difference) for id_, difference in found if difference is not None]
