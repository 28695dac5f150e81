"""Which rows of the billing backlog somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from proforma.domain.codes import BillingStatus, TransactionClass
from proforma.domain.ids import ContractId, CustomerId, ProjectId
from proforma.invoicing.sources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogFilter:
    """Rows that fit every part; of a part any of its values, and an empty part fits all.

    `customers`: a milestone that several pay is listed with the shares of these alone, and stands where those stand (I-61).
    `projects`: a row's own project, else that of its contract line. `first`, `last`: both days belong to it, None is open; a row
    without a date lies on no day.
    """

    contracts: frozenset[ContractId] = frozenset()
    customers: frozenset[CustomerId] = frozenset()
    projects: frozenset[ProjectId] = frozenset()
    classes: frozenset[TransactionClass] = frozenset()
    statuses: frozenset[BillingStatus] = frozenset()
    first: date | None = None
    last: date | None = None

    def takes(self, source: Source) -> bool:
        """Whether a row, or one customer's share of it, fits all but its status: that one the shares have together."""
        return (
            (not self.contracts or source.contract_id in self.contracts)
            and (not self.customers or source.customer_id in self.customers)
            and (not self.projects or source.project_id in self.projects)
            and (not self.classes or source.transaction_class in self.classes)
            and self._holds(source.day)
        )

    def has(self, status: BillingStatus) -> bool:
        """Whether rows in this state are asked for."""
        return not self.statuses or status in self.statuses

    def _holds(self, day: date | None) -> bool:
        if day is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


#: Nothing is left out.
EVERY_ROW: Final = BacklogFilter()
