"""The way back: number, state, day, tax and payment reach columns of Dataverse; what is ready here is ready there (D-26, D-110, F-90)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import BUSINESS_CENTRAL, DYNAMICS, PREPARE, Finance
from proforma.dataverse import writer
from proforma.mapping import shipped_mappings
from proforma.mock import MockServer
from proforma.store import Store
from proforma.transport.session import Session
from project_folder import Project

ACTUAL = """
write: actual
columns:
  contoso_financestatus: {fact: status, values: {accepted: 1, posted: 2, cancelled: 9}}
  contoso_financenumber: number
  contoso_postedon: posted_on
  contoso_tax: tax
  contoso_open: remaining
  contoso_paid: paid
"""
COLUMNS = ("contoso_financestatus", "contoso_financenumber", "contoso_postedon", "contoso_tax", "contoso_open", "contoso_paid")
READY = """
write: actual
ready: {action: msdyn_MarkActualReadyToInvoiceOrNot, rows: ActualIds, flag: ReadyToInvoice, says: [marks, billed]}
"""


@pytest.fixture
def server() -> Iterator[MockServer]:
    """A mock."""
    with MockServer() as running:
        yield running


def write_mapping(folder: Path, text: str, name: str = "actual") -> None:
    """The shipped mappings, and one for the way back."""
    own = folder / "mappings"
    if not own.exists():
        shutil.copytree(shipped_mappings(), own)
    (own / "write-back").mkdir(exist_ok=True)
    (own / "write-back" / f"{name}.yaml").write_text(text, encoding="utf-8")
    config = folder / "proforma.yaml"
    if "mappings:" not in config.read_text(encoding="utf-8"):
        config.write_text(config.read_text(encoding="utf-8") + "mappings: mappings\n", encoding="utf-8")


def made(server: MockServer, folder: Path, text: str = ACTUAL, *, invoices: int = 2, system: Any = BUSINESS_CENTRAL) -> Finance:
    """Confirmed invoices on their way to a system, in an environment whose actuals have columns for their fate."""
    finance = Finance(Project(folder, server), system)
    finance.configure(more="follow_minutes: 0\npaid_hours: 0.000001")
    write_mapping(folder, text)
    finance.confirm(invoices, **({"tax_percent": {"": "25"}} if system is BUSINESS_CENTRAL else {}))
    upsert(server, "msdyn_actuals", *({"msdyn_actualid": f"@c{n}-1", **dict.fromkeys(COLUMNS)} for n in range(invoices)))
    server.clear_requests()
    return finance


def upsert(server: MockServer, entity_set: str, *rows: dict[str, Any]) -> None:
    """Somebody changes rows in the product."""
    rows_now: Any = server.dump()[entity_set]
    table = {str(row["msdyn_actualid"]): dict(row) for row in rows_now}
    server.patch({entity_set: [{**table[guid(str(row["msdyn_actualid"]))], **row} for row in rows]})


def actual(server: MockServer, symbol: str) -> dict[str, Any]:
    """An actual as Dataverse has it now."""
    rows: Any = server.dump()["msdyn_actuals"]
    return next(dict(row) for row in rows if row["msdyn_actualid"] == guid(symbol))


def told(server: MockServer, symbol: str) -> tuple[Any, ...]:
    """What Dataverse has been told of an actual."""
    row = actual(server, symbol)
    return tuple(str(row.get(name)) if row.get(name) is not None else None for name in COLUMNS)


def wrote(server: MockServer) -> list[str]:
    """The writes that Dataverse was asked for."""
    return [str(r["path"]) for r in server.requests() if r["method"] != "GET" and "/api/data/" in str(r["path"])]


def test_the_fate_of_an_invoice_reaches_its_sources(server: MockServer, tmp_path: Path) -> None:
    """Accepted, then posted with number, day, tax and what is open, then paid: each once, and nothing is written when nothing is new."""
    finance = made(server, tmp_path, invoices=1)
    assert finance.push() == 0
    assert finance.project.run("write-back").json["rows"][0]["state"] == "done"
    assert told(server, "@c0-1") == ("1", None, None, None, None, None)

    (document,) = finance.documents()
    company = finance.call("GET", "companies")["value"][0]["id"]
    finance.call("POST", f"companies({company})/salesInvoices({document['id']})/Microsoft.NAV.post")
    assert finance.push() == 0
    assert finance.project.run("write-back").code == 0
    assert told(server, "@c0-1") == ("2", "PS-INV103001", "2026-03-31", "200.00", "1000.00", "False")
    (invoice,) = finance.project.invoices()
    shown = [invoice[name] for name in ("posted_on", "tax", "total_with_tax", "remaining")]
    assert shown == ["2026-03-31", "200.00", "1000.00", "1000.00"]

    lines = f"companies({company})/salesInvoices({document['id']})?$expand=salesInvoiceLines"
    paid = {**finance.call("GET", lines), "status": "Paid", "remainingAmount": 0}
    server.faults([{"match": {"method": "GET", "path": "/salesInvoices"}, "times": 1, "action": {"status": 200, "body": paid}}])
    assert finance.push() == 0
    assert finance.project.run("write-back").code == 0
    assert told(server, "@c0-1") == ("2", "PS-INV103001", "2026-03-31", "200.00", "0", "True")

    server.clear_requests()
    assert finance.push() == 0
    assert finance.project.run("write-back").json["rows"] == []
    assert server.requests() == []
    assert finance.project.run("db", "check").json["faults"] == []


def test_nothing_is_read_or_written_without_a_mapping(server: MockServer, tmp_path: Path) -> None:
    """Dataverse is only read unless somebody says otherwise (D-47)."""
    finance = made(server, tmp_path, invoices=1)
    (tmp_path / "mappings" / "write-back" / "actual.yaml").unlink()
    finance.push()
    server.clear_requests()
    assert finance.project.run("write-back").json["rows"] == []
    assert server.requests() == []


def test_a_cycle_writes_back(server: MockServer, tmp_path: Path) -> None:
    """`sync` is pull, price, push and the way back, and counts it."""
    finance = made(server, tmp_path)
    cycle = finance.project.run("sync").json
    assert cycle["counts"]["written_back"] == 2
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]


def test_what_somebody_changed_meanwhile_is_looked_at_again(server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """412: a row was changed between look and write; it is looked at again, and the other person's change stays."""
    finance = made(server, tmp_path)
    finance.push()
    batch = writer.Writer.batch
    raced: list[int] = []

    def race(self: writer.Writer, *words: Any, **more: Any) -> Any:
        if not raced:
            raced.append(1)
            upsert(server, "msdyn_actuals", {"msdyn_actualid": "@c1-1", "msdyn_description": "Changed"})
        return batch(self, *words, **more)

    monkeypatch.setattr(writer.Writer, "batch", race)
    answer = finance.project.run("write-back")
    assert (answer.code, len(wrote(server))) == (0, 2)
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]
    assert actual(server, "@c1-1")["msdyn_description"] == "Changed"


