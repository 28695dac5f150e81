"""Tells people what is wrong: once when it begins, again while it lasts, and when it is over. By webhook, by mail, or both."""

from __future__ import annotations

import logging
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from hashlib import sha256
from hmac import new as hmac_of
from typing import Final, Literal, Protocol
from uuid import uuid4

import msgspec

from proforma.domain.errors import ConfigurationError, ProformaError
from proforma.service.conditions import Condition
from proforma.settings import AlertSettings, Configuration, MailSettings, WebhookSettings
from proforma.store import Store
from proforma.transport.errors import BadResponseError, TransportError
from proforma.transport.origin import Origin
from proforma.transport.redaction import redact
from proforma.transport.session import Limits, Session

log = logging.getLogger(__name__)

Event = Literal["alert", "still", "resolved", "test"]
_OWNER: Final = "alerts"
_NAMES: Final = "alert:"
_SUBJECTS: Final = {"alert": "attention", "still": "still wrong", "resolved": "resolved", "test": "test"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One message. `installation`: which one speaks."""

    event: Event
    at: datetime
    installation: str
    conditions: Sequence[Condition]

    @property
    def body(self) -> bytes:
        """As the webhook gets it."""
        shape = {**asdict(self), "conditions": [asdict(condition) for condition in self.conditions]}
        return redact(msgspec.json.encode(shape).decode()).encode()

    @property
    def subject(self) -> str:
        """As the subject of a mail."""
        kinds = ", ".join(sorted({condition.kind for condition in self.conditions})) or "nothing is wrong"
        return f"[proforma {self.installation}] {_SUBJECTS[self.event]}: {kinds}"

    @property
    def text(self) -> str:
        """As the text of a mail."""
        blocks = [f"{c.kind}{f' ({c.subject})' if c.subject else ''}: {c.message}\n    What to do: {c.remedy}" for c in self.conditions]
        return redact("\n\n".join([*blocks, f"{self.at:%Y-%m-%d %H:%M:%S} UTC, from {self.installation}"]) + "\n")


class AlertError(Exception):
    """A channel did not take an alert; the message says why and what to do."""


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """webhook or mail."""

    def send(self, alert: Alert) -> None:
        """Raises AlertError."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts JSON, signed: Proforma-Signature is `sha256=` and the HMAC of `TIMESTAMP.BODY`, TIMESTAMP being Proforma-Timestamp."""

    settings: WebhookSettings
    now: Callable[[], float] = time.time
    name: str = "webhook"

    def send(self, alert: Alert) -> None:
        """Raises AlertError unless the answer is a 2xx."""
        body, stamp = alert.body, str(int(self.now()))
        headers = {
            "Content-Type": "application/json",
            "Proforma-Delivery": str(uuid4()),
            "Proforma-Timestamp": stamp,
            "Proforma-Signature": signature(self.settings.secret.reveal(), stamp, body),
        }
        seconds = self.settings.timeout_seconds
        try:
            Origin.parse(self.settings.url.partition("?")[0])
            with Session(Limits(connect_seconds=seconds, read_seconds=seconds, body_seconds=seconds, body_bytes_max=1 << 20)) as session:
                answer = session.exchange("POST", self.settings.url, headers, body)
            if not 200 <= answer.status < 300:
                raise BadResponseError(f"the webhook answered {answer.status}", todo="Check alerts.webhook.", trace=answer.trace)
        except TransportError as fault:
            raise AlertError(f"alerts.webhook: {fault}") from fault


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What a receiver compares the header with, after it has found the timestamp to be recent."""
    return "sha256=" + hmac_of(secret.encode(), stamp.encode() + b"." + body, sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends a plain mail."""

    settings: MailSettings
    name: str = "mail"

    def send(self, alert: Alert) -> None:
        """Raises AlertError when the server does not take it."""
        try:
            with self._connected() as server:
                if self.settings.user and self.settings.password and self.settings.security != "none":
                    server.login(self.settings.user, self.settings.password.reveal())
                refused = server.send_message(self._message(alert))
        except (OSError, smtplib.SMTPException) as fault:
            raise AlertError(f"alerts.mail: {self.settings.host}:{self.settings.port}: {redact(str(fault))}") from None
        if refused:
            raise AlertError(f"alerts.mail: the server refused {len(refused)} of the addresses in alerts.mail.to")

    def _connected(self) -> smtplib.SMTP:
        host, port, seconds = self.settings.host, self.settings.port, self.settings.timeout_seconds
        if self.settings.security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=seconds, context=ssl.create_default_context())
        server = smtplib.SMTP(host, port, timeout=seconds)
        if self.settings.security == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server

    def _message(self, alert: Alert) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"] = self.settings.sender, ", ".join(self.settings.to)
        message["Subject"], message["Date"] = alert.subject, format_datetime(alert.at)
        message["Message-ID"] = make_msgid(domain=self.settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(alert.text)
        return message


def channels_of(settings: AlertSettings) -> list[Channel]:
    """The channels that are configured."""
    found: list[Channel] = []
    if settings.webhook is not None:
        found.append(Webhook(settings.webhook))
    if settings.mail is not None:
        found.append(Mail(settings.mail))
    return found


def alerter_of(
    configuration: Configuration, store: Store | None, *, counted: Callable[[str, str], None] = lambda channel, result: None
) -> Alerter:
    """The alerter of a configuration. `counted` hears of each alert by channel: sent or failed."""
    settings = configuration.alerts
    return Alerter(
        store=store,
        channels=channels_of(settings),
        installation=socket.gethostname(),
        repeat_seconds=settings.repeat_hours * 3600,
        counted=counted,
    )


@dataclass(slots=True, kw_only=True)
class Alerter:
    """Remembers in the store what was told, so that several daemons and a timer tell it once; without the store, in memory."""

    store: Store | None
    channels: Sequence[Channel]
    installation: str
    repeat_seconds: float
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    counted: Callable[[str, str], None] = lambda channel, result: None
    _told: dict[str, float] = field(default_factory=dict)

    def attend(self, conditions: Iterable[Condition], *, complete: bool = True) -> list[Alert]:
        """Sends what is new, what goes on for long, and what is over; answers what was sent.

        `complete`: what is not among the conditions is over; False when not everything could be looked at.
        """
        if not self.channels:
            return []
        present = {condition.key: condition for condition in conditions}
        begun: dict[Event, list[Condition]] = {"alert": [], "still": []}
        for key, condition in present.items():
            if (event := self._claim(key)) is not None:
                begun[event].append(condition)
        sent = [alert for event, found in begun.items() if found and (alert := self._send(event, found))]
        if complete and (over := self._over(present)):
            gone = [Condition(kind=k.partition(":")[0], subject=k.partition(":")[2], message="it is over", remedy="nothing") for k in over]
            sent += [alert] if (alert := self._send("resolved", gone)) else []
        return sent

    def test(self) -> Alert:
        """Sends a test to every channel. Raises ConfigurationError when none is configured, AlertError when one does not take it."""
        if not self.channels:
            raise ConfigurationError("no channel is configured", at="alerts", hint="add alerts.webhook or alerts.mail: docs/operating.md")
        condition = Condition(kind="test", message="this is a test: alerts reach you", remedy="nothing")
        alert = Alert(event="test", at=self.now(), installation=self.installation, conditions=[condition])
        faults = [fault for channel in self.channels if (fault := self._through(channel, alert))]
        if faults:
            raise AlertError("; ".join(faults))
        return alert

    def _send(self, event: Event, conditions: Sequence[Condition]) -> Alert | None:
        alert = Alert(event=event, at=self.now(), installation=self.installation, conditions=conditions)
        faults = [fault for channel in self.channels if (fault := self._through(channel, alert))]
        if len(faults) == len(self.channels):
            # Nobody heard it: it is told anew at the next look.
            for condition in conditions:
                self._release(condition.key)
            return None
        return alert

    def _through(self, channel: Channel, alert: Alert) -> str | None:
        try:
            channel.send(alert)
        except AlertError as fault:
            log.error("an alert was not sent: %s", fault, extra={"event": "alert_failed", "channel": channel.name})
            self.counted(channel.name, "failed")
            return str(fault)
        self.counted(channel.name, "sent")
        return None

    def _claim(self, key: str) -> Event | None:
        """What to tell about a condition that is there: alert, still, or None when it was told lately."""
        if self._told.get(key, 0.0) > time.monotonic():
            return None
        event: Event | None = "alert"
        if self.store is not None:
            try:
                event = _claimed(self.store, key, self.repeat_seconds)
            except ProformaError as fault:
                log.warning("what was told is not kept: %s", fault)
        if event is not None:
            self._told[key] = time.monotonic() + self.repeat_seconds
        return event

    def _over(self, present: Iterable[str]) -> list[str]:
        """What was told and is not there any more; from now on it is new again."""
        told = {key for key, until in self._told.items() if until > time.monotonic()}
        if self.store is not None:
            try:
                with self.store.read() as reader:
                    told |= {name.removeprefix(_NAMES) for name in reader.leases.held(_NAMES)}
            except ProformaError:
                return []
        over = sorted(told - set(present))
        for key in over:
            self._release(key)
        return over

    def _release(self, key: str) -> None:
        self._told.pop(key, None)
        if self.store is None:
            return
        try:
            with self.store.begin() as tx:
                if (lease := tx.leases.get(_NAMES + key)) is not None:
                    tx.leases.give_back(lease)
        except ProformaError as fault:
            log.warning("what was told is not kept: %s", fault)


def _claimed(store: Store, key: str, seconds: float) -> Event | None:
    with store.begin() as tx:
        lease = tx.leases.get(_NAMES + key)
        if lease is not None and lease.owner and lease.left_seconds > 0:
            return None
        tx.leases.take(_NAMES + key, _OWNER, seconds)
    return "still" if lease is not None and lease.owner else "alert"
