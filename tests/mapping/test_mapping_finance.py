"""Finance targets as data: what a file may say, what its answers mean, and every mistake with its place (F-74 … F-80)."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from proforma.domain.codes import BillingType, PushStatus
from proforma.mapping import DocumentRules, Fault, FinanceCall, RestMapping, load_mappings
from proforma.mapping.finance import Outcome
from proforma.mapping.finance_reader import read_finance

TARGET = """\
target: books
once: find
find: {method: GET, path: "/documents?ref={reference}", success: [200], absent: [404]}
create: {method: POST, path: /documents, success: [201], pending: [202]}
"""


def read(folder: Path, text: str) -> tuple[RestMapping | None, list[str]]:
    """The target of a file with this text, and what is wrong with it."""
    path = folder / "books.yaml"
    path.write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    mapping = read_finance(path, faults)
    assert (mapping is None) == bool(faults)
    assert mapping is None or isinstance(mapping, RestMapping)
    return mapping, [str(fault).removeprefix(f"{path}:") for fault in faults]


def call(method: str, path: str, **more: object) -> FinanceCall:
    """A call with nothing but what is said."""
    empty: dict[str, object] = {"headers": {}, "success": (200,), "pending": (), "absent": (), "items": None, "read": {}}
    return FinanceCall(method=method, path=path, **{**empty, **more})  # type: ignore[arg-type]


def test_smallest_target(tmp_path: Path) -> None:
    """What is left out has its usual value: keys live a day, nothing needs to settle, chargeable details as text."""
    mapping, faults = read(tmp_path, TARGET)

    assert faults == []
    assert mapping == RestMapping(
        target="books",
        once="find",
        key_header=None,
        key_lifetime_hours=24,
        settle_seconds=0,
        find=call("GET", "/documents?ref={reference}", absent=(404,)),
        create=call("POST", "/documents", success=(201,), pending=(202,)),
        status=None,
        cancel=None,
        states={},
        outcomes={},
        document=DocumentRules(amounts="text", include=frozenset({BillingType.CHARGEABLE})),
        body=None,
        credits="negative",
        accept_at_most_once=False,
        source=tmp_path / "books.yaml",
    )


def test_everything_a_target_may_say(tmp_path: Path) -> None:
    """Headers, pointers, states, outcomes and the document's rules are read as they stand."""
    mapping, faults = read(
        tmp_path,
        """\
target: books
once: upsert
settle_seconds: 30
key_header: X-Key
key_lifetime_hours: 48
create:
  method: PUT
  path: /{company}/documents/{reference}
  success: [200, 201]
  headers: {If-None-Match: "*", X-Company: "{company}"}
  read: {id: /data/id, number: "/data/no~1", total: "", lines: /data/lines}
cancel: {method: DELETE, path: "/documents/{id}", success: [204]}
find: {method: GET, path: /documents, success: [200], items: ""}
states: {ok: accepted, 7: posted}
outcomes: {412: conflict, 423: transient}
document: {amounts: number, include: [complimentary, chargeable]}
""",
    )

    assert faults == []
    assert mapping == RestMapping(
        target="books",
        once="upsert",
        key_header="X-Key",
        key_lifetime_hours=48,
        settle_seconds=30,
        find=call("GET", "/documents", items=""),
        create=call(
            "PUT",
            "/{company}/documents/{reference}",
            success=(200, 201),
            headers={"If-None-Match": "*", "X-Company": "{company}"},
            read={"id": "/data/id", "number": "/data/no~1", "total": "", "lines": "/data/lines"},
        ),
        status=None,
        cancel=call("DELETE", "/documents/{id}", success=(204,)),
        states={"ok": PushStatus.ACCEPTED, "7": PushStatus.POSTED},
        outcomes={412: "conflict", 423: "transient"},
        document=DocumentRules(amounts="number", include=frozenset({BillingType.CHARGEABLE, BillingType.COMPLIMENTARY})),
        body=None,
        credits="negative",
        accept_at_most_once=False,
        source=tmp_path / "books.yaml",
    )


