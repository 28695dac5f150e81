"""A declared JSON/REST system: what its answers mean; nothing is taken for a success, a number or an amount that is none (F-75 … F-82)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

from proforma.domain.codes import KeyKind, PushStatus
from proforma.finance import FinanceDocument, Guarantee, Question, RestTarget, TargetRefusedError
from proforma.mapping import Fault, RestMapping
from proforma.mapping.document import Document, digest
from proforma.mapping.finance_reader import read_finance
from proforma.transport.auth import api_key, basic
from proforma.transport.errors import HttpStatusError, TransportError
from proforma.transport.origin import Origin
from proforma.transport.redaction import Secret
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier, RetryPolicy

SITE = "https://erp.example.com/api"
MAPPING = """\
target: books
once: find
find:
  method: GET
  path: /docs?ref={reference}
  success: [200]
  absent: [404]
  items: /docs
  read: {reference: /ref, id: /id, total: /sum}
create:
  method: POST
  path: /docs
  success: [201]
  pending: [202]
  read: {reference: /ref, id: /id, number: /no, state: /state, total: /sum, lines: /lines, message: /error/text}
states: {open: accepted, booked: posted}
outcomes: {418: conflict}
"""


@pytest.fixture
def target(tmp_path: Path) -> RestTarget:
    """The system of the mapping above."""
    return made(tmp_path, MAPPING)


def made(folder: Path, text: str) -> RestTarget:
    """A system of any mapping."""
    path = folder / "books.yaml"
    path.write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    mapping = read_finance(path, faults)
    assert isinstance(mapping, RestMapping), faults
    remote = Remote(Origin.parse(SITE), api_key("X-Key", Secret("key")), retrier=Retrier(RetryPolicy(attempts_max=1)))
    return RestTarget("books", remote, mapping, company=None, settle_seconds=0)


def document() -> FinanceDocument:
    """One line of 10.00."""
    content: Document = {
        "reference": "REF-1", "kind": "invoice", "customer": {"account": "C-1"}, "currency": "USD", "lines": [{"amount": "10.00"}],
        "total": "10.00",
    }  # fmt: skip
    return FinanceDocument.of({**content, "sha256": digest(content)})


def create(target: RestTarget, body: str, status: int = 201, kind: str = "application/json") -> Any:
    """What becomes of an answer to a creation."""
    with responses.RequestsMock() as system:
        system.post(SITE + "/docs", body=body, status=status, content_type=kind)
        return target.create(document())


def test_a_clear_yes(target: RestTarget) -> None:
    """The document, its number, its state."""
    found = create(target, '{"ref": "REF-1", "id": 7, "no": "INV-7", "state": "booked", "sum": "10.00", "lines": [{}]}')
    assert (found.external_id, found.number, found.state, found.differs_from(document())) == ("7", "INV-7", PushStatus.POSTED, ())


def test_later_is_sent(target: RestTarget) -> None:
    """F-78: 202 with an id."""
    assert create(target, '{"id": 7}', status=202).state is PushStatus.SENT


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        pytest.param("<html>sign in</html>", 201, "text/html", id="a page"),
        pytest.param("<html>sign in</html>", 201, "application/json", id="a page that calls itself JSON"),
        pytest.param("", 201, "application/json", id="nothing"),
        pytest.param("{}", 201, "application/json", id="an empty object"),
        pytest.param("[]", 201, "application/json", id="an empty list"),
        pytest.param("null", 201, "application/json", id="null"),
        pytest.param('{"error": {"text": "no"}}', 201, "application/json", id="an error as a success"),
        pytest.param('{"id": 7}', 200, "application/json", id="a success that is not listed"),
        pytest.param('{"id": 7}', 204, "application/json", id="204"),
        pytest.param('{"ref": "REF-2", "id": 7}', 201, "application/json", id="another reference"),
        pytest.param('{"id": 7, "state": "queer"}', 201, "application/json", id="an unknown state"),
        pytest.param('{"id": 7, "sum": "ten"}', 201, "application/json", id="a total that is no number"),
        pytest.param('{"id": 7, "sum": "NaN"}', 201, "application/json", id="NaN"),
        pytest.param('{"id": 7, "sum": true}', 201, "application/json", id="a yes as a total"),
        pytest.param('{"id": 7, "no": {"error": "no"}}', 201, "application/json", id="an error as a number"),
        pytest.param('{"id": 7, "no": true}', 201, "application/json", id="a yes as a number"),
        pytest.param('{"id": 7, "no": "' + "x" * 300 + '"}', 201, "application/json", id="a text as a number"),
        pytest.param('{"id": 7, "no": "a\\nb"}', 201, "application/json", id="lines as a number"),
        pytest.param("oops", 500, "text/plain", id="500"),
    ],
)
def test_what_is_not_clear_is_a_doubt(target: RestTarget, body: str, status: int, kind: str) -> None:
    """F-82: nothing that is not understood counts as a success or as a refusal."""
    with pytest.raises(TransportError) as fault:
        create(target, body, status, kind)
    assert fault.value.doubtful


@pytest.mark.parametrize(("status", "exists"), [(400, False), (422, False), (409, True), (418, True)])
def test_a_clear_no(target: RestTarget, status: int, exists: bool) -> None:
    """F-77: refused in the system's own words; 409, or what the mapping says, means that it may be there."""
    with pytest.raises(TargetRefusedError, match="closed period") as refused:
        create(target, '{"error": {"text": "closed period"}}', status)
    assert refused.value.exists is exists


@pytest.mark.parametrize("status", [403, 404])
def test_what_stops_the_whole_target(target: RestTarget, status: int) -> None:
    """F-77: rights and addresses are nobody's invoice: nothing is refused, nothing is in doubt, all wait."""
    with pytest.raises(HttpStatusError) as fault:
        create(target, "{}", status)
    assert not fault.value.doubtful
    assert not fault.value.transient


