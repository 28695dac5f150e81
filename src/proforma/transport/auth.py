"""Sign-in: where the secret of a request's authentication header comes from, and how a refused one is replaced."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, cast
from urllib.parse import urlencode

import requests

from proforma.transport.decoding import JsonValue, decode_untyped
from proforma.transport.errors import AuthenticationError, BadResponseError, Trace, TransportError, UnreachableError
from proforma.transport.origin import Origin
from proforma.transport.redaction import Secret, excerpt
from proforma.transport.retry import Retrier
from proforma.transport.session import Answer, Session

_HEADER_TEXT: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Credential:
    """One authentication header; its value is checked here, because an HTTP library would quote it in its complaint."""

    header: str
    value: Secret

    def __post_init__(self) -> None:
        if not _HEADER_TEXT.fullmatch(self.value.reveal()):
            raise AuthenticationError(
                f"the value for the header {self.header} has characters that no header may carry",
                todo="Look for a line break or blanks at the end of the environment variable or file it comes from.",
            )


class TokenSource(Protocol):
    """Hands out credentials; safe to use from several threads."""

    @property
    def name(self) -> str:
        """Who signs in and where, for messages; never a secret."""
        ...

    def token(self) -> Credential | None:
        """A credential that should be valid now, or None where none is needed; raises AuthenticationError or UnreachableError."""
        ...

    def refresh(self, refused: Credential) -> Credential | None:
        """Another credential in place of one that was answered with 401; None when there can be no other."""
        ...


@dataclass(frozen=True, slots=True)
class FixedCredential:
    """A credential that never changes: a bearer token, an API key, a user name with password."""

    credential: Credential
    name: str

    def token(self) -> Credential:
        """Always the same."""
        return self.credential

    def refresh(self, refused: Credential) -> None:
        """There is no other."""
        return


@dataclass(frozen=True, slots=True)
class Anonymous:
    """For servers that ask for nothing."""

    name: str = "nobody (no credentials are configured)"

    def token(self) -> None:
        """None is needed."""
        return

    def refresh(self, refused: Credential) -> None:
        """There is none."""
        return


def static_token(token: Secret) -> FixedCredential:
    """A bearer token from somewhere else."""
    return FixedCredential(Credential("Authorization", Secret(f"Bearer {token.reveal()}")), "the configured bearer token")


def api_key(header: str, key: Secret) -> FixedCredential:
    """A key in a header of the server's choice."""
    return FixedCredential(Credential(header, key), f"the configured key ({header})")


def basic(user: str, password: Secret) -> FixedCredential:
    """A user name with its password."""
    pair = base64.b64encode(f"{user}:{password.reveal()}".encode()).decode()
    return FixedCredential(Credential("Authorization", Secret(f"Basic {pair}")), f"user {user}")


class ClientSecretTokens:
    """Client credentials of an application at the Microsoft identity platform, by msal; tokens are kept in memory only (W-27, W-28).

    `authority` is `https://login.microsoftonline.com/TENANT` or its like in another cloud; `scope` is `ORIGIN/.default`.
    """

    def __init__(
        self, authority: str, client_id: str, client_secret: Secret, *, scope: str, session: Session, retrier: Retrier | None = None
    ) -> None:
        self.name = f"client {client_id} at {authority}"
        self._authority = Origin.parse(authority, guarded="/")
        self._client_id = client_id
        self._client_secret = client_secret
        self._scope = scope
        self._door = _IdentityDoor(self._authority, session, retrier or Retrier())
        self._lock = threading.Lock()
        self._application: _Application | None = None
        self._latest: Credential | None = None

    def token(self) -> Credential:
        """The cached token, or a new one shortly before the cached one expires."""
        with self._lock:
            return self._acquire()

    def refresh(self, refused: Credential) -> Credential:
        """A new token, unless another thread has already replaced the refused one."""
        with self._lock:
            if self._application is not None and refused == self._latest:
                self._application.remove_tokens_for_client()
            return self._acquire()

    def _acquire(self) -> Credential:
        try:
            answer = self._signed_in().acquire_token_for_client([self._scope])
        except _DoorError as error:
            # The request that needs this token was not sent, and the attempts of the sign-in are already spent.
            error.fault.transient = error.fault.doubtful = False
            raise error.fault from None
        except ValueError as error:
            # msal's text names the authority; anything it may quote from an answer is cut and cleaned.
            raise self._refused("no_authority", excerpt(str(error))) from None
        token = answer.get("access_token") if answer else None
        if not isinstance(token, str) or not token:
            raise self._refused(str((answer or {}).get("error", "no_token")), _first_line((answer or {}).get("error_description")))
        self._latest = _bearer(self._latest, token)
        return self._latest

    def _signed_in(self) -> _Application:
        """The msal application, made at the first use since making it reads the authority's discovery document."""
        if self._application is None:
            import msal  # type: ignore[import-untyped]

            make = cast("Callable[..., _Application]", msal.ConfidentialClientApplication)
            self._application = make(
                self._client_id,
                client_credential=self._client_secret.reveal(),
                authority=self._door.authority_for_msal,
                instance_discovery=False,
                http_client=self._door,
            )
        return self._application

    def _refused(self, error: str, description: str) -> AuthenticationError:
        reason = excerpt(error, characters_max=80)
        return AuthenticationError(
            f"the identity platform refused {self.name} for {self._scope}: {reason} {description}".rstrip(),
            todo=_advice(description),
            trace=Trace(method="POST", url=self._authority.base, code=reason),
        )


