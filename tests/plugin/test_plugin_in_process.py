"""The in-process mode: what it answers, what it refuses, and that it needs no socket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from plugin_stranger import Stranger

from billing_world import BillingWorld
from proforma.cli.main import run
from proforma.mock import InProcessMock

pytest_plugins = ["pytester", "plugin_stranger"]

HEADERS = {"Authorization": "Bearer anything"}


def test_no_socket_is_opened(stranger: Stranger) -> None:
    """With sockets forbidden and an event loop running, sign-in, reading, writing and batches still work."""
    result = stranger.run(
        """
        import asyncio, io, socket
        import msal, pytest, requests

        @pytest.fixture(autouse=True)
        def no_sockets(monkeypatch):
            def refuse(*_, **__):
                raise AssertionError("a socket was opened")
            monkeypatch.setattr(socket, "socket", refuse)
            monkeypatch.setattr(socket, "create_connection", refuse)
            monkeypatch.setattr(socket, "socketpair", refuse)

        BATCH = "--b\\r\\nContent-Type: application/http\\r\\n\\r\\nGET /api/data/v9.2/WhoAmI HTTP/1.1\\r\\n\\r\\n\\r\\n--b--\\r\\n"

        @pytest.mark.world({"accounts": [{"name": "Acme"}, {"name": "Bee"}]}, page_size=1)
        def test_it(mock_dataverse):
            application = msal.ConfidentialClientApplication("me", client_credential="mine", authority=mock_dataverse.authority)
            token = application.acquire_token_for_client([f"{mock_dataverse.url}/.default"])["access_token"]
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {token}"
                first = session.get("https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?$select=name", timeout=5).json()
                assert first["@odata.nextLink"].startswith("https://contoso.crm4.dynamics.com/api/data/v9.2/accounts?")
                assert len(session.get(first["@odata.nextLink"], timeout=5).json()["value"]) == 1
                made = session.post(f"{mock_dataverse.api}/accounts", data=io.BytesIO(b'{"name": "Cee"}'), timeout=5,
                                    headers={"Content-Type": "application/json"})
                assert made.status_code == 204 and made.headers["OData-EntityId"].startswith(mock_dataverse.api)
                assert session.get(made.headers["OData-EntityId"] + "?$select=name", timeout=5).json()["name"] == "Cee"
                batch = session.post(f"{mock_dataverse.api}/$batch", data=BATCH, timeout=5,
                                     headers={"Content-Type": "multipart/mixed; boundary=b"})
                assert batch.status_code == 200 and "BusinessUnitId" in batch.text

        def test_in_an_event_loop(mock_dataverse):
            coroutine = later(mock_dataverse)
            with pytest.raises(StopIteration):
                coroutine.send(None)

        async def later(mock):
            assert requests.get(f"{mock.api}/WhoAmI", headers=mock.headers, timeout=5).status_code == 200
        """,
        "--proforma-mock-mode=in-process",
    )
    result.assert_outcomes(passed=2)


def test_other_addresses_are_refused() -> None:
    """Nothing leaves the process: a host that the mock does not stand for is a failed connection that names the hosts it does."""
    with InProcessMock() as mock:
        for url in ("https://example.com/", "https://crm4.dynamics.com.evil.example/api/data/v9.2/WhoAmI", "http://127.0.0.1:1/"):
            with pytest.raises(requests.ConnectionError, match=r"is neither an environment \(NAME\.crmN\.dynamics\.com\) nor"):
                requests.get(url, timeout=5)
        for host in ("contoso.crm.dynamics.com", "contoso.api.crm4.dynamics.com", "contoso.crm9.dynamics.com"):
            assert requests.get(f"https://{host}/api/data/v9.2/WhoAmI", headers=HEADERS, timeout=5).status_code == 200
        assert [entry.status for entry in mock.entries()] == [200, 200, 200]


def test_everything_is_as_before_after_the_block() -> None:
    """The block over, calls go to the network again: here, to a port where nobody listens."""
    with InProcessMock():
        pass
    with pytest.raises(requests.ConnectionError, match="Max retries exceeded"):
        requests.get("http://127.0.0.1:1/", timeout=5)


def test_nobody_waits_for_an_answer_that_comes_too_late() -> None:
    """A delay beyond the caller's time-out ends in the time-out at once, and the work is done all the same."""
    with InProcessMock() as mock:
        mock.faults([{"match": {"method": "POST"}, "action": {"delay_ms": 3_600_000}}])
        with pytest.raises(requests.ReadTimeout):
            requests.post(f"{mock.url}/api/data/v9.2/accounts", json={"name": "Acme"}, headers=HEADERS, timeout=(5, 60))
        assert [row["name"] for row in mock.rows("accounts")] == ["Acme"]


