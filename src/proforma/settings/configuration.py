"""What `proforma.yaml` may say, checked as a whole: every fault with its line, and what to write instead.

Precedence: flag over environment (`PROFORMA_…`) over file over default. A value may be `${ENV_NAME}` or `file:PATH`; a secret must
be one of the two unless `allow_literal_secrets` is set.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import fields
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from proforma.domain.errors import ConfigurationError
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.settings.document import Document, read_document
from proforma.settings.monitoring import AlertSettings, MailSettings, MonitoringSettings, SecretText, WebhookSettings
from proforma.settings.schedule import Blackout, ScheduleSettings, StageTiming

ENVIRONMENT_PREFIX: Final = "PROFORMA_"
_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET_KEYS: Final = frozenset({"client_secret", "token", "password", "key", "secret"})


def _known_keys(policy: type[PricingPolicy | InvoicingPolicy]) -> BeforeValidator:
    """Refuses unknown keys of a policy section, which pydantic would pass over in a plain dataclass."""
    known = [field.name for field in fields(policy)]

    def check(value: object) -> object:
        if value is None:
            return {}
        unknown = sorted(set(value) - set(known)) if isinstance(value, dict) else []
        if unknown:
            raise ValueError("; ".join(f"unknown key {key!r}{_did_you_mean(str(key), known)}" for key in unknown))
        return value

    return BeforeValidator(check)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class AuthSettings(_Section):
    """How to sign in. Which of the other keys are needed follows from `kind`."""

    kind: Literal["none", "client_secret", "bearer", "api_key", "basic"] = "none"
    authority: str | None = None
    tenant: str | None = None
    client_id: str | None = None
    client_secret: SecretText | None = None
    scope: str | None = None
    token: SecretText | None = None
    header: str = "X-API-Key"
    key: SecretText | None = None
    user: str | None = None
    password: SecretText | None = None

    def missing(self) -> tuple[str, ...]:
        """The keys that this kind needs and that are not there."""
        needs = {
            "none": (),
            "client_secret": ("client_id", "client_secret"),
            "bearer": ("token",),
            "api_key": ("key",),
            "basic": ("user", "password"),
        }[self.kind]
        absent = [name for name in needs if getattr(self, name) is None]
        if self.kind == "client_secret" and not (self.authority or self.tenant):
            absent.append("tenant")
        return tuple(absent)


class SourceSettings(_Section):
    """The Dataverse environment."""

    url: str
    auth: AuthSettings = AuthSettings()
    page_size: int = Field(default=5000, ge=1, le=5000)


class LimitSettings(_Section):
    """Circuit breakers of one push to one system: so many new invoices, so much money by currency; None, an unlisted currency: no limit."""

    invoices: int | None = Field(default=None, ge=0)
    amounts: dict[str, Decimal] = {}


class TargetSettings(_Section):
    """How one finance system is reached.

    `settle_seconds` overrules that of the mapping. `concurrency`: how many invoices are under way at once. `timeout_seconds`: how long an
    answer is waited for. `follow_minutes`: pause between two questions about a document that is not posted yet; `paid_hours`: likewise
    about a posted one of which something is still to be paid, 0 asks no more. `list_first`: before anything new is sent, the documents
    of our form that it holds are listed. `shadow`: it is sent nothing; documents for it are compared with those that it holds, or that the
    system `compare_with` holds.
    """

    url: str
    auth: AuthSettings = AuthSettings()
    company: str | None = None
    settle_seconds: float | None = Field(default=None, ge=0)
    concurrency: int = Field(default=1, ge=1, le=32)
    follow_minutes: int = Field(default=15, ge=0)
    paid_hours: float = Field(default=24, ge=0, le=8760)
    list_first: bool = True
    shadow: bool = False
    compare_with: str | None = None
    timeout_seconds: float = Field(default=120, gt=0, le=600)
    limits: LimitSettings = LimitSettings()


class OtherTargetSettings(TargetSettings):
    """A further finance system, for the contracts named here (by number or id) and those of the companies named here (by id, D-1).

    `mapping`: the mapping it is spoken to with, where that is not the one of its own name: several companies may share one.
    """

    mapping: str | None = None
    contracts: tuple[str, ...] = ()
    companies: tuple[str, ...] = ()


class PreflightSettings(_Section):
    """What confirming does with a draft that finance would refuse. `ask`: ask finance too, not only our own records and mappings."""

    at_confirm: Literal["refuse", "warn", "off"] = "warn"
    ask: bool = False


class FinanceSettings(TargetSettings):
    """The finance system. `target` names a mapping in `mappings/finance`; its level of guarantee is declared there.

    `others`: further systems by their names, usually those of their mappings; what none of them claims goes to `target`.
    """

    target: str
    others: dict[str, OtherTargetSettings] = {}
    preflight: PreflightSettings = PreflightSettings()


class SellerSettings(_Section):
    """Who bills, as documents show it: a name, and below it the address and whatever else belongs there."""

    name: str
    lines: list[str] = []


class DocumentSettings(_Section):
    """How `proforma invoice export` looks. `fonts`: folders with fonts for scripts that the program's own fonts lack."""

    language: Literal["en", "nb"] = "en"
    seller: SellerSettings | None = None
    fonts: list[Path] = []