class _Application(Protocol):
    """What we use of msal's confidential client."""

    def acquire_token_for_client(self, scopes: list[str]) -> dict[str, object] | None: ...

    def remove_tokens_for_client(self) -> None: ...


class _DoorError(requests.RequestException):
    """Carries our fault through msal, which keeps a token that is still good when it sees this class."""

    def __init__(self, fault: TransportError) -> None:
        super().__init__("the identity platform could not be asked")
        self.fault = fault


@dataclass(frozen=True, slots=True)
class _IdentityAnswer:
    """An answer as msal wants to see it."""

    status_code: int
    text: str
    headers: Mapping[str, str]

    def raise_for_status(self) -> None:
        """Bad statuses were raised before msal saw them."""


class _IdentityDoor:
    """The way out that msal gets: our session with its caps and retries, and only to the authority's own origin.

    msal insists on https. A mock on this machine speaks http; for a loopback authority alone msal is therefore told https, and the
    scheme is put right here, in both directions.
    """

    def __init__(self, authority: Origin, session: Session, retrier: Retrier) -> None:
        self._authority = authority
        self._session = session
        self._retrier = retrier
        self._https_root = authority.root.replace("http://", "https://", 1)
        self.authority_for_msal = self._https_root + authority.prefix.rstrip("/")

    def get(self, url: str, params: object = None, headers: Mapping[str, str] | None = None, **_: object) -> _IdentityAnswer:
        """Read a discovery document."""
        answer = self._exchange("GET", url, headers or {}, None)
        document = answer.body.decode("utf-8", "replace")
        if self._https_root != self._authority.root:
            document = document.replace(f'"{self._authority.root}/', f'"{self._https_root}/')
        return _IdentityAnswer(answer.status, document, dict(answer.headers))

    def post(
        self, url: str, params: object = None, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: object
    ) -> _IdentityAnswer:
        """Ask for a token."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self._exchange("POST", url, {**(headers or {}), **form}, urlencode(data or {}).encode())
        return _IdentityAnswer(answer.status, answer.body.decode("utf-8", "replace"), dict(answer.headers))

    def close(self) -> None:
        """The session belongs to somebody else."""

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        try:
            target = self._authority.resolve(self._true_url(url))
            return self._retrier.call(lambda _: self._once(method, target, headers, body), repeatable=True)
        except TransportError as fault:
            raise _DoorError(fault) from None

    def _true_url(self, url: str) -> str:
        under_https = url.startswith(self._https_root + "/")
        return self._authority.root + url[len(self._https_root) :] if under_https else url

    def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        answer = self._session.exchange(method, url, headers, body)
        answer.require_not_redirected()
        if answer.status in {408, 429} or answer.status >= 500:
            what = "the identity platform is not available"
            raise UnreachableError(what, todo="Run again later.", trace=answer.trace, transient=True)
        # msal writes an answer that it cannot read into its log, token included: nothing unreadable gets that far.
        document: JsonValue = decode_untyped(answer.body, trace=answer.trace)
        if not isinstance(document, dict):
            raise BadResponseError("the identity platform's answer is no JSON object", trace=answer.trace, transient=True)
        return answer


def _bearer(latest: Credential | None, token: str) -> Credential:
    value = f"Bearer {token}"
    if latest is not None and latest.value.reveal() == value:
        return latest
    Secret(token)
    return Credential("Authorization", Secret(value))


def _first_line(description: object) -> str:
    """The identity platform's explanation without the ids and times on the lines after it."""
    return excerpt(description.partition("\n")[0], characters_max=300) if isinstance(description, str) else ""


_ADVICE: Final = {
    "AADSTS7000215": "The secret is wrong: use the secret's value, not its id.",
    "AADSTS7000222": "The secret has expired: make a new one in the app registration.",
    "AADSTS700016": "The app registration does not exist in this tenant: check client id and tenant.",
    "AADSTS90002": "The tenant does not exist: check the tenant in the authority.",
    "AADSTS500011": "The environment's address is unknown to the tenant: check the address of the source.",
}


def _advice(description: str) -> str:
    known = next((advice for code, advice in _ADVICE.items() if f"{code}:" in description), None)
    return known or "Check tenant, client id, client secret and the address of the environment."