def test_a_lost_answer_is_no_second_write(server: MockServer, tmp_path: Path) -> None:
    """The batch was carried out and its answer lost: the rows tell so, and are not written again."""
    finance = made(server, tmp_path)
    finance.push()
    server.faults([{"match": {"method": "POST", "path": "/api/data/.*batch"}, "times": 1, "action": {"drop": "after"}}])
    tag = [actual(server, f"@c{n}-1")["versionnumber"] for n in range(2)]
    assert finance.project.run("write-back").code == 0
    assert len(wrote(server)) == 1
    assert [actual(server, f"@c{n}-1")["versionnumber"] for n in range(2)] != tag
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]


def test_what_dataverse_refuses_is_a_problem_and_stops_no_other_row(server: MockServer, tmp_path: Path) -> None:
    """A row that is gone: listed with the invoice's other rows written; retried when a person says so."""
    finance = made(server, tmp_path)
    finance.push()
    server.patch(delete={"msdyn_actuals": [guid("@c0-1")]})
    assert finance.project.run("write-back").code == 1
    assert told(server, "@c1-1")[0] == "1"
    (problem,) = finance.project.run("problems", "list").json["problems"]
    assert (problem["kind"], problem["source"], problem["reason"]) == ("write-back", guid("@c0-1"), "write-back-refused")
    assert "the row is not there" in problem["message"]
    server.clear_requests()
    assert finance.project.run("write-back").code == 0
    assert server.requests() == []
    assert "write-back" in finance.project.run("problems", "retry", problem["id"]).json["result"]
    assert finance.project.run("write-back").code == 1
    (again,) = finance.project.run("problems", "list").json["problems"]
    assert finance.project.run("problems", "drop", again["id"], "--reason", "deleted on purpose").code == 0
    assert finance.project.run("problems", "list").code == 0


