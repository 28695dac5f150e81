"""Those who send, each run in a process of its own: `python -m benchmarks.pushers NAME URL FOLDER`.

The folder holds a store with confirmed invoices. Prints invoices, seconds and CPU seconds from the first invoice to the last commit, and
the most memory it took in KiB.
"""

from __future__ import annotations

import resource
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.readers import Watch
from proforma.domain.codes import PushStatus
from proforma.store import Store

CONFIGURATION = """\
source: {{url: "http://127.0.0.1:1", auth: {{kind: none}}}}
finance: {{target: {target}, url: "{url}", auth: {{kind: bearer, token: somebody}}, concurrency: {concurrency}, company: {company}}}
store: sqlite:///proforma.db
allow_literal_secrets: true
"""
_COMPANIES = {"dynamics": "usmf", "business-central": "CRONUS"}


def ours(url: str, folder: Path, *, concurrency: int = 1, target: str = "rest") -> tuple[int, Watch]:
    """The product itself: routes, limits, claim, *sending*, request, comparison, result, events."""
    from proforma.settings import load_configuration
    from proforma.sync.workshop import Workshop

    text = CONFIGURATION.format(url=url, concurrency=concurrency, target=target, company=_COMPANIES.get(target, "null"))
    (folder / "proforma.yaml").write_text(text, encoding="utf-8")
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="benchmark") as workshop:
        push = workshop.push()
        watch = Watch.started()
        arrived = sum(pushed.push is PushStatus.ACCEPTED for pushed in push.run())
        return arrived, watch.stopped()


def five_at_once(url: str, folder: Path) -> tuple[int, Watch]:
    """As `ours`, five invoices under way at once."""
    return ours(url, folder, concurrency=5)


def dynamics(url: str, folder: Path) -> tuple[int, Watch]:
    """As `ours`, to Dynamics 365 Finance."""
    return ours(url, folder, target="dynamics")


def business_central(url: str, folder: Path) -> tuple[int, Watch]:
    """As `ours`, to Business Central."""
    return ours(url, folder, target="business-central")


def with_journal(url: str, folder: Path) -> tuple[int, Watch]:
    """A bare loop: commit the intent, post the document that was made beforehand, commit the answer; as durable as ours."""
    connection = sqlite3.connect(folder / "journal.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE pushes (reference TEXT PRIMARY KEY, document BLOB, state TEXT, answer BLOB)")

    def intend(reference: str, document: bytes) -> None:
        with connection:
            connection.execute("INSERT INTO pushes VALUES (?, ?, 'sending', NULL)", (reference, document))

    def learn(reference: str, answer: bytes) -> None:
        with connection:
            connection.execute("UPDATE pushes SET state = 'accepted', answer = ? WHERE reference = ?", (answer, reference))

    result = _loop(url, folder, intend, learn)
    connection.close()
    return result


def bare(url: str, folder: Path) -> tuple[int, Watch]:
    """The same loop without the journal."""
    return _loop(url, folder, lambda reference, document: None, lambda reference, answer: None)


def _loop(url: str, folder: Path, intend: Callable[[str, bytes], None], learn: Callable[[str, bytes], None]) -> tuple[int, Watch]:
    import requests

    documents = _documents(folder)
    with requests.Session() as session:
        watch = Watch.started()
        for reference, document in documents:
            intend(reference, document)
            headers = {"Content-Type": "application/json", "Idempotency-Key": reference}
            with session.post(f"{url}/invoices", data=document, headers=headers, timeout=60) as answer:
                answer.raise_for_status()
                learn(reference, answer.content)
        return len(documents), watch.stopped()


def _documents(folder: Path) -> list[tuple[str, bytes]]:
    """What ours would send: reference and bytes of each invoice."""
    from proforma.mapping import load_mappings
    from proforma.sync.send import InvoiceDocuments

    with Store.open(f"sqlite:///{folder / 'proforma.db'}") as store:
        documents = InvoiceDocuments(store, load_mappings(None).finance["rest"], company=None)
        with store.read() as reader:
            made = [documents.of(invoice) for invoice in reader.ledger.invoices()]
    return [(document.reference, document.body) for document in made]


PUSHERS: dict[str, Callable[[str, Path], tuple[int, Watch]]] = {
    "bare": bare,
    "journal": with_journal,
    "ours": ours,
    "five at once": five_at_once,
    "dynamics": dynamics,
    "business-central": business_central,
}


def main() -> None:
    """Runs one of them."""
    name, url, folder = sys.argv[1:]
    invoices, watch = PUSHERS[name](url, Path(folder))
    print(invoices, watch.seconds, watch.cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
