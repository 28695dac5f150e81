"""What can be wrong with mappings and remote sides, found before a run finds it: every check says what it saw or what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from proforma.domain.errors import ConfigurationError, ProformaError
from proforma.mapping import RestMapping
from proforma.settings import Configuration
from proforma.sync.causes import cause_of
from proforma.sync.workshop import Workshop
from proforma.transport.errors import TransportError

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: what it saw, and what to do where it is not well. `exit_code` is 0 unless it is a fault."""

    check: str
    message: str
    remedy: str = ""
    level: Level = "ok"
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing keeps the program from its work."""
        return self.level != "fault"


Check = Callable[[Workshop], str]


def found(name: str, check: Check, workshop: Workshop) -> Finding:
    """Runs one check; whatever it raises is the finding."""
    try:
        return Finding(check=name, message=check(workshop))
    except (ProformaError, TransportError) as fault:
        return fault_of(name, fault, workshop.configuration)


def fault_of(name: str, fault: ProformaError | TransportError, configuration: Configuration | None) -> Finding:
    """What a fault says about a check, with its own advice or that of its kind."""
    if isinstance(fault, TransportError):
        cause = cause_of(fault, configuration) if configuration else None
        remedy = fault.todo or (cause.remedy if cause else "")
        return Finding(check=name, message=str(fault), remedy=remedy, level="fault", exit_code=fault.exit_code)
    code = 2 if isinstance(fault, ConfigurationError) else 3
    place = f"{fault.at}: " if fault.at else ""
    remedy = fault.hint or "correct what the message names, then run `proforma doctor` again"
    return Finding(check=name, message=place + fault.message, remedy=remedy, level="fault", exit_code=code)


def mappings_found(workshop: Workshop) -> Finding:
    """Whether the mappings can be read, and the finance systems of the configuration have one."""
    return found("mappings", _mappings, workshop)


def remote_findings(workshop: Workshop) -> list[Finding]:
    """Both remote sides, each asked with the configured credentials; every finance system of the configuration."""
    signed_in = found("dataverse", _dataverse, workshop)
    findings = [signed_in]
    if signed_in.ok:
        findings.append(found("live mappings", _live_mappings, workshop))
    for name in workshop.target_names:
        findings.append(found("finance" if name == workshop.configuration.finance.target else f"finance {name}", _finance(name), workshop))
    return findings


def _mappings(workshop: Workshop) -> str:
    mappings = workshop.mappings
    for name in workshop.target_names:
        workshop.finance_mapping_of(name)
    return f"{len(mappings.entities)} entities, {len(mappings.finance)} finance targets"


def _dataverse(workshop: Workshop) -> str:
    identity = workshop.client.who_am_i()
    return f"signed in to {workshop.configuration.source.url} as user {identity.user_id}"


def _live_mappings(workshop: Workshop) -> str:
    from proforma.sync.live_check import Weight, check_live

    found = list(check_live(workshop.client, workshop.mappings))
    faults = [difference for difference in found if difference.weight is Weight.FAULT]
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise ConfigurationError(
            f"{faults[0].message}{more}", at=faults[0].at, hint="see `proforma mapping check --live` and `proforma mapping adopt`"
        )
    warnings = sum(difference.weight is Weight.WARNING for difference in found)
    return f"the environment has what the mappings need; {warnings} options without a word, {len(found) - warnings} remarks"


#: A document that nobody has.
_NOBODYS = (
    b'{"reference": "PROFORMA-DOCTOR-0", "kind": "invoice", "customer": {"account": ""}, "currency": "", "lines": [], "total": "0",'
    b' "sha256": ""}'
)


def _agreed(workshop: Workshop, name: str) -> bool:
    """Whether a person has agreed that a doubt ends with a person (F-75, level d)."""
    mapping = workshop.finance_mapping_of(name)
    return isinstance(mapping, RestMapping) and mapping.accept_at_most_once


def _finance(name: str) -> Check:
    def check(workshop: Workshop) -> str:
        from proforma.finance import FinanceDocument, Guarantee

        target = workshop.target_of(name)
        if target.guarantee is Guarantee.NONE and not _agreed(workshop, name):
            raise ConfigurationError(
                f"target {target.name} can neither be asked nor told twice: after a lost answer a person has to look",
                hint="declare an idempotency key or a find in its mapping, or agree to it with accept_at_most_once: true",
            )
        if target.can_be_asked:
            target.find(FinanceDocument.frozen(_NOBODYS))
            return f"target {target.name} answers; once by {target.guarantee}"
        return f"target {target.name} cannot be asked without sending; once by {target.guarantee}"

    return check
