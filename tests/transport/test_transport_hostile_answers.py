"""Answers made to harm: links that lead elsewhere, bodies that swell, XML that reads files. None gets a request, a token or much memory."""

from __future__ import annotations

import gzip
import itertools
import json
import tracemalloc
from pathlib import Path
from typing import Any

import msgspec
import pytest
import responses
from transport_fakes import CountingTokens, RawServer, http, json_answer

import proforma
from proforma.dataverse.client import DataverseClient
from proforma.dataverse.query import Query
from proforma.transport.errors import BadResponseError, ForbiddenOriginError, TransportError
from proforma.transport.retry import Clock, Retrier, RetryPolicy
from proforma.transport.session import Limits, Session

ORG = "https://contoso.crm4.dynamics.com"
SET_URL = f"{ORG}/api/data/v9.2/accounts"
CAP = 1_000_000

_SCHEMES = ("https", "http", "HTTPS", "ftp", "file", "javascript", "data", "ws")
_HOSTS = (
    "evil.example", "contoso.crm4.dynamics.com.evil.example", "contoso.crm4.dynamics.com@evil.example", "evil.example%23.crm4.dynamics.com",
    "contoso.crm4.dynamics.com:8443", "contoso.crm4.dynamics.com%2eevil.example", "crm4.dynamics.com", "xcontoso.crm4.dynamics.com",
    "contoso.crm4.dynamics.com\\.evil.example", "169.254.169.254", "127.0.0.1", "[::ffff:169.254.169.254]", "localhost", "0x7f000001",
    "c\u043entoso.crm4.dynamics.com", "contoso.crm4.dynamics.com\u3002evil.example", "user:token@contoso.crm4.dynamics.com",
)  # fmt: skip
_PATHS = (
    "/", "/api/data/v9.2", "/api/data/v9.1/accounts", "/api/data/v9.2/../../admin", "/api/data/v9.2/%2e%2e/admin",
    "/api/data/v9.2//accounts", "/api/data/v9.2/..%2fadmin", "/api/data/v9.2/%5c..%5cadmin", "/api/data/v9.2/.%2e/x",
    "/API/DATA/V9.2/accounts", "/api/data/v9.2x/accounts", "/api/data/v9.2/\r\nHost: evil.example",
    "/api/data/v9.2/\tx", "/api/data/v9.2/accounts#x", "/api/data/v9.2/a\\b", "/api/data/v9.2/%00",
)  # fmt: skip
HOSTILE_LINKS = [
    *(f"{scheme}://{host}/api/data/v9.2/accounts?page=2" for scheme, host in itertools.product(_SCHEMES, _HOSTS)),
    *(f"//{host}/api/data/v9.2/accounts" for host in _HOSTS),
    *(f"{scheme}:{path}" for scheme, path in itertools.product(("https", "http", "javascript", "file"), _PATHS[:4])),
    *(f"{ORG}{path}" for path in _PATHS if path != "/api/data/v9.2"),
    *(f"{ORG}{path}?$skiptoken=x" for path in _PATHS if path != "/api/data/v9.2"),
    *(f" {SET_URL}{tail}" for tail in ("", "?page=2")), f"{SET_URL}\u200b", f"\ufeff{SET_URL}", f"{SET_URL}?x=\u202e", "?page=2", "#",
]  # fmt: skip


def test_there_are_enough_hostile_links() -> None:
    """Two hundred different ones."""
    assert len(set(HOSTILE_LINKS)) == len(HOSTILE_LINKS) >= 200


@pytest.mark.parametrize("member", ["@odata.nextLink", "@odata.deltaLink"])
def test_a_hostile_link_ends_the_reading(member: str) -> None:
    """A page with such a link is not handed over, so that it is never stored; nothing is sent to it, and no token is looked for."""
    for link in HOSTILE_LINKS:
        tokens = CountingTokens()
        with responses.RequestsMock() as server, DataverseClient(ORG, tokens) as client:
            server.add("GET", SET_URL, body=json.dumps({"value": [], member: link}), content_type="application/json")
            with pytest.raises(ForbiddenOriginError):
                list(client.pages(Query(entity_set="accounts", select=("name",)), dict))
            assert (len(server.calls), tokens.handed_out) == (1, 1), ascii(link)


def _rows(text: bytes) -> bytes:
    return b'{"value":[' + text + b"]}"


