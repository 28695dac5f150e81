"""Amounts in another currency, by Dataverse's undated rates or finance's dated ones (P-55, P-57, P-58)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from proforma.domain.ids import CurrencyId
from proforma.domain.money import DEFAULT_PRECISION, EXACT, Rounding
from proforma.domain.prices import DatedExchangeRate
from proforma.pricing.facts import Facts
from proforma.pricing.outcomes import Unresolved
from proforma.pricing.rounding import Rounder
from proforma.pricing.trail import shown


def exchanged(facts: Facts, amount: Decimal, *, source: CurrencyId | None, target: CurrencyId | None) -> Decimal:
    """The amount ÷ rate of its own currency × rate of the other, unrounded; the same currency needs no rate (P-55).

    Multiplied first: a quotient that does not end would lose the tie that a finished sum has.
    Raises Unresolved `missing-exchange-rate` where a rate is missing, 0 or less.
    """
    if source == target:
        return amount
    return EXACT.divide(EXACT.multiply(amount, _rate(facts, target)), _rate(facts, source))


def cost_exchanged(
    facts: Facts, amount: Decimal, *, source: CurrencyId | None, target: CurrencyId | None, day: date, trail: list[str]
) -> Decimal:
    """A cost in the sales currency: by finance's rate of the pricing day where S16 asks for it and there is one, else as P-55 (P-57)."""
    if source == target:
        return amount
    pair = f"{facts.code(source) or source} to {facts.code(target) or target}"
    if facts.policy.exchange_rate_source == "finance_with_fallback":
        dated = _dated_rate(facts, source, target, day)
        if dated is not None:
            trail.append(f"P-57 exchange {pair}: × {dated:f}, finance's rate of {day}")
            return EXACT.multiply(amount, dated)
        trail.append(f"P-57 exchange {pair}: finance has no rate for {day}")
    result = exchanged(facts, amount, source=source, target=target)
    trail.append(f"P-55 exchange {pair}: {shown(amount)} ÷ {_rate(facts, source):f} × {_rate(facts, target):f} = {shown(result)}")
    return result


def base_value(facts: Facts, amount: Decimal, currency_id: CurrencyId | None) -> Decimal:
    """The amount in base currency, rounded to its decimals; informative, never fed back into a price (P-58)."""
    rounder = Rounder(base_precision(facts), Rounding(facts.policy.rounding_mode))
    return rounder(EXACT.divide(amount, _rate(facts, currency_id)))


def base_precision(facts: Facts) -> int:
    """Decimals of the base currency, the one whose rate is 1; two when that is not one single currency."""
    bases = {facts.precision(row.id) for row in facts.currencies.values() if row.exchange_rate == 1}
    return bases.pop() if len(bases) == 1 else DEFAULT_PRECISION


def _rate(facts: Facts, currency_id: CurrencyId | None) -> Decimal:
    row = facts.currencies.get(currency_id) if currency_id else None
    if row is None or row.exchange_rate is None or row.exchange_rate <= 0:
        raise Unresolved(
            "P-57", "missing-exchange-rate", f"{(row and row.code) or currency_id or 'an unknown currency'} has no exchange rate"
        )
    return row.exchange_rate


def _dated_rate(facts: Facts, source: CurrencyId | None, target: CurrencyId | None, day: date) -> Decimal | None:
    """Finance's rate in force on a day, the one that started last; None when there is none or two say different things."""
    rows = [row for row in facts.dated_rates.get((source, target), ()) if row.rate is not None and row.rate > 0 and _holds(row, day)]
    if not rows:
        return None
    latest = max(row.first_day or date.min for row in rows)
    rates = {row.rate for row in rows if (row.first_day or date.min) == latest}
    return rates.pop() if len(rates) == 1 else None


def _holds(row: DatedExchangeRate, day: date) -> bool:
    return (row.first_day is None or row.first_day <= day) and (row.last_day is None or day <= row.last_day)
