"""`proforma mock record`: a world from an environment, here from a mock that stands for a real one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from billing_world import BillingWorld, guid
from proforma.mock import MockServer, read_world
from project_folder import Project

#: As few as a test needs: by default the tables of all mappings are asked for.
FEW = ("--table", "salesorders", "--table", "accounts", "--table", "contacts", "--table", "msdyn_actuals")
TEXTS = ("North Sea Drilling", "Kristine", "confidential", "Bergen", "SO-north", "C-north")


@pytest.fixture
def company(project: Project) -> Project:
    """A company with names, notes, a contract and five days of work."""
    world = BillingWorld()
    world.contract("north")
    world.sets["accounts"][0].update(name="North Sea Drilling", emailaddress1="kristine@northsea.example", address1_city="Bergen")
    world.add("contacts", contactid="@kristine", fullname="Kristine Berg", telephone1="+47 55 12 34 56")
    world.sets["salesorders"][0].update(ordernumber="SO-north", description="confidential: ask Kristine in Bergen")
    for day in range(1, 6):
        world.time(f"@day-{day}", "north", hours="7.25", msdyn_transactiondate=f"2026-03-0{day}")
    project.server.load(world.sets)
    return project


def _result(project: Project) -> tuple[dict[str, int], list[tuple[str, str, list[Any]]]]:
    """Rows pulled by entity, and the invoices as far as they hold no id."""
    pulled = {entity["entity"]: entity["rows"] for entity in project.run("pull").json["entities"]}
    project.run("price")
    project.run("invoice", "create", "--all")
    details = ("billing_type", "quantity", "price", "amount", "date")
    return pulled, [
        (
            invoice["total"],
            invoice["currency"],
            [[detail[name] for name in details] for line in invoice["lines"] for detail in line["details"]],
        )
        for invoice in project.invoices()
    ]


def test_a_recorded_world_gives_the_same_invoices(company: Project, tmp_path: Path) -> None:
    """Recorded, served and pulled again, the counts and amounts are the same: five days of 7.25 h at 100.00 are 3625.00."""
    answer = company.run("mock", "record", "--output", str(tmp_path / "world.json.gz"))
    assert answer.code == 0, answer.err
    before = _result(company)
    recorded = read_world(tmp_path / "world.json.gz")
    assert {table["table"]: table["rows"] for table in answer.json["tables"] if table["rows"]} == {
        entity_set: len(rows) for entity_set, rows in recorded.items() if isinstance(rows, list)
    }
    folder = tmp_path / "again"
    folder.mkdir()
    with MockServer(recorded) as server:
        server.write_configuration(folder / "proforma.yaml")
        after = _result(Project(folder, server))
    assert after == before
    assert [(total, currency) for total, currency, _ in after[1]] == [("3625.00", "USD")]


def test_the_name_of_the_file_decides_its_format(company: Project, tmp_path: Path) -> None:
    """YAML and JSON, plain and gzipped, hold the same world; a packed one is packed."""
    paths = [tmp_path / name for name in ("world.yaml", "world.json", "world.json.gz", "world.yaml.gz")]
    for path in paths:
        assert company.run("mock", "record", "--table", "msdyn_actuals", "--table", "uoms", "--output", str(path)).code == 0
    worlds = [read_world(path) for path in paths]
    assert list(worlds[0]) == ["msdyn_actuals", "uoms"]
    assert worlds[1:] == worlds[:1] * 3
    assert [path.read_bytes()[:2] == b"\x1f\x8b" for path in paths] == [False, False, True, True]


def test_nothing_of_the_original_is_left(company: Project, tmp_path: Path) -> None:
    """No name, note, number, address or id of the environment stands in the file; recording again makes the same file."""
    dump = company.server.dump()
    ids = {cell for rows in dump.values() if isinstance(rows, list) for row in rows for cell in _ids(row)}
    assert guid("@north") in ids
    first, second = tmp_path / "one.yaml", tmp_path / "two.yaml"
    assert company.run("mock", "record", *FEW, "--output", str(first)).code == 0
    text = first.read_text(encoding="utf-8")
    assert [found for found in (*TEXTS, *ids) if found.lower() in text.lower()] == []
    assert "@example.com" in text
    assert "+1 202 555 01" in text
    company.run("mock", "record", *FEW, "--output", str(second))
    assert second.read_bytes() == first.read_bytes()


def _rows(path: Path, entity_set: str) -> list[Any]:
    rows: Any = read_world(path)[entity_set]
    return list(rows)


def _ids(row: Any) -> list[str]:
    return [cell for cell in row.values() if isinstance(cell, str) and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", cell)]


def test_texts_and_ids_stay_on_demand(company: Project, tmp_path: Path) -> None:
    """With both options the rows are the environment's own, but for empty cells; `--keep` leaves a single column."""
    path = tmp_path / "world.json"
    assert company.run("mock", "record", *FEW, "--keep-texts", "--keep-ids", "--output", str(path)).code == 0
    own = company.server.dump()
    assert read_world(path)["salesorders"] == own["salesorders"]
    company.run("mock", "record", *FEW, "--keep", "ordernumber", "--force", "--output", str(path))
    [order] = _rows(path, "salesorders")
    assert (order["ordernumber"], order["name"] == "north") == ("SO-north", False)


