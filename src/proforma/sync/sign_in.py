"""How a remote side is signed in to, as the configuration says."""

from __future__ import annotations

from proforma.domain.errors import ConfigurationError
from proforma.settings import AuthSettings
from proforma.transport.auth import Anonymous, ClientSecretTokens, TokenSource, api_key, basic, static_token
from proforma.transport.redaction import Secret
from proforma.transport.retry import Retrier
from proforma.transport.session import Session


def sign_in(auth: AuthSettings, *, default_scope: str, session: Session, retrier: Retrier | None = None) -> TokenSource:
    """Where its tokens come from (F-12, W-27)."""
    match auth.kind:
        case "none":
            return Anonymous()
        case "bearer":
            return static_token(_there(auth.token))
        case "api_key":
            return api_key(auth.header, _there(auth.key))
        case "basic":
            return basic(auth.user or "", _there(auth.password))
        case "client_secret":
            authority = auth.authority or f"https://login.microsoftonline.com/{auth.tenant}"
            secret = _there(auth.client_secret)
            return ClientSecretTokens(
                authority, auth.client_id or "", secret, scope=auth.scope or default_scope, session=session, retrier=retrier
            )


def _there(secret: Secret | None) -> Secret:
    if secret is None:
        raise ConfigurationError("a secret of the configuration is missing", hint="run `proforma doctor`")
    return secret
