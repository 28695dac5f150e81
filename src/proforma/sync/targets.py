"""From the configuration and the mapping of a finance system to a target that can be spoken to."""

from __future__ import annotations

from proforma.domain.errors import ConfigurationError
from proforma.finance import BusinessCentralTarget, DynamicsTarget, RestTarget, Target
from proforma.mapping import BusinessCentralMapping, DynamicsMapping, FinanceMapping, RestMapping
from proforma.settings.configuration import TargetSettings
from proforma.sync.push import PushLimits
from proforma.transport.auth import TokenSource
from proforma.transport.origin import Origin
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier
from proforma.transport.session import Session


def open_target(
    finance: TargetSettings, mapping: FinanceMapping, tokens: TokenSource, *, session: Session, retrier: Retrier, name: str | None = None
) -> Target:
    """The finance system of a configuration, by the name it has there (that of its mapping when None).

    Raises ConfigurationError when it lacks what this kind of system needs.
    """
    called = name or mapping.target
    remote = Remote(Origin.parse(finance.url), tokens, session=session, retrier=retrier)
    settle = mapping.settle_seconds if finance.settle_seconds is None else finance.settle_seconds
    match mapping:
        case DynamicsMapping():
            return DynamicsTarget(called, remote, mapping, company=_company(finance), settle_seconds=settle)
        case BusinessCentralMapping():
            return BusinessCentralTarget(called, remote, mapping, company=_company(finance), settle_seconds=settle)
        case RestMapping():
            return RestTarget(called, remote, mapping, company=finance.company, settle_seconds=settle)
    raise ConfigurationError(f"finance.target {mapping.target!r} is of a kind that nothing speaks to")


def scope_for(finance: TargetSettings, mapping: FinanceMapping) -> str:
    """What a token is asked for: the environment, for Microsoft's own systems, without the path of its services (F-12, F-49)."""
    if isinstance(mapping, RestMapping):
        return f"{finance.url.rstrip('/')}/.default"
    return f"{Origin.parse(finance.url).root}/.default"


def limits_of(finance: TargetSettings) -> PushLimits:
    """The circuit breakers of a configuration."""
    return PushLimits(invoices_max=finance.limits.invoices, amounts=finance.limits.amounts)


def _company(finance: TargetSettings) -> str:
    if not finance.company:
        raise ConfigurationError("finance.company is needed for this kind of finance system", hint="write its company, for example usmf")
    return finance.company
