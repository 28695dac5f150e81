"""The readers that are compared, each run in a process of its own: `python -m benchmarks.readers NAME URL FOLDER`.

Prints rows, seconds and CPU seconds from the first request to the last commit, and the most memory it took in KiB.
"""

from __future__ import annotations

import re
import resource
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.canned_dataverse import COLUMNS, Table, changed_rows, pages_made

CONFIGURATION = """\
source: {{url: "{url}", auth: {{kind: none}}}}
finance: {{target: rest, url: "{url}/finance", auth: {{kind: none}}}}
store: sqlite:///proforma.db
"""
_TOLD = re.compile(r'"msdyn_actualid":"([0-9a-f-]{36})".*?"msdyn_description":"([^"]*)"')
_ACTUALS = "/api/data/v9.2/msdyn_actuals"


@dataclass(frozen=True, slots=True)
class Watch:
    """Seconds, and those in which this process had a CPU: other work on the machine changes the first, hardly the second."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def started(cls) -> Watch:
        """Points in time to measure from."""
        return cls(time.perf_counter(), time.process_time())

    def stopped(self) -> Watch:
        """What has passed since."""
        return Watch(time.perf_counter() - self.seconds, time.process_time() - self.cpu_seconds)


def ours(url: str, folder: Path) -> tuple[int, Watch]:
    """The product itself: configuration, store, mapping, checks, mirror, cursor."""
    from proforma.settings import load_configuration
    from proforma.sync.workshop import Workshop

    (folder / "proforma.yaml").write_text(CONFIGURATION.format(url=url), encoding="utf-8")
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="benchmark") as workshop:
        pull = workshop.pull()
        watch = Watch.started()
        rows = sum(entity.rows for entity in pull.run(["actual"]))
        return rows, watch.stopped()


def in_ranges(url: str, folder: Path) -> tuple[int, Watch]:
    """As `ours`, with mappings that let the first pull read ranges of `createdon`."""
    from proforma.mapping import shipped_mappings
    from proforma.settings import load_configuration
    from proforma.sync.workshop import Workshop

    shutil.copytree(shipped_mappings(), folder / "mappings")
    actual = folder / "mappings" / "dataverse" / "actual.yaml"
    actual.write_text(actual.read_text(encoding="utf-8").replace("\nchanges:", "\nranges: createdon\nchanges:", 1), encoding="utf-8")
    (folder / "proforma.yaml").write_text(CONFIGURATION.format(url=url) + "mappings: mappings\n", encoding="utf-8")
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="benchmark") as workshop:
        pull = workshop.pull()
        watch = Watch.started()
        list(pull.run(["actual"]))
        watch = watch.stopped()
        with workshop.store.read() as reader:
            return reader.mirror.count(), watch


def changes(url: str, folder: Path) -> tuple[int, Watch]:
    """The second pull of ours, by the delta link of the first; every row is compared with the source afterwards."""
    from proforma.domain.records import Actual
    from proforma.settings import load_configuration
    from proforma.sync.workshop import Workshop

    (folder / "proforma.yaml").write_text(CONFIGURATION.format(url=url), encoding="utf-8")
    configuration = load_configuration(folder / "proforma.yaml", environment={})
    with Workshop(configuration, now=lambda: datetime.now(UTC), by="benchmark") as workshop:
        total = sum(entity.rows for entity in workshop.pull().run(["actual"]))
        watch = Watch.started()
        (pulled,) = workshop.pull().run(["actual"])
        watch = watch.stopped()
        with workshop.store.read() as reader:
            here = ((actual.id, actual.description) for actual in reader.mirror.all(Actual))
            if sorted(here) != _expected(total):
                raise SystemExit("the mirror has not the rows of the source")
    return pulled.rows + pulled.deleted, watch


def _expected(rows: int) -> list[tuple[str, str]]:
    """Id and description of each row of the source after its changes."""
    table = Table(rows=rows)
    found: dict[str, str] = {}
    made = pages_made(table.page_rows)
    for number in range(table.pages):
        page = made[number % len(made)].replace(b"PPPPPP", b"%06x" % number)
        for text in (page, b",".join(changed_rows(page))):
            found.update(_TOLD.findall(text.decode()))
    for gone in table.deleted_ids(made[0].replace(b"PPPPPP", b"000000")):
        del found[gone.decode()]
    return sorted(found.items())


def by_hand(url: str, folder: Path) -> tuple[int, Watch]:
    """requests, msgspec with exact numbers, one upsert; a transaction a page as durable as ours. No mapping, no checks, no cursor."""
    import msgspec
    import requests

    connection = sqlite3.connect(folder / "by-hand.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"CREATE TABLE actuals ({COLUMNS[0]} TEXT PRIMARY KEY, {', '.join(COLUMNS[1:])})")
    changes = ", ".join(f"{column}=excluded.{column}" for column in COLUMNS[1:])
    statement = f"INSERT INTO actuals VALUES ({', '.join('?' * len(COLUMNS))}) ON CONFLICT ({COLUMNS[0]}) DO UPDATE SET {changes}"
    # Numbers as text keep their digits; this is the cheapest way to be exact.
    decoder = msgspec.json.Decoder(float_hook=str)
    session, rows, link = requests.Session(), 0, f"{url}{_ACTUALS}"
    watch = Watch.started()
    while link:
        page = decoder.decode(session.get(link, timeout=60).content)
        with connection:
            connection.executemany(statement, [tuple(row.get(column) for column in COLUMNS) for row in page["value"]])
        rows += len(page["value"])
        link = page.get("@odata.nextLink")
    watch = watch.stopped()
    connection.close()
    session.close()
    return rows, watch


def socket_only(url: str, folder: Path) -> tuple[int, Watch]:
    """A bare socket that throws the bodies away: what server and loopback allow at most. It looks at the end of each page alone."""
    parts, rows, link = urlsplit(url), 0, f"{url}{_ACTUALS}"
    host, port = parts.hostname or "", parts.port or 80
    watch = Watch.started()
    with socket.create_connection((host, port)) as connection:
        while link:
            connection.sendall(f"GET {link.removeprefix(url)} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            end, count = _skipped(connection)
            rows += count
            found = end.partition(b'"@odata.nextLink":"')[2]
            link = found.partition(b'"')[0].decode()
    return rows, watch.stopped()


def _skipped(connection: socket.socket) -> tuple[bytes, int]:
    """The last bytes of an answer, and the number of its rows."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(65_536)
    head, _, end = head.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(end)
    rows = end.count(b'"@odata.etag"')
    buffer = bytearray(1 << 20)
    while left:
        received = connection.recv_into(buffer)
        left -= received
        rows += buffer.count(b'"@odata.etag"', 0, received)
        end = (end + bytes(buffer[max(0, received - 400) : received]))[-400:]
    return end, rows