def test_chosen_tables_and_so_many_rows(company: Project, tmp_path: Path) -> None:
    """Tables by entity set or logical name, each once, rows up to the number; lookups to rows of other tables keep an id."""
    path = tmp_path / "world.json"
    chosen = ("--table", "msdyn_actual", "--table", "accounts", "--table", "msdyn_actuals")
    answer = company.run("mock", "record", *chosen, "--rows", "3", "--output", str(path))
    assert answer.json == {
        "file": str(path),
        "tables": [{"table": "msdyn_actuals", "rows": 3, "more": True}, {"table": "accounts", "rows": 1, "more": False}],
        "refused": [],
    }
    customers = {row["_msdyn_accountcustomer_value"] for row in _rows(path, "msdyn_actuals")}
    assert customers == {row["accountid"] for row in _rows(path, "accounts")}
    assert len({row["_msdyn_salescontract_value"] for row in _rows(path, "msdyn_actuals")}) == 1
    exactly = company.run("mock", "record", "--table", "msdyn_actuals", "--rows", "5", "--force", "--output", str(path))
    assert exactly.json["tables"] == [{"table": "msdyn_actuals", "rows": 5, "more": False}]


def test_rows_that_are_referred_to_come_along(company: Project, tmp_path: Path) -> None:
    """Of each table one row, and whatever taken rows lead to within the chosen tables; a row that was deleted cannot."""
    world = BillingWorld()
    for name in ("north", "south", "west", "east", "up", "down"):
        world.contract(name)
    world.time("@work", "south")
    world.time("@other", "south")
    company.server.load(world.sets)
    company.server.patch(delete={"msdyn_projects": ["@prj-south"]})
    path = tmp_path / "world.json"
    tables = ("msdyn_actuals", "salesorders", "accounts", "msdyn_projects")
    words = [word for table in tables for word in ("--table", table)]
    assert company.run("mock", "record", "--keep-ids", "--rows", "1", *words, "--output", str(path)).code == 0

    actuals, orders, accounts, projects = (_rows(path, table) for table in tables)
    customers, contracts = {row["accountid"] for row in accounts}, {row["salesorderid"] for row in orders}
    assert {row["_msdyn_salescontract_value"] for row in actuals} == {guid("@south")} <= contracts
    assert {row["_customerid_value"] for row in orders} | {guid("@cust-south")} <= customers
    assert {row["_msdyn_salesorderid_value"] for row in projects} <= contracts
    assert (len(actuals), len(projects)) == (1, 1)
    assert {len(orders), len(accounts)} <= {2, 3, 4}, "six would be all of them"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--output", "taken.yaml"), "taken.yaml: the file is there already (choose another name, or replace it with --force)"),
        (("--output", "world.txt"), "world.txt: the name does not say which format is meant (end it in .yaml, .json or .json.gz)"),
        (("--table", "acounts"), "--table: the environment has no table 'acounts' (did you mean 'accounts'?)"),
        (
            ("--output", "gone/world.yaml"),
            "gone/world.yaml: cannot be written: No such file or directory (check the folder and its rights)",
        ),
    ],
    ids=["taken", "format", "table", "folder"],
)
def test_mistakes_are_said_and_leave_files_alone(
    company: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    """Exit code 2 with what to do; no file is made or changed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.yaml").write_text("mine", encoding="utf-8")
    answer = company.run("mock", "record", *words)
    assert (answer.code, answer.err.strip()) == (2, f"error: {said}")
    assert (tmp_path / "taken.yaml").read_text(encoding="utf-8") == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"proforma.yaml", "taken.yaml"}


def test_a_world_too_large_for_yaml_is_said(company: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A YAML file that the mock would not read ends in exit code 2; the same rows as JSON do not."""
    monkeypatch.setattr("proforma.mock.YAML_BYTES_MAX", 1000)
    answer = company.run("mock", "record", *FEW, "--output", str(tmp_path / "world.yaml"))
    assert answer.code == 2
    assert "a world of this size must be JSON (record it with --output world.json.gz)" in answer.err
    assert company.run("mock", "record", *FEW, "--output", str(tmp_path / "world.json.gz")).code == 0


def test_another_environment_gets_no_token_of_the_configured_one(company: Project, tmp_path: Path) -> None:
    """A token that is for the configured environment is sent nowhere else; one that is asked for anew may be (promise 7)."""
    configuration = tmp_path / "proforma.yaml"
    written = configuration.read_text(encoding="utf-8")
    with MockServer({"accounts": [{"name": "Other"}]}) as other:
        words = ("mock", "record", "--from", other.url, "--table", "accounts", "--output", str(tmp_path / "world.json"))
        configuration.write_text(re.sub(r"auth: \{kind: client_secret.*", "auth: {kind: bearer, token: secret}", written), encoding="utf-8")
        refused = company.run(*words)
        assert (refused.code, other.requests(), company.server.requests()) == (2, [], [])
        assert "is not sent to" in refused.err
        configuration.write_text(written, encoding="utf-8")
        assert company.run(*words).json["tables"] == [{"table": "accounts", "rows": 1, "more": False}]
        assert {request["path"] for request in other.requests()} >= {"/api/data/v9.2/accounts"}


@pytest.mark.parametrize("name", ["world.yaml", "world.json"])
def test_alternate_keys_stay_keys(company: Project, tmp_path: Path, name: str) -> None:
    """A world knows the alternate keys of the environment, so that rows are found and written by them as there."""
    company.server.load({"$keys": {"accounts": [["accountnumber"], ["name", "ownerid"]]}, "accounts": [{"accountnumber": "C-1"}]})
    path = tmp_path / name
    assert company.run("mock", "record", "--table", "accounts", "--keep-texts", "--output", str(path)).code == 0
    recorded = read_world(path)
    assert recorded["$keys"] == {"accounts": [["accountnumber"], ["name", "ownerid"]]}
    with MockServer(recorded) as server:
        answer = requests.get(
            f"{server.url}/api/data/v9.2/accounts(accountnumber='C-1')", headers={"Authorization": "Bearer any"}, timeout=20
        )
    assert answer.json()["accountnumber"] == "C-1"


def test_a_table_that_may_not_be_read_is_left_out(company: Project, tmp_path: Path) -> None:
    """What the environment refuses is named, with exit code 1; the rest is recorded."""
    company.server.faults([{"match": {"path": "/contacts$"}, "times": 0, "action": {"status": 403}}])
    answer = company.run("mock", "record", *FEW, "--output", str(tmp_path / "world.json"))
    assert answer.code == 1
    assert [table["table"] for table in answer.json["refused"]] == ["contacts"]
    assert "attention: contacts is not in it: " in answer.err
    assert len(_rows(tmp_path / "world.json", "msdyn_actuals")) == 5


def test_people_get_a_table(company: Project, tmp_path: Path) -> None:
    """Without --json: each table with its rows, and the command that serves the file."""
    path = tmp_path / "world.yaml"
    answer = company.run("mock", "record", *FEW, "--rows", "2", "--output", str(path), as_json=False)
    lines = answer.out.splitlines()
    assert "msdyn_actuals\t2\tthere are more" in lines
    assert lines[-1].endswith(f" rows in {path}: proforma mock serve --world {path}")
