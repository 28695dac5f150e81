"""What `proforma init` writes: a configuration made of at most eight answers, and copies of the shipped mappings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proforma.domain.errors import ConfigurationError
from proforma.domain.policies import InvoicingPolicy
from proforma.mapping import shipped_mappings

PACKAGE: Final = Path(__file__).resolve().parent.parent

#: The deployments of Project Operations by each of their names, the older ones too (D-40, D-41).
DEPLOYMENTS: Final[Mapping[str, str]] = {
    "core": "core",
    "lite": "core",
    "integrated": "integrated",
    "resource": "integrated",
    "non-stocked": "integrated",
    "manufacturing": "manufacturing",
    "stocked": "manufacturing",
    "production-order": "manufacturing",
}
TARGETS: Final = ("rest", "dynamics", "business-central", "erpnext", "xero")
ORIGINS: Final = ("local", "dataverse")

#: How each finance system is signed in to; secrets are named, never written.
_SIGN_IN: Final[Mapping[str, str]] = {
    "rest": 'kind: bearer, token: "${FINANCE_TOKEN}"',
    "erpnext": 'kind: api_key, header: Authorization, key: "${FINANCE_TOKEN}"',
    "xero": 'kind: bearer, token: "${FINANCE_TOKEN}"',
    "dynamics": 'kind: client_secret, TENANT, client_id: CLIENT, client_secret: "${FINANCE_CLIENT_SECRET}"',
    "business-central": 'kind: client_secret, TENANT, client_id: CLIENT, client_secret: "${FINANCE_CLIENT_SECRET}"',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to know. `check` gives the answer as it is kept, or raises ValueError saying what is wrong with it."""

    name: str
    words: str
    default: str
    check: Callable[[str], str]


def _one_of(known: Mapping[str, str]) -> Callable[[str], str]:
    def check(answer: str) -> str:
        if (word := answer.strip().lower()) not in known:
            raise ValueError(f"{answer!r} is none of {', '.join(known)}")
        return known[word]

    return check


