"""Bodies, keys and batches that nobody thought of: answered, never an uncaught exception, and what is refused leaves no trace."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from mock_caller import API

from proforma.mock.dataverse.app import dataverse_response
from proforma.mock.http import Request, Response
from proforma.mock.tokens import Tokens
from proforma.mock.values import Value, encode, symbol_guid
from proforma.mock.world import World

ACME, NEW = symbol_guid("@acme"), "0a0a0a0a-0000-4000-8000-00000000000a"
DOCUMENT: dict[str, Value] = {
    "accounts": [{"accountid": "@acme", "accountnumber": "C-1", "name": "Acme"}],
    "contacts": [{"contactid": "@nora", "_parentcustomerid_value": "@acme"}],
    "salesorders": [{"salesorderid": "@deal", "_customerid_value": "@acme"}],
    "invoices": [{"invoiceid": "@done", "msdyn_projectinvoicestatus": 192350002}],
    "msdyn_invoicelinetransactions": [{"msdyn_invoicelinetransactionid": "@detail", "_msdyn_invoice_value": "@done"}],
    "msdyn_actuals": [{"msdyn_actualid": "@work", "msdyn_transactiontypecode": 192350005}],
    "new_things": [{"new_thingid": "@thing", "new_name": "x", "_new_other_value": "@acme"}],
    "$keys": {"accounts": [["accountnumber"], ["name", "creditlimit"]], "contacts": [["parentcustomerid"]]},
}
CRM = "Microsoft.Dynamics.CRM."
ROWS = [
    f"accounts({ACME})",
    f"accounts({NEW})",
    "accounts(accountnumber='C-1')",
    f"contacts(_parentcustomerid_value={ACME})",
    f"salesorders({symbol_guid('@deal')})",
    f"invoices({symbol_guid('@done')})",
    f"msdyn_actuals({symbol_guid('@work')})",
    f"new_things({symbol_guid('@thing')})",
]
SETS = ["accounts", "contacts", "salesorders", "invoices", "msdyn_actuals", "new_things"]
BELOW = [
    "/name",
    "/createdon",
    "/new_name",
    "/primarycontactid/$ref",
    "/customerid_account/$ref",
    "/contact_customer_accounts/$ref",
    f"/contact_customer_accounts({symbol_guid('@nora')})/$ref",
    f"/{CRM}msdyn_MarkActualReadyToInvoiceOrNot",
    f"/{CRM}msdyn_ReevaluateActualNotToExceedStatus",
    f"/{CRM}msdyn_revise",
    "/",
]
BULK = [f"/{CRM}{name}Multiple" for name in ("Create", "Update", "Upsert", "Delete")]
ACTIONS = ["msdyn_MarkActualReadyToInvoiceOrNot", "msdyn_ReevaluateActualNotToExceedStatus", "msdyn_revise", "BulkDelete", "WhoAmI"]
PATHS = st.one_of(
    st.sampled_from(SETS + ROWS + ACTIONS),
    st.builds("".join, st.tuples(st.sampled_from(ROWS), st.sampled_from(BELOW))),
    st.builds("".join, st.tuples(st.sampled_from(SETS), st.sampled_from(BULK))),
)
NAMES = st.one_of(
    st.sampled_from(
        [
            *("name", "accountid", "accountnumber", "creditlimit", "statecode", "statuscode", "createdon", "overriddencreatedon"),
            *("customerid_account@odata.bind", "primarycontactid@odata.bind", "contact_customer_accounts@odata.bind"),
            *("primarycontactid", "contact_customer_accounts", "customerid_account", "_customerid_value", "order_customer_accounts"),
            *(
                "@odata.id",
                "@odata.type",
                "Targets",
                "value",
                "msdyn_amount",
                "new_name",
                "Ready",
                "Actuals",
                "donotemail",
                "lastonholdtime",
            ),
        ]
    ),
    st.text(max_size=8),
)
LEAVES: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.just(Decimal("1E+999999")),
    st.text(max_size=12),
    st.datetimes().map(str),
    st.sampled_from(
        [ACME, NEW, f"/{ROWS[0]}", "accounts()", "$1", f"#{CRM}account", f"{CRM}contact", "1753-01-01", "0001-01-01T00:00:00+14:00"]
    ),
)
BODIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(NAMES, BODIES, max_size=5)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "if-match": st.sampled_from(["*", 'W/"1001"', 'W/"', "null", ""]) | st.text(max_size=5),
        "if-none-match": st.sampled_from(["*", "null"]),
        "prefer": st.sampled_from(["return=representation", 'odata.include-annotations="*"', "odata.continue-on-error"])
        | st.text(max_size=8),
        "content-type": st.sampled_from(["application/json", "application/json;IEEE754Compatible=true", "text/plain"]),
        "mscrmcallerid": st.sampled_from([ACME, "x"]),
        "mscrm.suppressduplicatedetection": st.just("false"),
    },
)


def answered(world: World, method: str, path: str, body: bytes, headers: dict[str, str]) -> Response:
    """One request without a server; an uncaught exception fails the test."""
    url, _, query = path.partition("?")
    sent = {"host": "mock", "authorization": "Bearer x", **headers}
    request = Request(method=method, path=API + url, query=query, headers=sent, body=body)
    return dataverse_response(world, Tokens(), request, 5000)


def check(world: World, before: bytes, response: Response) -> None:
    """An answer of a service in order; a refusal left the world as it was."""
    assert response.status < 500 or response.status == 501, response.body
    if response.status >= 400:
        assert encode(world.dump()) == before


@settings(max_examples=400)
@given(st.sampled_from(["POST", "PATCH", "PUT", "DELETE", "GET"]), PATHS, OBJECTS, HEADERS)
@example("PATCH", f"accounts({ACME})", {"creditlimit": Decimal("1E+999999")}, {})
@example("POST", "accounts", {"accountid": ACME, "primarycontactid": {"lastname": "Vik"}}, {})
@example("POST", "accounts", {"account_parent_account@odata.bind": [f"accounts({ACME})"], "accountnumber": "C-1"}, {})
@example("POST", "accounts", {"lastonholdtime": "0001-01-01T00:00:00+14:00"}, {})
def test_bodies_of_any_shape(method: str, path: str, body: dict[str, object], headers: dict[str, str]) -> None:
    """Objects whose members are anything, at every address that takes writes."""
    world = World(DOCUMENT)
    check(world, encode(world.dump()), answered(world, method, path, encode(body) if method != "GET" else b"", headers))


@settings(max_examples=150)
@given(st.sampled_from(["POST", "PATCH", "PUT"]), PATHS, st.one_of(st.binary(max_size=40), BODIES.map(encode)))
@example("POST", "accounts", b"[" * 100_000)
@example("POST", "accounts", b'{"name":"\\ud800"}')
@example("POST", "accounts", b'{"creditlimit":1e99999999999999999999}')
@example("POST", "accounts", b'{"creditlimit":' + b"9" * 5000 + b"}")
def test_bodies_that_may_be_no_json(method: str, path: str, body: bytes) -> None:
    """Bytes, scalars, lists."""
    world = World(DOCUMENT)
    check(world, encode(world.dump()), answered(world, method, path, body, {}))


@settings(max_examples=150)
@given(
    st.sampled_from(["GET", "PATCH", "DELETE"]), st.sampled_from(SETS), st.text(max_size=24) | st.from_regex(r"\A\w*=('[^']*'|[\w.\-]*)\Z")
)
@example("PATCH", "accounts", "creditlimit=1E999999999,name='x'")
def test_keys_of_any_shape(method: str, entity_set: str, key: str) -> None:
    """What stands between the parentheses of an address."""
    world = World(DOCUMENT)
    check(world, encode(world.dump()), answered(world, method, f"{entity_set}({key})", b"{}" if method == "PATCH" else b"", {}))


def part(line: str, body: str = "", *, headers: str = "", content_id: str = "") -> str:
    mime = f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{content_id}"
    return f"{mime}\r\n{line} HTTP/1.1\r\n{headers}\r\n{body}\r\n"


CHANGES = "".join(
    f"--c\r\n{one}"
    for one in (
        part("POST accounts", '{"name":"A","primarycontactid":{"lastname":"Vik"}}', content_id="Content-ID: 1\r\n"),
        part("PATCH $1", '{"telephone1":"5"}', content_id="Content-ID: 2\r\n"),
        part("POST contacts", '{"parentcustomerid_account@odata.bind":"$1"}', content_id="Content-ID: 3\r\n", headers="Prefer: x\r\n"),
        part("PUT $3/parentcustomerid_account/$ref", '{"@odata.id":"$1"}', content_id="Content-ID: 4\r\n"),
    )
)
BATCH = (
    f"--b\r\n{part('GET accounts?$top=1')}--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{CHANGES}--c--\r\n"
    f"--b\r\n{part('DELETE contacts(' + symbol_guid('@nora') + ')')}--b--\r\n"
)
LINES = BATCH.encode().splitlines(keepends=True)
EDITS = st.lists(
    st.tuples(st.sampled_from(["drop", "double", "swap", "cut", "put"]), st.integers(0, len(LINES) - 1), st.binary(max_size=6)),
    max_size=4,
)


def edited(edits: list[tuple[str, int, bytes]]) -> bytes:
    """A good batch with lines lost, doubled, exchanged, cut or overwritten."""
    lines = list(LINES)
    for kind, place, text in edits:
        if place >= len(lines):
            continue
        other = (place * 7 + 3) % len(lines)
        if kind == "swap":
            lines[place], lines[other] = lines[other], lines[place]
        else:
            lines[place : place + 1] = {
                "drop": [],
                "double": [lines[place]] * 2,
                "cut": [lines[place][: place % 9]],
                "put": [text + b"\r\n"],
            }[kind]
    return b"".join(lines)


@settings(max_examples=400)
@given(EDITS.map(edited), st.sampled_from(["odata.continue-on-error", ""]))
def test_batches_that_were_damaged(body: bytes, prefer: str) -> None:
    """A multipart answer, or a plain error and nothing done (W-161)."""
    world = World(DOCUMENT)
    before = encode(world.dump())
    response = answered(world, "POST", "$batch", body, {"content-type": "multipart/mixed; boundary=b", "prefer": prefer})
    kind = response.header("Content-Type") or ""
    assert (response.status, kind.partition(";")[0]) in ((200, "multipart/mixed"), (400, "multipart/mixed"), (400, "application/json"))
    assert b"HTTP/1.1 5" not in response.body.replace(b"HTTP/1.1 501", b"")
    if kind.startswith("application/json"):
        assert encode(world.dump()) == before


@settings(max_examples=150)
@given(st.binary(max_size=80), st.text(max_size=20) | st.sampled_from(["multipart/mixed; boundary=b", 'multipart/mixed;boundary="a b"']))
@example(b"--b\r\n\r\n GET  HTTP/1.1\r\n\r\n--b--", "multipart/mixed; boundary=b")
@example(b"--b\r\nContent-Type: multipart/mixed\r\n\r\n--c--\r\n--b--", "multipart/mixed; boundary=b")
@example(b"--\xe9\r\n--\xe9--", "multipart/mixed; boundary=\xe9")
def test_batches_that_are_none(body: bytes, kind: str) -> None:
    """Any bytes with any content type (W-161)."""
    world = World(DOCUMENT)
    response = answered(world, "POST", "$batch", body, {"content-type": kind})
    assert response.status in (200, 400)
    assert world.dump() == World(DOCUMENT).dump()