def find(target: RestTarget, body: str, status: int = 200, kind: str = "application/json") -> Any:
    """What becomes of an answer to a look-up."""
    with responses.RequestsMock() as system:
        system.get(SITE + "/docs", body=body, status=status, content_type=kind)
        return target.find(document())


def test_only_a_definite_none_is_an_absence(target: RestTarget) -> None:
    """F-86."""
    assert find(target, '{"docs": []}') == ()
    assert find(target, "{}", 404) == ()
    (found,) = find(target, '{"docs": [{"ref": "REF-1", "id": 1, "sum": "11.00"}]}')
    assert found.differs_from(document()) == ("total: finance has 11.00, we sent 10.00",)


@pytest.mark.parametrize(
    ("body", "status"), [("<html></html>", 200), ("{}", 200), ('{"docs": {}}', 200), ('{"docs": [{}]}', 200), ("", 200), ("x", 503)]
)
def test_a_failed_look_up_is_none(target: RestTarget, body: str, status: int) -> None:
    """F-86: anything else is a fault, never an empty answer."""
    with pytest.raises(TransportError):
        find(target, body, status)


@pytest.mark.parametrize(
    ("once", "guarantee", "repeatable_for"),
    [
        ("once: idempotency-key\nkey_header: K\nkey_lifetime_hours: 2", Guarantee.IDEMPOTENCY_KEY, timedelta(hours=2)),
        ("once: find", Guarantee.FIND_FIRST, timedelta(0)),
        ("once: none", Guarantee.NONE, timedelta(0)),
    ],
)
def test_the_levels_of_guarantee(tmp_path: Path, once: str, guarantee: Guarantee, repeatable_for: timedelta) -> None:
    """F-75, F-76: how long the same document may be sent again."""
    found = made(tmp_path, MAPPING.replace("once: find", once))
    assert (found.guarantee, found.repeatable_for) == (guarantee, repeatable_for)


def test_signing_in(target: RestTarget) -> None:
    """F-74: a key in a header of the system's choice, or a user with password; neither shows itself."""
    with responses.RequestsMock() as system:
        system.post(SITE + "/docs", body='{"id": 7}', status=201, content_type="application/json")
        target.create(document())
        assert system.calls[0].request.headers["X-Key"] == "key"
    assert "secret" not in repr(basic("user", Secret("secret")))


def test_a_redirect_is_not_followed(target: RestTarget) -> None:
    """F-81: elsewhere it would take the key along."""
    with responses.RequestsMock() as system:
        system.post(SITE + "/docs", status=307, headers={"Location": "https://evil.example.com/docs"})
        with pytest.raises(TransportError):
            target.create(document())
        assert len(system.calls) == 1


CHECKED = (
    MAPPING
    + """\
check:
  customer: {method: GET, path: "/customers?like={key}", success: [200], items: /found, read: {key: /no, refused: /hold}}
  account: {method: GET, path: "/accounts/{key}", success: [200], absent: [404]}
"""
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"found": [{"no": "C-10"}, {"no": "c-1", "hold": False}]}, None),
        ({"found": [{"no": "C-10"}]}, "finance has no such customer"),
        ({"found": []}, "finance has no such customer"),
        ({"found": [{"no": "C-1", "hold": True}]}, "it is blocked there"),
        ({"found": [{"no": "C-1", "hold": "overdue"}]}, "overdue"),
    ],
    ids=["known", "only a near one", "nobody", "blocked", "blocked with a reason"],
)
def test_a_declared_question_about_a_key(tmp_path: Path, body: Any, said: str | None) -> None:
    """F-89: a search may find more than was asked for; the very key counts, whatever its case, and what is said of it."""
    asked = made(tmp_path, CHECKED)
    assert asked.answers == {KeyKind.CUSTOMER, KeyKind.ACCOUNT}
    with responses.RequestsMock() as system:
        system.get(SITE + "/customers?like=C-1", json=body)
        assert asked.objection(Question(KeyKind.CUSTOMER, "C-1")) == said


def test_an_absent_key_is_an_objection_and_a_page_is_none(tmp_path: Path) -> None:
    """F-89, F-86: 404 says that there is no such account; what is not JSON says nothing."""
    asked = made(tmp_path, CHECKED)
    with responses.RequestsMock() as system:
        system.get(SITE + "/accounts/40%201", status=404)
        assert asked.objection(Question(KeyKind.ACCOUNT, "40 1")) == "finance has no such account"
    with responses.RequestsMock() as system:
        system.get(SITE + "/accounts/1", body="<html></html>", content_type="text/html")
        with pytest.raises(TransportError):
            asked.objection(Question(KeyKind.ACCOUNT, "1"))


def test_a_question_must_only_ask(tmp_path: Path) -> None:
    """F-89: what could change something, or does not say about which key, is a fault of the mapping with its place."""
    path = tmp_path / "books.yaml"
    wrong = "check:\n  unit: {method: POST, path: '/units/{key}', success: [200]}\n  day: {method: GET, path: /days, success: [200]}\n"
    path.write_text(MAPPING + wrong + "  colour: {method: GET, path: '/{key}', success: [200]}\n", encoding="utf-8")
    faults: list[Fault] = []
    assert read_finance(path, faults) is None
    told = "\n".join(str(fault) for fault in faults)
    assert "colour" in told
    path.write_text(MAPPING + wrong, encoding="utf-8")
    faults.clear()
    read_finance(path, faults)
    assert [fault.message for fault in faults] == [
        "the check 'unit' is a GET with {key} in its path: it only asks",
        "the check 'day' is a GET with {key} in its path: it only asks",
    ]