def _address(answer: str) -> str:
    parts = urlsplit(answer.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(f"{answer!r} is no address; write https://…")
    if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise ValueError(f"{answer!r} is plain http: credentials would travel unprotected")
    return answer.strip().rstrip("/")


def _word(answer: str) -> str:
    word = answer.strip()
    if not word or any(c.isspace() or c in "{}[],#'\"&*!|>%@`" for c in word):
        raise ValueError(f"{answer!r} is no id or name")
    return word


def _zone(answer: str) -> str:
    try:
        return ZoneInfo(answer.strip()).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{answer!r} is no time zone; write a name such as Europe/Oslo or UTC") from None


QUESTIONS: Final = (
    Question(
        name="deployment",
        words="Which deployment of Project Operations (core, integrated, manufacturing)?",
        default="core",
        check=_one_of(DEPLOYMENTS),
    ),
    Question(
        name="origin",
        words="Where are invoices made (local: here, dataverse: there)?",
        default="local",
        check=_one_of({o: o for o in ORIGINS}),
    ),
    Question(name="target", words=f"Which finance system ({', '.join(TARGETS)})?", default="rest", check=_one_of({t: t for t in TARGETS})),
    Question(
        name="dataverse_url", words="Address of the Dataverse environment?", default="https://YOUR-ORG.crm4.dynamics.com", check=_address
    ),
    Question(name="tenant", words="Tenant of the application, or its authority (https://…)?", default="YOUR-TENANT-ID", check=_word),
    Question(name="client_id", words="Id of the application?", default="YOUR-APPLICATION-ID", check=_word),
    Question(name="finance_url", words="Address of the finance system?", default="https://erp.example.com/api", check=_address),
    Question(name="time_zone", words="Time zone of the business?", default="UTC", check=_zone),
)


def checked(name: str, answer: str) -> str:
    """An answer as it is kept. Raises ConfigurationError saying what may be answered."""
    question = next(question for question in QUESTIONS if question.name == name)
    try:
        return question.check(answer)
    except ValueError as fault:
        raise ConfigurationError(f"--{name.replace('_', '-')}: {fault}") from None


def require_possible(answers: Mapping[str, str]) -> None:
    """Raises ConfigurationError for what this program cannot do."""
    if answers["deployment"] == "manufacturing":
        raise ConfigurationError(
            "in the manufacturing deployment pricing and invoicing live in finance and never reach Dataverse",
            hint="there is nothing for proforma-sync to do; in a mixed environment choose integrated, for its other legal entities",
        )
    if answers["origin"] != "local" and "origin" not in {field.name for field in fields(InvoicingPolicy)}:
        raise ConfigurationError("this version makes invoices itself", hint="choose local")


def advice(answers: Mapping[str, str]) -> list[str]:
    """What somebody with these answers should know."""
    told = [f"export {name} before you go on" for name in secrets(answers)]
    if answers["deployment"] == "integrated" and answers["target"] == "dynamics":
        told.append("dual-write carries confirmed invoices to Finance by itself: do not let both carry the same ones")
    return told


def secrets(answers: Mapping[str, str]) -> tuple[str, ...]:
    """The environment variables that the configuration names."""
    return "DATAVERSE_CLIENT_SECRET", "FINANCE_TOKEN" if "FINANCE_TOKEN" in _SIGN_IN[answers["target"]] else "FINANCE_CLIENT_SECRET"


def example_configuration() -> str:
    """The commented example: beside the package in a wheel, at the top of a checkout."""
    for place in (PACKAGE / "config.example.yaml", PACKAGE.parent.parent / "config.example.yaml"):
        if place.is_file():
            return place.read_text(encoding="utf-8")
    raise FileNotFoundError(2, "config.example.yaml is missing from the installation", str(PACKAGE))


def configuration_of(answers: Mapping[str, str]) -> str:
    """The configuration that the answers say; what is not in it has its default, as config.example.yaml shows."""
    tenant = f"authority: {answers['tenant']}" if "://" in answers["tenant"] else f"tenant: {answers['tenant']}"
    sign_in = _SIGN_IN[answers["target"]].replace("TENANT", tenant, 1).replace("CLIENT,", f"{answers['client_id']},", 1)
    company = '  company: "COMPANY"                       # the company or legal entity there\n'
    origin = f"  origin: {answers['origin']}\n" if answers["origin"] != "local" else ""
    return f"""\
# Written by `proforma init` for the {answers["deployment"]} deployment. config.example.yaml of the program explains every key;
# `proforma doctor` says what is missing. Secrets stand in the environment or in files (file:PATH), never here.
source:
  url: {answers["dataverse_url"]}
  auth: {{kind: client_secret, {tenant}, client_id: {answers["client_id"]}, client_secret: "${{DATAVERSE_CLIENT_SECRET}}"}}
finance:
  target: {answers["target"]}
  url: {answers["finance_url"]}
  auth: {{{sign_in}}}
{company if answers["target"] in ("dynamics", "business-central") else ""}\
store: sqlite:///proforma.db
business_time_zone: {answers["time_zone"]}
mappings: mappings
invoicing:
{origin}\
  schedule: false                           # true: draft what the invoice schedules say is due
  confirm: manual                           # a person confirms every draft
schedule:
  every_minutes: 10
monitoring:
  listen: 127.0.0.1:9464
"""


def write_starter(folder: Path, configuration: str | None = None) -> list[Path]:
    """Writes `proforma.yaml` (the example, unless another text is given) and `mappings/` into the folder.

    What exists is left alone. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = configuration or example_configuration().replace("# mappings: mappings  ", "mappings: mappings    ")
    wanted = {folder / "proforma.yaml": text}
    source = shipped_mappings()
    for file in sorted(source.rglob("*.yaml")):
        wanted[folder / "mappings" / file.relative_to(source)] = file.read_text(encoding="utf-8")
    written = []
    for path, content in wanted.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
            written.append(path)
    return written