#: Bodies of 20 MB and more, or ones that would become so.
BOMBS = {
    "zeros": json_answer(gzip.compress(b"0" * 30_000_000), "Content-Encoding: gzip"),
    "blanks": json_answer(gzip.compress(b" " * 30_000_000 + b"{}"), "Content-Encoding: gzip"),
    "rows": json_answer(gzip.compress(_rows(b"{}," * 10_000_000 + b"{}")), "Content-Encoding: gzip"),
    "one text": json_answer(gzip.compress(_rows(b'{"name":"' + b"x" * 30_000_000 + b'"}')), "Content-Encoding: gzip"),
    "one number": json_answer(gzip.compress(_rows(b'{"name":' + b"9" * 30_000_000 + b"}")), "Content-Encoding: gzip"),
    "many members": json_answer(b"".join([gzip.compress(b" " * 1_000_000)] * 30), "Content-Encoding: gzip"),
    "packed twice": json_answer(gzip.compress(gzip.compress(b"0" * 30_000_000)), "Content-Encoding: gzip"),
    "another packing": json_answer(gzip.compress(b"{}"), "Content-Encoding: br"),
    "depth": json_answer(b'{"value":' + b"[" * 400_000 + b"]" * 400_000 + b"}"),
    "unpacked": json_answer(b" " * 20_000_000),
    "long header": http("200 OK", "Content-Type: application/json", "X-Filler: " + "x" * 200_000, body=b"{}"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_size_bomb_is_refused_in_little_memory(name: str) -> None:
    """It is noticed at the cap or by its shape, long before it is unpacked or decoded."""
    with RawServer([BOMBS[name]]) as server, client_of(server.root) as client:
        tracemalloc.start()
        try:
            with pytest.raises(TransportError):
                list(client.pages(Query(entity_set="accounts", select=("name",)), Named))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 16 * CAP


_SECRET = Path(__file__).as_uri()
_LAUGHS = "".join(f"<!ENTITY {more} '{f'&{less};' * 10}'>" for less, more in itertools.pairwise("abcdefghij"))
XML_ATTACKS = {
    "file": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{_SECRET}">]><x>&e;</x>',
    "file in an attribute": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{_SECRET}">]><x a="&e;"/>',
    "remote entity": '<!DOCTYPE x [<!ENTITY e SYSTEM "{root}/stolen">]><x>&e;</x>',
    "remote definition": '<!DOCTYPE x SYSTEM "{root}/stolen.dtd"><x/>',
    "public definition": '<!DOCTYPE x PUBLIC "-//x//y" "{root}/stolen.dtd"><x/>',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "{root}/stolen"> %p;]><x/>',
    "laughs": f"<!DOCTYPE x [<!ENTITY a 'ha'>{_LAUGHS}]><x>&j;</x>",
    "one long entity": "<!DOCTYPE x [<!ENTITY a '" + "x" * 50_000 + "'>]><x>" + "&a;" * 5_000 + "</x>",
    "entity of itself": "<!DOCTYPE x [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><x>&a;</x>",
    "inclusion": f'<x xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="{_SECRET}" parse="text"/></x>',
    "style sheet": '<?xml-stylesheet type="text/xsl" href="{root}/stolen.xsl"?><x/>',
    "schema": '<x xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:noNamespaceSchemaLocation="{root}/stolen.xsd"/>',
    "depth": "<x>" * 20_000 + "</x>" * 20_000,
    "attributes": "<x " + " ".join(f'a{n}="1"' for n in range(20_000)) + "/>",
    "another encoding": '<?xml version="1.0" encoding="UTF-7"?>+ADw-x/+AD4-',
}  # fmt: skip


@pytest.mark.parametrize("kind", ["application/xml", "application/json"])
@pytest.mark.parametrize("name", XML_ATTACKS)
def test_xml_is_never_read(name: str, kind: str) -> None:
    """Whatever it calls itself: nothing is fetched or expanded on its behalf, and no file's content shows in the error."""
    with RawServer([http("200 OK", f"Content-Type: {kind}", body=XML_ATTACKS[name].encode())]) as server, client_of(server.root) as client:
        with pytest.raises(BadResponseError) as fault:
            client.get("$metadata", dict[str, Any])

        assert [line for line in server.request_lines if "stolen" in line] == []
    assert "Answers made to harm" not in str(fault.value)


def test_no_room_of_the_client_can_read_xml() -> None:
    """There is no XML parser to attack: table definitions are read as JSON."""
    home = Path(proforma.__file__).parent
    sources = [path for room in ("transport", "dataverse", "mapping", "sync") for path in (home / room).rglob("*.py")]

    assert [
        path.name for path in sources if any(word in path.read_text(encoding="utf-8") for word in ("import xml", "from xml", "lxml"))
    ] == []


class Named(msgspec.Struct):
    """A row with a name."""

    name: str | None = None


def client_of(root: str) -> DataverseClient:
    """A client that tries once, with a cap of 1 MB."""
    session = Session(Limits(connect_seconds=2, read_seconds=5, body_bytes_max=CAP))
    retrier = Retrier(RetryPolicy(attempts_max=1), clock=Clock(sleep=lambda _: None))
    return DataverseClient(root, CountingTokens(), session=session, retrier=retrier)