@pytest.mark.parametrize(
    ("before", "after", "faults"),
    [
        pytest.param("target: books", "taget: books", [
            "1:1: the key 'target' is missing", "1:1: unknown key 'taget' (did you mean 'target'?)",
        ], id="unknown key"),
        pytest.param("target: books", "target: The Books", ["1:9: 'target' is text like 'rest'"], id="name"),
        pytest.param("once: find", "once: twice", ["2:7: 'once' is one of: idempotency-key, upsert, find, none"], id="once"),
        pytest.param("once: find", "once: idempotency-key", [
            "2:7: once: idempotency-key needs the name of the header (add key_header: Idempotency-Key)",
        ], id="key without header (F-75)"),
        pytest.param("once: find", "once: upsert", [
            "2:7: once: upsert needs a PUT whose path holds {reference} (create: {method: PUT, path: /invoices/{reference}})",
        ], id="upsert by POST (F-75)"),
        pytest.param("find: {", "status: {", ["2:7: once: find needs the call 'find'"], id="find without find (F-75)"),
        pytest.param("once: find", "once: find\nkey_lifetime_hours: 0", [
            "3:21: 'key_lifetime_hours' is a whole number of at least 1",
        ], id="lifetime"),
        pytest.param("once: find", "once: find\nsettle_seconds: 1.5", [
            "3:17: 'settle_seconds' is a whole number of at least 0",
        ], id="settle"),
        pytest.param("once: find", "once: find\nkey_header: 'A: b'", [
            "3:13: 'key_header' is text like 'Idempotency-Key'",
        ], id="header name"),
        pytest.param("method: POST", "method: TRACE", ["4:18: 'method' is one of: GET, POST, PUT, PATCH, DELETE"], id="method"),
        pytest.param("path: /documents,", "path: documents,", ["4:30: 'path' is text like '/invoices/{reference}'"], id="path"),
        pytest.param("path: /documents,", "path: 'https://evil.example/',", [
            "4:30: 'path' is text like '/invoices/{reference}'",
        ], id="other server (F-81)"),
        pytest.param("path: /documents,", "path: '/{refrence}',", [
            "4:30: unknown placeholder {refrence} (did you mean 'reference'?)",
        ], id="placeholder"),
        pytest.param("path: /documents,", "path: '/{reference',", ["4:30: a brace has no partner (write {reference})"], id="brace"),
        pytest.param("success: [201]", "sucess: [201]", [
            "4:42: unknown key 'sucess' in 'create' (did you mean 'success'?)", "4:9: the key 'success' is missing in 'create'",
        ], id="key of a call"),
        pytest.param("success: [201]", "success: 201", ["4:51: 'success' is a list: [200, 201]"], id="one status"),
        pytest.param("success: [201]", "success: [20, ok]", [
            "4:52: '20' is no HTTP status", "4:56: 'ok' is no HTTP status",
        ], id="statuses"),
        pytest.param("success: [201]", "success: [201], headers: {Authorization: x}", [
            "4:68: header 'Authorization' is not set by a mapping (sign-in belongs to finance.auth of the configuration)",
        ], id="sign-in header"),
        pytest.param("success: [201]", 'success: [201], headers: {X-A: "a\\r\\nX-B: c"}', [
            "4:68: 'X-A' is no header with a printable value",
        ], id="header injection"),
        pytest.param("success: [201]", "success: [201], read: {nummer: /no}", [
            "4:65: unknown answer 'nummer' (did you mean 'number'?)",
        ], id="answer"),
        pytest.param("success: [201]", "success: [201], read: {number: no}", [
            "4:73: 'number' is found by a JSON pointer like '/number'",
        ], id="pointer"),
        pytest.param("create: {", "create: [] #", [
            "4:9: 'create' is a mapping: {method: GET, path: /invoices/{reference}, success: [200]}",
        ], id="call"),
        pytest.param("once: find", "once: find\nstates: {ok: fine}", [
            "3:14: a state is one of: sent, accepted, posted, refused, cancelled",
        ], id="state"),
        pytest.param("once: find", "once: find\noutcomes: {412: maybe}", [
            f"3:17: an outcome is one of: {', '.join(get_args(Outcome))}",
        ], id="outcome"),
        pytest.param("once: find", "once: find\noutcomes: {oops: refused}", ["3:12: 'oops' is no HTTP status"], id="status of an outcome"),
        pytest.param("once: find", "once: find\ndocument: {amounts: float}", ["3:21: 'amounts' is one of: text, number"], id="amounts"),
        pytest.param("once: find", "once: find\ndocument: {include: [not-available]}", [
            "3:22: 'not-available' is no billing type that is invoiced (one of: chargeable, non-chargeable, complimentary)",
        ], id="billing type (I-26)"),
        pytest.param("once: find", "once: find\ndocument: {body: x}", [
            "3:12: unknown key 'body' in 'document' (one of: amounts, include, customers, units, accounts, due_days, other_units, zero, "
            "comments, comment_text)",
        ], id="document"),
        pytest.param("once: find", "once: find\ndocument: {accounts: [{type: time}]}", [
            "3:23: a rule for accounts names one of: account, item, resource",
        ], id="rule without an account"),
        pytest.param("once: find", "once: find\ndocument: {accounts: [{account: 'A-{kunde}'}]}", [
            "3:23: unknown placeholder {kunde} (one of: customer, contract, category, role, product, project)",
        ], id="placeholder of an account"),
        pytest.param("once: find", "once: find\ndocument: {units: {Hour: 1}}", [
            "3:26: 'Hour' is a text (put it in quotes)",
        ], id="unit"),
        pytest.param("once: find", "once: find\nbody: {Total: {from: total}}", [
            "3:22: 'from' is text like '/reference'",
        ], id="pointer of a body"),
        pytest.param("once: find", "kind: business-central", [
            "1:1: the key 'document' is missing",
            "3:1: unknown key 'find' (did you mean 'kind'?)",
            "4:1: unknown key 'create' (one of: target, kind, document, settle_seconds, post, tolerance)",
        ], id="calls of a system that needs none"),
        pytest.param(TARGET, "- a\n", ["1:1: a mapping file is a mapping of keys to values"], id="no mapping"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, before: str, after: str, faults: list[str]) -> None:
    """One slip in an otherwise good target is told at its place."""
    assert before in TARGET
    assert sorted(read(tmp_path, TARGET.replace(before, after, 1))[1]) == sorted(faults)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (201, "accepted"), (202, "pending"), (200, "transient"), (302, "misconfigured"), (400, "refused"), (401, "stop"), (403, "stop"),
        (404, "misconfigured"), (408, "transient"), (409, "conflict"), (412, "conflict"), (422, "refused"), (425, "transient"),
        (429, "transient"), (500, "transient"), (502, "transient"), (503, "refused"),
    ],
)  # fmt: skip
def test_what_an_answer_to_create_means(tmp_path: Path, status: int, outcome: str) -> None:
    """The call's own lists come first, then the target's table, then the common meaning; an unlisted success is a doubt (F-77)."""
    mapping, _ = read(tmp_path, TARGET + "outcomes: {412: conflict, 503: refused}\n")
    assert mapping is not None

    assert mapping.outcome(status, call=mapping.create) == outcome


def test_not_found_is_an_absence_where_it_is_said(tmp_path: Path) -> None:
    """404 on a look-up means absent only because the mapping says so (F-77, F-86)."""
    mapping, _ = read(tmp_path, TARGET)
    assert mapping is not None
    assert mapping.find is not None

    assert mapping.outcome(404, call=mapping.find) == "absent"


def test_shipped_target() -> None:
    """The shipped target sends a key, asks by reference, and can be polled."""
    mapping = load_mappings(None).finance["rest"]
    assert isinstance(mapping, RestMapping)

    assert (mapping.once, mapping.key_header) == ("idempotency-key", "Idempotency-Key")
    assert mapping.find is not None
    assert mapping.status is not None
    assert ("{reference}" in mapping.find.path, "{id}" in mapping.status.path) == (True, True)
    assert mapping.document == DocumentRules()
