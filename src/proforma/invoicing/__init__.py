"""What may be billed, and the life of a proforma invoice: pure functions from a `Book` to drafts, confirmations and refusals.

Never reads a clock, a file or a table; saving what it returns is the caller's part.
"""

from proforma.invoicing.adding import ManualDetail, add
from proforma.invoicing.after import after
from proforma.invoicing.backlog import BacklogRow, backlog
from proforma.invoicing.backlog_filter import EVERY_ROW, BacklogFilter
from proforma.invoicing.backlog_totals import BacklogTotals, CurrencyTotal
from proforma.invoicing.book import Book
from proforma.invoicing.clerk import Clerk
from proforma.invoicing.confirming import confirm, confirm_one
from proforma.invoicing.correcting import correct
from proforma.invoicing.drafting import create
from proforma.invoicing.editing import apply_retainer, delete, edit, edit_many, refresh, remove
from proforma.invoicing.marking import evaluate_nte, mark, reset_nte
from proforma.invoicing.periodic import run_periodic
from proforma.invoicing.references import reference
from proforma.invoicing.refunding import mark_refund
from proforma.invoicing.taking_over import Finding, TakenOver, Takeover, take_over
from proforma.invoicing.totals import LineSums, line_sums
from proforma.invoicing.upstream import Upstream
from proforma.invoicing.watching import problems, source_changes

__all__ = [
    "EVERY_ROW",
    "BacklogFilter",
    "BacklogRow",
    "BacklogTotals",
    "Book",
    "Clerk",
    "CurrencyTotal",
    "Finding",
    "LineSums",
    "ManualDetail",
    "TakenOver",
    "Takeover",
    "Upstream",
    "add",
    "after",
    "apply_retainer",
    "backlog",
    "confirm",
    "confirm_one",
    "correct",
    "create",
    "delete",
    "edit",
    "edit_many",
    "evaluate_nte",
    "line_sums",
    "mark",
    "mark_refund",
    "problems",
    "reference",
    "refresh",
    "remove",
    "reset_nte",
    "run_periodic",
    "source_changes",
    "take_over",
]
