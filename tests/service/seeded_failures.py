"""What can go wrong, how each is brought about, and what has to be told of it: the table of docs/failures.md."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from failing_site import Site, limit_store, world

FAILING = "run-failing"


@dataclass(frozen=True)
class Failure:
    """A failure. `exit_code`: of the `proforma sync` that meets it. `cause`: why it ended early, and on which side.

    `by_tick`: only whoever schedules can know it, because nothing can be written down.
    """

    what: str
    seed: Callable[[Site], object]
    exit_code: int
    conditions: tuple[str, ...] = (FAILING,)
    cause: tuple[str, str] | None = None
    by_tick: bool = False


def dataverse(**action: object) -> Callable[[Site], None]:
    return lambda site: site.fault("/api/data/", None, **action)


def finance(method: str | None = None, **action: object) -> Callable[[Site], None]:
    return lambda site: site.fault("/finance/", method, **action)


def invoices(**action: object) -> Callable[[Site], None]:
    """Finance tells which documents it has, and fails at the invoices themselves."""
    return lambda site: site.fault("/finance/rest/invoices", None, **action)


def changed(**columns: object) -> Callable[[Site], None]:
    """Somebody changed the work that south's draft bills."""
    return lambda site: site.server.patch(upsert={"msdyn_actuals": [{"msdyn_actualid": "@w-south", **columns}]})


def unanswerable(site: Site) -> None:
    """A finance system that can neither be asked nor told twice loses its answer."""
    path = site.folder / "mappings" / "finance" / "rest.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("once: idempotency-key", "once: none\naccept_at_most_once: true")
    path.write_text(text[: text.index("find:\n")] + text[text.index("create:\n") :], encoding="utf-8")
    site.fault("/finance/", "POST", drop="after")


def vanished(site: Site) -> None:
    """Finance has the invoice, and somebody deletes it there."""
    site.change("target: rest\n", "target: rest\n  follow_minutes: 0\n")
    assert site.run("push").code == 0
    site.server.forget_documents()


def unpriced(site: Site) -> None:
    """Work of a role without a price is in the backlog, and somebody drafts."""
    row = {**world().sets["msdyn_actuals"][0], "msdyn_actualid": "@w-new", "_msdyn_resourcecategory_value": "@apprentice"}
    site.server.patch(upsert={"msdyn_actuals": [row]})
    assert site.run("sync").code == 0, site.run("problems", "list").out
    assert site.run("invoice", "create", "--all").code == 1


def later(hours: float) -> Callable[[Site], None]:
    def seed(site: Site) -> None:
        site.late = timedelta(hours=hours)

    return seed


def stuck(site: Site) -> None:
    site.fault("/finance/", status=401)
    site.late = timedelta(hours=2)


def full(site: Site) -> None:
    """More rows come than the disk has room for."""
    site.server.patch(upsert={"accounts": [{"accountid": f"@more-{number}", "name": "x" * 400} for number in range(300)]})
    limit_store(site.patch, "max_page_count = 1")


def locked(site: Site) -> None:
    """Another program has opened the file and writes for hours."""
    connection = sqlite3.connect(site.file, isolation_level=None, check_same_thread=False)
    site.held.callback(connection.close)
    connection.execute("BEGIN IMMEDIATE")


def garbage(site: Site) -> None:
    site.file.write_bytes(b"garbage " * 10_000)
    for ending in ("-wal", "-shm"):
        site.file.with_name(site.file.name + ending).unlink(missing_ok=True)


def newer(site: Site) -> None:
    connection = sqlite3.connect(site.file)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()


def other_run(site: Site) -> None:
    """The same is under way in another process."""
    site.held.enter_context(site.held.enter_context(site.opened()).stage_lock("cycle-sync"))


