"""Mappings shown as plain data, and the JSON Schema that editors use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mapping_files import guid, milestone

from json_schema import fits
from proforma.mapping import describe, load_mappings, schema, shipped_mappings
from proforma.mapping.faults import Fault
from proforma.mapping.yaml_source import Entries, Items, Node, read_yaml

FILES = sorted(shipped_mappings().rglob("*.yaml"))


def test_compiled_form(tmp_path: Path) -> None:
    """What short forms mean, what is asked for and what may be missing stands in the description, as plain JSON."""
    mapping = milestone(
        tmp_path,
        "name: {length: 5, of: {transform: upper, of: {template: 'x {m_a}', optional: true}}}",
        "amount: m_b",
        "tax: {constant: 1.50}",
        "invoice_date: {transform: first, columns: [m_c, {constant: 2026-01-31}]}",
        f"project_id: {{column: _m_d_value, default: {guid('p')}}}",
        "status: {column: m_e, values: {1: ready, 2: null}, other: canceled}",
        "active: {column: m_f, equals: [null, 0, 1]}",
    ).mapping

    described: Any = msgspec.json.decode(msgspec.json.encode(describe(mapping)))

    assert re.fullmatch("[0-9a-f]{64}", described.pop("fingerprint"))
    assert described == {
        "entity": "milestone", "record": "Milestone", "set": "msdyn_milestones", "table": "msdyn_milestone", "key": "msdyn_milestoneid",
        "version": "versionnumber", "modified": "modifiedon", "filter": None, "changes": "modified", "optional": False, "after": [],
        "select": ["msdyn_milestoneid", "versionnumber", "modifiedon", "m_b", "m_c", "_m_d_value", "m_e", "m_f"],
        "optional_columns": ["m_a"],
        "columns": {
            "id": {"transform": "lookup", "column": "msdyn_milestoneid"},
            "name": {"transform": "truncate", "length": 5,
                     "of": {"transform": "upper", "of": {"transform": "template", "template": "x {m_a}", "optional": True}}},
            "amount": {"transform": "decimal", "column": "m_b"},
            "tax": {"transform": "constant", "constant": "1.50"},
            "invoice_date": {"transform": "first",
                             "columns": [{"transform": "date", "column": "m_c"}, {"transform": "constant", "constant": "2026-01-31"}]},
            "project_id": {"transform": "lookup", "column": "_m_d_value", "default": guid("p")},
            "status": {"transform": "values", "of": {"transform": "integer", "column": "m_e"}, "values": {"1": "ready", "2": None},
                       "other": "canceled"},
            "active": {"transform": "when-equal", "column": "m_f", "equals": [None, 0, 1],
                       "then": {"transform": "constant", "constant": True}, "else": {"transform": "constant", "constant": False}},
        },
        "dimensions": {}, "custom_dimensions": False, "source": str(mapping.source),
    }  # fmt: skip


def test_every_shipped_mapping_can_be_shown() -> None:
    """Each description is JSON, and no two entities read the same."""
    descriptions = [describe(mapping) for mapping in load_mappings(None).order()]

    assert len(msgspec.json.encode(descriptions)) > 0
    assert len({str(description["fingerprint"]) for description in descriptions}) == len(descriptions)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_shipped_files_fit_the_schema(path: Path) -> None:
    """The schema that editors get accepts every shipped file."""
    faults: list[Fault] = []
    node = read_yaml(path, faults)
    assert node is not None

    assert fits(schema(), _data(node))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("record", "Milstone"),
        ("columns", {"id": "msdyn_actualid", "table": "x", "colour": "y"}),
        ("columns", {"id": "A B", "table": "x"}),
        ("columns", {"id": "msdyn_actualid"}),
        ("columns", {"id": {"column": "x", "transform": "eval"}, "table": "x"}),
        ("changes", "always"),
        ("colour", "red"),
    ],
)
def test_schema_refuses_what_the_reader_refuses(key: str, value: object) -> None:
    """Unknown words, fields and transforms are marked while they are written."""
    node = read_yaml(shipped_mappings() / "dataverse" / "actual.yaml", [])
    assert node is not None

    assert not fits(schema(), {**_data(node), key: value})


def _data(node: Node) -> Any:
    if isinstance(node, Entries):
        return {key.text: _data(value) for key, value in node.pairs}
    return [_data(item) for item in node.nodes] if isinstance(node, Items) else node.value
