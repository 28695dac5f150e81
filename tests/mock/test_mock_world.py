"""Worlds: reading them, completing them, changing them."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import pytest

from proforma.mock import World, WorldError, read_world
from proforma.mock.values import Value


def guid(symbol: str) -> str:
    """What a symbol of a world stands for."""
    return str(uuid5(NAMESPACE_OID, symbol))


def row(world: World, entity_set: str, symbol: str) -> dict[str, Value]:
    """A row of the world by its symbol."""
    table = world.table(entity_set)
    assert table is not None
    return table.rows[guid(symbol)]


def test_symbols_become_guids_anywhere() -> None:
    """A text that begins with @ is the uuid5 of itself, in keys, lookups, plain text columns and settings."""
    world = World(
        {
            "$finance": {"rest": {"reject_customers": ["@bad"]}},
            "msdyn_transactionconnections": [{"msdyn_transactionconnectionid": "@t", "msdyn_transaction1": "@a"}],
        }
    )
    assert row(world, "msdyn_transactionconnections", "@t")["msdyn_transaction1"] == guid("@a")
    assert world.setting("$finance", "rest", "reject_customers") == [guid("@bad")]


def test_missing_system_columns_are_filled_in_file_order() -> None:
    """Times go up by a second a row, versions by one, state is active, and what is given stays."""
    world = World(
        {
            "accounts": [{"accountid": "@a"}, {"accountid": "@b", "createdon": "2024-05-01T00:00:00Z", "versionnumber": 9000}],
            "pricelevels": [{"pricelevelid": "@p"}, {"pricelevelid": "@q", "statecode": 1}],
        }
    )
    assert row(world, "accounts", "@a") == {
        "accountid": guid("@a"),
        "createdon": "2025-01-01T00:00:01Z",
        "modifiedon": "2025-01-01T00:00:01Z",
        "versionnumber": 1001,
        "statecode": 0,
        "statuscode": 1,
    }
    second = row(world, "accounts", "@b")
    assert (second["createdon"], second["modifiedon"], second["versionnumber"]) == ("2024-05-01T00:00:00Z", "2024-05-01T00:00:00Z", 9000)
    lists = [row(world, "pricelevels", symbol) for symbol in ("@p", "@q")]
    assert [(r["createdon"], r["versionnumber"], r["statecode"], r["statuscode"]) for r in lists] == [
        ("2025-01-01T00:00:03Z", 9001, 0, 100001),
        ("2025-01-01T00:00:04Z", 9002, 1, 100002),
    ]


def test_tables_without_a_state_get_none() -> None:
    """Price list items have no state column, and the many-to-many table has no times either."""
    world = World(
        {"productpricelevels": [{"productpricelevelid": "@i"}], "msdyn_organizationalunit_pricelevelset": [{"pricelevelid": "@p"}]}
    )
    assert "statecode" not in row(world, "productpricelevels", "@i")
    table = world.table("msdyn_organizationalunit_pricelevelset")
    assert table is not None
    assert [set(r) for r in table.rows.values()] == [{"msdyn_organizationalunit_pricelevelid", "pricelevelid", "versionnumber"}]


def test_cells_take_the_type_of_their_column() -> None:
    """Money and decimals are exact numbers, options whole numbers, GUIDs lower case; unknown columns stay as given."""
    world = World(
        {
            "msdyn_actuals": [
                {
                    "msdyn_actualid": "6F9619FF-8B86-D011-B42D-00CF4FC964FF",
                    "msdyn_amount": "922337203685477.5807",
                    "msdyn_billingtype": "192350001",
                    "_msdyn_project_value": "AAAAAAAA-8B86-D011-B42D-00CF4FC964FF",
                    "contoso_hours": "7.50",
                    "contoso_flag": True,
                }
            ],
            "salesorderdetails": [{"salesorderdetailid": "@l", "msdyn_discountpercentage": "2.5", "msdyn_nottoexceedlimit": 100}],
        }
    )
    table = world.table("msdyn_actuals")
    assert table is not None
    actual = table.rows["6f9619ff-8b86-d011-b42d-00cf4fc964ff"]
    assert actual["msdyn_amount"] == Decimal("922337203685477.5807")
    assert (actual["msdyn_billingtype"], actual["contoso_hours"], actual["contoso_flag"]) == (192350001, "7.50", True)
    assert actual["_msdyn_project_value"] == "aaaaaaaa-8b86-d011-b42d-00cf4fc964ff"
    line = row(world, "salesorderdetails", "@l")
    assert (line["msdyn_discountpercentage"], line["msdyn_nottoexceedlimit"]) == (Decimal("2.5"), Decimal(100))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"accounts": {"a": 1}}, "accounts: expected a list of rows, found a mapping"),
        ({"accounts": [{"accountid": "@a"}, "b"]}, "accounts[1]: expected a row (column: value), found text"),
        ({"accounts": [{"accountid": "@a"}, {"accountid": "@a"}]}, f"accounts[1]: a second row with the key {guid('@a')}"),
        ({"msdyn_actuals": [{"msdyn_amount": "much"}]}, "msdyn_actuals[0].msdyn_amount: expected a number, found 'much'"),
        ({"msdyn_actuals": [{"msdyn_amount": "NaN"}]}, "msdyn_actuals[0].msdyn_amount: expected a number, found 'NaN'"),
        ({"msdyn_actuals": [{"msdyn_billingtype": "1.5"}]}, "msdyn_actuals[0].msdyn_billingtype: expected a whole number, found '1.5'"),
        ({"uoms": [{"isschedulebaseuom": "perhaps"}]}, "uoms[0].isschedulebaseuom: expected true or false, found 'perhaps'"),
        ({"accounts": [{"createdon": 5}]}, "accounts[0].createdon: expected a date as text, found a number"),
        ({"$wishes": {}}, "unknown setting '$wishes': known are $keys, $auth, $finance, $dataverse"),
        ({"$keys": {"nowhere": [["a"]]}}, "$keys.nowhere: no such entity set"),
        ({"$keys": {"accounts": ["accountnumber"]}}, "$keys.accounts: expected a list of keys, each a list of column names"),
    ],
)
def test_a_world_that_cannot_be_served_is_refused(document: dict[str, Value], message: str) -> None:
    """The refusal names the place and what was expected there."""
    with pytest.raises(WorldError) as refusal:
        World(document)
    assert str(refusal.value) == message


def test_a_change_of_the_world_bumps_versions_and_remembers_deletions() -> None:
    """An upsert keeps the cells it does not name; a deletion leaves a trace with its own version."""
    world = World({"accounts": [{"accountid": "@a", "name": "Acme"}, {"accountid": "@b"}]})
    world.patch({"upsert": {"accounts": [{"accountid": "@a", "accountnumber": "7"}]}, "delete": {"accounts": ["@b", "@never"]}})
    changed = row(world, "accounts", "@a")
    assert (changed["name"], changed["accountnumber"], changed["versionnumber"]) == ("Acme", "7", 1003)
    assert str(changed["modifiedon"]) > "2025-01-01T00:00:02Z"
    assert [(d.entity_set, d.id, d.version) for d in world.deleted] == [("accounts", guid("@b"), 1004)]


def test_a_change_that_cannot_be_made_changes_nothing() -> None:
    """All rows are checked before the first is touched."""
    world = World({"msdyn_actuals": [{"msdyn_actualid": "@a", "msdyn_amount": "1"}]})
    before = world.dump()
    with pytest.raises(WorldError, match=r"msdyn_actuals\[1\]\.msdyn_amount"):
        world.patch({"upsert": {"msdyn_actuals": [{"msdyn_actualid": "@a", "msdyn_amount": "2"}, {"msdyn_amount": "x"}]}})
    with pytest.raises(WorldError, match="unknown key 'remove'"):
        world.patch({"remove": {}})
    assert world.dump() == before


def test_a_dump_can_be_loaded_again() -> None:
    """What comes out makes the same world."""
    world = World(
        {"$keys": {"accounts": [["accountnumber"]]}, "accounts": [{"accountid": "@a", "creditlimit": "10.50"}], "own_things": [{"x": "@y"}]}
    )
    assert World(world.dump()).dump() == world.dump()


WORLD_YAML = """\
$keys: {accounts: [[accountnumber]]}
accounts:
  - {accountid: '@a', name: NO, creditlimit: 10.50, createdon: 2026-03-10, donotemail: true}
