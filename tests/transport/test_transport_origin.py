"""The same-origin guard: what may be followed, and what must never be (promise 7, F-81)."""

from __future__ import annotations

import pytest
import responses
from transport_fakes import CountingTokens

from proforma.transport.errors import BadUrlError, ForbiddenOriginError
from proforma.transport.origin import Origin, is_loopback
from proforma.transport.remote import Remote
from proforma.transport.session import Request

BASE = "https://contoso.crm4.dynamics.com/api/data/v9.2"

HOSTILE_LINKS = [
    "https://evil.example/api/data/v9.2/accounts",
    "http://contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com.evil.example/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com@evil.example/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com:443@evil.example/api/data/v9.2/accounts",
    "https://user:pass@contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://@contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com:8443/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com:99999/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com./api/data/v9.2/accounts",
    "https://evil.example#@contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://evil.example?@contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://evil.example\\@contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https:\\\\evil.example\\api\\data\\v9.2\\accounts",
    "\\\\evil.example/api/data/v9.2/accounts",
    "//evil.example/api/data/v9.2/accounts",
    "///evil.example/api/data/v9.2/accounts",
    "/\\evil.example/api/data/v9.2/accounts",
    "https:///evil.example/api/data/v9.2/accounts",
    "https:evil.example/api/data/v9.2/accounts",
    "https:/evil.example/api/data/v9.2/accounts",
    "ftp://contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:application/json,{}",
    "gopher://contoso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com/other/application",
    "/other/application",
    "https://contoso.crm4.dynamics.com/api/data/v9.2/../../../other",
    "accounts/../../../../other",
    "accounts/%2e%2e/%2E%2E/%2e%2e/other",
    "accounts/.%2e/other",
    "accounts/%252e%252e/other",
    "accounts%2f..%2f..%2fother",
    "accounts%5c..%5cother",
    "https://contoso.crm4.dynamics.com/api/data/v9.2evil/accounts",
    "https://contoso.crm4.dynamics.com/api/data/v9.2//evil.example",
    "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts\r\nHost: evil.example",
    "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?a=b\r\nX: y",
    "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts\x00",
    "https://contoso.crm4.dynamics.com\t.evil.example/api/data/v9.2/accounts",
    " https://evil.example/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com /api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com\u200b/api/data/v9.2/accounts",
    "https://cont\u043eso.crm4.dynamics.com/api/data/v9.2/accounts",
    "https://contoso\u3002crm4.dynamics.com/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com%2eevil.example/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com%00.evil.example/api/data/v9.2/accounts",
    "https://[::1]/api/data/v9.2/accounts",
    "https://[contoso.crm4.dynamics.com]/api/data/v9.2/accounts",
    "https://[::1/api/data/v9.2/accounts",
    "https://2130706433/api/data/v9.2/accounts",
    "https://contoso.crm4.dynamics.com/api/data/v9.2/accounts#fragment",
    "accounts?$skiptoken=\u202eabc",
    "?$top=1",
    "",
    "accounts?$skiptoken=" + "x" * 70_000,
]


@pytest.mark.parametrize("link", HOSTILE_LINKS, ids=lambda link: ascii(link)[:60])
def test_hostile_link_gets_no_request_and_no_token(link: str) -> None:
    """A link that leads elsewhere, or could be read as leading elsewhere, causes no request and no look for a token."""
    tokens = CountingTokens()
    with responses.RequestsMock() as server, Remote(Origin.parse(BASE), tokens) as remote:
        with pytest.raises(ForbiddenOriginError) as refusal:
            remote.send(Request(method="GET", link=link))

        assert (len(server.calls), tokens.handed_out) == (0, 0)
        assert str(refusal.value).isprintable()


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("accounts", f"{BASE}/accounts"),
        ("$batch", f"{BASE}/$batch"),
        ("/api/data/v9.2/accounts", f"{BASE}/accounts"),
        (f"{BASE}/accounts?$top=1", f"{BASE}/accounts?$top=1"),
        ("https://CONTOSO.crm4.dynamics.com:443/api/data/v9.2/accounts", f"{BASE}/accounts"),
        (BASE, BASE),
        ("accounts(accountnumber='a:b')", f"{BASE}/accounts(accountnumber='a:b')"),
        ("accounts?$skiptoken=%3Ccookie%20a=%222%22/%3E%2f%2F", f"{BASE}/accounts?$skiptoken=%3Ccookie%20a=%222%22/%3E%2f%2F"),
        ("accounts?$filter=name eq '\u00d8'", f"{BASE}/accounts?$filter=name%20eq%20'%C3%98'"),
        ("accounts?x=../../up", f"{BASE}/accounts?x=../../up"),
    ],
)
def test_own_link_is_kept_as_it_came(link: str, url: str) -> None:
    """A link to our own origin is followed with path and query as given (W-210); blanks and non-ASCII become percent codes."""
    assert Origin.parse(BASE).resolve(link) == url


def test_links_may_be_confined_to_less_or_more_than_the_base() -> None:
    """A side whose links leave its base path says so, and still only its own host is reached."""
    origin = Origin.parse("https://login.example/contoso", guarded="/")

    assert origin.resolve("https://login.example/other/token") == "https://login.example/other/token"
    with pytest.raises(ForbiddenOriginError):
        origin.resolve("https://login.example.evil/other/token")


@pytest.mark.parametrize(
    ("url", "base", "root"),
    [
        ("https://contoso.example", "https://contoso.example/", "https://contoso.example"),
        ("https://Contoso.Example:443/api/", "https://contoso.example/api/", "https://contoso.example"),
        ("http://127.0.0.1:8181/x", "http://127.0.0.1:8181/x/", "http://127.0.0.1:8181"),
        ("http://localhost/", "http://localhost/", "http://localhost"),
        ("http://[::1]:99/a", "http://[::1]:99/a/", "http://[::1]:99"),
    ],
)
def test_configured_address(url: str, base: str, root: str) -> None:
    """An address keeps its port only where it is unusual, and always ends in a slash."""
    origin = Origin.parse(url)

    assert (origin.base, origin.root) == (base, root)


@pytest.mark.parametrize(
    "url",
    [
        "http://contoso.example",
        "ftp://contoso.example",
        "contoso.example",
        "https://",
        "https://user:hunter2hunter2@contoso.example",
        "https://contoso.example/?x=1",
        "https://contoso.example/#x",
        "https://contoso.example/a/../b",
        "https://contoso.example:port",
        "https://cont\u00f8so.example",
        "https://contoso.example\n",
        "https://contoso example",
        "",
    ],
)
def test_unusable_configured_address_is_refused(url: str) -> None:
    """An address that is no plain https one (http for this machine only) is a fault of the configuration, shown without password."""
    with pytest.raises(BadUrlError) as refusal:
        Origin.parse(url)

    assert refusal.value.exit_code == 2
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("10.0.0.1", False), ("local.example", False)],
)
def test_loopback(host: str, local: bool) -> None:
    """Only names and addresses of this machine count as loopback."""
    assert is_loopback(host) is local