class Configuration(_Section):
    """A checked configuration. `folder` is where relative paths of the file begin."""

    folder: Path
    source: SourceSettings
    finance: FinanceSettings
    store: str = "sqlite:///proforma.db"
    business_time_zone: str = "UTC"
    mappings: Path | None = None
    pricing: Annotated[PricingPolicy, _known_keys(PricingPolicy)] = PricingPolicy()
    invoicing: Annotated[InvoicingPolicy, _known_keys(InvoicingPolicy)] = InvoicingPolicy()
    schedule: ScheduleSettings = ScheduleSettings()
    monitoring: MonitoringSettings = MonitoringSettings()
    alerts: AlertSettings = AlertSettings()
    documents: DocumentSettings = DocumentSettings()
    allow_literal_secrets: bool = False

    @field_validator("business_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is no time zone; write a name such as Europe/Oslo or UTC") from None
        return value


def load_configuration(path: Path, *, environment: Mapping[str, str] | None = None) -> Configuration:
    """Reads, resolves and checks the configuration file.

    Raises ConfigurationError with every fault of the file, each with its line and what to do.
    """
    variables = os.environ if environment is None else environment
    if not path.is_file():
        raise ConfigurationError(
            f"there is no configuration file {path}", hint="make one with `proforma init`, or name it with --config or PROFORMA_CONFIG"
        )
    document = read_document(path)
    faults: list[str] = []
    _override(document, variables)
    _resolve(document, document.data, (), variables, faults)
    configuration = _checked(document, path, faults)
    if faults or configuration is None:
        raise ConfigurationError("\n".join(faults))
    return configuration


def _override(document: Document, variables: Mapping[str, str]) -> None:
    """PROFORMA_STORE, PROFORMA_SOURCE__URL …: a double underscore steps into a section; environment wins over file."""
    for name, value in variables.items():
        path = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if not name.startswith(ENVIRONMENT_PREFIX) or path[0] not in Configuration.model_fields or path[0] == "folder":
            continue
        section = document.data
        for key in path[:-1]:
            section = section.setdefault(key, {})
            if not isinstance(section, dict):
                raise ConfigurationError(f"the environment variable {name} leads into {key!r}, which is no section")
        section[path[-1]] = value
        document.variables[tuple(path)] = name


def _resolve(document: Document, node: Any, path: tuple[str, ...], variables: Mapping[str, str], faults: list[str]) -> None:
    """Replaces `${ENV_NAME}` and `file:PATH` in place; a missing one is a fault with its line."""
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        here = (*path, str(key))
        if isinstance(value, dict):
            _resolve(document, value, here, variables, faults)
        elif isinstance(value, str):
            node[key] = _resolved(document, value, here, variables, faults)


