"""Who may ask: the token endpoint, the discovery documents, refused tokens."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

import msal  # type: ignore[import-untyped]
import pytest
import requests
from mock_caller import Answer, Caller, calling

from proforma.mock import MockServer
from proforma.mock.values import Value

AUTH: dict[str, Value] = {"$auth": {"client_id": "app", "client_secret": "s3cret"}}
FORM = "application/x-www-form-urlencoded"
TOKEN = "/oauth2/mock-tenant/oauth2/v2.0/token"


@pytest.fixture(scope="module")
def server() -> Iterator[MockServer]:
    with MockServer() as server:
        yield server


@pytest.fixture
def caller(server: MockServer) -> Iterator[Caller]:
    server.load(AUTH)
    with calling(server) as caller:
        yield caller


def ask(caller: Caller, form: bytes, **headers: str | None) -> Answer:
    return caller.call("POST", TOKEN, form, content_type=FORM, authorization=headers.pop("authorization", None))


def test_a_token_for_the_right_secret(caller: Caller) -> None:
    """A bearer token with its lifetime, by form or by Basic header (W-28)."""
    form = b"grant_type=client_credentials&client_id=app&client_secret=s3cret&scope=x%2F.default"
    basic = "Basic " + base64.b64encode(b"app:s3cret").decode()
    for answer in (ask(caller, form), ask(caller, b"grant_type=client_credentials", authorization=basic)):
        document = answer.document
        assert (answer.status, document["token_type"], document["expires_in"]) == (200, "Bearer", 3599)
        assert caller.get("WhoAmI", authorization=f"Bearer {document['access_token']}").status == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        (b"grant_type=client_credentials&client_id=app&client_secret=wrong", 401, "invalid_client"),
        (b"grant_type=client_credentials&client_id=other&client_secret=s3cret", 400, "unauthorized_client"),
        (b"grant_type=client_credentials&client_id=app", 401, "invalid_client"),
        (b"grant_type=client_credentials&client_secret=s3cret", 400, "invalid_request"),
        (b"grant_type=password&client_id=app&client_secret=s3cret", 400, "unsupported_grant_type"),
    ],
)
def test_no_token_for_wrong_credentials(caller: Caller, form: bytes, status: int, error: str) -> None:
    """Refused as Entra refuses, with a numbered text."""
    answer = ask(caller, form)
    assert (answer.status, answer.document["error"]) == (status, error)
    assert str(answer.document["error_description"]).startswith("AADSTS")


def test_any_secret_does_when_the_world_names_none(server: MockServer, caller: Caller) -> None:
    """Without `$auth` the endpoint gives a token to anyone."""
    server.load({})
    assert ask(caller, b"grant_type=client_credentials&client_id=a&client_secret=b").status == 200


def test_discovery_names_the_callers_own_host(caller: Caller) -> None:
    """Both documents, every link on the host and scheme the caller used."""
    for path in ("/oauth2/t/v2.0/.well-known/openid-configuration", "/oauth2/t/.well-known/openid-configuration"):
        document = caller.get(path, host="localhost:9").document
        assert document["issuer"] == "http://localhost:9/oauth2/t/v2.0"
        assert document["token_endpoint"] == "http://localhost:9/oauth2/t/oauth2/v2.0/token"
        assert caller.get(path, x_forwarded_proto="https").document["issuer"] == f"https{caller.url[4:]}/oauth2/t/v2.0"
    assert caller.get("/oauth2/t/else").status == 404
    assert caller.get(TOKEN).status == 405


class PlainHttp:
    """An HTTP client for msal, which insists on https addresses: it takes them to the mock over plain HTTP."""

    def __init__(self, session: requests.Session, url: str) -> None:
        self._session, self._plain, self._secure = session, url, "https" + url.removeprefix("http")

    def get(self, url: str, headers: Mapping[str, str] | None = None, **_: object) -> requests.Response:
        return self._session.get(self._address(url), headers=self._marked(headers), timeout=20)

    def post(self, url: str, data: object = None, headers: Mapping[str, str] | None = None, **_: object) -> requests.Response:
        assert data is None or isinstance(data, dict)
        return self._session.post(self._address(url), data=data, headers=self._marked(headers), timeout=20)

    def close(self) -> None:
        self._session.close()

    def _address(self, url: str) -> str:
        assert url.startswith(self._secure + "/")
        return self._plain + url.removeprefix(self._secure)

    def _marked(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {**(headers or {}), "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(("secret", "outcome"), [("s3cret", "access_token"), ("wrong", "error")])
def test_msal_signs_in_over_plain_http(caller: Caller, secret: str, outcome: str) -> None:
    """msal with an https authority and an HTTP client that marks its requests gets a token, or the refusal."""
    with requests.Session() as session:
        session.trust_env = False
        application = msal.ConfidentialClientApplication(
            "app",
            client_credential=secret,
            authority=f"https{caller.url[4:]}/oauth2/mock-tenant",
            instance_discovery=False,
            http_client=PlainHttp(session, caller.url),
        )
        assert outcome in application.acquire_token_for_client([f"{caller.url}/.default"])


def test_msal_signs_in_over_tls() -> None:
    """With TLS msal needs nothing but the certificate (W-5)."""
    with MockServer(tls=True) as server, requests.Session() as session, calling(server) as caller:
        session.trust_env, session.verify = False, str(server.certificate)
        application = msal.ConfidentialClientApplication(
            "app",
            client_credential="s",
            authority=f"{server.url}/oauth2/mock-tenant",
            instance_discovery=False,
            http_client=session,
        )
        token = application.acquire_token_for_client([f"{server.url}/.default"])["access_token"]
        assert caller.get("accounts", authorization=f"Bearer {token}").document["@odata.context"] == (
            f"{server.url}/api/data/v9.2/$metadata#accounts"
        )


@pytest.mark.parametrize("authorization", [None, "", "Basic eDp5", "Bearer", "Bearer "])
def test_no_answer_without_a_bearer_token(caller: Caller, authorization: str | None) -> None:
    """401, one line of HTML, and a challenge that names authority and resource (W-29, W-30)."""
    answer = caller.get("accounts", authorization=authorization)
    assert (answer.status, answer.headers["Content-Type"], answer.headers["OData-Version"]) == (401, "text/html", "4.0")
    assert answer.headers["WWW-Authenticate"] == (
        f"Bearer authorization_uri={caller.url}/oauth2/mock-tenant/oauth2/authorize, resource_id={caller.url}/"
    )


def test_a_world_may_refuse_every_token(server: MockServer, caller: Caller) -> None:
    """Dataverse answers 401 to all, the token endpoint still gives some."""
    server.load({"$auth": {"reject_tokens": True}})
    assert caller.get("accounts").status == 401
    assert ask(caller, b"grant_type=client_credentials&client_id=a&client_secret=b").status == 200


def test_tokens_can_expire(server: MockServer, caller: Caller) -> None:
    """The fault refuses the token of that request and every earlier one; a new token is good again."""
    form = b"grant_type=client_credentials&client_id=app&client_secret=s3cret"
    old = f"Bearer {ask(caller, form).document['access_token']}"
    server.faults([{"match": {"path": "accounts"}, "skip": 1, "action": {"expire_tokens": True}}])
    statuses = [caller.get("accounts", authorization=old).status for _ in range(3)]
    new = f"Bearer {ask(caller, form).document['access_token']}"
    assert (statuses, caller.get("accounts", authorization=new).status) == ([200, 401, 401], 200)
