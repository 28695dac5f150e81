"""English and Norwegian (nb-NO): texts, dates and numbers of a document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from proforma.domain.codes import BillingType, LineType
from proforma.domain.money import EXACT, plain

Language = Literal["en", "nb"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "nb")
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"
_MONTHS: Final = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
    "nb": ("januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"),
}  # fmt: skip
_TEXTS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "title": "Proforma invoice", "credit": "Proforma credit", "correction": "Correction of proforma", "draft": "Draft",
        "deleted": "Deleted draft", "notice": "Proforma, not a tax invoice", "from": "From", "to": "Billed to",
        "customer_number": "Customer no.", "number": "Number", "reference": "Reference", "date": "Date", "contract": "Contract",
        "project": "Project", "projects": "Projects", "period": "Period", "currency": "Currency", "terms": "Payment terms",
        "corrects": "Corrects", "day": "Date", "work": "Description", "quantity": "Quantity", "unit": "Unit", "price": "Price",
        "amount": "Amount", "previous": "Invoiced before", "difference": "Difference", "subtotal": "Sum", "total": "Total, tax excluded",
        "work_total": "Work and purchases", "applied": "Advance payments applied", "tax": "Tax, as entered (information)",
        "no_charge": "no charge", "worth": "worth", "of": "of", "page": "Page", "person": "Person", "role": "Role",
        "category": "Category", "task": "Task", "reason": "Price from", "rule": "Rule", "billing": "Billing", "line": "Line",
        "class": "Class", "nothing": "This document has no lines.", "tax_note": "Tax is computed by the tax invoice that follows.",
    },
    "nb": {
        "title": "Proformafaktura", "credit": "Proformakreditnota", "correction": "Korreksjon av proformafaktura", "draft": "Utkast",
        "deleted": "Slettet utkast", "notice": "Proforma, ikke gyldig som salgsdokument", "from": "Fra", "to": "Faktureres til",
        "customer_number": "Kundenr.", "number": "Nummer", "reference": "Referanse", "date": "Dato", "contract": "Kontrakt",
        "project": "Prosjekt", "projects": "Prosjekter", "period": "Periode", "currency": "Valuta", "terms": "Betalingsbetingelser",
        "corrects": "Korrigerer", "day": "Dato", "work": "Beskrivelse", "quantity": "Antall", "unit": "Enhet", "price": "Pris",
        "amount": "Beløp", "previous": "Tidligere fakturert", "difference": "Differanse", "subtotal": "Sum", "total": "Totalt ekskl. mva.",
        "work_total": "Arbeid, varer og utlegg", "applied": "Fratrukket forskudd", "tax": "Mva. som oppgitt (til informasjon)",
        "no_charge": "kostnadsfritt", "worth": "verdi", "of": "av", "page": "Side", "person": "Person", "role": "Rolle",
        "category": "Kategori", "task": "Oppgave", "reason": "Prisgrunnlag", "rule": "Regel", "billing": "Fakturering", "line": "Linje",
        "class": "Type", "nothing": "Dokumentet har ingen linjer.", "tax_note": "Mva. beregnes på fakturaen som følger.",
    },
}  # fmt: skip
_CLASSES: Final[dict[Language, dict[LineType, str]]] = {
    "en": {
        LineType.TIME: "Time", LineType.EXPENSE: "Expenses", LineType.MATERIAL: "Material", LineType.FEE: "Fees",
        LineType.MILESTONE: "Milestones", LineType.PRODUCT: "Products", LineType.RETAINER: "Advance payment",
        LineType.ADVANCE_APPLIED: "Advance payment applied",
    },
    "nb": {
        LineType.TIME: "Timer", LineType.EXPENSE: "Utlegg", LineType.MATERIAL: "Materialer", LineType.FEE: "Gebyrer",
        LineType.MILESTONE: "Milepæler", LineType.PRODUCT: "Produkter", LineType.RETAINER: "Forskudd",
        LineType.ADVANCE_APPLIED: "Fratrukket forskudd",
    },
}  # fmt: skip
_BILLING: Final[dict[Language, dict[BillingType, str]]] = {
    "en": {
        BillingType.CHARGEABLE: "chargeable", BillingType.NON_CHARGEABLE: "not chargeable",
        BillingType.COMPLIMENTARY: "complimentary", BillingType.NOT_AVAILABLE: "not available",
    },
    "nb": {
        BillingType.CHARGEABLE: "fakturerbar", BillingType.NON_CHARGEABLE: "ikke fakturerbar",
        BillingType.COMPLIMENTARY: "uten vederlag", BillingType.NOT_AVAILABLE: "ikke tilgjengelig",
    },
}  # fmt: skip
#: Payment terms by Dataverse's number (1.1); numbers that an administrator added have no published name and are left out.
_TERMS: Final[dict[Language, dict[int, str]]] = {
    "en": {1: "Net 30 days", 2: "2% 10 days, net 30 days", 3: "Net 45 days", 4: "Net 60 days"},
    "nb": {
        1: "Netto 30 dager",
        2: "2 % kontantrabatt ved betaling innen 10 dager, ellers netto 30 dager",
        3: "Netto 45 dager",
        4: "Netto 60 dager",
    },
}
_REASONS: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "role-price": "role price", "role-price-override": "agreed role price", "category-price": "category price",
        "role-at-cost": "at cost", "role-markup-over-cost": "cost plus percentage", "category-at-cost": "at cost",
        "category-markup": "cost plus percentage", "price-list-item": "price list item",
        "copied-from-origin": "as recorded", "entered-price": "as entered", "entered": "as entered",
    },
    "nb": {
        "role-price": "rollepris", "role-price-override": "avtalt rollepris", "category-price": "kategoripris",
        "role-at-cost": "til kostpris", "role-markup-over-cost": "kostpris med påslag", "category-at-cost": "til kostpris",
        "category-markup": "kostpris med påslag", "price-list-item": "listepris",
        "copied-from-origin": "som registrert", "entered-price": "som oppgitt", "entered": "som oppgitt",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """How one language says it."""

    language: Language

    def __getitem__(self, key: str) -> str:
        return _TEXTS[self.language][key]

    def line_class(self, type_: LineType) -> str:
        """A class of lines."""
        return _CLASSES[self.language][type_]

    def billing(self, type_: BillingType) -> str:
        """A billing type."""
        return _BILLING[self.language][type_]

    def terms(self, number: int | None) -> str | None:
        """Payment terms; None for numbers without a published name."""
        return None if number is None else _TERMS[self.language].get(number)

    def reason(self, code: str | None) -> str | None:
        """Why a price is what it is; a reason without words of its own stands as it is."""
        return None if code is None else _REASONS[self.language].get(code, code.replace("-", " "))

    def day(self, day: date) -> str:
        """A date in a table: 2 Mar 2026, 02.03.2026."""
        if self.language == "nb":
            return f"{day:%d.%m.%Y}"
        return f"{day.day}{_NO_BREAK}{_MONTHS['en'][day.month - 1][:3]}{_NO_BREAK}{day.year}"

    def long_day(self, day: date) -> str:
        """A date in a heading: 2 March 2026, 2. mars 2026."""
        dot = "." if self.language == "nb" else ""
        return f"{day.day}{dot} {_MONTHS[self.language][day.month - 1]} {day.year}"

    def number(self, value: Decimal) -> str:
        """A figure with its own decimals: 1,234.50, 1 234,50; a real minus sign, and nothing that a line break could tear."""
        text = plain(value)
        whole, point, decimals = text.removeprefix("-").partition(".")
        separator, comma = (",", ".") if self.language == "en" else (_NO_BREAK, ",")
        grouped = f"{int(whole):,}".replace(",", separator)
        return (_MINUS if text.startswith("-") else "") + grouped + (comma + decimals if point else "")

    def amount(self, value: Decimal, precision: int) -> str:
        """An amount or a price with at least the decimals of its currency; more where it has more, nothing is rounded away."""
        shown = Decimal(self._without_zeros(value))
        padded = shown.quantize(Decimal(1).scaleb(-precision), context=EXACT)
        return self.number(padded if padded == shown else shown)

    def quantity(self, value: Decimal) -> str:
        """A quantity without the zeros that only the database put there: 7.5 for 7.5000000000."""
        return self.number(Decimal(self._without_zeros(value)))

    @staticmethod
    def _without_zeros(value: Decimal) -> str:
        text = plain(value)
        return text.rstrip("0").rstrip(".") if "." in text else text


def words(language: Language) -> Words:
    """The words of a language."""
    return Words(language)
