"""What invoice details are made from: unbilled sales, rows given back by corrections, milestones, product lines, retainers.

Never decides what goes on an invoice: a source knows its figures, its state and its fault; `picking` draws the conclusion.
"""

from __future__ import annotations

from proforma.invoicing.facts import Facts
from proforma.invoicing.sources.actuals import unbilled_sales
from proforma.invoicing.sources.given_back import given_back_sales
from proforma.invoicing.sources.milestones import milestone_shares
from proforma.invoicing.sources.products import product_lines
from proforma.invoicing.sources.retainers import retainers
from proforma.invoicing.sources.source import Attributes, Fault, Source


def collect(facts: Facts) -> tuple[Source, ...]:
    """All sources of the book, kind by kind; a milestone split by customers comes as one source for each share (I-61)."""
    return (
        *unbilled_sales(facts),
        *given_back_sales(facts),
        *milestone_shares(facts),
        *product_lines(facts),
        *retainers(facts),
    )


__all__ = ["Attributes", "Fault", "Source", "collect"]
