"""Where the daemon says how it is, what counts as late, how long records are kept, and whom it tells when something is wrong."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from proforma.transport.redaction import Secret

#: What `listen` says when nothing shall listen.
OFF: Final = "off"


def _as_secret(value: object) -> Secret | None:
    if value is None or isinstance(value, Secret):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text: ${ENV_NAME} or file:PATH")
    return Secret(value)


SecretText = Annotated[Secret, BeforeValidator(_as_secret)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class MonitoringSettings(_Section):
    """How the daemon is watched.

    `listen`: HOST:PORT of /livez, /readyz and /metrics, or `off`. `late_minutes`: how long after its tick a job may come to a good end
    before it counts as late. `stuck_minutes`: how long an invoice may wait for finance, or be in doubt. `keep_days`: age at which the
    record of a run is forgotten.
    """

    listen: str = "127.0.0.1:9464"
    late_minutes: int = Field(default=30, ge=1, le=10_080)
    stuck_minutes: int = Field(default=60, ge=1, le=10_080)
    keep_days: int = Field(default=90, ge=1, le=3660)

    @field_validator("listen")
    @classmethod
    def _an_address(cls, value: str) -> str:
        _split(value)
        return value

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port; None when nothing shall listen."""
        return _split(self.listen)


def _split(value: str) -> tuple[str, int] | None:
    if value.lower() in (OFF, "false"):
        return None
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{value!r} is no address; write HOST:PORT such as 127.0.0.1:9464, or off")
    return host.strip("[]"), int(port)


class WebhookSettings(_Section):
    """Where alerts are posted as JSON. `secret`: signs each one (docs/operating.md says how it is checked)."""

    url: str
    secret: SecretText
    timeout_seconds: float = Field(default=10, gt=0, le=60)


class MailSettings(_Section):
    """The mail server that sends alerts. `security`: `starttls` (587 as a rule), `tls` (465), or `none`, which sends no password."""

    host: str
    port: int = Field(default=587, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: str
    to: tuple[str, ...] = Field(min_length=1)
    user: str | None = None
    password: SecretText | None = None
    timeout_seconds: float = Field(default=10, gt=0, le=60)

    @field_validator("sender")
    @classmethod
    def _one_address(cls, value: str) -> str:
        return _mail_address(value)

    @field_validator("to")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_mail_address(each) for each in value)


def _mail_address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at or not local or not domain or any(c.isspace() or c in "<>," for c in value):
        raise ValueError(f"{value!r} is no mail address; write name@example.com")
    return value


class AlertSettings(_Section):
    """Who is told. What goes on is told again after `repeat_hours`."""

    repeat_hours: float = Field(default=24, gt=0, le=24 * 31)
    webhook: WebhookSettings | None = None
    mail: MailSettings | None = None
