"""Rate cards as files: what is written is read back exactly; what is wrong is told with its place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proforma.domain.codes import ItemPricingMethod, PriceCalculation, Side
from proforma.domain.ids import CategoryId, CurrencyId, Guid, PriceLineId, PriceListId, ProductId, RecordId, UnitId
from proforma.domain.prices import CategoryPrice, PriceList, PriceListItem, PriceOverride, RolePrice, RolePriceMarkup
from proforma.mapping import MappingError
from proforma.pricing.rate_cards import RateCard, changes
from proforma.sync.rate_card_file import card_text, read_card

LIST, USD, HOUR, ROLE = (Guid(f"{n}0000000-0000-4000-8000-000000000000") for n in "abcd")
AT = datetime(2026, 1, 1, 12, 30, 0, 5, tzinfo=UTC)
HEAD = f'rate_card: 1\nprice_list:\n  id: {LIST}\n  name: "FY26"\n'


def _id(number: int) -> Guid:
    return Guid(f"e{number:07x}-0000-4000-8000-000000000000")


def _card(price: str = "120.50", *, name: str = "FY26", rows: int = 1) -> RateCard:
    """A card with a row of each kind; every role price has an override."""
    list_id = PriceListId(LIST)
    return RateCard(
        price_list=PriceList(
            id=list_id, name=name, context=Side.SALES, first_day=date(2026, 1, 1), last_day=date(2026, 12, 31),
            first_day_independent=date(2026, 1, 2), currency_id=CurrencyId(USD), time_unit_id=UnitId(HOUR), created_at=AT, active=False,
        ),
        role_prices=tuple(
            RolePrice(
                id=PriceLineId(_id(n)), price_list_id=list_id, dimensions={"role": ROLE, "custom_level": n}, unit_id=UnitId(HOUR),
                price=Decimal(price), calculation=PriceCalculation.PRICE_PER_UNIT, created_at=AT,
            )
            for n in range(rows)
        ),
        markups=(RolePriceMarkup(id=PriceLineId(_id(100)), price_list_id=list_id, dimensions={"shift": 0}, percent=Decimal("-12.5")),),
        overrides=tuple(
            PriceOverride(
                id=RecordId(_id(200 + n)), role_price_id=PriceLineId(_id(n)), effective_from=date(2026, 4, 1), price=Decimal("130")
            )
            for n in range(rows)
        ),
        category_prices=(
            CategoryPrice(
                id=PriceLineId(_id(300)), price_list_id=list_id, category_id=CategoryId(_id(301)), unit_id=UnitId(HOUR),
                calculation=PriceCalculation.AT_COST,
            ),
        ),
        items=(
            PriceListItem(
                id=PriceLineId(_id(400)), price_list_id=list_id, product_id=ProductId(_id(401)), amount=Decimal("0.0001"),
                method=ItemPricingMethod.CURRENCY_AMOUNT,
            ),
        ),
        names={USD: "USD", HOUR: "Hour", ROLE: "Consultant"},
    )  # fmt: skip


def _read(folder: Path, text: str) -> RateCard:
    path = folder / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return read_card(path)


def test_a_card_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Every field of every kind of row survives, figures to the last digit, names beside ids."""
    assert _read(tmp_path, card_text(_card(rows=3))) == _card(rows=3)


def test_the_file_reads_like_a_price_list() -> None:
    """Names stand beside ids, figures keep their decimals, dates are plain."""
    text = card_text(_card())
    assert f'  currency: {{id: "{USD}", name: "USD"}}\n' in text
    assert f'      role: {{id: "{ROLE}", name: "Consultant"}}\n' in text
    assert "\n    price: 120.50\n" in text
    assert "\n  last_day: 2026-12-31\n" in text


