"""A paper in one language as the texts that the page template sets; figures and dates are texts already, nothing is markup."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from proforma.documents.paper import Paper, PaperDetail, PaperLine, Party
from proforma.documents.words import Words
from proforma.domain.codes import BillingType, InvoiceStatus
from proforma.domain.money import total

_LONG_WORD: Final = re.compile(r"\S{24,}")
_BREAK_HERE: Final = "\N{ZERO WIDTH SPACE}"
#: What XML and PDF text cannot hold, and marks that would turn the direction of the rest of the page.
_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")
#: A row this long may be broken across pages; a shorter one is kept whole.
_LONG_ROW: Final = 900


def layout(paper: Paper, words: Words) -> dict[str, Any]:
    """Everything the template needs, in its order of appearance."""
    return {
        "language": words.language,
        "title": _title(paper, words),
        "stamp": _stamp(paper, words),
        "notice": words["notice"],
        "tax_note": words["tax_note"],
        "nothing": words["nothing"],
        "number": printable(paper.number),
        "page": words["page"],
        "of": words["of"],
        "seller": None if paper.seller is None else _party(paper.seller, words["from"]),
        "customer": _party(paper.customer, words["to"]),
        "facts": [[label, printable(value)] for label, value in _facts(paper, words)],
        "columns": _columns(paper, words),
        "sections": [_section(paper, line, words) for line in paper.lines],
        "totals": [list(row) for row in _totals(paper, words)],
    }


def printable(text: str) -> str:
    """Text that can be set: no control characters, and long words may be broken."""
    clean = _UNPRINTABLE.sub("", text)
    return _LONG_WORD.sub(lambda word: _BREAK_HERE.join(word.group()), clean)


def _title(paper: Paper, words: Words) -> str:
    if paper.corrects is not None:
        return words["correction"]
    return words["credit"] if paper.total < 0 else words["title"]


def _stamp(paper: Paper, words: Words) -> str | None:
    """What nobody may overlook: that it is no final document."""
    return {InvoiceStatus.DRAFT: words["draft"], InvoiceStatus.DELETED: words["deleted"]}.get(paper.status)


def _party(party: Party, label: str) -> dict[str, Any]:
    return {"label": label, "name": printable(party.name), "lines": [printable(line) for line in party.lines]}


def _facts(paper: Paper, words: Words) -> Iterator[tuple[str, str]]:
    yield words["number"], paper.number
    yield words["date"], words.long_day(paper.invoice_date)
    if paper.reference is not None:
        yield words["reference"], paper.reference
    if paper.corrects is not None:
        yield words["corrects"], paper.corrects
    if paper.customer.number is not None:
        yield words["customer_number"], paper.customer.number
    contract = ", ".join(filter(None, dict.fromkeys((paper.contract_number, paper.contract_name))))
    if contract:
        yield words["contract"], contract
    if paper.projects:
        yield words["project" if len(paper.projects) == 1 else "projects"], ", ".join(paper.projects)
    if paper.first_day is not None and paper.last_day is not None:
        days = dict.fromkeys((words.long_day(paper.first_day), words.long_day(paper.last_day)))
        yield words["period"], " \N{EN DASH} ".join(days)
    terms = words.terms(paper.payment_terms)
    if terms is not None:
        yield words["terms"], terms
    yield words["currency"], paper.currency


def _columns(paper: Paper, words: Words) -> list[str]:
    money = ["previous", "difference"] if paper.corrects is not None else []
    return [words[key] for key in ("day", "work", "quantity", "unit", "price", "amount", *money)]


def _section(paper: Paper, line: PaperLine, words: Words) -> dict[str, Any]:
    kind = words.line_class(line.type)
    same = line.description.strip().casefold() in (kind.casefold(), line.type.value.replace("-", " "))
    return {
        "title": kind if same else printable(line.description),
        "kind": "" if same else kind,
        "rows": [_row(paper, detail, words) for detail in line.details],
        "sum_label": words["subtotal"],
        "sum": words.amount(line.amount, paper.precision),
    }


def _row(paper: Paper, detail: PaperDetail, words: Words) -> dict[str, Any]:
    text = printable(detail.description or "")
    notes = [printable(note) for note in _notes(paper, detail, words)]
    price = "" if detail.price is None else words.amount(detail.price, paper.precision)
    return {
        "day": "" if detail.day is None else words.day(detail.day),
        "text": text,
        "notes": notes,
        "cells": [words.quantity(detail.quantity), printable(detail.unit or ""), price, *_money(paper, detail, words)],
        "muted": not detail.is_charged,
        "long": len(text) + sum(map(len, notes)) > _LONG_ROW,
    }


def _notes(paper: Paper, detail: PaperDetail, words: Words) -> Iterator[str]:
    """Below the description: who did it, as what, and where the price comes from."""
    who = " \N{MIDDLE DOT} ".join(dict.fromkeys(filter(None, (detail.person, detail.role, detail.category, detail.task))))
    if who:
        yield who
    reason = words.reason(detail.price_reason)
    source = ", ".join(filter(None, (reason, detail.price_list, detail.price_rule)))
    if source:
        yield f"{words['reason']}: {source}"
    if not detail.is_charged:
        yield f"{words.billing(detail.billing_type)}, {words['worth']} {words.amount(detail.amount, paper.precision)}"


def _money(paper: Paper, detail: PaperDetail, words: Words) -> list[str]:
    figures = [detail.amount] if paper.corrects is None else [detail.amount, detail.previous, detail.value]
    texts = ["" if figure is None else words.amount(figure, paper.precision) for figure in figures]
    return texts if detail.is_charged else [words["no_charge"], *texts[1:]]


def _totals(paper: Paper, words: Words) -> Iterator[tuple[str, str]]:
    """The last row is the total of the document."""

    def amount(value: Decimal) -> str:
        return words.amount(value, paper.precision)

    if paper.applied:
        yield words["work_total"], amount(total((paper.total, -paper.applied)))
        yield words["applied"], amount(paper.applied)
    for type_ in (BillingType.NON_CHARGEABLE, BillingType.COMPLIMENTARY):
        worth = paper.not_charged(type_)
        if worth:
            yield f"{words.billing(type_).capitalize()} ({words['worth']} {amount(worth)})", amount(Decimal(0))
    if paper.tax is not None:
        yield words["tax"], amount(paper.tax)
    yield f"{words['total']} ({paper.currency})", amount(paper.total)
