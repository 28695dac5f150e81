"""Secrets stay secret (promise 7): in texts, events, log records and the `Secret` itself."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import time
from datetime import date
from decimal import Decimal
from urllib.parse import quote, quote_plus

import pytest

from proforma.transport.redaction import RedactingFilter, Secret, excerpt, redact, redact_event, shown_url


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcDEF.123", "Authorization: [redacted]"),
        ("{'Authorization': 'Bearer abcDEF.123', 'x': 1}", "{'Authorization': '[redacted]', 'x': 1}"),
        ("sent bearer abcdef.123-x/y", "sent bearer [redacted]"),
        ("Basic dXNlcjpwYXNz", "Basic [redacted]"),
        ("Basic authentication is configured", "Basic authentication is configured"),
        ("a bearer token is needed", "a bearer token is needed"),
        (
            "grant_type=client_credentials&client_secret=s%7Ecret&scope=x",
            "grant_type=client_credentials&client_secret=[redacted]&scope=x",
        ),
        ('{"client_secret": "s cr,et", "n": 1}', '{"client_secret": "[redacted]", "n": 1}'),
        ('{"access_token":"abc","expires_in":3599}', '{"access_token":"[redacted]","expires_in":3599}'),
        ("{'password': 'a b'}", "{'password': '[redacted]'}"),
        ('{"access_token": "cut off', '{"access_token": "[redacted]"'),
        ("{'password': 'cut off\\", "{'password': '[redacted]'"),
        ('{"client_secret": "s\\"cret", "n": 1}', '{"client_secret": "[redacted]", "n": 1}'),
        ("x-api-key: k-123", "x-api-key: [redacted]"),
        ("api_key=k-123 done", "api_key=[redacted] done"),
        ("https://h.example/b?sv=1&sig=a%2Fb%3D&se=2", "https://h.example/b?sv=1&sig=[redacted]&se=2"),
        ("postgresql://proforma:p/w:x@db:5432/ledger", "postgresql://proforma:[redacted]@db:5432/ledger"),
        ("https://user:pw@h.example/x", "https://user:[redacted]@h.example/x"),
        ("http://127.0.0.1:8181/$metadata@odata", "http://127.0.0.1:8181/$metadata@odata"),
        ("Server=h;User Id=u;Password=p w;Database=d", "Server=h;User Id=u;Password=[redacted];Database=d"),
        ("AccountKey=abc==;EndpointSuffix=x", "AccountKey=[redacted];EndpointSuffix=x"),
        ("jwt eyJhbGciOi.eyJzdWIi.c2ln here", "jwt [redacted] here"),
        ("$skiptoken=abc&$deltatoken=def", "$skiptoken=abc&$deltatoken=def"),
        ("Set-Cookie: ARRAffinity=abc", "Set-Cookie: [redacted]"),
    ],
)
def test_patterns(text: str, clean: str) -> None:
    """Everything that looks like a credential goes, everything else stays."""
    assert redact(text) == clean


CANARY = "canary/né 7f3a'\\x+=&value"


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        quote(CANARY, safe=""),
        quote_plus(CANARY),
        repr(CANARY),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(b"u:" + CANARY.encode() + b"zz").decode(),
        base64.urlsafe_b64encode(b"u" + CANARY.encode() + b"z").decode(),
    ],
)
def test_known_secret_is_found_in_every_encoding(form: str) -> None:
    """A value that was once a `Secret` is masked where no pattern would see it: plain, URL-encoded, escaped, base64."""
    Secret(CANARY)

    clean = redact(f"some words {form} more words")

    assert clean.startswith("some words ")
    assert clean.endswith(" more words")
    assert "[redacted]" in clean
    assert len(clean) < len("some words [redacted] more words") + 12, "at most the ends of a base64 text may remain"


def test_secret_shows_itself_to_nobody() -> None:
    """Printing, formatting, logging or pickling a secret never gives its value."""
    secret = Secret("canary-value-0001")

    assert {repr(secret), str(secret), f"{secret}", f"{[secret]}"} == {"Secret([redacted])", "[Secret([redacted])]"}
    assert secret.reveal() == "canary-value-0001"
    assert secret == Secret("canary-value-0001")
    assert secret != Secret("canary-value-0002")
    assert secret != "canary-value-0001"
    assert len({secret, Secret("canary-value-0001")}) == 1
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_empty_secret_is_refused() -> None:
    """An empty secret is a fault of the configuration, said as such."""
    with pytest.raises(ValueError, match="environment variable"):
        Secret("")


def test_event_is_cleaned_in_all_its_depth() -> None:
    """The structlog processor cleans values, nested values and whatever stands under a telling name; figures stay figures."""
    event: dict[str, object] = {
        "event": "sent Bearer abcdef-123456",
        "client_secret": "x",
        "password": None,
        "headers": {"Authorization": "Bearer x", "Accept": "application/json"},
        "list": ["api_key=k-1", 7],
        "amount": Decimal("960.00"),
        "day": date(2026, 3, 31),
        "error": ValueError("token=abc"),
        "body": b"sig=abc",
    }

    assert redact_event(None, "info", event) == {
        "event": "sent Bearer [redacted]",
        "client_secret": "[redacted]",
        "password": None,
        "headers": {"Authorization": "[redacted]", "Accept": "application/json"},
        "list": ["api_key=[redacted]", 7],
        "amount": Decimal("960.00"),
        "day": date(2026, 3, 31),
        "error": "token=[redacted]",
        "body": "sig=[redacted]",
    }


def test_log_records_are_cleaned_with_their_arguments_and_tracebacks() -> None:
    """A record of any library loses its secrets, those in the arguments and in the traceback included."""
    try:
        raise ValueError("client_secret=canary-in-traceback")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("msal", logging.DEBUG, __file__, 1, "got %s", ("access_token=canary-in-args",), info)

    assert RedactingFilter().filter(record) is True

    shown = logging.Formatter("%(message)s").format(record)
    assert shown.startswith("got access_token=[redacted]\nTraceback")
    assert shown.endswith("ValueError: client_secret=[redacted]")


def test_excerpt_is_short_redacted_and_printable() -> None:
    """The beginning of a foreign text is one line, without secrets, without control characters, within its bound."""
    assert excerpt(b"<html>\n <b>\x1b[31mBad Gateway\xff</b>") == "<html> <b>\\x1b[31mBad Gateway�</b>"
    assert excerpt("x" * 300, characters_max=10) == "xxxxxxxxx…"
    assert excerpt("padding access_token=abcdefghijkl", characters_max=25) == "padding access_token=[re…"


def test_long_token_at_the_beginning_is_not_half_shown() -> None:
    """A token longer than the excerpt is found as a whole before anything is cut."""
    token = "opaque" + "0123456789" * 300
    Secret(token)

    assert excerpt(f"{token} is not known here", characters_max=50) == "[redacted] is not known here"


@pytest.mark.parametrize(
    "piece",
    ["http://a:", "a.", "a://b:", "eyJabcdef-", "pwd=", "token ", 'token="', "basic ", "Bearer ", "authorization ", "secret '"],
)
def test_hostile_text_costs_no_more_than_its_length(piece: str) -> None:
    """Text made to keep the patterns busy is cleaned in about the time of any other text of its length."""
    hostile = (piece * 65_536)[:65_536]

    started = time.perf_counter()
    redact(hostile)

    assert time.perf_counter() - started < 3


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h.example:8/a/b?$filter=name eq 'x'&sig=1#f", "https://h.example:8/a/b?…"),
        ("https://h.example/a", "https://h.example/a"),
        ("accounts?$top=1", "accounts?…"),
        ("https://[bad?x=1", "https://[bad"),
    ],
)
def test_shown_url(url: str, shown: str) -> None:
    """A URL is shown without user, query values and fragment (W-214)."""
    assert shown_url(url) == shown