FAILURES = (
    Failure("nothing fails", lambda site: None, 0, ()),
    # ---- Dataverse -------------------------------------------------------------------------------------------------------
    Failure("Dataverse: the connection is refused", lambda s: s.change(f"url: {s.server.url}\n", "url: http://127.0.0.1:9\n"), 3,
            cause=("unreachable", "dataverse")),
    Failure("Dataverse: 503", dataverse(status=503), 3, cause=("unreachable", "dataverse")),
    Failure("Dataverse: connections break off", dataverse(drop="before"), 3, cause=("unreachable", "dataverse")),
    Failure("Dataverse: 429 without end", dataverse(status=429), 3, cause=("throttled", "dataverse")),
    Failure("Dataverse: the token is revoked", lambda s: s.server.load({**world().sets, "$auth": {"reject_tokens": True}}), 3,
            cause=("sign-in-refused", "dataverse")),
    Failure("Dataverse: the role was taken away (403)", dataverse(status=403), 3, cause=("forbidden", "dataverse")),
    Failure("Dataverse: the query is refused (400)", dataverse(status=400), 3, cause=("refused-request", "dataverse")),
    Failure("Dataverse: a sign-in page answers", dataverse(status=200, body="<html>"), 3, cause=("bad-answer", "dataverse")),
    Failure("Dataverse: an answer is cut off", dataverse(truncate=20), 3, cause=("bad-answer", "dataverse")),
    Failure("Dataverse: it redirects", dataverse(status=302, headers={"Location": "https://login.example.com/"}), 3,
            cause=("bad-answer", "dataverse")),
    Failure("Dataverse: a link leads elsewhere", dataverse(status=200, body={"value": [], "@odata.nextLink": "https://evil.example.com/x"}),
            3, cause=("foreign-link", "dataverse")),
    Failure("sign-in: the secret has expired",
            lambda s: s.server.load({**world().sets, "$auth": {"client_id": "mock-client", "client_secret": "another-one"}}), 3,
            cause=("sign-in-refused", "identity")),
    Failure("sign-in: the identity platform is down", lambda s: s.fault("/oauth2/", status=503), 3, cause=("unreachable", "identity")),
    # ---- mappings and rows -----------------------------------------------------------------------------------------------
    Failure("a column was renamed in Dataverse", lambda s: s.change_mapping("dataverse/role", "name: name", "name: nname"), 2,
            cause=("configuration", "here")),
    Failure("a table is missing in Dataverse",
            lambda s: s.change_mapping("dataverse/role", "set: bookableresourcecategories", "set: bookableresourcecategoriez"), 2,
            cause=("configuration", "here")),
    Failure("a mapping has a mistake", lambda s: s.change_mapping("dataverse/role", "entity: role", "entity: role\nentity: role"), 2,
            cause=("configuration", "here")),
    Failure("a row cannot be mapped", changed(msdyn_quantity="1" + "0" * 60), 1, ("draft-outdated", "rows-held")),
    Failure("work on a draft was changed", changed(msdyn_quantity="4"), 1, ("draft-outdated",)),
    Failure("work on a draft was deleted", lambda s: s.server.patch(delete={"msdyn_actuals": ["@w-south"]}), 1, ("draft-outdated",)),
    Failure("work without a price was to be billed", unpriced, 0, ("backlog-held",)),
    # ---- finance ---------------------------------------------------------------------------------------------------------
    Failure("finance: the connection is refused",
            lambda s: s.change(f"url: {s.server.url}/finance/rest", "url: http://127.0.0.1:9/"), 3, cause=("unreachable", "finance")),
    Failure("finance: 503", finance(status=503), 3, cause=("unreachable", "finance")),
    Failure("finance: 503 to every invoice", invoices(status=503), 3, (FAILING, "in-doubt"), ("unreachable", "finance")),
    Failure("finance: down for two hours", stuck, 3, ("did-not-run", "queue-stuck", FAILING), ("sign-in-refused", "finance")),
    Failure("finance: 429 without end", finance(status=429), 3, cause=("throttled", "finance")),
    Failure("finance: the key is refused (401)", finance(status=401), 3, cause=("sign-in-refused", "finance")),
    Failure("finance: 403", finance(status=403), 3, cause=("forbidden", "finance")),
    Failure("finance: a proxy's page answers", finance(status=200, body="<html>"), 3, cause=("bad-answer", "finance")),
    Failure("finance: a proxy's page answers every invoice", invoices(status=200, body="<html>"), 3, (FAILING, "in-doubt"),
            ("bad-answer", "finance")),
    Failure("finance: the answer is lost, then it can be asked", finance("POST", drop="after"), 0, ()),
    Failure("finance: every answer about invoices is lost", invoices(drop="after"), 3, (FAILING, "in-doubt"), ("unreachable", "finance")),
    Failure("finance: the answer is lost, and it cannot be asked", unanswerable, 1, ("push-parked",)),
    Failure("finance: the customer is unknown", lambda s: s.server.switch_finance("rest", {"reject_customers": ["C-north"]}), 1,
            ("push-refused",)),
    Failure("finance: the period is closed", lambda s: s.server.switch_finance("rest", {"closed_before": "2026-12-31"}), 1,
            ("push-refused",)),
    Failure("finance: a document was deleted there", vanished, 1, ("drift",)),
    Failure("more than finance.limits would leave", lambda s: s.change("target: rest\n", "target: rest\n  limits: {invoices: 0}\n"), 1,
            cause=("push-limit", "here")),
    # ---- the store and the process ---------------------------------------------------------------------------------------
    Failure("the disk is full", full, 3, cause=("disk-full", "store")),
    Failure("another program holds the store", locked, 3, ("store-unusable",), by_tick=True),
    Failure("the store became read-only", lambda s: limit_store(s.patch, "query_only = ON"), 3, ("store-unusable",), by_tick=True),
    Failure("the store is overwritten by something else", garbage, 3, ("store-unusable",)),
    Failure("the store is one of a newer program", newer, 2, ("store-unusable",)),
    Failure("the same run is under way elsewhere", other_run, 3, ()),
    Failure("the process is killed", Site.kill, -9, (FAILING, "in-doubt"), ("died", "here")),
    Failure("nothing has run since yesterday", later(24), 0, ("did-not-run",)),
)  # fmt: skip


def table() -> str:
    """The table as docs/failures.md shows it."""
    lines = ["| what fails | exit code | the run ended early because | status, metric and alert say |", "| --- | --- | --- | --- |"]
    for failure in FAILURES:
        cause = f"`{failure.cause[0]}`, {failure.cause[1]}" if failure.cause else ""
        code = "killed" if failure.exit_code < 0 else str(failure.exit_code)
        lines.append(
            f"| {failure.what} | {code} | {cause} | {', '.join(f'`{kind}`' for kind in sorted(failure.conditions)) or 'nothing'} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
