"""Mappings beside a live environment: what it lacks, what it calls otherwise, and which options it has besides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from milestones import client_of
from proforma.mapping import load_mappings, shipped_mappings
from proforma.mock import MockServer
from proforma.sync.live_check import Difference, check_live
from project_folder import Project

ORG = "https://contoso.crm4.dynamics.com"
DEFINITION = f"{ORG}/api/data/v9.2/EntityDefinitions(LogicalName='new_stone')"
MAPPING = """\
entity: stone
record: Milestone
set: new_stones
table: new_stone
key: new_stoneid
changes: tracked
columns:
  id: new_stoneid
  amount: {column: new_amuont, transform: money}
  tax: {column: vat_sum, transform: money, optional: true}
  contract_id: _new_contract_value
  project_id: new_project
  customer_id: _new_title_value
  status: {column: new_status, values: {1: ready, 2: not-ready}}
"""
COLUMNS = {
    "new_stoneid": "Uniqueidentifier",
    "createdon": "DateTime", "ownerid": "Owner",
    "versionnumber": "BigInt", "modifiedon": "DateTime", "new_amount": "Money", "new_contracts": "Lookup",
    "new_project": "Lookup", "new_title": "String", "new_status": "Picklist",
}  # fmt: skip


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as scripted:
        yield scripted


def serve(scripted: responses.RequestsMock, url: str, document: Any, status: int = 200) -> None:
    scripted.add("GET", url, body=json.dumps(document), status=status, content_type="application/json")


def differences(folder: Path, text: str = MAPPING) -> list[Difference]:
    (folder / "dataverse").mkdir()
    (folder / "dataverse" / "stone.yaml").write_text(text, encoding="utf-8")
    with client_of(ORG) as client:
        return list(check_live(client, load_mappings(folder)))


def told(found: list[Difference]) -> set[tuple[str, str, str, str]]:
    return {(d.kind, d.name, str(d.weight), d.message) for d in found}


def definition(**more: Any) -> dict[str, Any]:
    attributes = [{"LogicalName": name, "AttributeType": type_} for name, type_ in COLUMNS.items()]
    table = {"LogicalName": "new_stone", "EntitySetName": "new_stones", "PrimaryIdAttribute": "new_stoneid", "MetadataId": "x"}
    return {**table, "Attributes": attributes, **more}


def choices(*numbers: int) -> dict[str, Any]:
    options = [{"Value": n, "Label": {"UserLocalizedLabel": {"Label": f"Word {n}"}, "LocalizedLabels": []}} for n in numbers]
    return {"value": [{"LogicalName": "new_status", "OptionSet": {"Options": options}}]}


def test_columns_lookups_and_options(scripted: responses.RequestsMock, tmp_path: Path) -> None:
    """Each difference is told with what it does to a pull and with the name that is near (W-40, W-48, W-50)."""
    serve(scripted, DEFINITION, definition())
    serve(scripted, f"{DEFINITION}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata", choices(1, 3))

    assert told(differences(tmp_path)) == {
        ("column", "new_amuont", "fault", "new_stone has no column 'new_amuont' (did you mean 'new_amount'?)"),
        ("column", "vat_sum", "remark", "new_stone has no column 'vat_sum'"),
        ("lookup", "_new_contract_value", "fault", "new_stone has no lookup 'new_contract' (did you mean 'new_contracts'?)"),
        ("column", "new_project", "fault", "'new_project' of new_stone is a lookup; read it as '_new_project_value'"),
        ("lookup", "_new_title_value", "fault", "'new_title' of new_stone is no lookup but String; read it by its own name"),
        ("new-option", "new_status=3", "warning", "option 3 (Word 3) of new_status has no word in the mapping; rows with it are held"),
        ("option", "new_status=2", "remark", "the environment has no option 2 of new_status"),
    }


@pytest.mark.parametrize(("optional", "weight"), [("", "fault"), ("optional: true\n", "remark")])
def test_a_missing_table(scripted: responses.RequestsMock, tmp_path: Path, optional: str, weight: str) -> None:
    """A table that may be missing is a remark, another one would end the pull (W-45)."""
    serve(scripted, DEFINITION, {"error": {"code": "0x80060888", "message": "Could not find an entity"}}, status=404)
    serve(scripted, f"{ORG}/api/data/v9.2/EntityDefinitions", {"error": {"code": "0x80040220", "message": "no privilege"}}, status=403)

    found = differences(tmp_path, optional + MAPPING)

    assert told(found) == {("table", "new_stone", weight, "the environment has no table 'new_stone'")}
    assert found[0].at.endswith("stone.yaml")


def test_another_set_and_key(scripted: responses.RequestsMock, tmp_path: Path) -> None:
    """The names of set and key come from the definition, not from a plural rule (W-35)."""
    serve(scripted, DEFINITION, definition(EntitySetName="new_stoneset", PrimaryIdAttribute="new_id"))
    serve(scripted, f"{DEFINITION}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata", choices(1, 2))

    heads = {difference for difference in told(differences(tmp_path)) if difference[0] in ("set", "key")}
    assert heads == {
        ("set", "new_stones", "fault", "the set of new_stone is 'new_stoneset', not 'new_stones'"),
        ("key", "new_stoneid", "fault", "the key of new_stone is 'new_id', not 'new_stoneid'"),
    }


def test_shipped_mappings_beside_the_mock() -> None:
    """Against an environment with the documented tables the shipped mappings have no fault and hold nothing."""
    with MockServer() as server, client_of(server.url) as client:
        assert {str(difference.weight) for difference in check_live(client, load_mappings(None))} <= {"remark"}


def test_the_commands(project: Project) -> None:
    """`mapping check --live` ends with 2 and names the place; `doctor` says the same in one line; `adopt` mends it."""
    assert project.run("mapping", "check", "--live").code == 0
    assert project.run("doctor").code == 0
    shutil.copytree(shipped_mappings(), project.folder / "mappings")
    actual = project.folder / "mappings" / "dataverse" / "actual.yaml"
    actual.write_text(actual.read_text(encoding="utf-8").replace("quantity: msdyn_quantity", "quantity: msdyn_quantiti"), encoding="utf-8")
    configuration = project.folder / "proforma.yaml"
    configuration.write_text(configuration.read_text(encoding="utf-8") + "\nmappings: mappings\n", encoding="utf-8")

    answer = project.run("mapping", "check", "--live")

    assert (answer.code, answer.json["ok"]) == (2, False)
    (fault,) = [difference for difference in answer.json["differences"] if difference["weight"] == "fault"]
    assert fault["message"] == "msdyn_actual has no column 'msdyn_quantiti' (did you mean 'msdyn_quantity'?)"
    assert "actual.yaml:" in fault["at"]
    doctor = project.run("doctor")
    (check,) = [c for c in doctor.json["checks"] if c["check"] == "live mappings"]
    assert (doctor.code, check["ok"]) == (2, False)
    assert "msdyn_quantiti" in check["message"]

    proposed = project.run("mapping", "adopt")
    assert (proposed.code, proposed.json["files"], proposed.json["written"]) == (0, ["dataverse/actual.yaml"], False)
    assert "-  quantity: msdyn_quantiti\n+  quantity: msdyn_quantity\n" in proposed.json["diff"]
    assert project.run("mapping", "adopt", "--write").json["written"]
    assert actual.read_text(encoding="utf-8") == (shipped_mappings() / "dataverse" / "actual.yaml").read_text(encoding="utf-8")
    assert project.run("mapping", "check", "--live").code == 0


def test_the_mappings_of_the_package_are_not_changed(project: Project) -> None:
    """Only a folder of one's own is written to."""
    refused = project.run("mapping", "adopt", "--write")

    assert refused.code == 2
    assert "proforma init" in refused.err
