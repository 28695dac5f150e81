"""Fitting the mappings to an environment: what is proposed, what is asked, and that nothing else in a file changes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import responses

from milestones import client_of
from proforma.mapping import MappingError, NewOption, Rename, edited, load_mappings, shipped_mappings
from proforma.sync.adopt import Proposal, propose
from proforma.sync.assumed_names import COLUMN_LABELS, TABLE_LABELS
from proforma.sync.live_check import check_live

ORG = "https://contoso.crm4.dynamics.com"
DEFINITIONS = f"{ORG}/api/data/v9.2/EntityDefinitions"
RETAINER = """\
# Retainers of contracts; the names are our own.
entity: retainer
record: Retainer
set: msdyn_projectcontractretainers
table: msdyn_projectcontractretainer
key: msdyn_projectcontractretainerid
changes: full
columns:
  id: msdyn_projectcontractretainerid
  contract_id: _msdyn_contract_value    # the contract
  amount: {column: msdyn_amuont, transform: money}
  used: {column: msdyn_usedamount, transform: money, optional: true}
  status:
    column: msdyn_invoicestatus
    values:
      192350000: not-ready   # until somebody says so
      192350001: ready
"""


@pytest.fixture
def scripted() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as scripted:
        yield scripted


def serve(scripted: responses.RequestsMock, url: str, document: Any, status: int = 200) -> None:
    scripted.add("GET", url, body=json.dumps(document), status=status, content_type="application/json")


def label(text: str) -> dict[str, Any]:
    return {"LocalizedLabels": [], "UserLocalizedLabel": {"Label": text, "LanguageCode": 1033}}


def column(name: str, type_: str, text: str = "") -> dict[str, Any]:
    return {"LogicalName": name, "AttributeType": type_, "DisplayName": label(text)}


def table(name: str, entity_set: str, key: str, *columns: dict[str, Any]) -> dict[str, Any]:
    return {"LogicalName": name, "EntitySetName": entity_set, "PrimaryIdAttribute": key, "Attributes": list(columns)}


def proposal(folder: Path, text: str = RETAINER) -> Proposal:
    (folder / "dataverse").mkdir(exist_ok=True)
    (folder / "dataverse" / "retainer.yaml").write_text(text, encoding="utf-8")
    mappings = load_mappings(folder)
    with client_of(ORG) as client:
        return propose(mappings, check_live(client, mappings), folder)


def changed_lines(diff: str) -> list[str]:
    return [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_names_and_options_of_the_environment(scripted: responses.RequestsMock, tmp_path: Path) -> None:
    """A near name, a documented label and a label that is one of our words go into the file; another option is a person's to decide."""
    name = "msdyn_projectcontractretainer"
    columns = [
        column("msdyn_projectcontractretainerid", "Uniqueidentifier"), column("versionnumber", "BigInt"), column("modifiedon", "DateTime"),
        column("new_contract", "Lookup", "Contract"), column("msdyn_amount", "Money", "Amount"),
        column("new_consumed", "Money", "Used amount"), column("msdyn_invoicestatus", "Picklist"),
    ]  # fmt: skip
    definition = f"{DEFINITIONS}(LogicalName='{name}')"
    serve(scripted, definition, table(name, "new_retainers", "msdyn_projectcontractretainerid", *columns))
    serve(scripted, f"{definition}/Attributes", {"value": columns})
    options = [{"Value": n, "Label": label(text)} for n, text in ((192350000, "Not ready"), (192350001, "Ready"))]
    options += [{"Value": 192350003, "Label": label("Invoice posted")}, {"Value": 7, "Label": label("Ask the boss")}]
    choice = {"LogicalName": "msdyn_invoicestatus", "OptionSet": {"Options": options}}
    serve(scripted, f"{definition}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata", {"value": [choice]})

    found = proposal(tmp_path)

    assert changed_lines(found.diff()) == [
        "-set: msdyn_projectcontractretainers",
        "+set: new_retainers",
        "-  contract_id: _msdyn_contract_value    # the contract",
        "-  amount: {column: msdyn_amuont, transform: money}",
        "-  used: {column: msdyn_usedamount, transform: money, optional: true}",
        "+  contract_id: _new_contract_value    # the contract",
        "+  amount: {column: msdyn_amount, transform: money}",
        "+  used: {column: new_consumed, transform: money, optional: true}",
        "+      192350003: invoice-posted",
    ]
    (ask,) = found.asks
    assert "option 7 (Ask the boss) of msdyn_invoicestatus" in ask
    assert "add `7: WORD`, one of not-ready, ready" in ask


