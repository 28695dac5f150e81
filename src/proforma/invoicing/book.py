"""The book that invoicing reads: everything about the contracts at hand, and what has been drafted and billed already.

A caller loads a book for one or a few contracts, asks for an act, and saves what the act returns. Nothing here is changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proforma.domain.contracts import (
    Contract,
    ContractCustomer,
    ContractLine,
    LineCategory,
    LineCustomer,
    LineRole,
    LineTask,
    Milestone,
    Retainer,
    ScheduleRow,
)
from proforma.domain.decisions import PriceDecision
from proforma.domain.ids import CategoryId, CurrencyId, InvoiceId, RecordId, RoleId, SourceId
from proforma.domain.invoices import Invoice, LedgerActual, SourceMark
from proforma.domain.masters import Category, CurrencyRecord, Role
from proforma.domain.policies import InvoicingPolicy
from proforma.domain.records import Actual


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Facts of one or a few contracts.

    `actuals`: all sales-side actuals of these contracts (unbilled and billed), whatever their state.
    `invoices`: our own live invoices of these contracts, drafts and confirmed. `ledger`: the actuals that confirmations made.
    `marks`: the latest mark of each source, ready state and not-to-exceed merged. `decisions`: price decisions by actual.
    `run_rows`: schedule rows that the periodic run has handled here.
    `makers`: the persons who made or changed each draft; read for confirming alone, where the policy wants another person (I-87).
    """

    contracts: Sequence[Contract] = ()
    lines: Sequence[ContractLine] = ()
    line_customers: Sequence[LineCustomer] = ()
    contract_customers: Sequence[ContractCustomer] = ()
    line_roles: Sequence[LineRole] = ()
    line_categories: Sequence[LineCategory] = ()
    line_tasks: Sequence[LineTask] = ()
    actuals: Sequence[Actual] = ()
    milestones: Sequence[Milestone] = ()
    retainers: Sequence[Retainer] = ()
    schedule: Sequence[ScheduleRow] = ()
    currencies: Mapping[CurrencyId, CurrencyRecord] = field(default_factory=dict)
    roles: Mapping[RoleId, Role] = field(default_factory=dict)
    categories: Mapping[CategoryId, Category] = field(default_factory=dict)
    decisions: Mapping[RecordId, PriceDecision] = field(default_factory=dict)
    marks: Mapping[SourceId, SourceMark] = field(default_factory=dict)
    invoices: Sequence[Invoice] = ()
    ledger: Sequence[LedgerActual] = ()
    run_rows: Mapping[RecordId, bool] = field(default_factory=dict)
    makers: Mapping[InvoiceId, tuple[str, ...]] = field(default_factory=dict)
    policy: InvoicingPolicy = field(default_factory=InvoicingPolicy)
