"""The doctor finds what is wrong, each with its remedy, and its file for support holds no secret and no name."""

from __future__ import annotations

import base64
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from billing_world import BillingWorld
from project_folder import Project

SECRET = "canary/secret+of finance"
NAMES = ("Canarian Holding", "canary@example.com", "canary-seller", "Canary street", "CANARY-DEAL", "C-CANARY-DEAL", "canary work")


def config(old: str, new: str) -> Callable[[Project], None]:
    def seed(project: Project) -> None:
        path = project.folder / "proforma.yaml"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return seed


def more(lines: str) -> Callable[[Project], None]:
    return config("business_time_zone: UTC\n", f"business_time_zone: UTC\n{lines}\n")


def damaged(project: Project) -> None:
    (project.folder / "proforma.db").write_bytes(b"garbage " * 1000)


def newer(project: Project) -> None:
    assert project.run("db", "upgrade").code == 0
    with closing(sqlite3.connect(project.folder / "proforma.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def open_to_all(project: Project) -> None:
    (project.folder / "proforma.yaml").chmod(0o666)


#: What is wrong, the check that finds it, how bad it is, the exit code.
ILLS = (
    ("a key is misspelt", config("store:", "stoer:"), "configuration", "fault", 2),
    ("a secret is missing", config("client_secret: mock-secret", 'client_secret: "${NO_SUCH_SECRET}"'), "configuration", "fault", 2),
    ("everybody may write the configuration", open_to_all, "files", "warning", 0),
    ("there are no such mappings", more("mappings: nowhere"), "mappings", "fault", 2),
    ("finance has no mapping", config("target: rest", "target: oracle"), "mappings", "fault", 2),
    ("the store is something else", damaged, "store", "fault", 3),
    ("the store is newer than the program", newer, "store", "fault", 2),
    ("the folder of the store is missing", config("sqlite:///proforma.db", "sqlite:///no/such/proforma.db"), "store", "fault", 3),
    ("a blackout covers everything", more("schedule: {blackouts: [{cron: '0 * * * *', hours: 2}]}"), "schedule", "fault", 2),
    ("nothing listens", more("monitoring: {listen: off}"), "monitoring", "warning", 0),
    ("nobody is told", lambda project: None, "alerts", "warning", 0),
    ("the webhook is plain http", more("alerts: {webhook: {url: 'http://a.example.com', secret: abcdefgh}}"), "alerts", "fault", 2),
    ("no daemon runs", lambda project: None, "daemon", "warning", 0),
)  # fmt: skip
REMOTE_ILLS = (
    ("the secret has expired", lambda p: p.server.load({"$auth": {"client_id": "mock-client", "client_secret": "another-one"}}),
     "dataverse", 3),
    ("Dataverse is not there", lambda p: config(f"url: {p.server.url}\n", "url: http://127.0.0.1:9\n")(p), "dataverse", 3),
    ("finance is not there", lambda p: config(f"{p.server.url}/finance/rest", "http://127.0.0.1:9/")(p), "finance", 3),
)  # fmt: skip


@pytest.mark.parametrize(("seed", "check", "level", "code"), [ill[1:] for ill in ILLS], ids=[ill[0] for ill in ILLS])
def test_what_is_wrong_is_found_with_its_remedy(
    project: Project, seed: Callable[[Project], None], check: str, level: str, code: int
) -> None:
    """The check that finds it says what to do; nothing else calls itself a fault, and no other machine is asked."""
    seed(project)
    answer = project.run("doctor", "--offline")
    found = answer.json["checks"]
    assert (answer.code, [f["level"] for f in found if f["check"] == check]) == (code, [level])
    assert [f["check"] for f in found if f["level"] == "fault"] == ([check] if level == "fault" else [])
    assert [f["check"] for f in found if f["level"] != "ok" and not f["remedy"]] == []
    assert project.server.requests() == []


@pytest.mark.parametrize(("seed", "check", "code"), [ill[1:] for ill in REMOTE_ILLS], ids=[ill[0] for ill in REMOTE_ILLS])
def test_remote_sides_are_asked_once(project: Project, seed: Callable[[Project], None], check: str, code: int) -> None:
    """A remote side that is away is told without waiting for it to come back."""
    seed(project)
    answer = project.run("doctor")
    faults = [(f["check"], bool(f["remedy"])) for f in answer.json["checks"] if f["level"] == "fault"]
    assert (answer.code, faults) == (code, [(check, True)])


def test_the_file_for_support_holds_no_secret_and_no_name(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets plain, encoded and escaped, names and texts of records, mail addresses, answers of others: none is in any of its files."""
    world = BillingWorld()
    world.contract("CANARY-DEAL")
    world.time("@w", "CANARY-DEAL", msdyn_description="canary work")
    world.sets["accounts"][0]["name"] = NAMES[0]
    project.server.load(world.sets)
    monkeypatch.setenv("CANARY_TOKEN", SECRET)
    config("auth: {kind: none}", 'auth: {kind: bearer, token: "${CANARY_TOKEN}"}')(project)
    more(
        "documents: {seller: {name: canary-seller, lines: [Canary street]}}\n"
        'alerts: {mail: {host: m.example.com, sender: canary@example.com, to: [canary@example.com], password: "${CANARY_TOKEN}"}}'
    )(project)
    for words in (("sync",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts")):
        assert project.run(*words).code == 0
    refusal = {"error": {"code": "x", "message": f"Canarian Holding is unknown to {SECRET}"}}
    project.server.faults([{"match": {"path": "/finance/rest/invoices"}, "times": 0, "action": {"status": 422, "body": refusal}}])
    assert project.run("sync").code == 1
    project.server.faults([{"match": {"path": "/api/data/"}, "times": 0, "action": {"status": 400, "body": refusal}}])
    assert project.run("sync").code == 3
    file = project.folder / "support.zip"
    assert project.run("doctor", "--bundle", str(file)).code == 3
    with zipfile.ZipFile(file) as archive:
        content = {name: archive.read(name).decode() for name in archive.namelist()}
    assert set(content) == {
        "README.txt", "versions.json", "findings.json", "configuration.json", "status.json", "runs.json", "rows.json", "problems.json",
        "schema.json",
    }  # fmt: skip
    forms = (SECRET, quote(SECRET, safe=""), base64.b64encode(SECRET.encode()).decode().rstrip("="), "mock-secret", *NAMES)
    assert [(form, name) for form in forms for name, text in content.items() if form.lower() in text.lower()] == []
    assert "push-refused" in content["problems.json"]
    assert '"outcome": "failed: refused-request (dataverse"' in content["runs.json"]


def test_without_a_configuration_the_file_says_what_it_can(tmp_path: Path) -> None:
    """No configuration: one fault with its remedy, and a file with versions."""
    project = Project(tmp_path, None)  # type: ignore[arg-type]
    answer = project.run("doctor", "--bundle", str(tmp_path / "support.zip"))
    assert (answer.code, [f["check"] for f in answer.json["checks"]]) == (2, ["configuration"])
    assert answer.json["bundle"]["holds"] == ["README.txt", "versions.json", "findings.json"]