def test_a_column_that_the_environment_lacks_ends_it_with_its_place(server: MockServer, tmp_path: Path) -> None:
    """Every row would be refused for the same reason: it is said once, with file and line, and nothing is lost."""
    finance = made(server, tmp_path, ACTUAL.replace("contoso_tax", "contoso_vat"))
    finance.push()
    answer = finance.project.run("write-back")
    assert answer.code == 2
    assert "has no column 'contoso_vat'" in answer.err
    assert "actual.yaml:7:3" in answer.err
    write_mapping(tmp_path, ACTUAL)
    assert finance.project.run("write-back").code == 0
    assert told(server, "@c0-1")[0] == "1"


def test_dataverse_that_is_down_loses_nothing(server: MockServer, tmp_path: Path) -> None:
    """Not allowed to write: exit code 3, the wishes wait, the next run writes them."""
    finance = made(server, tmp_path)
    finance.push()
    server.faults([{"match": {"path": "/api/data/"}, "times": 0, "action": {"status": 403}}])
    assert finance.project.run("write-back").code == 3
    server.faults([])
    assert finance.project.run("write-back").code == 0
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]


def test_a_changed_mapping_is_written_to_all(server: MockServer, tmp_path: Path) -> None:
    """Another word for a state: every row is looked at anew, and written where it differs."""
    finance = made(server, tmp_path)
    finance.push()
    finance.project.run("write-back")
    write_mapping(tmp_path, ACTUAL.replace("accepted: 1", "accepted: 7"))
    shown = finance.project.run("write-back", "--dry-run").json["rows"]
    assert [row["wish"]["columns"]["contoso_financestatus"] for row in shown] == [7, 7]
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]
    assert finance.project.run("write-back").code == 0
    assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["7", "7"]


def test_what_is_ready_here_is_ready_there(project: Project) -> None:
    """Marks of people reach Dataverse through its own action (I-52, D-110); what we have billed cannot be billed there again."""
    world = BillingWorld()
    world.contract("a")
    world.time("@a-1", "a", msdyn_billingstatus=192350000)
    world.time("@a-2", "a")
    project.server.load(world.sets)
    write_mapping(project.folder, READY)
    for words in (("pull",), ("price",), ("backlog", "ready", guid("@a-1")), ("backlog", "not-ready", guid("@a-2"))):
        assert project.run(*words).code == 0
    assert project.run("write-back").code == 0
    status = [actual(project.server, f"@a-{n}")["msdyn_billingstatus"] for n in (1, 2)]
    assert status == [192350004, 192350000]
    for words in (*PREPARE, ("push",), ("write-back",)):
        assert project.run(*words).code == 0
    assert [actual(project.server, f"@a-{n}")["msdyn_billingstatus"] for n in (1, 2)] == [192350000, 192350000]
    assert project.run("pull").code == 0
    assert project.run("problems", "list").json["problems"] == []


