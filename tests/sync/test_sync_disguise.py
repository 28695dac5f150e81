"""What a recorded row keeps, and what nobody can read from it any more."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proforma.sync.disguise import Disguise, Kept

A, B = "3f2b7c1e-0000-4000-8000-00000000000a", "3f2b7c1e-0000-4000-8000-00000000000b"
TYPES = {
    "accountid": "Uniqueidentifier",
    "name": "String",
    "description": "Memo",
    "telephone1": "String",
    "ownerid": "Owner",
    "owneridtype": "EntityName",
    "createdon": "DateTime",
    "industrycodes": "Virtual",
    "entityimage": "Virtual",
    "creditlimit": "Money",
    "statecode": "State",
    "donotphone": "Boolean",
    "isocurrencycode": "String",
}


def test_figures_dates_and_choices_stay() -> None:
    """Numbers, dates, switches, choices and codes stay; what is empty, nested, a picture, a place or a birthday is left out."""
    row = {
        "@odata.etag": 'W/"1"',
        "createdon": "2026-01-02T03:04:05Z",
        "creditlimit": Decimal("2500.50"),
        "statecode": 0,
        "statecode@OData.Community.Display.V1.FormattedValue": "Active",
        "donotphone": True,
        "industrycodes": "1,2,700100000",
        "isocurrencycode": "NOK",
        "owneridtype": "systemuser",
        "custom_since": "2026-01-02",
        "name": None,
        "entityimage": "iVBORw0KGgoAAAANSUhEUg",
        "contacts": [{"name": "Ann"}],
        "address1_latitude": Decimal("60.39"),
        "birthdate": "1980-05-17",
    }
    assert Disguise(b"key").row("accounts", TYPES, row) == {
        "createdon": "2026-01-02T03:04:05Z",
        "creditlimit": Decimal("2500.50"),
        "statecode": 0,
        "donotphone": True,
        "industrycodes": "1,2,700100000",
        "isocurrencycode": "NOK",
        "owneridtype": "systemuser",
        "custom_since": "2026-01-02",
    }


def test_an_id_is_the_same_wherever_it_stands() -> None:
    """Key, lookup and a text that is an id agree, whatever their case; another key invents other ids."""
    disguise = Disguise(b"key")
    one = disguise.row("accounts", TYPES, {"accountid": A, "_ownerid_value": B, "custom_ref": A.upper(), "name": B})
    assert set(one.values()) == {disguise.id(A), disguise.id(B)}
    assert one["accountid"] == one["custom_ref"]
    assert one["_ownerid_value"] == one["name"]
    assert {disguise.id(A), disguise.id(B)}.isdisjoint({A, B, Disguise(b"other").id(A)})


def test_texts_keep_their_shape_and_nothing_else() -> None:
    """Names, codes and sentences stay as long and as formed as they were, the same text always becomes the same, another another."""
    disguise = Disguise(b"key")
    assert disguise.text("Acme Ltd.") == disguise.text("Acme Ltd.")
    assert disguise.text("Acme Ltd.") != disguise.text("Ecma Ltd.")
    assert disguise.text("Acme Ltd.") != Disguise(b"other").text("Acme Ltd.")
    shown = disguise.text("Øst-Vest AS, room 12:\n2nd FLOOR")
    assert [("A" if c.isupper() else "a") if c.isalpha() else "0" if c.isdigit() else c for c in shown] == list(
        "Aaa-Aaaa AA, aaaa 00:\n0aa AAAAA"
    )


@pytest.mark.parametrize(
    ("column", "text", "ends"),
    [
        ("emailaddress1", "ann.smith@acme.com", "@example.com"),
        ("description", "write to ann@acme.com", "@example.com"),
        ("description", "see https://acme.com/ann?id=1", None),
        ("telephone1", "22 33 44 55", None),
        ("description", "call +47 22 33 44 55", None),
    ],
)
def test_invented_addresses_reach_nobody(column: str, text: str, ends: str | None) -> None:
    """Mail, links and phone numbers become such as are set aside for examples, alone and within a text."""
    shown = str(Disguise(b"key").row("accounts", TYPES, {column: text})[column])
    assert "acme" not in shown
    assert "ann" not in shown
    if ends is not None:
        assert shown.endswith(ends)
    elif "https" in text:
        assert " https://example.com/" in shown
    else:
        assert "+1 202 555 01" in shown


def test_what_is_kept_is_kept() -> None:
    """Texts, single columns, columns of one table, and ids stay on demand; ids within kept texts are replaced all the same."""
    row = {"accountid": A, "name": f"Acme {B}", "description": "About Acme"}
    mapped = Disguise(b"key").id
    texts = Disguise(b"key", Kept(texts=True)).row("accounts", TYPES, row)
    assert texts == {"accountid": mapped(A), "name": f"Acme {mapped(B)}", "description": "About Acme"}
    column = Disguise(b"key", Kept(columns={"accounts.description"}))
    assert column.row("accounts", TYPES, row)["description"] == "About Acme"
    assert column.row("contacts", TYPES, row)["description"] != "About Acme"
    ids = Disguise(b"key", Kept(ids=True, texts=True)).row("accounts", TYPES, row)
    assert ids == {"accountid": A, "name": f"Acme {B}", "description": "About Acme"}


def test_no_text_turns_into_a_symbol() -> None:
    """A text that begins with an at sign would be an id in a world; a blank before it prevents that."""
    for kept in (Kept(), Kept(texts=True)):
        assert str(Disguise(b"key", kept).row("accounts", TYPES, {"name": "@home"})["name"]).startswith(" @")


@given(st.sets(st.text(alphabet="abcdefgh123", min_size=4, max_size=6), min_size=2, max_size=40))
def test_different_texts_stay_different(texts: set[str]) -> None:
    """Numbers and names that tell rows apart before do so afterwards, and none stays what it was."""
    disguise = Disguise(b"key")
    shown = {text: disguise.text(text) for text in sorted(texts)}
    assert len(set(shown.values())) == len(texts)
    assert all(shown[text] != text for text in texts)
