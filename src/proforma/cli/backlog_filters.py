"""The filters of `proforma backlog list`, as they are typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from proforma.cli.days import day_of
from proforma.cli.ids import Ids
from proforma.domain.codes import BillingStatus, TransactionClass
from proforma.domain.contracts import Contract, Project
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, CustomerId, ProjectId
from proforma.domain.masters import Customer
from proforma.invoicing import BacklogFilter

#: Tax rows are no backlog (I-50), and a retainer to be refunded is listed as billed (I-70): nobody could find one by these words.
CLASSES: Final = frozenset(TransactionClass) - {TransactionClass.TAX}
STATUSES: Final = frozenset(BillingStatus) - {BillingStatus.READY_TO_REFUND}

Word = TypeVar("Word", TransactionClass, BillingStatus)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFilters:
    """What was given behind each option; an option that was not given fits all."""

    contracts: Collection[str] = ()
    customers: Collection[str] = ()
    projects: Collection[str] = ()
    classes: Collection[str] = ()
    statuses: Collection[str] = ()
    first: str | None = None
    last: str | None = None

    def understood(self, ids: Ids) -> BacklogFilter:
        """The rows meant. Raises ConfigurationError for what is unknown or ambiguous, and for days in the wrong order."""
        first, last = day_of(self.first, "--from"), day_of(self.last, "--to")
        if first is not None and last is not None and last < first:
            raise ConfigurationError(f"--from {first} is after --to {last}", hint="no day lies between them: exchange them")
        return BacklogFilter(
            classes=_words(self.classes, CLASSES, "--class"),
            statuses=_words(self.statuses, STATUSES, "--status"),
            contracts=frozenset(map(ContractId, ids.mirrored(self.contracts, "contract", Contract))),
            customers=frozenset(map(CustomerId, ids.mirrored(self.customers, "customer", Customer))),
            projects=frozenset(map(ProjectId, ids.mirrored(self.projects, "project", Project))),
            first=first,
            last=last,
        )


def _words(typed: Iterable[str], known: frozenset[Word], option: str) -> frozenset[Word]:
    by_name = {word.value: word for word in known}
    wanted = list(typed)
    for name in wanted:
        if name not in by_name:
            raise ConfigurationError(f"{option}: {name!r} is unknown", hint="write " + ", ".join(sorted(by_name)))
    return frozenset(by_name[name] for name in wanted)
