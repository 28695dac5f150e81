"""People are told once, again while it lasts, and when it is over; webhooks are signed, mails are plain, and nobody is told a secret."""

from __future__ import annotations

import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from failing_site import Heard

from proforma.service.alerts import Alert, Alerter, AlertError, Mail, Webhook
from proforma.service.conditions import Condition
from proforma.settings import MailSettings, WebhookSettings
from proforma.store import Store
from proforma.transport.redaction import Secret
from project_folder import Project

AT = datetime(2026, 3, 31, 12, tzinfo=UTC)
DOUBT = Condition(kind="in-doubt", message="1 invoice", remedy="wait")
PARKED = Condition(kind="push-parked", message="2 invoices", remedy="look")
ALERT = Alert(event="alert", at=AT, installation="billing-1", conditions=[DOUBT])


def alerter(store: Store | None, *, repeat_seconds: float = 3600, channels: list[Heard] | None = None) -> tuple[Alerter, Heard]:
    heard = Heard()
    made = Alerter(store=store, channels=channels or [heard], installation="here", repeat_seconds=repeat_seconds, now=lambda: AT)
    return made, (channels or [heard])[0]


def told(heard: Heard) -> list[tuple[str, list[str]]]:
    return [(alert.event, [condition.kind for condition in alert.conditions]) for alert in heard.alerts]


def test_a_condition_is_told_once_and_when_it_is_over(store: Store) -> None:
    """Begins: alert. Goes on: nothing. Ends: resolved. Comes back: alert."""
    one, heard = alerter(store)
    for conditions in ([DOUBT], [DOUBT], [DOUBT, PARKED], [PARKED], [], [DOUBT]):
        one.attend(conditions)
    assert told(heard) == [
        ("alert", ["in-doubt"]), ("alert", ["push-parked"]), ("resolved", ["in-doubt"]), ("resolved", ["push-parked"]),
        ("alert", ["in-doubt"]),
    ]  # fmt: skip


def test_several_processes_tell_it_once(store: Store) -> None:
    """A daemon that takes over, and a timer beside it, know from the store what was told; any of them tells that it is over."""
    one, heard = alerter(store)
    other, _ = alerter(store, channels=[heard])
    one.attend([DOUBT])
    other.attend([DOUBT])
    other.attend([])
    alerter(store, channels=[heard])[0].attend([])
    assert told(heard) == [("alert", ["in-doubt"]), ("resolved", ["in-doubt"])]


def test_what_lasts_is_told_again(store: Store) -> None:
    """After `repeat_hours` it is told as still wrong."""
    one, heard = alerter(store, repeat_seconds=0)
    one.attend([DOUBT])
    one.attend([DOUBT])
    assert told(heard) == [("alert", ["in-doubt"]), ("still", ["in-doubt"])]


def test_without_a_store_memory_does() -> None:
    """When the store is what is wrong, it is told once all the same, and nothing else is called over."""
    one, heard = alerter(None)
    one.attend([DOUBT], complete=False)
    one.attend([], complete=False)
    one.attend([DOUBT], complete=False)
    assert told(heard) == [("alert", ["in-doubt"])]


def test_an_alert_that_nobody_took_is_tried_again(store: Store) -> None:
    """Every channel failed: the next look tells it anew, and each failure is counted."""

    class Deaf(Heard):
        def send(self, alert: Alert) -> None:
            if len(counted) < 2:
                raise AlertError("nobody answers")
            super().send(alert)

    counted: list[tuple[str, str]] = []
    deaf = Deaf()
    one = Alerter(
        store=store,
        channels=[deaf],
        installation="here",
        repeat_seconds=3600,
        counted=lambda channel, result: counted.append((channel, result)),
    )
    for _ in range(4):
        one.attend([DOUBT])
    assert counted == [("webhook", "failed"), ("webhook", "failed"), ("webhook", "sent")]
    assert told(deaf) == [("alert", ["in-doubt"])]


