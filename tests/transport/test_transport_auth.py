"""Sign-in with a client secret, by msal, against an identity platform that says any bytes (W-27, W-28, W-32)."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs

import pytest
import responses
from transport_fakes import DROP, FakeTime, RawServer, http, json_answer

from proforma.transport.auth import ClientSecretTokens
from proforma.transport.errors import (
    AuthenticationError,
    BadResponseError,
    BadUrlError,
    ForbiddenOriginError,
    TransportError,
    UnreachableError,
)
from proforma.transport.redaction import Secret
from proforma.transport.session import Session

SECRET = "canary-secret-7f3a"
TOKEN = "canary-token-9c1d"
SCOPE = "https://contoso.crm4.dynamics.com/.default"
TENANT = "/oauth2/mock-tenant"

# Without a length, since the server's address takes the place of `{root}`.
DISCOVERY = json_answer(
    json.dumps(
        {
            "issuer": f"{{root}}{TENANT}/v2.0",
            "authorization_endpoint": f"{{root}}{TENANT}/oauth2/v2.0/authorize",
            "token_endpoint": f"{{root}}{TENANT}/oauth2/v2.0/token",
        }
    ).encode()
).replace(b"Content-Length", b"X-Length")


def token_answer(token: str = TOKEN) -> bytes:
    return json_answer(json.dumps({"token_type": "Bearer", "expires_in": 3599, "access_token": token}).encode())


@contextmanager
def identity(*answers: bytes) -> Iterator[tuple[RawServer, ClientSecretTokens]]:
    """An identity platform with these answers, and tokens that ask it."""
    with RawServer(answers) as server, Session() as session:
        retrier = FakeTime().retrier(attempts_max=3)
        yield server, ClientSecretTokens(server.root + TENANT, "client-1", Secret(SECRET), scope=SCOPE, session=session, retrier=retrier)


def shown_by(fault: TransportError, tokens: object) -> str:
    """Everything that could reach a screen."""
    return f"{fault} {fault!r} {fault.args} {tokens!r} {tokens} {fault.__cause__!r}"


def test_token_is_asked_for_once() -> None:
    """The token endpoint of the discovery document gets id, secret and scope in a form; the token is then kept in memory."""
    with identity(DISCOVERY, token_answer()) as (server, tokens):
        first, second = tokens.token(), tokens.token()

        assert (first.header, first.value.reveal()) == ("Authorization", f"Bearer {TOKEN}")
        assert second == first
        assert server.request_lines == [
            f"GET {TENANT}/v2.0/.well-known/openid-configuration HTTP/1.1",
            f"POST {TENANT}/oauth2/v2.0/token HTTP/1.1",
        ]
        form = parse_qs(server.requests[1].partition(b"\r\n\r\n")[2].decode())
        wanted = {"client_id": ["client-1"], "client_secret": [SECRET], "grant_type": ["client_credentials"], "scope": [SCOPE]}
        assert {name: form[name] for name in wanted} == wanted


def test_well_known_authority_with_another_tenant_path() -> None:
    """At login.microsoftonline.com the token endpoint names the tenant by its id: still the same origin."""
    root = "https://login.microsoftonline.com"
    with responses.RequestsMock() as server, Session() as session:
        server.add(
            "GET",
            f"{root}/contoso.onmicrosoft.com/v2.0/.well-known/openid-configuration",
            json={"authorization_endpoint": f"{root}/1-2-3/x", "token_endpoint": f"{root}/1-2-3/oauth2/v2.0/token"},
        )
        server.add("POST", f"{root}/1-2-3/oauth2/v2.0/token", json={"access_token": TOKEN, "expires_in": 3599})
        tokens = ClientSecretTokens(f"{root}/contoso.onmicrosoft.com", "client-1", Secret(SECRET), scope=SCOPE, session=session)

        assert tokens.token().value.reveal() == f"Bearer {TOKEN}"


def test_refused_token_is_replaced_once_for_all_threads() -> None:
    """Two threads that were refused the same token cause one new one."""
    with identity(DISCOVERY, token_answer(), token_answer("canary-token-2222")) as (server, tokens):
        refused = tokens.token()

        fresh, shared = tokens.refresh(refused), tokens.refresh(refused)

        assert fresh.value.reveal() == "Bearer canary-token-2222"
        assert shared == fresh == tokens.token()
        assert len(server.requests) == 3


def test_wrong_secret() -> None:
    """A refusal names client, authority, scope, the platform's code and what to check; the secret is nowhere."""
    body = {
        "error": "invalid_client",
        "error_description": f"AADSTS7000215: Invalid client secret provided {SECRET}.\r\nTrace ID: 1\r\nTimestamp: x",
    }
    refusal = json_answer(json.dumps(body).encode(), status="401 Unauthorized")
    with identity(DISCOVERY, refusal) as (server, tokens):
        with pytest.raises(AuthenticationError) as fault:
            tokens.token()

        authority = server.root + TENANT
        assert str(fault.value) == (
            f"POST {authority}/: the identity platform refused client client-1 at {authority} for {SCOPE}: invalid_client"
            " AADSTS7000215: Invalid client secret provided [redacted]. (code invalid_client). The secret is wrong: use the"
            " secret's value, not its id."
        )
        assert (fault.value.code, fault.value.exit_code) == ("invalid_client", 3)
        assert SECRET not in shown_by(fault.value, tokens)


