"""Every transform: what a column becomes, and when a row is turned away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mapping_files import HEAD, compiled, guid, milestone, record, row

from proforma.domain.codes import BillingStatus, TransactionClass
from proforma.domain.contracts import Milestone
from proforma.domain.ids import MilestoneId, RecordId
from proforma.domain.records import Actual
from proforma.mapping import MappingError, RowRejectedError

NIGHT = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)
THEN_ELSE = "{transform: when-equal, column: m_x, equals: a, then: m_y, else: {constant: z}}"
BOTH = "{column: m_x, values: {true: ready, false: not-ready}}"
LOWERED = "{of: {column: m_x, transform: lower}, values: {ab: Found}}"
EMPTY = Milestone(id=MilestoneId(guid("row")))


@pytest.mark.parametrize(
    ("field", "line", "values", "result"),
    [
        pytest.param("name", "m_x", {"m_x": "Phase 1"}, "Phase 1", id="short form copies text"),
        pytest.param("name", "m_x", {"m_x": ""}, None, id="empty text is empty (W-120)"),
        pytest.param("name", "m_x", {"m_x": None}, None, id="null is empty"),
        pytest.param("name", "m_x", {}, None, id="a column that is not there is empty"),
        pytest.param("name", "{column: m_x, transform: copy, optional: true}", {"m_x": "a"}, "a", id="long form of copy"),
        pytest.param("project_id", "m_x", {"m_x": guid("p").upper()}, guid("p"), id="short form reads an id"),
        pytest.param("project_id", "{column: m_x, transform: lookup}", {"m_x": "{" + guid("p") + "}"}, guid("p"), id="id in braces"),
        pytest.param("amount", "m_x", {"m_x": msgspec.Raw(b"922337203685477.5807")}, Decimal("922337203685477.5807"), id="19 digits"),
        pytest.param("amount", "m_x", {"m_x": "922337203685477.5807"}, Decimal("922337203685477.5807"), id="19 digits as text"),
        pytest.param("amount", "{column: m_x, transform: money}", {"m_x": 5}, Decimal(5), id="money without decimals"),
        pytest.param("amount", "{column: m_x, transform: decimal}", {"m_x": msgspec.Raw(b"1e2")}, Decimal(100), id="exponent"),
        pytest.param("amount", "{column: m_x, transform: decimal}", {"m_x": 0}, Decimal(0), id="0 is a value"),
        pytest.param("invoice_date", "m_x", {"m_x": "2026-03-31"}, date(2026, 3, 31), id="a day"),
        pytest.param("invoice_date", "m_x", {"m_x": "2026-03-31T23:30:00-09:00"}, date(2026, 3, 31), id="the day as written (P-5)"),
        pytest.param("invoice_date", "{column: m_x, transform: date}", {"m_x": "9999-12-31T00:00:00Z"}, date(9999, 12, 31), id="last day"),
        pytest.param("invoice_date", "m_x", {"m_x": "0001-01-01"}, date(1, 1, 1), id="first day"),
        pytest.param("created_at", "m_x", {"m_x": "2026-03-31T23:30:00Z"}, NIGHT, id="an instant"),
        pytest.param("created_at", "m_x", {"m_x": "2026-04-01T01:30:00+02:00"}, NIGHT, id="with offset"),
        pytest.param("created_at", "m_x", {"m_x": "2026-03-31T23:30:00"}, NIGHT, id="without (W-116)"),
        pytest.param("active", "m_x", {"m_x": False}, False, id="a boolean"),
        pytest.param("active", "{column: m_x, transform: boolean}", {}, True, id="an empty boolean is what the record says"),
        pytest.param("tax", "{constant: 1.50}", {}, Decimal("1.50"), id="constant number"),
        pytest.param("name", "{constant: Fixed}", {}, "Fixed", id="constant text"),
        pytest.param("active", "{constant: false}", {}, False, id="constant boolean"),
        pytest.param("invoice_date", "{constant: 2026-01-31}", {}, date(2026, 1, 31), id="constant day"),
        pytest.param("created_at", "{constant: '2026-01-31T00:00:00Z'}", {}, datetime(2026, 1, 31, tzinfo=UTC), id="constant instant"),
        pytest.param("project_id", f"{{constant: '{guid('p').upper()}'}}", {}, guid("p"), id="constant id"),
        pytest.param("status", "{constant: ready}", {}, BillingStatus.READY, id="constant word"),
        pytest.param("status", "{column: m_x, values: {1: ready, 2: null}}", {"m_x": 1}, BillingStatus.READY, id="option"),
        pytest.param("status", "{column: m_x, values: {1: ready, 2: null}}", {"m_x": 2}, None, id="option that means nothing"),
        pytest.param("status", "{column: m_x, values: {1: ready}}", {"m_x": None}, None, id="empty option"),
        pytest.param("status", "{column: m_x, values: {1: ready}, other: null}", {"m_x": 7}, None, id="other option as empty"),
        pytest.param("status", "{column: m_x, values: {1: ready}, other: canceled}", {"m_x": 7}, BillingStatus.CANCELED, id="other option"),
        pytest.param("status", "{column: m_x, values: {a: ready}}", {"m_x": "a"}, BillingStatus.READY, id="word to word"),
        pytest.param("status", BOTH, {"m_x": False}, BillingStatus.NOT_READY, id="boolean"),
        pytest.param("amount", "{column: m_x, values: {1: 2.50}}", {"m_x": 1}, Decimal("2.50"), id="option to number"),
        pytest.param("name", LOWERED, {"m_x": "AB"}, "Found", id="values of a transform"),
        pytest.param("name", "{transform: first, columns: [m_x, m_y]}", {"m_x": None, "m_y": "b"}, "b", id="first that is filled"),
        pytest.param("name", "{transform: first, columns: [m_x, m_y]}", {"m_x": "a", "m_y": "b"}, "a", id="first of two"),
        pytest.param("name", "{transform: first, columns: [m_x, m_y]}", {}, None, id="first of nothing"),
        pytest.param("amount", "{transform: first, columns: [m_x, m_y]}", {"m_x": 0, "m_y": 5}, Decimal(0), id="0 is not empty"),
        pytest.param("name", "{transform: first, columns: [m_x, {constant: none}]}", {}, "none", id="first with constant"),
        pytest.param("name", "{transform: join, columns: [m_x, m_y, m_z]}", {"m_x": "a", "m_z": "c"}, "a c", id="join skips the empty"),
        pytest.param("name", "{transform: join, columns: [m_x, m_y], separator: ', '}", {"m_x": "a", "m_y": "b"}, "a, b", id="separator"),
        pytest.param("name", "{transform: join, columns: [m_x, m_y]}", {"m_x": ""}, None, id="join of nothing"),
        pytest.param("name", "{template: '{m_x} ({m_y})'}", {"m_x": "a", "m_y": "b"}, "a (b)", id="template"),
        pytest.param("name", "{template: '{m_x} ({m_y})'}", {"m_x": "{m_y}"}, "{m_y} ()", id="a template is filled once"),
        pytest.param("name", "{template: 'No. {m_x}'}", {}, None, id="template of nothing"),
        pytest.param("name", "{column: m_x, length: 3}", {"m_x": "añ😀def"}, "añ😀", id="truncate counts characters"),
        pytest.param("name", "{column: m_x, transform: truncate, length: 3}", {"m_x": None}, None, id="truncate of nothing"),
        pytest.param("name", "{column: m_x, transform: upper}", {"m_x": "aß"}, "ASS", id="upper"),
        pytest.param("name", "{column: m_x, transform: lower}", {"m_x": "ÅB"}, "åb", id="lower"),
        pytest.param("name", "{column: m_x, transform: default, default: none}", {}, "none", id="default"),
        pytest.param("name", "{column: m_x, default: none}", {"m_x": "a"}, "a", id="default not needed"),
        pytest.param("status", "{column: m_x, values: {1: ready}, default: canceled}", {}, BillingStatus.CANCELED, id="default of values"),
        pytest.param("active", "{column: m_x, equals: [0, null]}", {"m_x": 0}, True, id="when equal"),
        pytest.param("active", "{column: m_x, equals: [0, null]}", {}, True, id="when empty"),
        pytest.param("active", "{column: m_x, equals: [0, null]}", {"m_x": 1}, False, id="when not equal"),
        pytest.param("active", "{column: m_x, equals: 0}", {}, False, id="empty is not 0"),
        pytest.param("name", THEN_ELSE, {"m_x": "a", "m_y": "y"}, "y", id="then"),
        pytest.param("name", THEN_ELSE, {"m_x": "b"}, "z", id="else"),
        pytest.param("name", "{column: m_x, equals: true, then: null, else: m_y}", {"m_x": True, "m_y": "y"}, None, id="nothing"),
    ],
)  # fmt: skip
def test_a_column_becomes_a_field(tmp_path: Path, field: str, line: str, values: dict[str, object], result: Any) -> None:
    """The transform fills its field and leaves all others as the record has them."""
    assert record(milestone(tmp_path, f"{field}: {line}"), **values) == replace(EMPTY, **{field: result})


def test_transforms_inside_transforms(tmp_path: Path) -> None:
    """Steps can be put into one another; each keeps its own value."""
    joined = "{transform: join, columns: [m_x, {column: m_y, default: none}]}"
    entity = milestone(tmp_path, f"name: {{length: 8, of: {{transform: upper, of: {joined}}}}}")

    assert record(entity, m_x="abc", m_y=None) == replace(EMPTY, name="ABC NONE")
    assert record(entity, m_x="abcdefgh", m_y="x") == replace(EMPTY, name="ABCDEFGH")


@pytest.mark.parametrize(
    ("line", "values", "reason", "column", "message"),
    [
        pytest.param("status: {column: m_x, values: {1: ready}}", {"m_x": 7}, "unknown-status", "m_x",
                     "status: the mapping has no word for m_x = 7", id="status (I 23)"),
        pytest.param("amount: {column: m_x, values: {1: 5}}", {"m_x": 7}, "unknown-status", "m_x",
                     "amount: the mapping has no word for m_x = 7", id="option"),
        pytest.param("invoice_date: m_x", {"m_x": "31.03.2026"}, "malformed-value", "m_x",
                     "invoice_date: m_x = '31.03.2026' is no date", id="date"),
        pytest.param("invoice_date: m_x", {"m_x": "2026-02-30"}, "malformed-value", "m_x",
                     "invoice_date: m_x = '2026-02-30' is no date", id="day that is not in the calendar"),
        pytest.param("project_id: m_x", {"m_x": "42"}, "malformed-value", "m_x", "project_id: m_x = '42' is no id", id="id"),
        pytest.param("amount: m_x", {"m_x": "NaN"}, "malformed-value", "m_x",
                     "amount: m_x = NaN is no decimal number of at most 31 digits before the point", id="NaN"),
        pytest.param("amount: m_x", {"m_x": "Infinity"}, "malformed-value", "m_x",
                     "amount: m_x = Infinity is no decimal number of at most 31 digits before the point", id="infinity"),
        pytest.param("amount: m_x", {"m_x": "9" * 1_000_000}, "malformed-value", "m_x",
                     f"amount: m_x = {'9' * 60}… (1000000 characters) is no decimal number of at most 31 digits before the point",
                     id="a million digits, of which the message shows sixty"),
        pytest.param("project_id: {transform: first, columns: [m_x, m_y]}", {"m_y": "z"}, "malformed-value", "m_x",
                     "project_id: m_x = None, m_y = 'z' is no id", id="second of two"),
    ],
)  # fmt: skip
def test_a_row_is_turned_away(tmp_path: Path, line: str, values: dict[str, object], reason: str, column: str, message: str) -> None:
    """A value that does not fit rejects the row with the field, the column, its value and the place in the mapping."""
    entity = milestone(tmp_path, line)

    with pytest.raises(RowRejectedError) as rejected:
        record(entity, **values)

    told = rejected.value
    assert (told.reason, told.column, told.field, told.message, told.at) == (reason, column, line.partition(":")[0], message, "case.yaml:9")


def test_a_row_without_its_id(tmp_path: Path) -> None:
    """A record cannot be without what it must have."""
    entity = milestone(tmp_path)

    with pytest.raises(RowRejectedError) as rejected:
        record(entity, msdyn_milestoneid=None)

    assert str(rejected.value) == "case.yaml:8: id cannot be empty (msdyn_milestoneid = None)"
    assert rejected.value.reason == "missing-value"


def test_an_option_that_is_not_read_is_not_judged(tmp_path: Path) -> None:
    """An unknown number in the branch that is not taken rejects nothing."""
    line = "status: {column: m_x, equals: 5, then: null, else: {column: m_y, values: {1: ready}}}"

    assert record(milestone(tmp_path, line), m_x=5, m_y=99) == EMPTY


@pytest.mark.parametrize("value", ["text", {}, []])
def test_json_of_another_type_does_not_decode(tmp_path: Path, value: object) -> None:
    """A value that is no number at all stops at the door, where the client puts the row aside."""
    with pytest.raises(msgspec.ValidationError, match=r"at `\$\.m_x`"):
        row(milestone(tmp_path, "amount: m_x"), {"m_x": value})


def test_unasked_columns_are_passed_over(tmp_path: Path) -> None:
    """Servers send more than was asked (W-63)."""
    assert record(milestone(tmp_path), **{"_transactioncurrencyid_value": guid("usd"), "@odata.etag": 'W/"1"'}) == EMPTY


def test_one_column_for_two_fields(tmp_path: Path) -> None:
    """A column may fill two fields, also as a day and as an instant."""
    entity = milestone(tmp_path, "created_at: createdon\ninvoice_date: createdon")
    moment = datetime(2026, 3, 31, 23, 30, tzinfo=timezone(timedelta(hours=-9)))

    expected = replace(EMPTY, created_at=datetime(2026, 4, 1, 8, 30, tzinfo=UTC), invoice_date=date(2026, 3, 31))
    assert record(entity, createdon=moment.isoformat()) == expected
    with pytest.raises(RowRejectedError, match="created_at: createdon = '2026-03-31 evening' is no instant"):
        record(entity, createdon="2026-03-31 evening")


def test_one_column_as_number_and_text(tmp_path: Path) -> None:
    """A column that is read in two ways that exclude each other is a fault of the mapping, at the second reading."""
    with pytest.raises(MappingError) as error:
        milestone(tmp_path, "name: m_x\namount: m_x")

    place = tmp_path / "case.yaml"
    assert str(error.value) == f"{place}:10:3: column 'm_x' is read as decimal number here, but otherwise elsewhere"


def test_hostile_words_are_only_values(tmp_path: Path) -> None:
    """Text in a mapping reaches the record as text, whatever it looks like: nothing of it is run."""
    text = "__import__('os').system('id')\n\"\"\"'); raise SystemExit #"
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    entity = milestone(tmp_path, f'name: {{transform: join, columns: [m_x, {{constant: "{quoted}"}}], separator: "{quoted}"}}')

    assert record(entity, m_x="a") == replace(EMPTY, name=f"a{text}{text}")


def test_a_record_with_inherited_fields(tmp_path: Path) -> None:
    """Fields that a record has from its base can be filled like its own."""
    text = HEAD.replace("Milestone", "Actual") + "  table: {constant: t}\n  transaction_class: {column: m_x, values: {4: fee}}\n"

    filled = record(compiled(tmp_path, text), m_x=4)

    assert filled == Actual(id=RecordId(guid("row")), table="t", transaction_class=TransactionClass.FEE)
