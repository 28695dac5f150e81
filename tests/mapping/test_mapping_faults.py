"""Every mistake in a mapping file is named with its place, what is wrong and what is near; all of one file at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from mapping_files import HEAD, faults_of, read

TRANSFORMS = (
    "copy, constant, values, lookup, date, instant, decimal, money, integer, boolean, join, first, template, truncate, upper, lower, "
    "default, when-equal"
)


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        pytest.param("entity:", "entitty:", [
            "1:1: the key 'entity' is missing",
            "1:1: unknown key 'entitty' (did you mean 'entity'?)",
        ], id="unknown key"),
        pytest.param("entity: milestone", "entity: Mile Stone", ["1:9: 'entity' is text like 'role-price'"], id="entity name"),
        pytest.param("record: Milestone", "record: Milstone", ["2:9: unknown record 'Milstone' (did you mean 'Milestone'?)"], id="record"),
        pytest.param("record: Milestone", "record: [Milestone]", ["2:9: 'record' is the name of one record"], id="list as record"),
        pytest.param("set: msdyn_milestones", "set: x?$expand=y", ["3:6: 'set' is text like 'msdyn_actuals'"], id="a query in the set"),
        pytest.param("table: msdyn_milestone", "table: MsDyn", [
            "4:8: 'MsDyn' is no column name (logical names are lower case)",
        ], id="casing"),
        pytest.param("key: msdyn_milestoneid", "key: a b", [
            "5:6: 'a b' is no column name (letters, digits and underscores; lookups as _name_value)",
        ], id="key"),
        pytest.param("changes: modified", "changes: always", ["6:10: 'changes' is one of: tracked, modified, full"], id="change mode"),
        pytest.param("changes: modified", "changes: tracked\nfilter: statecode eq 0", [
            "6:10: changes: tracked reads whole tables, without a filter (use changes: modified)",
        ], id="a tracked set with a filter"),
        pytest.param("changes: modified", "changes: modified\nmodified: null", [
            "6:10: changes: modified needs a column that dates changes (use changes: full)",
        ], id="no date of change"),
        pytest.param("changes: modified", "changes: full\noptional: maybe", ["7:11: 'optional' is true or false"], id="flag"),
        pytest.param("changes: modified", "changes: full\nfilter: 5", ["7:9: 'filter' is text (put it in quotes)"], id="filter"),
        pytest.param("changes: modified", "changes: full\nafter: x", ["7:8: 'after' is a list: [entity, entity]"], id="after"),
        pytest.param("changes: modified", "changes: full\nafter: [[x]]", ["7:9: 'after' is a list: [entity, entity]"], id="list in after"),
        pytest.param("changes: modified", "changes: full\ncustom_dimensions: true", [
            "7:1: Milestone carries no pricing dimensions",
        ], id="dimensions where there are none"),
        pytest.param("columns:\n  id: msdyn_milestoneid", "columns: [id]", [
            "7:10: 'columns' is a mapping: {field: column, ...}",
        ], id="columns"),
        pytest.param("  id: msdyn_milestoneid", "  name: x", ["8:3: field 'id' of Milestone must be filled"], id="required field"),
    ],
)  # fmt: skip
def test_head_of_the_file(tmp_path: Path, before: str, after: str, faults: list[str]) -> None:
    """One slip in an otherwise good file is one fault, at its place."""
    assert before in HEAD
    assert sorted(faults_of(tmp_path, HEAD.replace(before, after, 1))) == sorted(faults)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        pytest.param("amuont: x", ["9:3: Milestone has no field 'amuont' (did you mean 'amount'?)"], id="unknown field"),
        pytest.param("name: [a, b]", [
            "9:9: a list cannot fill a field (write {transform: first, columns: [...]} or {transform: join, columns: [...]})",
        ], id="bare list"),
        pytest.param("name:", ["9:3: '' is no column name (letters, digits and underscores; lookups as _name_value)"], id="nothing"),
        pytest.param("name: x;drop", [
            "9:9: 'x;drop' is no column name (letters, digits and underscores; lookups as _name_value)",
        ], id="hostile column"),
        pytest.param("name: {column: x, transform: uper}", [
            "9:32: unknown transform 'uper' (did you mean 'upper'?)",
        ], id="unknown transform"),
        pytest.param("name: {column: x, transform: 'yes'}", [
            f"9:32: unknown transform 'yes' (one of: {TRANSFORMS})",
        ], id="transform far off"),
        pytest.param("name: {column: x, transform: [a]}", [
            f"9:32: unknown transform 'a list' (one of: {TRANSFORMS})",
        ], id="list as transform"),
        pytest.param("name: {colum: x}", [
            "9:10: unknown key 'colum' for transform 'copy' (did you mean 'column'?)",
            "9:9: the key 'column' is missing for transform 'copy'",
        ], id="unknown argument"),
        pytest.param("name: {column: x, optional: 1}", ["9:31: 'optional' is true or false"], id="optional"),
        pytest.param("status: msdyn_x", [
            "9:11: the field holds a word of a closed list (not-ready, ready, invoice-created, invoice-posted, canceled, "
            "work-order-posted, ready-to-refund), the column a number (write values: {number: word, ...})",
        ], id="number for a word"),
        pytest.param("amount: {column: x, transform: date}", [
            "9:20: transform 'date' reads a date, but the field holds a decimal number",
        ], id="date for an amount"),
        pytest.param("amount: {transform: upper, column: x}", [
            "9:11: transform 'upper' makes text, but the field holds a decimal number",
        ], id="text for an amount"),
        pytest.param("status: {column: x, values: {1: redy}}", [
            "9:35: 'redy' is none of the words of this field (did you mean 'ready'?)",
        ], id="unknown word"),
        pytest.param("status: {column: x, values: {1: ready, 1: canceled}}", [
            "9:42: key '1' stands here a second time (first in line 9)",
        ], id="number mapped twice"),
        pytest.param("status: {column: x, values: {1: ready, b: canceled}}", [
            "9:31: the keys of 'values' are all numbers, all words, or true and false",
        ], id="numbers and words"),
        pytest.param("status: {column: x, values: {1.5: ready}}", [
            "9:31: the keys of 'values' are all numbers, all words, or true and false",
        ], id="fraction as option"),
        pytest.param("status: {column: x, values: {}}", ["9:31: 'values' is a mapping: {number: word, ...}"], id="no values"),
        pytest.param("status: {column: x, values: ready}", ["9:31: 'values' is a mapping: {number: word, ...}"], id="values is a word"),
        pytest.param("status: {values: {1: ready}}", ["9:11: transform 'values' needs either 'column' or 'of'"], id="values of nothing"),
        pytest.param("status: {column: x, of: y, values: {1: ready}}", [
            "9:11: transform 'values' needs either 'column' or 'of'",
        ], id="values of two"),
        pytest.param("status: {column: x, values: {1: ready}, other: reddy}", [
            "9:50: 'reddy' is none of the words of this field (did you mean 'ready'?)",
        ], id="other"),
        pytest.param("amount: {constant: high}", ["9:22: 'high' is no decimal number"], id="constant of another kind"),
        pytest.param("amount: {constant: [1]}", ["9:22: expected a single value"], id="list as constant"),
        pytest.param("name: {constant: 5}", ["9:20: '5' is no text (put it in quotes)"], id="number for text"),
        pytest.param("active: {constant: 1}", ["9:22: '1' is no yes or no"], id="1 for yes"),
        pytest.param("amount: {constant: true}", ["9:22: 'true' is no decimal number"], id="yes for a number"),
        pytest.param("invoice_date: {constant: 2026-02-30}", ["9:28: '2026-02-30' is no date"], id="no such day"),
        pytest.param("project_id: {constant: abc}", ["9:26: 'abc' is no id"], id="no id"),
        pytest.param("created_at: {constant: '2026-01-01T00:00:00'}", [
            "9:26: '2026-01-01T00:00:00' is no instant",
        ], id="instant without offset"),
        pytest.param("name: {transform: join, columns: a}", ["9:36: 'columns' is a list: [column, column, ...]"], id="join of one"),
        pytest.param("name: {transform: join, columns: [a], separator: 5}", [
            "9:52: 'separator' is text (put it in quotes)",
        ], id="separator"),
        pytest.param("amount: {transform: first, columns: [a, {column: b, transform: date}]}", [
            "9:52: transform 'date' reads a date, but the field holds a decimal number",
        ], id="fault inside"),
        pytest.param("name: {template: 5}", ["9:20: 'template' is text with {column} in it (put it in quotes)"], id="template"),
        pytest.param("name: {template: 'x {a'}", [
            "9:20: a brace in 'template' has no partner (write {column} around each column)",
        ], id="open brace"),
        pytest.param("name: {template: 'x {A}'}", ["9:20: 'A' is no column name (logical names are lower case)"], id="column in template"),
        pytest.param("name: {template: 'x {a.__class__}'}", [
            "9:20: 'a.__class__' is no column name (letters, digits and underscores; lookups as _name_value)",
        ], id="attribute in template"),
        pytest.param("name: {template: x}", [
            "9:20: 'template' names no column (use {constant: ...} for text that is always the same)",
        ], id="template without column"),
        pytest.param("name: {column: x, length: 0}", ["9:29: 'length' is a number of characters, at least 1"], id="length"),
        pytest.param("name: {column: x, transform: default}", ["9:9: the key 'default' is missing for transform 'default'"], id="default"),
        pytest.param("active: {column: x, equals: [0, a]}", [
            "9:31: 'equals' is a number, a word, true or false, or a list of one kind of them; null stands for empty",
        ], id="equals of two kinds"),
        pytest.param("active: {column: x, equals: null}", [
            "9:31: 'equals' is a number, a word, true or false, or a list of one kind of them; null stands for empty",
        ], id="equals nothing"),
        pytest.param("name: {column: x, equals: 1, then: a}", [
            "9:9: transform 'when-equal' needs the key 'else' (write null for nothing)",
        ], id="else"),
    ],
)  # fmt: skip
def test_one_field(tmp_path: Path, line: str, faults: list[str]) -> None:
    """One wrong field is named at its place."""
    assert sorted(faults_of(tmp_path, f"{HEAD}  {line}\n")) == sorted(faults)


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        pytest.param("Role: _x_value", [
            "13:3: 'Role' is no dimension name (role, organizational-unit, or the schema name in lower case)",
        ], id="name"),
        pytest.param("role: {column: x, transform: date}", ["13:18: a dimension is a lookup or an option, not a date"], id="kind"),
        pytest.param("role: {constant: true}", ["13:20: 'true' is no dimension value"], id="constant"),
    ],
)  # fmt: skip
def test_dimensions(tmp_path: Path, line: str, faults: list[str]) -> None:
    """Dimensions have checked names and are lookups or options."""
    text = (
        HEAD.replace("record: Milestone", "record: Estimate")
        + f"  table: {{constant: x}}\n  owner: {{constant: quote}}\n\ndimensions:\n  {line}\n"
    )

    assert faults_of(tmp_path, text) == faults


def test_dimensions_are_no_columns(tmp_path: Path) -> None:
    """The field that holds dimension values is filled below `dimensions:` only, which is a mapping itself."""
    text = HEAD.replace("record: Milestone", "record: RolePrice") + "  dimensions: x\ndimensions: [role]\n"

    assert faults_of(tmp_path, text) == [
        "9:15: dimension values are mapped under 'dimensions:'",
        "10:13: 'dimensions' is a mapping: {dimension: column, ...}",
    ]


@pytest.mark.parametrize("text", ["- a\n", "text\n"])
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    """A list or a word is not a mapping file."""
    assert faults_of(tmp_path, text) == ["1:1: a mapping file is a mapping of keys to values"]


def test_all_faults_of_one_file(tmp_path: Path) -> None:
    """Mistakes of every sort are gathered before the file is refused."""
    text = HEAD.replace("modified", "sometimes") + "  amuont: x\n  tax: {column: y, transform: datum}\n  name: &a z\n"

    assert faults_of(tmp_path, text) == [
        "11:9: anchor &a: anchors are not used in mapping files (write the value out where it is needed)",
        "9:3: Milestone has no field 'amuont' (did you mean 'amount'?)",
        "10:31: unknown transform 'datum' (did you mean 'date'?)",
        "6:10: 'changes' is one of: tracked, modified, full",
    ]


def test_places_of_a_good_file(tmp_path: Path) -> None:
    """A mapping knows the line of each field and of the foreign column that fills it."""
    mapping, _ = read(tmp_path, HEAD + "  amount: msdyn_amount\n  name: {transform: first, columns: [a, b]}\n")

    assert mapping is not None
    lines = [mapping.line_of(name) for name in ("id", "amount", "msdyn_amount", "b", "unknown")]
    assert lines == [8, 9, 9, 10, None]
    assert (mapping.where("b"), mapping.where("unknown")) == (f"{mapping.source}:10", str(mapping.source))