def test_a_contract_tells_its_newest_invoice(server: MockServer, tmp_path: Path) -> None:
    """Columns of the contract say how its newest confirmed invoice stands."""
    finance = made(server, tmp_path, "write: contract\ncolumns: {contoso_lastinvoice: invoice, contoso_total: total}\n", invoices=1)
    contract: Any = server.dump()["salesorders"][0]  # type: ignore[index]
    server.patch({"salesorders": [{**contract, "contoso_lastinvoice": None, "contoso_total": None}]})
    finance.push()
    assert finance.project.run("write-back").code == 0
    row: Any = server.dump()["salesorders"][0]  # type: ignore[index]
    assert (row["contoso_lastinvoice"], str(row["contoso_total"])) == ("PF-000001", "800.00")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("write: actual\ncolumns: {msdyn_vouchernumber: number}\n", "actual.yaml:2:11: 'msdyn_vouchernumber' is no column of your own"),
        ("write: actual\ncolumns: {contoso_x: nummber}\n", "actual.yaml:2:22: a column is filled with one of"),
        ("write: actual\ncolumns: {contoso_x: {fact: status, values: {postd: 1}}}\n", "actual.yaml:2:46: 'postd' is no status"),
        ("write: aktual\ncolumns: {contoso_x: number}\n", "actual.yaml:1:1: there is no entity 'aktual'"),
        ("write: price-list\ncolumns: {contoso_x: number}\n", "actual.yaml:1:1: invoices have nothing to tell the rows of 'price-list'"),
        ("write: actual\n", "actual.yaml:1:1: nothing is written back"),
        ("write: milestone\nready: {action: a, rows: b, flag: c, says: [marks]}\n", "actual.yaml:2:1: only actuals"),
        ("write: actual\nready: {action: a, rows: b, flag: c, says: [mark]}\n", "actual.yaml:2:45: 'mark' says nothing"),
        ("write: actual\nready: {action: a, rows: b, says: [marks]}\n", "actual.yaml:2:8: the key 'flag' is missing"),
    ],
)
def test_mistakes_in_a_mapping_are_told_with_their_place(project: Project, text: str, message: str) -> None:
    """`mapping check` names file, line and column."""
    write_mapping(project.folder, text)
    answer = project.run("mapping", "check")
    assert answer.code == 2
    assert message in answer.err


def test_a_write_back_killed_anywhere_is_finished_by_the_next(server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Death before and after each commit and each exchange: the next run leaves each row as wished, and none is written twice."""

    class Death(BaseException):
        """Nothing runs after it but what the interpreter unwinds; no handler of ours catches it."""

    finance = made(server, tmp_path, system=DYNAMICS)
    finance.push()
    before = (tmp_path / "proforma.db").read_bytes()
    world = server.dump()
    begin, exchange = Store.begin, Session.exchange
    crossed, deadly = [0], [-1]

    def cross() -> None:
        if crossed[0] == deadly[0]:
            raise Death
        crossed[0] += 1

    @contextmanager
    def begun(self: Store) -> Iterator[Any]:
        with begin(self) as transaction:
            yield transaction
            cross()
        cross()

    def exchanged(self: Session, *words: Any) -> Any:
        cross()
        answer = exchange(self, *words)
        cross()
        return answer

    def attempt(at: int) -> bool:
        """Runs a write-back that dies at a boundary; whether it lived."""
        crossed[0], deadly[0] = 0, at
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "begin", begun)
            patch.setattr(Session, "exchange", exchanged)
            try:
                return finance.project.run("write-back").code == 0
            except Death:
                return False

    boundaries = 0
    while not attempt(boundaries):
        assert attempt(-1), f"killed at {boundaries}, the next one did not end well"
        assert [told(server, f"@c{n}-1")[0] for n in range(2)] == ["1", "1"]
        with Store.open(f"sqlite:///{tmp_path / 'proforma.db'}") as store, store.read() as reader:
            assert reader.write_backs.counts() == {"done": 2}
        writes = [r for r in server.requests() if "batch" in str(r["path"]) and "/api/" in str(r["path"])]
        assert len(writes) <= 1, f"killed at {boundaries}, written twice"
        for file in tmp_path.glob("proforma.db*"):
            file.unlink()
        (tmp_path / "proforma.db").write_bytes(before)
        server.load(world)
        boundaries += 1
    assert boundaries >= 8