def test_a_table_under_another_name(scripted: responses.RequestsMock, tmp_path: Path) -> None:
    """It is recognised by the label of the documentation; its set, key and id change with it."""
    missing = f"{DEFINITIONS}(LogicalName='msdyn_projectcontractretainer')"
    serve(scripted, missing, {"error": {"code": "0x80060888", "message": "Could not find an entity"}}, status=404)
    tables = [
        {"LogicalName": "new_prepayment", "EntitySetName": "new_prepayments", "PrimaryIdAttribute": "new_prepaymentid",
         "DisplayName": label("Project Contract Retainer")},
        {"LogicalName": "account", "EntitySetName": "accounts", "PrimaryIdAttribute": "accountid", "DisplayName": label("Account")},
    ]  # fmt: skip
    serve(scripted, DEFINITIONS, {"value": tables})

    assert changed_lines(proposal(tmp_path).diff()) == [
        "-set: msdyn_projectcontractretainers",
        "-table: msdyn_projectcontractretainer",
        "-key: msdyn_projectcontractretainerid",
        "+set: new_prepayments",
        "+table: new_prepayment",
        "+key: new_prepaymentid",
        "-  id: msdyn_projectcontractretainerid",
        "+  id: new_prepaymentid",
    ]


def test_an_unknown_table_is_asked(scripted: responses.RequestsMock, tmp_path: Path) -> None:
    """Where no table is like it, a person has to look."""
    missing = f"{DEFINITIONS}(LogicalName='msdyn_projectcontractretainer')"
    serve(scripted, missing, {"error": {"code": "0x80060888", "message": "Could not find an entity"}}, status=404)
    serve(scripted, DEFINITIONS, {"value": []})

    found = proposal(tmp_path)

    assert (found.texts, len(found.asks)) == ({}, 1)


EDITS = [
    ("columns: {a: x, b: {columns: [x, 'x', y]}}\n", "columns: {a: z, b: {columns: [z, 'z', y]}}\n"),
    ("columns:\n  x: x # the x\n  b: {constant: x}\n", "columns:\n  x: z # the x\n  b: {constant: x}\n"),
    ("set: x\ncolumns: {}\ndimensions:\n  x: \"x\"\n", "set: z\ncolumns: {}\ndimensions:\n  x: \"z\"\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), EDITS)
def test_only_columns_are_renamed(tmp_path: Path, before: str, after: str) -> None:
    """Fields, dimensions, words and comments that look alike stay; so do quotation marks."""
    file = tmp_path / "x.yaml"
    file.write_text(before, encoding="utf-8")

    assert edited(file, [Rename("x", "z")], []) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("columns:\n  s: {column: c, values: {1: 'a'}}\n", "columns:\n  s: {column: c, values: {1: 'a', 2: b}}\n"),
        (
            "columns:\n  s:\n    column: c\n    values:\n      1: a # one",
            "columns:\n  s:\n    column: c\n    values:\n      1: a # one\n      2: b\n",
        ),
        ("columns:\n  s: {column: c, values: {2: a}}\n", "columns:\n  s: {column: c, values: {2: a}}\n"),
        ("columns:\n  s: {column: d, values: {1: a}}\n", "columns:\n  s: {column: d, values: {1: a}}\n"),
    ],
    ids=["on one line", "line by line", "there already", "another column"],
)
def test_an_option_joins_its_table(tmp_path: Path, before: str, after: str) -> None:
    """In the form that the table has."""
    file = tmp_path / "x.yaml"
    file.write_text(before, encoding="utf-8")

    assert edited(file, [], [NewOption("c", 2, "b")]) == after


def test_a_proposal_that_would_not_load_is_not_made(tmp_path: Path) -> None:
    """Every fault is told before anything is written."""
    shutil.copytree(shipped_mappings(), tmp_path / "mappings")
    file = tmp_path / "mappings" / "dataverse" / "milestone.yaml"

    with pytest.raises(MappingError, match=r"milestone\.yaml"):
        Proposal(folder=tmp_path / "mappings", texts={file: "entity: milestone\n"}, asks=()).check()
    assert file.read_text(encoding="utf-8") != "entity: milestone\n"


def test_assumed_names_are_those_of_the_shipped_mappings() -> None:
    """Every label belongs to an entity and a field that the mappings fill."""
    shipped = load_mappings(None).entities

    assert set(TABLE_LABELS) <= set(shipped)
    assert [(entity, field) for entity, field in COLUMN_LABELS if field not in shipped[entity].columns] == []
