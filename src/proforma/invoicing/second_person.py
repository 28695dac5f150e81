"""Two persons for each invoice: whoever had a hand in a draft does not confirm it, where the policy wants another person (I-87)."""

from __future__ import annotations

from proforma.domain.hands import is_same_person
from proforma.domain.invoices import Invoice, Refusal
from proforma.invoicing.book import Book
from proforma.invoicing.clerk import Clerk


def second_person_refusal(book: Book, clerk: Clerk, invoice: Invoice) -> Refusal | None:
    """Why this clerk is not the one to confirm the draft; None when they are, or when anyone may.

    A book that does not know who made the draft is a mistake of its loader (KeyError): nobody would have been kept from confirming.
    """
    if book.policy.confirmed_by == "anyone":
        return None
    makers = book.makers[invoice.id]
    if not any(is_same_person(maker, clerk.by) for maker in makers):
        return None
    message = (
        f"{invoice.number} was made or changed by {', '.join(makers)}, and you act as {clerk.by}:"
        " let somebody else look at it and confirm it (invoicing.confirmed_by)"
    )
    return Refusal(id=invoice.id, reason="second-person-needed", message=message)