def test_unknown_tenant() -> None:
    """A discovery document that does not exist is a refusal, not a crash."""
    with identity(json_answer(b'{"error":"invalid_tenant"}', status="400 Bad Request")) as (_, tokens):
        with pytest.raises(AuthenticationError, match="Check tenant, client id") as fault:
            tokens.token()

        assert SECRET not in shown_by(fault.value, tokens)


@pytest.mark.parametrize("body", [b"{}", b'{"access_token": ""}', b'{"access_token": 7}'])
def test_answer_without_token(body: bytes) -> None:
    """A 200 without a token is no sign-in."""
    with identity(DISCOVERY, json_answer(body)) as (_, tokens), pytest.raises(AuthenticationError):
        tokens.token()


def test_token_endpoint_elsewhere_gets_no_secret() -> None:
    """A discovery document that names another host's token endpoint is refused, and the secret is not sent there."""
    with RawServer([token_answer()]) as thief:
        elsewhere = DISCOVERY.replace(b"{root}/oauth2/mock-tenant/oauth2/v2.0/token", f"{thief.root}/o/token".encode())
        # msal itself refuses http; for https it is ours to refuse.
        for hostile in (elsewhere, elsewhere.replace(b"http://127.0.0.1", b"https://127.0.0.1")):
            with identity(hostile) as (_, tokens), pytest.raises((ForbiddenOriginError, AuthenticationError)) as fault:
                tokens.token()
            assert SECRET not in shown_by(fault.value, tokens)

        assert thief.requests == []
        assert isinstance(fault.value, ForbiddenOriginError)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (DROP, UnreachableError),
        (http("503 Service Unavailable", "Retry-After: 2"), UnreachableError),
        (http("429 Too Many Requests", "Retry-After: 2"), UnreachableError),
        (http("200 OK", body=b'{"access_token": "' + TOKEN.encode()), BadResponseError),
        (http("200 OK", body=b"<html>sign in</html>"), BadResponseError),
        (http("200 OK", body=b"[]"), BadResponseError),
        (http("302 Found", "Location: https://evil.example/"), BadResponseError),
    ],
    ids=["dropped", "503", "429", "cut off", "a page", "a list", "redirect"],
)
def test_trouble_at_the_identity_platform(answer: bytes, error: type[TransportError], caplog: pytest.LogCaptureFixture) -> None:
    """Trouble there ends as unreachable or as an unusable answer, leaves no doubt about our own request, and logs no token."""
    caplog.set_level(logging.DEBUG)
    with identity(DISCOVERY, answer) as (_, tokens):
        with pytest.raises(TransportError) as fault:
            tokens.token()

        assert type(fault.value) is error
        assert (fault.value.doubtful, fault.value.transient) == (False, False)
        for canary in (SECRET, TOKEN):
            assert canary not in shown_by(fault.value, tokens) + caplog.text


def test_passing_trouble_is_outlasted() -> None:
    """A dropped connection and a 503 before the token are tried again."""
    answers = (DISCOVERY, DROP, http("503 Service Unavailable"), token_answer())
    with identity(*answers) as (server, tokens):
        assert tokens.token().value.reveal() == f"Bearer {TOKEN}"
        assert len(server.requests) == 4


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, with all libraries talking, neither secret nor token is in the log."""
    caplog.set_level(logging.DEBUG)
    with identity(DISCOVERY, token_answer(), token_answer("canary-token-2222")) as (_, tokens):
        tokens.refresh(tokens.token())

    assert "openid-configuration" in caplog.text, "the libraries did talk"
    assert [canary for canary in (SECRET, TOKEN, "canary-token-2222") if canary in caplog.text] == []


def test_plain_http_authority_is_for_this_machine_only() -> None:
    """A secret is never sent unprotected to another machine."""
    with Session() as session, pytest.raises(BadUrlError, match="plain http"):
        ClientSecretTokens("http://login.example/tenant", "client-1", Secret(SECRET), scope=SCOPE, session=session)