@given(st.text(max_size=30))
def test_any_name_survives(name: str) -> None:
    """Names with quotes, line breaks, control characters or looks of YAML come back as they are, or are refused as no text at all."""
    import tempfile

    name = name.encode("utf-8", "replace").decode()
    with tempfile.TemporaryDirectory() as folder:
        read = _read(Path(folder), card_text(_card(name=name)))
    assert read.price_list.name == name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        pytest.param("", "card.yaml:1:1: is empty", id="empty"),
        pytest.param("rate_card: 2\n", "card.yaml:1:12: is no rate card of form 1", id="another form"),
        pytest.param("rate_card: 1\n", "card.yaml:1:1: has no price_list", id="no head"),
        pytest.param("[]", "card.yaml:1:1: a rate card must be keys with values", id="a list"),
        pytest.param(HEAD + "  currencie: x\n", "card.yaml:5:3: unknown key 'currencie' in price list (did you", id="typo"),
        pytest.param(HEAD + "  currency: USD\n", "card.yaml:5:13: 'USD' is no GUID", id="a code for an id"),
        pytest.param(HEAD + "  last_day: 2026-02-30\n", "card.yaml:5:13: last_day: '2026-02-30' is no date (write", id="no day"),
        pytest.param(HEAD + "  context: Sale\n", "card.yaml:5:12: context: 'Sale' is no word for this (did you mean 'sales'?)", id="word"),
        pytest.param(HEAD + "  active: maybe\n", "card.yaml:5:11: active: 'maybe' is no true or false", id="flag"),
        pytest.param(HEAD + "  created_at: 2026-01-01\n", "card.yaml:5:15: created_at: '2026-01-01' is no instant", id="no zone"),
        pytest.param(HEAD + "role_prices:\n  - price: NaN\n", "card.yaml:6:12: price: 'NaN' is no figure", id="NaN"),
        pytest.param(HEAD + "role_prices:\n  - price: .inf\n", "card.yaml:6:12: price: '.inf' is no figure", id="infinity"),
        pytest.param(HEAD + "role_prices:\n  - price: 1e9\n", "card.yaml:6:12: price: '1e9' is no figure", id="exponent"),
        pytest.param(HEAD + f"role_prices:\n  - price: {'9' * 100_000}\n", "card.yaml:6:12: price: '999", id="many digits"),
        pytest.param(HEAD + "role_prices: 5\n", "card.yaml:5:14: role_prices must be a list", id="no list"),
        pytest.param(HEAD + "role_prices:\n  - dimensions: 5\n", "card.yaml:6:17: dimensions must name their values", id="dimensions"),
        pytest.param(HEAD + "items:\n  - overrides: []\n", "card.yaml:6:5: unknown key 'overrides' in items", id="override of an item"),
        pytest.param(
            HEAD + f"items:\n  - id: {_id(1)}\n  - id: {_id(1)}\n", f"card.yaml:7:5: id {_id(1)} stands here a second time", id="twice"
        ),
        pytest.param(HEAD + "items: &x []\n", "card.yaml:5:8: anchor &x", id="anchor"),
    ],
)  # fmt: skip
def test_faults_have_their_place(tmp_path: Path, text: str, fault: str) -> None:
    """Each mistake is told by file, line and column, with what to write instead; nothing is half read."""
    with pytest.raises(MappingError) as raised:
        _read(tmp_path, text)
    assert str(raised.value).startswith(f"{tmp_path}/{fault}")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """A card with two mistakes names both."""
    with pytest.raises(MappingError) as raised:
        _read(tmp_path, HEAD + "role_prices:\n  - price: much\n  - unit: hour\n")
    assert [(fault.line, fault.column) for fault in raised.value.faults] == [(6, 12), (7, 11)]


def test_rows_written_by_hand_need_no_id(tmp_path: Path) -> None:
    """A row without id gets one that stays the same each time the file is read."""
    text = HEAD + f"role_prices:\n  - dimensions: {{role: {ROLE}}}\n    price: 99\n"
    first, second = _read(tmp_path, text), _read(tmp_path, text)
    assert first == second
    assert (first.role_prices[0].price, first.price_list.active) == (Decimal(99), True)


def test_equal_cards_have_no_changes() -> None:
    """100.5 and 100.50 are one price, and other row ids make no other card."""
    assert changes(_card("120.5"), _card("120.50")) == ()


def test_changes_are_told_by_what_a_row_prices() -> None:
    """A new price, a row more and a new name: three changes, each with the figures that differ."""
    found = changes(_card(rows=1), _card("125", name="FY27", rows=2))
    assert [(c.kind, c.table, c.what, dict(c.before), dict(c.after)) for c in found] == [
        ("changed", "price list", "FY27", {"name": "FY26"}, {"name": "FY27"}),
        ("changed", "role price", "custom_level 0, role Consultant, unit Hour", {"price": "120.5"}, {"price": "125"}),
        ("added", "role price", "custom_level 1, role Consultant, unit Hour", {},
         {"price": "125", "calculation": "price-per-unit", "currency": "USD"}),
        ("added", "override", "of role price, custom_level 1, role Consultant, effective_from 2026-04-01", {}, {"price": "130"}),
    ]  # fmt: skip
    back = changes(_card("125", name="FY27", rows=2), _card(rows=1))
    assert [(c.kind, c.table) for c in back] == [
        ("changed", "price list"), ("changed", "role price"), ("removed", "role price"), ("removed", "override"),
    ]  # fmt: skip
