"""Bad input: the right exit code, a message that says what to do, never a traceback, and nothing lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from billing_world import BillingWorld, guid
from proforma.store import Store
from project_folder import Answer, Project


def _world() -> BillingWorld:
    world = BillingWorld()
    world.contract("north")
    world.time("@w", "north")
    return world


def _config(project: Project, old: str, new: str) -> None:
    path = project.folder / "proforma.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _own_mappings(project: Project) -> Path:
    assert project.run("init", str(project.folder / "own")).code == 0
    path = project.folder / "proforma.yaml"
    path.write_text(path.read_text(encoding="utf-8") + "mappings: own/mappings\n", encoding="utf-8")
    return project.folder / "own" / "mappings"


def _said(answer: Answer, code: int, *parts: str) -> None:
    assert answer.code == code, (answer.code, answer.err)
    assert "Traceback" not in answer.err
    assert answer.err.startswith("error: ")
    for part in parts:
        assert part in answer.err


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unreachable servers are tried once: how often is tested in the transport room."""
    from proforma.transport import retry

    original = retry.Retrier.__init__
    quick = retry.RetryPolicy(attempts_max=1)
    monkeypatch.setattr(retry.Retrier, "__init__", lambda self, policy=None, **more: original(self, policy or quick, **more))


def test_a_wrong_url_is_unreachable(project: Project) -> None:
    """Nobody answers at the address: exit 3, and the address is named."""
    _config(project, f"url: {project.server.url}\n", "url: http://127.0.0.1:9\n")
    _said(project.run("pull"), 3, "127.0.0.1:9", "Check the address")


def test_a_url_that_is_none_is_a_configuration_fault(project: Project) -> None:
    """A text that is no address, and plain http to another machine: exit 2 before anything is sent."""
    _config(project, f"url: {project.server.url}\n", "url: http://contoso.example.com\n")
    _said(project.run("pull"), 2, "plain http")


def test_a_refused_secret_says_whom_and_what_to_check(project: Project) -> None:
    """The identity platform refuses the client: exit 3, client and authority named, the secret not."""
    project.server.load({"$auth": {"client_id": "mock-client", "client_secret": "something-else"}})
    answer = project.run("pull")
    _said(answer, 3, "mock-client", "invalid_client", "secret is wrong")
    assert "mock-secret" not in answer.err


def test_a_refused_token_is_not_tried_for_ever(project: Project) -> None:
    """Dataverse answers 401 to every token: one refresh, then exit 3."""
    project.server.load({"$auth": {"reject_tokens": True}})
    _said(project.run("pull"), 3, "refused the credentials")
    assert sum(r["status"] == 401 for r in project.server.requests()) == 2


def test_an_unknown_column_names_file_and_line(project: Project) -> None:
    """A mapping asks for a column that the table lacks: exit 2 with file:line of the mapping and the column."""
    folder = _own_mappings(project)
    file = folder / "dataverse" / "actual.yaml"
    text = file.read_text(encoding="utf-8").replace("quantity: msdyn_quantity\n", "quantity: msdyn_quantitty\n")
    file.write_text(text, encoding="utf-8")
    line = text.splitlines().index("  quantity: msdyn_quantitty") + 1
    project.server.load(_world().sets)
    _said(project.run("pull"), 2, "msdyn_quantitty", f"{file}:{line}", "optional: true")


def test_a_duplicate_key_in_a_mapping_names_both_lines(project: Project) -> None:
    """Two equal keys in a mapping: exit 2 with file:line:column."""
    file = _own_mappings(project) / "dataverse" / "role.yaml"
    text = file.read_text(encoding="utf-8") + "entity: role\n"
    file.write_text(text, encoding="utf-8")
    _said(project.run("mapping", "check"), 2, f"{file}:{len(text.splitlines())}:1", "a second time")
    _said(project.run("pull"), 2, "a second time")


def test_a_missing_secret_names_the_variable(project: Project) -> None:
    """${NAME} without NAME in the environment: exit 2 with file:line."""
    _config(project, "client_secret: mock-secret", 'client_secret: "${PROFORMA_TEST_NO_SUCH}"')
    _said(project.run("pull"), 2, "proforma.yaml:3", "PROFORMA_TEST_NO_SUCH")


def test_a_missing_configuration_says_how_to_make_one(project: Project) -> None:
    """No configuration file: exit 2, and the message names `proforma init`."""
    (project.folder / "proforma.yaml").unlink()
    _said(project.run("status"), 2, "proforma init")


@pytest.mark.parametrize("content", [b"{: [", b"just text", b"salesorders: {a: 1}", b"\xc3\x28: 1"])
def test_a_world_that_is_none_is_refused(project: Project, content: bytes) -> None:
    """`mock serve` with a world that is not YAML, or not sets of rows: exit 2 with the file."""
    world = project.folder / "world.yaml"
    world.write_bytes(content)
    _said(project.start_and_wait("mock", "serve", "--world", "world.yaml", "--port", "0"), 2, "world.yaml")


def test_a_second_process_is_told_who_works(project: Project) -> None:
    """Two pulls on one store: the second ends with exit 3, names the first, and disturbs nothing."""
    project.server.load(_world().sets)
    with Store.open(f"sqlite:///{project.folder / 'proforma.db'}") as store, store.stage_lock("pull"):
        _said(project.start_and_wait("pull"), 3, "pull")
    assert project.run("pull").code == 0


