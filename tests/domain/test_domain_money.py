"""Money, units and business dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proforma.domain.dates import Effective, calendar_date
from proforma.domain.ids import UnitGroupId, UnitId, canonical_guid
from proforma.domain.money import Currency, CurrencyMismatchError, Money, Rounding, plain, round_amount, total
from proforma.domain.units import Unit, UnitConversionError, Units

USD, JPY = Currency("USD", 2), Currency("JPY", 0)


@pytest.mark.parametrize(
    ("amount", "precision", "mode", "rounded"),
    [
        ("2.345", 2, Rounding.HALF_UP, "2.35"),
        ("-2.345", 2, Rounding.HALF_UP, "-2.35"),
        ("2.345", 2, Rounding.HALF_EVEN, "2.34"),
        ("1300.813", 0, Rounding.HALF_UP, "1301"),
        ("0.0005", 3, Rounding.HALF_UP, "0.001"),
        ("922337203685477.5807", 4, Rounding.HALF_UP, "922337203685477.5807"),
    ],
)
def test_one_door_rounds(amount: str, precision: int, mode: Rounding, rounded: str) -> None:
    """P-56, I-112: half away from zero by default, half to even on request, at the currency's precision, with every digit kept."""
    assert round_amount(Decimal(amount), precision=precision, mode=mode) == Decimal(rounded)
    assert str(round_amount(Decimal(amount), precision=precision, mode=mode)) == rounded


def test_a_unit_price_is_rounded_when_it_is_asked_to_be() -> None:
    """P-56: 1,000 for a day of 7.5 hours is 133.33 an hour; unrounded it keeps its digits."""
    hourly = Money(Decimal(1000), USD).divided(Decimal("7.5"))
    assert hourly.rounded() == Money(Decimal("133.33"), USD)
    assert hourly.rounded().times(Decimal(8)).rounded() == Money(Decimal("1066.64"), USD)


def test_currencies_are_never_mixed() -> None:
    """I-113: adding dollars to yen is an error, not a conversion."""
    with pytest.raises(CurrencyMismatchError):
        Money(Decimal(1), USD) + Money(Decimal(1), JPY)
    with pytest.raises(CurrencyMismatchError):
        Money(Decimal(1), USD) - Money(Decimal(1), JPY)


@given(st.lists(st.decimals(min_value=-(10**15), max_value=10**15, places=4), max_size=20))
def test_a_sum_is_exact_and_knows_no_order(amounts: list[Decimal]) -> None:
    """I-112: the sum of rounded amounts is exact, in whatever order they come."""
    assert total(amounts) == total(reversed(amounts)) == sum(amounts, Decimal(0))


@pytest.mark.parametrize(("value", "text"), [("-0.00", "0.00"), ("1E+3", "1000"), ("12.50", "12.50"), ("-3", "-3")])
def test_decimals_are_written_plainly(value: str, text: str) -> None:
    """JSON never shows an exponent or a negative zero."""
    assert plain(Decimal(value)) == text


def test_both_ends_of_a_range_belong_to_it() -> None:
    """P-6, P-10: first and last day count; touching is not overlapping, a shared day is."""
    first_half = Effective(first=date(2026, 1, 1), last=date(2026, 6, 30))
    second_half = Effective(first=date(2026, 7, 1), last=date(2026, 12, 31))
    assert first_half.covers(date(2026, 1, 1))
    assert first_half.covers(date(2026, 6, 30))
    assert not first_half.covers(date(2026, 7, 1))
    assert not first_half.overlaps(second_half)
    assert first_half.overlaps(Effective(first=date(2026, 6, 30), last=None))
    assert not Effective(first=date(2026, 2, 1), last=date(2026, 1, 1)).covers(date(2026, 1, 15))


@pytest.mark.parametrize("text", ["2026-03-31", "2026-03-31T23:30:00Z", "2026-03-31T00:15:00+14:00"])
def test_a_calendar_date_is_taken_as_written(text: str) -> None:
    """P-5: no offset and no time of day moves a business date."""
    assert calendar_date(text) == date(2026, 3, 31)


def test_guids_become_canonical() -> None:
    """W-118: upper case and braces are accepted, anything else is not."""
    assert canonical_guid("{0F8FAD5B-D9CB-469F-A165-70867728950E}") == "0f8fad5b-d9cb-469f-a165-70867728950e"
    with pytest.raises(ValueError, match="not a GUID"):
        canonical_guid("0f8fad5b")


HOUR, DAY, WEEK, PIECE = (UnitId(canonical_guid(f"00000000-0000-4000-8000-00000000000{n}")) for n in range(1, 5))


def _units(**more: Unit) -> Units:
    rows = [
        Unit(id=HOUR, is_group_base=True),
        Unit(id=DAY, quantity=Decimal("7.5"), base_unit_id=HOUR),
        Unit(id=WEEK, quantity=Decimal(5), base_unit_id=DAY),
        Unit(id=PIECE, is_group_base=True),
        *more.values(),
    ]
    return Units({row.id: row for row in rows})


def test_factors_multiply_along_the_chain() -> None:
    """P-38: a week of five days of seven and a half hours is 37.5 hours."""
    assert _units().factor(WEEK) == (Decimal("37.5"), HOUR)
    assert _units().factors(of=WEEK, against=HOUR) == (Decimal("37.5"), Decimal(1))


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (Unit(id=DAY, quantity=Decimal(8), base_unit_id=WEEK), "unit-not-convertible"),  # a circle: week -> day -> week
        (Unit(id=DAY, quantity=Decimal(0), base_unit_id=HOUR), "unit-factor-zero"),
        (
            Unit(id=DAY, quantity=Decimal(8), base_unit_id=UnitId(canonical_guid("f" * 8 + "-0000-4000-8000-" + "0" * 12))),
            "unit-not-convertible",
        ),
    ],
)
def test_a_broken_chain_says_why(unit: Unit, reason: str) -> None:
    """P-39: circles, missing bases and zero factors have their own reasons."""
    with pytest.raises(UnitConversionError) as caught:
        _units(day=unit).factors(of=WEEK, against=HOUR)
    assert caught.value.reason == reason


def test_units_of_different_groups_do_not_convert() -> None:
    """P-39: an hour is no piece, even if both are base units or claim a common base."""
    with pytest.raises(UnitConversionError):
        _units().factors(of=HOUR, against=PIECE)
    grouped = Unit(id=PIECE, group_id=UnitGroupId(PIECE), quantity=Decimal(1), base_unit_id=HOUR)
    hour = Unit(id=HOUR, group_id=UnitGroupId(HOUR), is_group_base=True)
    with pytest.raises(UnitConversionError):
        Units({HOUR: hour, PIECE: grouped}).factors(of=PIECE, against=HOUR)
