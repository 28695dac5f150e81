"""A file for whoever helps: versions, settings, findings, counts. No secret, no name, no text that a person or another system wrote."""

from __future__ import annotations

import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec
from pydantic import BaseModel

from proforma import __version__
from proforma.domain.errors import ProformaError
from proforma.settings import Configuration
from proforma.sync.checkup import Finding
from proforma.sync.status import read_status
from proforma.sync.workshop import Workshop
from proforma.transport.redaction import Secret, redact_event

_PACKAGES: Final = (
    "alembic",
    "apscheduler",
    "msal",
    "msgspec",
    "psycopg",
    "pydantic",
    "requests",
    "sqlalchemy",
    "starlette",
    "typer",
    "urllib3",
)
_RUNS: Final = 50
#: Texts of the configuration that are words of closed lists, times or zones; every other text is left out.
_SHOWN: Final = frozenset({"kind", "target", "business_time_zone", "listen", "security", "language", "cron", "confirm", "mode"})
_LEFT_OUT: Final = "(left out)"
_NOTICE: Final = """\
Made by `proforma doctor --bundle` for support. Open the files and look before you pass them on.
Left out: secrets, addresses, names, texts of records, messages of other systems.
"""


def write_bundle(file: Path, workshop: Workshop | None, findings: Sequence[Finding]) -> list[str]:
    """Writes the file and answers what is in it. `workshop` None: there is no configuration to read."""
    parts: dict[str, object] = {"versions.json": _versions(), "findings.json": [_finding(finding) for finding in findings]}
    if workshop is not None:
        parts["configuration.json"] = shown(workshop.configuration)
        parts |= _of_store(workshop)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _NOTICE)
        for name, content in parts.items():
            archive.writestr(
                name, msgspec.json.format(msgspec.json.encode(redact_event(None, "", {"content": content})["content"]), indent=1)
            )
    return ["README.txt", *parts]


def shown(configuration: Configuration) -> dict[str, object]:
    """The configuration without secrets and without any text that could name somebody."""
    return {name: _value(name, value) for name, value in configuration if name != "folder"} | {
        "store": configuration.store.partition(":")[0]
    }


def _value(key: str, value: object) -> object:
    match value:
        case Secret():
            return "(secret)"
        case None | bool() | int() | float() | Decimal():
            return value
        case BaseModel():
            return {name: _value(name, part) for name, part in value}
        case str() if key in _SHOWN:
            return value
        case Mapping():
            return {
                str(name) if key in ("stages", "amounts") else f"{number}": _value(key, part)
                for number, (name, part) in enumerate(value.items())
            }
        case list() | tuple():
            return [_value("kind" if key == "stages" else key, part) for part in value]
        case _ if hasattr(value, "__dataclass_fields__"):
            return {name: _policy(getattr(value, name)) for name in value.__dataclass_fields__}
        case _:
            return _LEFT_OUT


def _policy(value: object) -> object:
    """A switch of a policy is a word of a closed list, or a number; free text is not."""
    enumerated = isinstance(value, str) and type(value) is not str
    return value if enumerated or value is None or isinstance(value, bool | int | Decimal) else _LEFT_OUT


def _versions() -> dict[str, object]:
    return {
        "proforma-sync": __version__,
        "python": sys.version,
        "system": platform.platform(),
        "at": datetime.now(UTC),
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _finding(finding: Finding) -> dict[str, object]:
    """Of a finding the message is left out: it may quote another system."""
    return {"check": finding.check, "level": finding.level, "exit_code": finding.exit_code, "remedy": finding.remedy}


def _of_store(workshop: Workshop) -> dict[str, object]:
    try:
        with workshop.store.read() as reader:
            status = read_status(reader, at=workshop.now())
            runs = reader.runs.list(_RUNS)
            tables = reader.mirror.counts()
            reasons = [(problem.kind, problem.entity, problem.reason) for problem in reader.quarantine.open()]
    except ProformaError as fault:
        return {"store.json": {"fault": type(fault).__name__}}
    shape = status.shape()
    shape["runs"] = [{key: value for key, value in run.items() if key != "message"} for run in shape["runs"]]
    shape["leader"] = status.leader is not None
    counted: dict[tuple[str, str | None, str], int] = {}
    for reason in reasons:
        counted[reason] = counted.get(reason, 0) + 1
    return {
        "status.json": shape,
        "runs.json": [{**asdict(run), "outcome": run.outcome.partition("):")[0]} for run in runs],
        "rows.json": tables,
        "problems.json": [{"kind": k, "entity": e, "reason": r, "count": count} for (k, e, r), count in sorted(counted.items(), key=str)],
        "schema.json": {"schema": workshop.store.schema_version},
    }
