"""The token endpoint and the discovery documents that sign-in libraries read first (W-27 to W-30)."""

from __future__ import annotations

import base64
import re
from typing import Final
from urllib.parse import parse_qsl
from uuid import uuid4

from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Value, encode, symbol_guid
from proforma.mock.world import World

PREFIX: Final = "/oauth2/"
LIFETIME_SECONDS: Final = 3599
_TOKEN: Final = re.compile(r"/oauth2/([^/]+)/oauth2/(?:v2\.0/)?token")
_DISCOVERY: Final = re.compile(r"/oauth2/([^/]+)(?:/v2\.0)?/\.well-known/openid-configuration")


class Tokens:
    """What was given out. Any other bearer token is accepted too, unless the world says otherwise."""

    def __init__(self) -> None:
        self._issued: dict[str, str] = {}
        self._expired: set[str] = set()

    def issue(self, client_id: str = "") -> str:
        """A new token for a client, shaped like the real ones: three dotted parts, meaningless here."""
        parts = ({"typ": "JWT", "alg": "none"}, {"jti": str(uuid4())})
        token = ".".join([*(base64.urlsafe_b64encode(encode(part)).decode().rstrip("=") for part in parts), "mock"])
        self._issued[token] = client_id
        return token

    def expire(self, authorization: str | None = None) -> None:
        """Refuse every token given out so far, and the one of this header, from now on."""
        self._expired |= {*self._issued, _bearer(authorization)}
        self._issued.clear()

    def user_of(self, authorization: str | None) -> str:
        """Who is signed in: the client that the token was given to, however often it took a new one, else the token itself."""
        token = _bearer(authorization)
        return self._issued.get(token) or token

    def accepts(self, authorization: str | None, world: World) -> bool:
        """Whether a request with this header may enter."""
        token = _bearer(authorization)
        if not token or world.setting("$auth", "reject_tokens") is True:
            return False
        return token not in self._expired


def tokens_response(world: World, tokens: Tokens, request: Request) -> Response:
    """The answer to any request below `/oauth2/`."""
    path = request.plain_path
    discovery = _DISCOVERY.fullmatch(path)
    if discovery and request.method == "GET":
        return json_response(200, _discovery(request, discovery[1]))
    if _TOKEN.fullmatch(path):
        if request.method != "POST":
            return _refused(405, "invalid_request", "AADSTS900561: The endpoint only accepts POST requests.")
        return _token(world, tokens, request)
    return json_response(404, {"error": "not_found", "error_description": f"Nothing is served at {path}."})


def _discovery(request: Request, tenant: str) -> dict[str, Value]:
    """Links begin with the scheme that the caller used, also behind something that ends TLS."""
    scheme = request.headers.get("x-forwarded-proto", request.scheme)
    authority = f"{scheme}://{request.headers.get('host', '127.0.0.1')}{PREFIX}{tenant}"
    return {
        "issuer": f"{authority}/v2.0",
        "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
        "token_endpoint": f"{authority}/oauth2/v2.0/token",
        "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
        "jwks_uri": f"{authority}/discovery/v2.0/keys",
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    }


def _token(world: World, tokens: Tokens, request: Request) -> Response:
    form = dict(parse_qsl(request.body.decode(errors="replace")))
    client_id, secret = _credentials(form, request.headers.get("authorization", ""))
    if form.get("grant_type") != "client_credentials":
        return _refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
    if not client_id:
        return _refused(400, "invalid_request", "AADSTS900144: The request body must contain: 'client_id'.")
    if not secret and "client_assertion" not in form:
        return _refused(401, "invalid_client", "AADSTS7000216: 'client_assertion' or 'client_secret' is required.")
    wanted_id, wanted = world.setting("$auth", "client_id"), world.setting("$auth", "client_secret")
    if wanted_id is not None and client_id != wanted_id:
        return _refused(400, "unauthorized_client", "AADSTS700016: The application was not found in the directory.")
    if wanted is not None and secret != wanted:
        return _refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.")
    document = {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": tokens.issue(client_id),
    }
    return json_response(200, document, ("Cache-Control", "no-store"), ("Pragma", "no-cache"))


def _credentials(form: dict[str, str], authorization: str) -> tuple[str, str]:
    """Client id and secret, from the form or from a Basic header."""
    kind, _, text = authorization.partition(" ")
    if kind.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(text).decode().partition(":")
        except ValueError:
            return "", ""
        return name, secret
    return form.get("client_id", ""), form.get("client_secret", "")


def _refused(status: int, error: str, text: str) -> Response:
    code = re.search(r"AADSTS(\d+)", text)
    document = {
        "error": error,
        "error_description": text,
        "error_codes": [int(code[1])] if code else [],
        "trace_id": symbol_guid("@mock-trace"),
        "correlation_id": str(uuid4()),
    }
    return json_response(status, document)


def _bearer(authorization: str | None) -> str:
    kind, _, token = (authorization or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