def _resolved(document: Document, value: str, path: tuple[str, ...], variables: Mapping[str, str], faults: list[str]) -> str:
    name = ".".join(path)
    if value.startswith("file:"):
        return _from_file(document, value.removeprefix("file:"), path, faults)
    missing = [variable for variable in _REFERENCE.findall(value) if not variables.get(variable)]
    if missing:
        faults.append(f"{document.where(path)}: {name}: the environment variable {missing[0]} is not set; set it, or write file:PATH")
        return value
    is_literal_secret = path[-1] in _SECRET_KEYS and not _REFERENCE.search(value) and _from_file_text(document, path)
    if is_literal_secret and document.data.get("allow_literal_secrets") is not True:
        faults.append(
            f"{document.where(path)}: {name}: a secret is written into the file; write ${{ENV_NAME}} or file:PATH instead"
            " (allow_literal_secrets: true permits it, for a mock)"
        )
    return _REFERENCE.sub(lambda match: variables[match.group(1)], value)


def _from_file_text(document: Document, path: tuple[str, ...]) -> bool:
    """Whether the value stands in the file, rather than coming from an environment variable."""
    return document.line(path) is not None


def _from_file(document: Document, name: str, path: tuple[str, ...], faults: list[str]) -> str:
    target = document.path.parent / Path(name).expanduser()
    try:
        return target.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not text"
        faults.append(f"{document.where(path)}: {'.'.join(path)}: cannot read {target}: {reason}")
        return ""


def _checked(document: Document, path: Path, faults: list[str]) -> Configuration | None:
    try:
        configuration = Configuration.model_validate({**document.data, "folder": path.resolve().parent})
    except ValidationError as error:
        faults.extend(_fault(document, detail) for detail in error.errors(include_url=False, include_input=False))
        return None
    finance = configuration.finance
    signs_in: dict[tuple[str, ...], AuthSettings] = {("source",): configuration.source.auth, ("finance",): finance.auth}
    signs_in |= {("finance", "others", name): other.auth for name, other in finance.others.items()}
    for path_to, auth in signs_in.items():
        for name in auth.missing():
            place = (*path_to, "auth")
            faults.append(f"{document.where(place)}: {'.'.join(place)}: kind {auth.kind} needs {name}")
    if configuration.invoicing.confirm == "automatic" and configuration.invoicing.confirmed_by == "another_person":
        place = ("invoicing", "confirmed_by")
        faults.append(f"{document.where(place)}: invoicing.confirmed_by: another_person needs confirm: manual; no schedule is a person")
    return configuration


def _fault(document: Document, detail: ErrorDetails) -> str:
    path = tuple(str(part) for part in detail["loc"])
    text = detail["msg"].removeprefix("Value error, ")
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        text = "unknown key" + _near(path)
    elif detail["type"] == "missing":
        text = "this key is needed"
    return f"{document.where(path)}: {'.'.join(path)}: {text}"


def _near(path: tuple[str, ...]) -> str:
    models: dict[str, type[BaseModel]] = {
        "source": SourceSettings,
        "finance": FinanceSettings,
        "auth": AuthSettings,
        "limits": LimitSettings,
        "preflight": PreflightSettings,
        "schedule": ScheduleSettings,
        "blackouts": Blackout,
        "stages": StageTiming,
        "monitoring": MonitoringSettings,
        "alerts": AlertSettings,
        "webhook": WebhookSettings,
        "mail": MailSettings,
        "documents": DocumentSettings,
        "seller": SellerSettings,
    }
    # An entry of a list or a named part is described by what holds it.
    parent = next((name for name in reversed(path[:-1]) if name in models), "")
    model = models.get(parent, Configuration)
    return _did_you_mean(path[-1], sorted(set(model.model_fields) - {"folder"}))


def _did_you_mean(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known keys: {', '.join(known)}"
