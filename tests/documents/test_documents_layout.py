"""What a document says in each language, before it is set."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from paper_builder import detail, line, paper

from proforma.documents import Language, words
from proforma.documents.layout import layout, printable
from proforma.domain.codes import BillingType, InvoiceStatus, LineType


@pytest.mark.parametrize(
    ("language", "figure", "expected"),
    [
        ("en", "1234567.50", "1,234,567.50"), ("nb", "1234567.50", "1\u00a0234\u00a0567,50"), ("en", "-0.5", "\u22120.5"),
        ("nb", "-1000", "\u22121\u00a0000"), ("en", "0.00", "0.00"), ("en", "-0.00", "0.00"), ("nb", "999", "999"),
        ("en", "9007199254740993.01", "9,007,199,254,740,993.01"),
    ],
)  # fmt: skip
def test_figures_are_written_as_the_language_does(language: Language, figure: str, expected: str) -> None:
    """Thousands, decimals and the minus sign follow the language; no digit is lost and no zero is negative."""
    assert words(language).number(Decimal(figure)) == expected


@pytest.mark.parametrize(
    ("precision", "figure", "expected"),
    [(2, "200", "200.00"), (2, "12.3456", "12.3456"), (2, "10.5000000000", "10.50"), (0, "1500.0000", "1,500"), (3, "1.5", "1.500")],
)
def test_amounts_have_the_decimals_of_their_currency(precision: int, figure: str, expected: str) -> None:
    """I-112: at least the currency's decimals are shown, and more where a price has more: prices are not rounded."""
    assert words("en").amount(Decimal(figure), precision) == expected


def test_dates_are_written_as_the_language_does() -> None:
    """2 March 2026 in headings and in tables."""
    day = date(2026, 3, 2)
    assert [words("en").long_day(day), words("en").day(day)] == ["2 March 2026", "2\u00a0Mar\u00a02026"]
    assert [words("nb").long_day(day), words("nb").day(day)] == ["2. mars 2026", "02.03.2026"]


def test_a_row_shows_who_and_why_and_what_is_not_charged_is_shown_at_no_charge() -> None:
    """I-26: non-chargeable work stands on the document with what it would have cost, and adds nothing."""
    free = detail("b", billing_type=BillingType.NON_CHARGEABLE, quantity=Decimal(2), amount=Decimal("2500.00"))
    made = layout(paper([line(detail(), free)]), words("nb"))
    charged, not_charged = made["sections"][0]["rows"]
    assert charged["cells"] == ["7,5", "Hour", "1\u00a0250,00", "9\u00a0375,00"]
    assert charged["notes"] == ["Ingrid Ødegård · Consultant", "Prisgrunnlag: rollepris, Rates 2026, P-33"]
    assert not_charged["cells"][-1] == "kostnadsfritt"
    assert not_charged["notes"][-1] == "ikke fakturerbar, verdi 2\u00a0500,00"
    assert made["sections"][0]["sum"] == "9\u00a0375,00"
    assert made["totals"] == [["Ikke fakturerbar (verdi 2\u00a0500,00)", "0,00"], ["Totalt ekskl. mva. (NOK)", "9\u00a0375,00"]]


def test_retainers_stand_between_the_work_and_the_total() -> None:
    """I-67: 9,375.00 of work less 5,000.00 paid in advance = 4,375.00."""
    minus = Decimal("-5000.00")
    advance = detail("r", person=None, role=None, quantity=Decimal(1), unit=None, price=minus, amount=minus, price_reason=None)
    made = layout(paper([line(detail()), line(advance, type_=LineType.ADVANCE_APPLIED, description="Retainer")]), words("en"))
    assert made["totals"] == [
        ["Work and purchases", "9,375.00"],
        ["Advance payments applied", "\u22125,000.00"],
        ["Total, tax excluded (NOK)", "4,375.00"],
    ]


def test_the_day_of_an_advance_is_no_day_of_the_period() -> None:
    """Work of 2 March that an advance of January pays in part is the work of 2 March; an advance alone has no period."""
    advance = line(detail("r", day=date(2026, 1, 15)), type_=LineType.ADVANCE_APPLIED)
    paid, alone = paper([line(detail()), advance]), paper([advance])

    assert ["Period", "2 March 2026"] in layout(paid, words("en"))["facts"]
    assert (alone.first_day, alone.last_day) == (None, None)


def test_a_correction_shows_what_was_invoiced_before_and_the_difference() -> None:
    """I-96: 6 h of 7.5 h should have been invoiced: 7,500.00 instead of 9,375.00 is a difference of −1,875.00."""
    corrected = detail(quantity=Decimal(6), amount=Decimal("7500.00"), previous=Decimal("9375.00"))
    made = layout(paper([line(corrected)], corrects="PF-000120"), words("en"))
    assert made["title"] == "Correction of proforma"
    assert made["columns"][-3:] == ["Amount", "Invoiced before", "Difference"]
    assert made["sections"][0]["rows"][0]["cells"][-3:] == ["7,500.00", "9,375.00", "\u22121,875.00"]
    assert ["Corrects", "PF-000120"] in made["facts"]


def test_a_draft_says_so_and_a_typed_tax_is_information() -> None:
    """I-110: tax that somebody typed is shown and never added; nobody can take a draft for more."""
    made = layout(paper([line(detail(tax=Decimal("2343.75")))], status=InvoiceStatus.DRAFT, reference=None), words("en"))
    assert made["stamp"] == "Draft"
    assert made["totals"] == [["Tax, as entered (information)", "2,343.75"], ["Total, tax excluded (NOK)", "9,375.00"]]
    assert layout(paper([line(detail())]), words("en"))["stamp"] is None


def test_text_is_cleaned_and_may_be_broken() -> None:
    """Control characters and marks that turn the writing direction are dropped; a word of 30 letters may break anywhere."""
    assert printable("a\x00b\u202ec\x1b[31m") == "abc[31m"
    assert printable("w" * 30).replace("\u200b", "") == "w" * 30
    assert printable("w" * 30) == "\u200b".join("w" * 30)


def test_both_languages_say_everything() -> None:
    """Every text, class, billing type and known payment term exists in both languages, and no text is empty."""
    from proforma.documents import words as module_words
    from proforma.documents.words import _BILLING, _CLASSES, _REASONS, _TERMS, _TEXTS

    tables: list[Any] = [_TEXTS, _CLASSES, _BILLING, _TERMS, _REASONS]
    for table in tables:
        assert set(table["en"]) == set(table["nb"])
        assert all(table["en"].values())
        assert all(table["nb"].values())
    assert set(_CLASSES["en"]) == set(LineType)
    assert set(_BILLING["en"]) == set(BillingType)
    assert module_words("nb").terms(192350001) is None