@contextmanager
def hook(status: int = 204) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A receiver of webhooks, and what it got."""
    got: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?to=billing", got
        server.shutdown()
        thread.join()


def test_a_webhook_is_signed_with_its_time() -> None:
    """A receiver that knows the secret proves body and time; the body says event, installation and conditions."""
    with hook() as (url, got):
        Webhook(WebhookSettings(url=url, secret=Secret("hook-secret-1")), now=lambda: 1_800_000_000.9).send(ALERT)
    ((headers, body),) = got
    expected = hmac.new(b"hook-secret-1", b"1800000000." + body, sha256).hexdigest()
    assert (headers["Proforma-Timestamp"], headers["Proforma-Signature"]) == ("1800000000", f"sha256={expected}")
    assert msgspec.json.decode(body) == {
        "event": "alert",
        "at": "2026-03-31T12:00:00Z",
        "installation": "billing-1",
        "conditions": [{"kind": "in-doubt", "message": "1 invoice", "remedy": "wait", "subject": "", "cause": ""}],
    }


def test_a_webhook_that_does_not_take_it_says_so() -> None:
    """An answer that is no 2xx, nobody at the address, plain http to another machine: each is told, none shows the secret."""
    with hook(status=500) as (url, _):
        refused = WebhookSettings(url=url, secret=Secret("hook-secret-2"))
        with pytest.raises(AlertError, match="answered 500"):
            Webhook(refused).send(ALERT)
    for address, answer in (("http://127.0.0.1:9/", "refused"), ("http://hooks.example.com/", "plain http")):
        with pytest.raises(AlertError, match=answer) as caught:
            Webhook(WebhookSettings(url=address, secret=Secret("hook-secret-2"))).send(ALERT)
        assert "hook-secret-2" not in str(caught.value)


@dataclass
class Mailbox:
    """A mail server that takes one mail."""

    lines: list[str] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        """Speaks as much SMTP as one mail needs."""
        connection, _ = listener.accept()
        with connection, connection.makefile("rw", newline="\r\n") as stream:
            print("220 ready", file=stream, flush=True)
            in_data = False
            for line in stream:
                self.lines.append(line.rstrip("\r\n"))
                word = line[:4].upper().strip()
                if in_data and line.strip() != ".":
                    continue
                in_data = word == "DATA"
                print({"DATA": "354 go on", "QUIT": "221 bye"}.get(word, "250 ok"), file=stream, flush=True)
                if word == "QUIT":
                    return


def test_a_mail_says_what_is_wrong_and_what_to_do() -> None:
    """Subject and text name the condition and the remedy; it is marked as written by a machine."""
    box = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=box.serve, args=(listener,))
        thread.start()
        port = listener.getsockname()[1]
        settings = MailSettings(host="127.0.0.1", port=port, security="none", sender="p@example.com", to=("a@example.com", "b@example.com"))
        Mail(settings).send(ALERT)
        thread.join()
    assert [line for line in box.lines if line.lower().startswith(("rcpt", "subject", "to:", "auto-"))] == [
        "rcpt TO:<a@example.com>",
        "rcpt TO:<b@example.com>",
        "To: a@example.com, b@example.com",
        "Subject: [proforma billing-1] attention: in-doubt",
        "Auto-Submitted: auto-generated",
    ]
    assert "in-doubt: 1 invoice" in box.lines
    assert "    What to do: wait" in box.lines


def test_a_mail_server_that_does_not_answer_is_told() -> None:
    """Nobody at the port: the place is named."""
    settings = MailSettings(host="127.0.0.1", port=9, security="starttls", sender="p@example.com", to=("a@example.com",))
    with pytest.raises(AlertError, match=r"alerts\.mail: 127\.0\.0\.1:9: .*refused"):
        Mail(settings).send(ALERT)


def test_alert_test_tries_every_channel(tmp_path: Path) -> None:
    """By hand: sent, exit 0; nobody there, exit 3; no channel configured, exit 2. No store is made for it."""
    path = tmp_path / "proforma.yaml"
    base = "source: {url: 'http://127.0.0.1:9'}\nfinance: {target: rest, url: 'http://127.0.0.1:9/f'}\nallow_literal_secrets: true\n"
    project = Project(tmp_path, None)  # type: ignore[arg-type]
    with hook() as (url, got):
        path.write_text(base + f"alerts: {{webhook: {{url: '{url}', secret: hook-secret-3}}}}\n", encoding="utf-8")
        assert (project.run("alert", "test").json, len(got)) == ({"sent": ["webhook"]}, 1)
    assert project.run("alert", "test").code == 3
    path.write_text(base, encoding="utf-8")
    assert project.run("alert", "test").code == 2
    assert list(tmp_path.glob("*.db")) == []