contacts:
"""


@pytest.mark.parametrize("name", ["world.yaml", "world.yaml.gz"])
def test_yaml_keeps_fractions_exact_and_dates_as_text(tmp_path: Path, name: str) -> None:
    """No float, no date object, no country that turns into false."""
    path = tmp_path / name
    path.write_bytes(gzip.compress(WORLD_YAML.encode()) if name.endswith("gz") else WORLD_YAML.encode())
    assert read_world(path) == {
        "$keys": {"accounts": [["accountnumber"]]},
        "accounts": [{"accountid": "@a", "name": "NO", "creditlimit": Decimal("10.50"), "createdon": "2026-03-10", "donotemail": True}],
        "contacts": None,
    }


@pytest.mark.parametrize("name", ["world.json", "world.json.gz"])
def test_json_keeps_fractions_exact(tmp_path: Path, name: str) -> None:
    """Numbers with a fraction are decimals."""
    text = b'{"accounts": [{"accountid": "@a", "creditlimit": 922337203685477.5807}]}'
    path = tmp_path / name
    path.write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    assert read_world(path) == {"accounts": [{"accountid": "@a", "creditlimit": Decimal("922337203685477.5807")}]}


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("w.yaml", "accounts:\n  - {a: 1\n", 3, "not YAML"),
        ("w.yaml", "- a\n- b\n", 1, "expected entity set → list of rows at the top"),
        ("w.yaml", "accounts:\n  - {a: 1}\n  - b\n", 3, "accounts: expected a row (column: value)"),
        ("w.yaml", "contacts: []\naccounts: 7\n", 2, "accounts: expected a list of rows"),
        ("w.yaml", "accounts:\n  - &x {a: 1}\n  - *x\n", 2, "aliases (*name) are not allowed in a world"),
        (
            "w.yaml",
            "accounts:\n  - {a: !!python/name:os.system x}\n",
            2,
            "the tag tag:yaml.org,2002:python/name:os.system is not allowed in a world",
        ),
        ("w.yaml", "accounts:\n  - {a: 1, a: 2}\n", 2, "'a' stands here a second time"),
        ("w.yaml", "accounts:\n  - a: .nan\n", 2, ".nan is no decimal number: write it in quotes to keep it as text"),
        ("w.json", '{"accounts": [\n{"a": }]}', 2, "not JSON"),
    ],
)
def test_a_mistake_in_a_file_is_told_with_its_line(tmp_path: Path, name: str, text: str, line: int, reason: str) -> None:
    """File, line, what was expected."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError) as refusal:
        read_world(path)
    assert str(refusal.value).startswith(f"{path}:{line}: {reason}")


def test_a_json_row_that_is_no_mapping_is_told_by_its_place(tmp_path: Path) -> None:
    """JSON has no lines worth naming: the place in the document is named."""
    path = tmp_path / "w.json"
    path.write_text('{"accounts": [{}, 5]}', encoding="utf-8")
    with pytest.raises(WorldError, match=r"w\.json: accounts\[1\]: expected a row"):
        read_world(path)


def test_a_file_that_is_not_there_or_not_gzip_is_told(tmp_path: Path) -> None:
    """The name of the file and the system's reason."""
    with pytest.raises(WorldError, match="cannot be read"):
        read_world(tmp_path / "absent.yaml")
    broken = tmp_path / "broken.json.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00rubbish")
    with pytest.raises(WorldError, match="cannot be read"):
        read_world(broken)
