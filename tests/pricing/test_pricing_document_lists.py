"""What is said about the price lists of a contract or quote (P-6, P-9, P-10, P-11, P-17, P-22)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pricing_world import World

from proforma.domain.codes import PriceListOwner, Side
from proforma.domain.dates import Effective
from proforma.domain.ids import Guid, PriceListId
from proforma.pricing.defaults import default_price_lists
from proforma.pricing.document_lists import gaps, list_findings


def _days(text: str) -> Effective:
    first, last = text.split("..")
    return Effective(first=date.fromisoformat(first), last=date.fromisoformat(last))


def _told(world: World, document: str = "deal", *needed: str) -> list[str]:
    """Each finding: its code, its list, and its days where it has any."""
    book = world.book()
    defaults = default_price_lists(book, Guid(document), UTC)
    found = list_findings(book, Guid(document), defaults, needed=[_days(text) for text in needed])
    return [" ".join(str(part) for part in (f.reason, f.price_list_id, f.other_id, f.first_day, f.last_day) if part) for f in found]


@pytest.mark.parametrize(
    ("held", "needed", "missing"),
    [
        pytest.param([], [], [], id="nothing known, nothing missing"),
        pytest.param(["2026-01-01..2026-06-30", "2026-07-01..2026-12-31"], [], [], id="touching lists leave no gap"),
        pytest.param(["2026-01-01..2026-06-30", "2026-07-02..2026-12-31"], [], ["2026-07-01..2026-07-01"], id="one day"),
        pytest.param(
            ["2026-04-16..2026-12-31", "2026-01-01..2026-02-15"], [],
            ["2026-02-16..2026-02-28", "2026-03-01..2026-03-31", "2026-04-01..2026-04-15"], id="a gap is told month by month",
        ),
        pytest.param(["2026-01-01..2026-12-31", "2026-02-01..2026-02-28"], [], [], id="a list inside another covers nothing twice"),
        pytest.param(["2026-02-01..2026-02-28"], ["2026-01-31..2026-03-01"], ["2026-01-31..2026-01-31", "2026-03-01..2026-03-01"],
                     id="planned work before and after"),
        pytest.param(["2026-12-31..2026-01-01"], ["2026-05-02..2026-05-03"], ["2026-05-02..2026-05-03"], id="begin after end"),
        pytest.param(["2020-01-01..2020-01-31"], ["2030-01-01..2030-01-01"], ["2020-02-01..2030-01-01"], id="a gap of years is told once"),
        pytest.param(["2026-01-01..9999-12-31"], ["2026-01-01..9999-12-31"], [], id="the edge of the calendar"),
        pytest.param(["2026-01-01..2026-01-01"], ["2025-12-31..2026-01-02"], ["2025-12-31..2025-12-31", "2026-01-02..2026-01-02"],
                     id="a list of one day"),
        pytest.param(["2025-01-01..2025-11-29"], ["2026-01-01..2026-01-02"],
                     ["2025-11-30..2025-11-30", "2025-12-01..2025-12-31", "2026-01-01..2026-01-02"], id="a gap over the new year"),
        pytest.param(["2024-01-01..2024-01-31"], ["2026-01-31..2026-01-31"],
                     [f"{year}-{month:02}-01..{year}-{month:02}-{last}" for year in (2024, 2025)
                      for month, last in enumerate((29 if year == 2024 else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 2)]
                     [:11] + ["2025-01-01..2025-01-31"]
                     + [f"2025-{month:02}-01..2025-{month:02}-{last}"
                        for month, last in enumerate((28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), 2)]
                     + ["2026-01-01..2026-01-31"], id="24 months are told one by one"),
        pytest.param(["2024-01-01..2024-01-31"], ["2026-02-01..2026-02-01"], ["2024-02-01..2026-02-01"], id="25 months are told at once"),
        pytest.param(["0001-01-01..9999-11-30"], ["9999-12-30..9999-12-31"], ["9999-12-01..9999-12-31"], id="its last month"),
    ],
)  # fmt: skip
def test_p22_gaps_are_the_days_that_nothing_holds(held: list[str], needed: list[str], missing: list[str]) -> None:
    """P-22: between the lists, and between them and the planned work."""
    assert list(gaps([_days(text) for text in held], [_days(text) for text in needed])) == [_days(text) for text in missing]


def test_nothing_is_said_of_a_sound_contract() -> None:
    """One list that covers its work: no findings."""
    world = World()
    world.price_list("FY26")
    assert _told(world, "deal", "2026-03-02..2026-04-01") == []


def test_a_contract_without_lists_says_so() -> None:
    """P-21, P-11: nothing attached, and nothing that it would have received."""
    assert _told(World()) == ["no-price-list-attached", "no-project-price-lists"]


def test_lists_that_price_nothing_are_named() -> None:
    """P-6, P-7, P-9: inactive, of another context, in another currency, open-ended, begin after end; none of them fills a gap."""
    world = World()
    world.price_list("idle", active=False)
    world.price_list("cost", context=Side.COST)
    world.price_list("euro", currency="EUR")
    world.price_list("endless", since="2030-01-01", until=None)
    world.price_list("backwards", since="2026-02-01", until="2026-01-01")
    assert sorted(_told(world)) == sorted(
        [
            "inactive idle", "wrong-context cost", "wrong-currency euro", "open-ended endless",
            "begin-after-end backwards 2026-02-01 2026-01-01",
        ]
    )  # fmt: skip


def test_p10_an_overlap_names_both_lists_and_the_shared_days() -> None:
    """P-10: FY26 begins on the day on which FY25 ends."""
    world = World()
    world.price_list("FY25", since="2025-01-01", until="2026-01-01")
    world.price_list("FY26")
    assert _told(world) == ["overlap FY26 FY25 2026-01-01 2026-01-01"]


def test_p6_an_unbounded_list_leaves_no_gap() -> None:
    """P-6, S4: with `unbounded` a list without end covers the planned work of 2040."""
    world = World()
    world.policy = replace(world.policy, open_ended_price_lists="unbounded")
    world.price_list("FY26", until=None)
    assert _told(world, "deal", "2040-01-01..2040-01-02") == []


def test_p5_contracts_look_at_the_days_of_actuals_and_quotes_at_those_of_plans() -> None:
    """P-5: the independent pair closes the gap for the contract; for the quote it stays."""
    for owner, document, missing in (
        (PriceListOwner.CONTRACT, "deal", []),
        (PriceListOwner.QUOTE, "offer", ["gap 2026-07-01 2026-07-01"]),
    ):
        world = World()
        world.price_list("H1", until="2026-06-30", until_independent="2026-07-01", at=document, owner=owner)
        world.price_list("H2", since="2026-07-02", at=document, owner=owner)
        assert _told(world, document) == missing


def _copied(world: World, name: str, source: str) -> None:
    rows = [replace(row, copied_from_id=PriceListId(Guid(source))) if row.id == name else row for row in world.records.price_lists]
    world.records = replace(world.records, price_lists=rows)


def test_p13_a_copy_that_no_longer_says_what_its_master_says_is_stale() -> None:
    """P-13, P-14: the master was raised to 110 after the copy was made; names, days and ids make no copy stale."""
    world = World()
    world.price_list("master", at=None, since="2025-01-01")
    world.price_list("copy")
    world.role_price("a", "100", role="developer", on="master")
    world.role_price("b", "100", role="developer", on="copy")
    _copied(world, "copy", "master")
    assert _told(world) == []
    world.role_price("c", "110", role="tester", on="master")
    assert _told(world) == ["stale-copy copy master"]


def test_p17_a_custom_copy_without_items_is_reported() -> None:
    """P-17, S25: the default takes no price list items along, so material has no price."""
    world = World()
    world.price_list("master", at=None)
    world.price_list("copy")
    world.item("bolt", "2", product="bolt", on="master")
    _copied(world, "copy", "master")
    assert _told(world) == ["items-left-out copy master"]
    world.policy = replace(world.policy, copied_child_rows="all")
    assert _told(world) == []


def test_p11_a_default_that_is_not_attached_is_named() -> None:
    """P-11, P-12: the account's list was effective when the contract was created; a copy of it counts as attached."""
    world = World()
    world.price_list("FY26")
    world.price_list("account list", at="acme", owner=PriceListOwner.ACCOUNT)
    contract = replace(world.records.contracts[0], created_at=date_time("2026-02-01"))
    world.records = replace(world.records, contracts=[contract])
    assert _told(world) == ["default-not-attached account list"]
    _copied(world, "FY26", "account list")
    assert _told(world) == []


