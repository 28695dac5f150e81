"""What a daemon tells those who watch it: probes and metrics over HTTP, notices to systemd."""

from __future__ import annotations

import logging
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
import pytest
from failing_site import samples
from structlog.contextvars import get_contextvars

from proforma.service.health import Health, HealthServer, Probes
from proforma.service.metrics import METRICS, Tally
from proforma.service.notify import Notifier
from proforma.settings import MonitoringSettings
from project_folder import Project


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_probes_answer_200_or_503() -> None:
    """Well: 200. Not well: 503, and which check says so. Anything else: 404 with what there is."""
    live, ready = Health(checks={"lease": "ok"}), Health(checks={"store": "it is locked", "lease": "ok"})
    server = HealthServer(("127.0.0.1", 0), Probes(live=lambda: live, ready=lambda: ready, metrics=lambda: b"x 1\n"))
    server.start()
    try:
        base = f"http://127.0.0.1:{server.port}"
        assert get(f"{base}/livez") == (200, '{"ok":true,"checks":{"lease":"ok"}}\n')
        assert get(f"{base}/readyz?verbose") == (503, '{"ok":false,"checks":{"store":"it is locked","lease":"ok"}}\n')
        assert get(f"{base}/metrics") == (200, "x 1\n")
        assert get(f"{base}/secrets") == (404, '{"known": ["/livez", "/readyz", "/metrics"]}\n')
        with pytest.raises(OSError, match="in use"):
            HealthServer(("127.0.0.1", server.port), Probes(live=lambda: live, ready=lambda: ready, metrics=lambda: b""))
    finally:
        server.stop()


def test_the_daemon_tells_systemd_and_answers_its_probes(project: Project, tmp_path: Path) -> None:
    """READY when it runs, WATCHDOG while it lives, STOPPING at the end; all three addresses answer, and metrics name no customer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path = project.folder / "proforma.yaml"
    path.write_text(path.read_text(encoding="utf-8") + f"monitoring: {{listen: '127.0.0.1:{port}'}}\n", encoding="utf-8")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as gate:
        gate.bind(str(tmp_path / "notify"))
        gate.settimeout(60)
        project.environment = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        with project.start("daemon") as process:
            assert gate.recv(1000).decode().splitlines()[0] == "READY=1"
            assert gate.recv(1000).decode() == "WATCHDOG=1"
            base = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 60
            while get(f"{base}/readyz")[0] != 200:
                assert time.monotonic() < deadline
            assert get(f"{base}/livez")[0] == 200
            page = get(f"{base}/metrics")[1]
            process.send_signal(signal.SIGTERM)
            while (notice := gate.recv(1000).decode()) == "WATCHDOG=1":
                pass
            assert notice.splitlines()[0] == "STOPPING=1"
            process.communicate(timeout=60)
    assert process.returncode == 0
    assert samples(page, "proforma_store_up") == [({}, 1.0)]
    shown = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE proforma_")}
    assert shown == set(METRICS)


def test_a_notice_that_cannot_be_sent_stops_nothing(tmp_path: Path) -> None:
    """Not started by systemd, or its socket is gone: nothing happens."""
    Notifier.of({}).tell("READY=1")
    Notifier.of({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell("READY=1")
    assert Notifier.of({"NOTIFY_SOCKET": "@abstract"}).address == "\0abstract"


def test_no_label_can_hold_an_id_or_a_name() -> None:
    """Labels are words of closed lists, entities of the mappings, jobs and kinds of runs."""
    assert {label for it in METRICS.values() for label in it.labels} == {
        "cause", "channel", "entity", "job", "kind", "outcome", "result", "run", "side", "state", "status", "version",
    }  # fmt: skip
    assert all(
        re.fullmatch(r"proforma_[a-z_]+", name) and name.endswith("_total") == (it.kind == "counter") for name, it in METRICS.items()
    )


def test_a_run_is_counted() -> None:
    """Figures of a run go to their counters; what no counter is for is passed over."""
    tally = Tally()
    tally.add_run({"rows": 5, "pushed": 2, "retries": 3, "throttled_seconds": 7, "ready_rows": 9})
    values = tally.values()
    assert values["proforma_rows_total"] == {("pulled",): 5}
    assert values["proforma_invoices_total"] == {("pushed",): 2}
    assert (values["proforma_retries_total"], values["proforma_throttled_seconds_total"]) == ({(): 3}, {(): 7})


@pytest.mark.parametrize(("said", "address"), [("127.0.0.1:9464", ("127.0.0.1", 9464)), ("[::1]:9464", ("::1", 9464)), ("off", None)])
def test_where_it_listens(said: str, address: tuple[str, int] | None) -> None:
    """HOST:PORT, also of IPv6, or off."""
    assert MonitoringSettings(listen=said).address == address


def test_log_lines_name_run_and_entity_also_in_threads(project: Project) -> None:
    """A pause in the pull of one entity names the run and the entity, though another thread of the pull waits."""
    seen: list[tuple[object, ...]] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if getattr(record, "event", None) == "waiting":
                named = get_contextvars()
                seen.append((named.get("run"), named.get("entity"), record.__dict__["attempt"]))

    listener = Listener()
    logger = logging.getLogger("proforma.transport.retry")
    logger.addHandler(listener)
    logger.setLevel(logging.INFO)
    fault = {"match": {"path": "msdyn_actuals"}, "times": 1, "action": {"status": 503, "headers": {"Retry-After": "0"}}}
    project.server.faults([fault])
    try:
        assert project.run("sync").code == 0
    finally:
        logger.removeHandler(listener)
        logger.setLevel(logging.NOTSET)
    assert seen == [(1, "actual", 1)]


def test_the_shape_of_a_health_answer_is_json() -> None:
    """What a probe answers can be parsed."""
    status, kind, body = Health(checks={"a": "ok"}).answer()
    assert (status, kind, msgspec.json.decode(body)) == (200, "application/json", {"ok": True, "checks": {"a": "ok"}})