def test_threads_take_turns() -> None:
    """Calls from many threads are each answered whole, and waits of one do not hold up the others."""
    with InProcessMock(latency_ms=5) as mock, ThreadPoolExecutor(8) as threads:
        url = f"{mock.url}/api/data/v9.2/accounts"
        answers = list(
            threads.map(lambda n: requests.post(url, json={"name": f"n{n}"}, headers=HEADERS, timeout=20).status_code, range(40))
        )
        assert answers == [204] * 40
        assert sorted(str(row["name"]) for row in mock.rows("accounts")) == sorted(f"n{n}" for n in range(40))


def test_head_and_empty_answers_have_no_body() -> None:
    """An answer without a body is one for the caller too: HEAD, 204 and 304."""
    with InProcessMock({"accounts": [{"accountid": "@a", "name": "Acme"}]}) as mock:
        url = f"{mock.url}/api/data/v9.2/accounts(00000000-0000-0000-0000-000000000001)"
        made = requests.patch(url, json={"name": "Bee"}, headers=HEADERS, timeout=5)
        assert (made.status_code, made.content, made.headers.get("Content-Type")) == (204, b"", None)
        head = requests.head(f"{mock.url}/api/data/v9.2/accounts", headers=HEADERS, timeout=5)
        assert head.content == b""
        etag = requests.get(url, headers=HEADERS, timeout=5).headers["ETag"]
        unchanged = requests.get(url, headers={**HEADERS, "If-None-Match": etag}, timeout=5)
        assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_a_missing_library_is_named(stranger: Stranger) -> None:
    """Without `responses` the test ends with the command that installs it; tests with the server run."""
    stranger.file(
        "tests/conftest.py",
        """
        import sys

        sys.modules["responses"] = None
        sys.modules.pop("proforma.mock.in_process", None)
        """,
    )
    result = stranger.run("""
        import pytest

        @pytest.mark.world({}, mode="in-process")
        def test_it(mock_dataverse):
            raise AssertionError("must not run")

        def test_another(mock_dataverse):
            pass
        """)
    result.assert_outcomes(errors=1, passed=1)
    result.stdout.fnmatch_lines(["*the in-process mode needs the package 'responses': pip install 'proforma-sync[[]mock]'*"])


def test_the_product_itself_runs_without_a_socket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From pull to push against production addresses: sign-in, pages read by several threads, one invoice of 8 h at 100.00."""
    world = BillingWorld()
    world.contract("north")
    world.time("@work", "north", hours="8")
    with InProcessMock(world.sets, page_size=1) as mock:
        configuration = tmp_path / "proforma.yaml"
        configuration.write_text(
            "source:\n"
            "  url: https://contoso.crm4.dynamics.com\n"
            f"  auth: {{kind: client_secret, authority: '{mock.authority}', client_id: me, client_secret: mine}}\n"
            f"finance: {{target: rest, url: '{mock.finance_url}', auth: {{kind: none}}}}\n"
            "allow_literal_secrets: true\n",
            encoding="utf-8",
        )
        for words in ("pull", "price", "invoice create --all", "invoice confirm --all-drafts", "push"):
            assert run(["--config", str(configuration), "--as-of", "2026-03-31", "-q", *words.split()]) == 0, capsys.readouterr().err
        [document] = mock.documents()
        body = document["body"]
        assert isinstance(body, dict)
        assert (body["currency"], str(body["total"])) == ("USD", "800.00")
