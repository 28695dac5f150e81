"""What holds for every row: nothing that a server can say about a record is lost or changed on the way in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from proforma.domain.codes import BillingStatus, BillingType, CustomerKind, TransactionClass, TransactionType
from proforma.domain.money import plain
from proforma.domain.records import Actual
from proforma.mapping import Fault, RowRejectedError, compile_entity, load_mappings
from proforma.mapping.yaml_source import Entries, Items, Node, parse_yaml

ACTUALS = compile_entity(load_mappings(None).entities["actual"])
GUIDS = st.uuids().map(str)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
INSTANTS = st.datetimes(min_value=datetime(1753, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds UTC

#: The wire as this test knows it, written independently of the mapping: field -> foreign column.
IDS = {
    "id": "msdyn_actualid",
    "contract_id": "_msdyn_salescontract_value",
    "contract_line_id": "_msdyn_salescontractlineid_value",
    "project_id": "_msdyn_project_value",
    "task_id": "_msdyn_task_value",
    "contracting_unit_id": "_msdyn_contractorganizationalunitid_value",
    "resource_id": "_msdyn_bookableresource_value",
    "unit_id": "_msdyn_unit_value",
    "currency_id": "_transactioncurrencyid_value",
    "invoice_id": "_msdyn_invoice_value",
    "account_id": "_msdyn_accountcustomer_value",
}
NUMBERS = {"quantity": "msdyn_quantity", "price": "msdyn_price", "amount": "msdyn_amount", "percent": "msdyn_percent"}
WORDS = {"description": "msdyn_description", "external_description": "msdyn_externaldescription"}
DATES = {"transaction_date": "msdyn_transactiondate", "document_date": "msdyn_documentdate", "start_date": "msdyn_startdatetime"}
OPTIONS: dict[str, tuple[str, dict[Any, int]]] = {
    "type": ("msdyn_transactiontypecode", {TransactionType.COST: 192350000, TransactionType.UNBILLED_SALES: 192350005}),
    "transaction_class": ("msdyn_transactionclassification", {TransactionClass.TIME: 192350000, TransactionClass.FEE: 192350004}),
    "billing_type": ("msdyn_billingtype", {BillingType.NON_CHARGEABLE: 192350000, BillingType.CHARGEABLE: 192350001}),
    "billing_status": ("msdyn_billingstatus", {BillingStatus.NOT_READY: 192350000, BillingStatus.READY: 192350004}),
}


@st.composite
def actual_values(draw: st.DrawFn) -> dict[str, Any]:
    """Fields of any actual that a row can say; all but the id may be empty."""
    strategies: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(IDS, GUIDS),
        **dict.fromkeys(NUMBERS, DECIMALS),
        **dict.fromkeys(WORDS, TEXTS),
        **dict.fromkeys(DATES, st.dates()),
        **{field: st.sampled_from(list(numbers)) for field, (_, numbers) in OPTIONS.items()},
        "created_at": INSTANTS,
    }
    values = {field: draw(strategy if field == "id" else st.none() | strategy) for field, strategy in strategies.items()}
    return {**values, "active": draw(st.booleans())}


def wire(values: dict[str, Any]) -> bytes:
    """The row that says these values."""
    row: dict[str, Any] = {column: values[field] for field, column in (IDS | WORDS).items()}
    row |= {column: values[field] and values[field].isoformat() for field, column in DATES.items()}
    row |= {column: None if values[field] is None else numbers[values[field]] for field, (column, numbers) in OPTIONS.items()}
    row |= {column: None if (value := values[field]) is None else msgspec.Raw(plain(value).encode()) for field, column in NUMBERS.items()}
    row["createdon"] = values["created_at"] and values["created_at"].isoformat()
    row["statecode"] = 0 if values["active"] else 1
    return msgspec.json.encode(row)


@settings(deadline=None)
@given(actual_values())
def test_every_actual_comes_through(values: dict[str, Any]) -> None:
    """Whatever the fields of an actual are, the record of its row has exactly these."""
    row = msgspec.json.decode(wire(values), type=ACTUALS.row_type)

    expected = Actual(table="msdyn_actuals", customer_id=values["account_id"], customer_kind=CustomerKind.ACCOUNT, **values)
    assert ACTUALS.to_record(row) == expected
    assert ACTUALS.key(row) == values["id"]


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**19), max_value=10**19, places=9), st.booleans())
def test_no_digit_is_lost(number: Decimal, as_text: bool) -> None:
    """Numbers of up to 28 digits keep each of them, sent as numbers or as text (W-109, W-110)."""
    text = f'"{plain(number)}"' if as_text else plain(number)
    raw = f'{{"msdyn_actualid": "11111111-2222-3333-4444-555555555555", "msdyn_quantity": {text}}}'

    record = ACTUALS.to_record(msgspec.json.decode(raw.encode(), type=ACTUALS.row_type))

    assert plain(record.quantity) == plain(number)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | GUIDS
    | st.dates().map(str),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
COLUMNS = sorted({*(IDS | NUMBERS | WORDS | DATES).values(), "statecode", "createdon", "msdyn_billingstatus", "versionnumber"})


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(COLUMNS), JSON))
def test_a_row_becomes_a_record_or_is_turned_away(values: dict[str, Any]) -> None:
    """Whatever JSON stands in the columns, the answer is a whole record or a named reason, never another error (promise 5)."""
    try:
        row = msgspec.json.decode(msgspec.json.encode(values), type=ACTUALS.row_type)
    except msgspec.ValidationError:
        return
    outcome = _outcome(row)
    if isinstance(outcome, RowRejectedError):
        assert outcome.reason in ("missing-value", "malformed-value", "unknown-status")
        assert (outcome.column in COLUMNS, outcome.at is not None) == (True, True)
    else:
        assert isinstance(outcome, Actual)
    ACTUALS.key(row), ACTUALS.version(row), ACTUALS.modified(row), ACTUALS.payload(row)


def _outcome(row: msgspec.Struct) -> object:
    try:
        return ACTUALS.to_record(row)
    except RowRejectedError as rejected:
        return rejected


# ---- YAML ----------------------------------------------------------------------------------------------------------------------

NUMERALS = st.integers(-(10**30), 10**30) | st.decimals(-(10**9), 10**9, places=3)
PLAIN = st.none() | st.booleans() | NUMERALS | TEXTS | st.dates().map(date.isoformat)
#: YAML gives a key on one line at most 1,024 characters, and `quoted` writes ten for one.
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
DATA = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=6,
)


def written(data: Any) -> str:
    """The data as flow YAML; text in double quotes with JSON's escapes."""
    if isinstance(data, dict):
        return "{" + ", ".join(f"{written(key)}: {written(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list):
        return "[" + ", ".join(written(value) for value in data) + "]"
    if isinstance(data, Decimal):
        return plain(data)
    return msgspec.json.encode(data).decode() if not isinstance(data, str) else quoted(data)


def quoted(text: str) -> str:
    """Double quotes, with everything but letters and digits escaped."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def data_of(node: Node) -> Any:
    """The data of a node."""
    if isinstance(node, Entries):
        return {key.value: data_of(value) for key, value in node.pairs}
    return [data_of(item) for item in node.nodes] if isinstance(node, Items) else node.value


@settings(deadline=None)
@given(DATA)
def test_yaml_says_what_was_written(data: Any) -> None:
    """Numbers, words, nothing, lists and mappings are read as they were written."""
    faults: list[Fault] = []
    node = parse_yaml(f"data: {written(data)}\n".encode(), Path("case.yaml"), faults)

    assert faults == []
    assert node is not None
    assert data_of(node) == {"data": data}


@settings(deadline=None)
@given(st.text(st.sampled_from("ab:-[]{}&*!<>?|'\"#%@`,\n \t0.\\é\x00\ud7ff")) | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever stands in a file, the answer is a node or faults with places, never another error."""
    faults: list[Fault] = []
    node = parse_yaml(text.encode(), Path("case.yaml"), faults)

    assert (node is not None) or faults
    assert all(fault.line >= 1 and fault.column >= 1 for fault in faults)