def date_time(text: str) -> datetime:
    """Midnight of a day in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _sentences(world: World, document: str = "deal", *needed: str) -> list[str]:
    book = world.book()
    defaults = default_price_lists(book, Guid(document), UTC)
    return [f.message for f in list_findings(book, Guid(document), defaults, needed=[_days(text) for text in needed])]


def test_findings_are_sentences_for_the_person_who_repairs() -> None:
    """Each names its lists, days and rule."""
    world = World()
    world.price_list("idle", active=False)
    world.price_list("cost", context=Side.COST)
    world.price_list("euro", currency="EUR")
    world.price_list("endless", since="2030-01-01", until=None)
    world.price_list("beginless", since=None, until="2031-01-01")
    world.price_list("backwards", since="2026-02-01", until="2026-01-01")
    world.price_list("H1", until="2026-06-30")
    world.price_list("H1 again", since="2026-06-30", until="2026-07-30")
    world.price_list("account list", at="acme", owner=PriceListOwner.ACCOUNT)
    created = replace(world.records.contracts[0], created_at=date_time("2026-02-01"))
    world.records = replace(world.records, contracts=[created])

    assert sorted(_sentences(world, "deal", "2026-07-01..2026-07-31")) == sorted(
        [
            "price list account list should have been attached when the document was created (P-11), and is not",
            "price list idle is inactive, so it prices nothing (P-9)",
            "price list cost is no sales list, so it prices nothing here (P-9)",
            "price list euro is not in the currency of the document, so it prices nothing here (P-9)",
            "price list beginless and price list endless both hold from 2030-01-01 to 2031-01-01 (P-10)",
            "price list beginless and price list H1 both hold from 2026-01-01 to 2026-06-30 (P-10)",
            "price list beginless and price list H1 again both hold from 2026-06-30 to 2026-07-30 (P-10)",
            "price list H1 and price list H1 again both hold from 2026-06-30 to 2026-06-30 (P-10)",
            "price list endless has no last day: it holds on no day (P-6)",
            "price list beginless has no first day: it holds on no day (P-6)",
            "price list backwards begins on 2026-02-01, after its end on 2026-01-01: it holds on no day (P-6)",
            "no price list holds from 2026-07-31 to 2026-07-31 (P-22)",
        ]
    )
    assert _sentences(World()) == [
        "no price list is attached: none of its work has a price (P-21)",
        "no list of the opportunity, account or parameters would be given to it (P-11)",
    ]


def test_p13_the_sentence_of_a_stale_copy_counts_and_shows_three_rows() -> None:
    """P-13, P-17: four rows differ, three are shown; a list without a name goes by its id."""
    world = World()
    world.price_list("master", at=None)
    world.price_list("copy")
    for role in ("developer", "manager", "tester"):
        world.role_price(f"{role} now", "110", role=role, on="master")
    world.category_price("night now", "90", on="master")
    world.item("cable", "4", on="master")
    _copied(world, "copy", "master")
    nameless = [replace(row, name=None) if row.id == "copy" else row for row in world.records.price_lists]
    world.records = replace(world.records, price_lists=nameless)

    assert _sentences(world) == [
        "price list copy differs from price list master, of which it is a copy, in 4 rows: role price role Developer, unit hour,"
        " role price role Manager, unit hour, role price role Tester, unit hour …",
        "price list copy has no items, price list master has some: material has no price here until one is added (P-17)",
    ]


def test_p10_lists_that_only_actuals_find_together_name_the_days_of_actuals() -> None:
    """P-5, P-10: plans see them one after the other; the independent pair lets both hold on 1 July. An open end reaches for ever."""
    world = World()
    world.price_list("H1", until="2026-06-30", until_independent="2026-07-01")
    world.price_list("H2", since="2026-07-01")
    assert _told(world) == ["overlap H2 H1 2026-07-01 2026-07-01"]
    assert _sentences(world) == ["price list H1 and price list H2 both hold from 2026-07-01 to 2026-07-01 (P-10)"]

    world = World()
    world.policy = replace(world.policy, open_ended_price_lists="unbounded")
    world.price_list("ever", since=None, until=None)
    world.price_list("again", since=None, until=None)
    assert _sentences(world) == ["price list again and price list ever both hold from ever to ever (P-10)"]