def test_a_store_that_cannot_be_written_is_said(project: Project) -> None:
    """The store's place cannot be written: exit 3, and the message names it."""
    _config(project, "store: sqlite:///proforma.db", "store: sqlite:///missing-folder/proforma.db")
    _said(project.run("pull"), 3, "missing-folder")


def test_a_file_that_is_no_store_is_left_alone(project: Project) -> None:
    """The store's file is something else: refused, and the file is unchanged."""
    other = project.folder / "proforma.db"
    other.write_text("my notes " * 1000, encoding="utf-8")
    answer = project.run("pull")
    assert answer.code in (2, 3)
    assert "Traceback" not in answer.err
    assert other.read_text(encoding="utf-8") == "my notes " * 1000


@pytest.mark.parametrize(
    "words",
    [
        ("backlog", "ready", "not-a-guid"),
        ("invoice", "create"),
        ("invoice", "create", "--contract", "x"),
        ("invoice", "show", "PF-999999"),
        ("invoice", "confirm"),
        ("invoice", "edit", "PF-000001", "--of", guid("@w"), "quantity"),
        ("invoice", "apply", "PF-000001", "--retainer", guid("@r"), "--amount", "NaN"),
        ("invoice", "add", "PF-000001", "--detail", "{"),
        ("explain", guid("@nothing")),
        ("pull", "no-such-entity"),
        ("problems", "retry", "999"),
        ("runs", "show", "7"),
        ("mapping", "show", "no-such-entity"),
        ("quote", "check", guid("@nothing")),
        ("rates", "copy", guid("@nothing"), "--dry-run"),
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_wrong_arguments_are_usage_faults(project: Project, words: tuple[str, ...]) -> None:
    """What names nothing, or is no number, id or JSON: exit 2 (or a refusal, exit 1), one sentence, no traceback."""
    answer = project.run(*words)
    assert answer.code in (1, 2), answer.err
    assert answer.err.startswith("error: ")
    assert "unexpected fault" not in answer.err


def test_an_unknown_invoice_is_refused_and_the_others_go_on(project: Project) -> None:
    """Acts on several invoices do what they can and list what they refuse."""
    project.server.load(_world().sets)
    for words in (("pull",), ("price",), ("invoice", "create", "--all")):
        project.run(*words)
    answer = project.run("invoice", "confirm", "PF-000001", "PF-777777")
    assert answer.code == 1
    assert [i["status"] for i in answer.json["invoices"]] == ["confirmed"]
    assert [(r["id"], r["reason"]) for r in answer.json["refused"]] == [("PF-777777", "unknown-invoice")]
    answer = project.run("invoice", "delete", "PF-000001")
    assert [r["reason"] for r in answer.json["refused"]] == ["confirmed"]


def test_a_problem_is_dropped_for_a_reason_only(project: Project) -> None:
    """A refused push stays where it is while nobody says why it may be given up; then the reason is on record and nothing is sent."""
    project.server.load({**_world().sets, "$finance": {"rest": {"reject_customers": ["C-north"]}}})
    for words in (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts"), ("push",)):
        project.run(*words)
    [problem] = project.run("problems", "list").json["problems"]

    _said(project.run("problems", "drop", problem["id"], "--reason", "  "), 2, "the reason is empty")
    assert [row["push"] for row in project.invoices()] == ["refused"]

    assert project.run("problems", "drop", problem["id"], "--reason", "billed by hand").code == 0
    assert project.run("problems", "list").json["problems"] == []
    assert [row["push"] for row in project.invoices()] == ["cancelled"]
    assert (project.run("push").code, project.server.documents()) == (0, [])


def test_a_confirmed_correction_counts_as_one(project: Project) -> None:
    """The original that becomes corrected is told of, and is no second confirmation (I-100)."""
    project.server.load(_world().sets)
    for words in (("pull",), ("price",), ("create", "--all"), ("confirm", "PF-000001"), ("correct", "PF-000001")):
        project.run(*(words if words[0] in ("pull", "price") else ("invoice", *words)))
    confirm = ("invoice", "confirm", "PF-000002", "PF-000002")

    answer = project.run(*confirm, as_json=False)

    assert (answer.code, [line.split()[:2] for line in answer.out.splitlines()]) == (
        0,
        [["PF-000002", "confirmed"], ["PF-000001", "corrected"]],
    )


def test_unknown_commands_and_options_show_usage(project: Project) -> None:
    """A word that is no command: exit 2 and where to find help."""
    answer = project.start_and_wait("frobnicate")
    assert answer.code == 2
    assert "No such command" in answer.err
    assert "did you mean" not in answer.err


def test_a_mistyped_command_is_told_what_was_meant(project: Project) -> None:
    """The nearest of the commands, which are not loaded for that."""
    answer = project.run("invocie")
    assert (answer.code, answer.out) == (2, "")
    assert "No such command 'invocie'; did you mean 'invoice'?" in answer.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a closed pipe differ there")
def test_a_closed_pipe_ends_quietly(project: Project) -> None:
    """`proforma … | head -0` ends without a traceback."""
    project.server.load(_world().sets)
    project.run("pull")
    with project.start("price") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
