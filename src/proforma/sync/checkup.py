"""What can be wrong, found before a run finds it: every check says what it saw or what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proforma.domain.errors import ConfigurationError, ProformaError
from proforma.finance import FinanceDocument, Guarantee
from proforma.mapping import RestMapping
from proforma.sync.live_check import Weight, check_live
from proforma.sync.workshop import Workshop
from proforma.transport.errors import TransportError


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check; `exit_code` 0 when it holds."""

    check: str
    message: str
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether it holds."""
        return self.exit_code == 0


def check_up(workshop: Workshop) -> list[Finding]:
    """Runs every check, whatever the others found."""
    checks: dict[str, Callable[[Workshop], str]] = {
        "mappings": _mappings,
        "store": _store,
        "dataverse": _dataverse,
        "live mappings": _live_mappings,
        "finance": _finance,
    }
    return [_finding(name, check, workshop) for name, check in checks.items()]


def _finding(name: str, check: Callable[[Workshop], str], workshop: Workshop) -> Finding:
    try:
        return Finding(check=name, message=check(workshop))
    except ConfigurationError as error:
        return Finding(check=name, message=str(error), exit_code=2)
    except ProformaError as error:
        return Finding(check=name, message=str(error), exit_code=3)
    except TransportError as error:
        return Finding(check=name, message=str(error), exit_code=error.exit_code)


def _mappings(workshop: Workshop) -> str:
    mappings = workshop.mappings
    return f"{len(mappings.entities)} entities, {len(mappings.finance)} finance targets"


def _store(workshop: Workshop) -> str:
    store = workshop.store
    with store.begin() as tx:
        tx.cursors.all()
    return f"schema {store.schema_version}, writable"


def _dataverse(workshop: Workshop) -> str:
    identity = workshop.client.who_am_i()
    return f"signed in to {workshop.configuration.source.url} as user {identity.user_id}"


def _live_mappings(workshop: Workshop) -> str:
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
_NOBODYS = FinanceDocument.frozen(
    b'{"reference": "PROFORMA-DOCTOR-0", "kind": "invoice", "customer": {"account": ""}, "currency": "", "lines": [], "total": "0",'
    b' "sha256": ""}'
)


def _agreed(workshop: Workshop) -> bool:
    """Whether a person has agreed that a doubt ends with a person (F-75, level d)."""
    mapping = workshop.finance_mapping
    return isinstance(mapping, RestMapping) and mapping.accept_at_most_once


def _finance(workshop: Workshop) -> str:
    target = workshop.target
    if target.guarantee is Guarantee.NONE and not _agreed(workshop):
        raise ConfigurationError(
            f"target {target.name} can neither be asked nor told twice: after a lost answer a person has to look",
            hint="declare an idempotency key or a find in its mapping, or agree to it with accept_at_most_once: true",
        )
    if target.can_be_asked:
        target.find(_NOBODYS)
    return f"target {target.name} answers; once by {target.guarantee}"