def dlt(url: str, folder: Path) -> tuple[int, Watch]:
    """A dlt pipeline into SQLite as its users write it: the REST client with its link paginator, sqlalchemy destination, merged by key."""
    import dlt as library  # type: ignore[import-not-found,unused-ignore]
    from dlt.sources.helpers.rest_client import RESTClient  # type: ignore[import-not-found,unused-ignore]
    from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator  # type: ignore[import-not-found,unused-ignore]

    client = RESTClient(base_url=url, paginator=JSONLinkPaginator(next_url_path="['@odata.nextLink']"), data_selector="value")
    actuals = library.resource(client.paginate(_ACTUALS), name="actuals", write_disposition="merge", primary_key="msdyn_actualid")
    pipeline = library.pipeline(
        "benchmark",
        pipelines_dir=str(folder / "pipelines"),
        destination=library.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}"),
        dataset_name="dataverse",
    )
    watch = Watch.started()
    pipeline.run(actuals)
    watch = watch.stopped()
    counts = pipeline.last_trace.last_normalize_info.row_counts
    return int(counts["actuals"]), watch


READERS: dict[str, Callable[[str, Path], tuple[int, Watch]]] = {
    "socket": socket_only,
    "by hand": by_hand,
    "ours": ours,
    "in ranges": in_ranges,
    "changes": changes,
    "dlt": dlt,
}


def main() -> None:
    """Runs one reader."""
    name, url, folder = sys.argv[1:]
    rows, watch = READERS[name](url, Path(folder))
    print(rows, watch.seconds, watch.cpu_seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
