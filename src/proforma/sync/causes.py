"""Why a run ended early, as one word of a closed list and the side it concerns: what status, metrics and alerts are told apart by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from proforma.dataverse.errors import UnknownColumnError, UnknownEntitySetError
from proforma.domain.errors import ConfigurationError, ProformaError, RefusedError, StoreFaultError, UnfinishedError
from proforma.settings import Configuration
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    BadUrlError,
    DoubtfulError,
    ForbiddenOriginError,
    HttpStatusError,
    TransportError,
    UnreachableError,
)
from proforma.transport.redaction import excerpt

#: What the outcome of a run that ended early begins with.
FAILED: Final = "failed: "
_TEXT_MAX: Final = 400

#: Each code, and what a person does about it.
REMEDIES: Final[Mapping[str, str]] = {
    "unreachable": "wait: it is tried again at the next tick; if it lasts, check address, network and the other side's own status page",
    "throttled": "wait: it goes on at the next tick; if it lasts, read less often or ask for a higher limit",
    "sign-in-refused": "renew the secret, or give the application user back its access; then `proforma doctor`",
    "forbidden": "give the application user a security role that allows this; then `proforma doctor`",
    "refused-request": "the other side refuses what we ask: `proforma doctor`, then compare the mappings with it",
    "bad-answer": "something else answers at the address (a proxy, a sign-in page): check the address with `proforma doctor`",
    "foreign-link": "the other side sent a link to another address, which was not followed: check the configured address",
    "in-doubt": "nothing: finance is asked at the next tick before anything is sent again",
    "configuration": "correct configuration or mappings: `proforma doctor` says where",
    "push-limit": "look with `proforma push --dry-run`, then `proforma push --beyond-limits`",
    "refused": "the rules refuse it: the message says what must change",
    "store-locked": "another process holds the store: wait, or end it",
    "stage-held": "another process does the same: wait, or end it",
    "store-unreachable": "start the database, or check the path and rights of the store",
    "store-damaged": "restore a backup with `proforma db restore`",
    "disk-full": "make room on the disk of the store",
    "disk-failed": "check the disk of the store",
    "died": "nothing: the next run goes on from the last commit; if it repeats, look into the system's log (memory, reboot)",
    "unfinished": "run again; the message says what kept it",
    "bug": "report it with `proforma doctor --bundle`",
}

_TRANSPORT: Final[tuple[tuple[type[TransportError], str], ...]] = (
    (UnknownColumnError, "configuration"),
    (UnknownEntitySetError, "configuration"),
    (BadUrlError, "configuration"),
    (AuthenticationError, "sign-in-refused"),
    (ForbiddenOriginError, "foreign-link"),
    (BadResponseError, "bad-answer"),
    (DoubtfulError, "in-doubt"),
    (UnreachableError, "unreachable"),
    (HttpStatusError, "refused-request"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a run ended early. `side`: dataverse, finance, identity, store or here; `exit_code` as in docs/cli.md."""

    code: str
    side: str
    message: str
    exit_code: int

    @property
    def remedy(self) -> str:
        """What to do."""
        return REMEDIES[self.code]

    @property
    def outcome(self) -> str:
        """As the record of the run keeps it."""
        return f"{FAILED}{self.code} ({self.side}): {self.message}"

    @classmethod
    def of_outcome(cls, outcome: str) -> Cause | None:
        """Read back from the record of a run; None for one that came to its end or is still under way."""
        if outcome == "died":
            return cls(code="died", side="here", message="the process ended before the run did", exit_code=3)
        head, _, message = outcome.removeprefix(FAILED).partition(": ")
        code, _, side = head.removesuffix(")").partition(" (")
        if not outcome.startswith(FAILED):
            return None
        known = code if code in REMEDIES else "bug"
        return cls(code=known, side=side or "here", message=message or head, exit_code=_exit_code(known))


class ToldError(UnfinishedError):
    """Others who did the work came to no good end; `cause` is what they told of it."""

    def __init__(self, message: str, *, cause: Cause) -> None:
        super().__init__(message)
        self.cause = cause


def cause_of(fault: BaseException, configuration: Configuration) -> Cause:
    """The cause that an exception tells; its message is redacted and cut."""
    code, side = _code_and_side(fault, configuration)
    return Cause(
        code=code, side=side, message=excerpt(str(fault) or type(fault).__name__, characters_max=_TEXT_MAX), exit_code=_exit_code(code)
    )


def _exit_code(code: str) -> int:
    return {"configuration": 2, "push-limit": 1, "refused": 1}.get(code, 3)


def _code_and_side(fault: BaseException, configuration: Configuration) -> tuple[str, str]:
    match fault:
        case TransportError():
            return _transport_code(fault), side_of(fault, configuration)
        case ToldError():
            return fault.cause.code, fault.cause.side
        case StoreFaultError():
            return fault.reason, "store"
        case ConfigurationError():
            return "configuration", "here"
        case RefusedError():
            return ("push-limit" if fault.reason == "push-limit" else "refused"), "here"
        case ProformaError():
            return "unfinished", "here"
        case KeyboardInterrupt() | SystemExit():
            return "died", "here"
        case _:
            return "bug", "here"


def _transport_code(fault: TransportError) -> str:
    if fault.status in (425, 429):
        return "throttled"
    if fault.status == 403 and isinstance(fault, HttpStatusError):
        return "forbidden"
    return next((code for kind, code in _TRANSPORT if isinstance(fault, kind)), "unreachable")


def side_of(fault: TransportError, configuration: Configuration) -> str:
    """Whose address the request went to: the longest configured one that it begins with."""
    finance = configuration.finance
    sides: dict[str, str] = {configuration.source.url: "dataverse", finance.url: "finance"}
    sides |= {other.url: "finance" for other in finance.others.values()}
    signs_in = (configuration.source.auth, finance.auth, *(other.auth for other in finance.others.values()))
    sides |= {auth.authority or "https://login.microsoftonline.com/": "identity" for auth in signs_in}
    begins: Callable[[str], bool] = lambda url: bool(url) and fault.url.startswith(url.rstrip("/"))  # noqa: E731
    known = sorted(filter(begins, sides), key=len)
    return sides[known[-1]] if known else "here"
