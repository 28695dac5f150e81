"""The fixtures as somebody else's tests use them: pytest runs files of a project that knows nothing of this one."""

from __future__ import annotations

from typing import Final

import pytest
from plugin_stranger import MODES, Stranger, asserted

pytest_plugins = ["pytester", "plugin_stranger"]

WORLD: Final = """
accounts:
  - {accountid: "@acme", name: Acme, accountnumber: C-1, creditlimit: "2500.50"}
  - {accountid: "@bee", name: Bee, accountnumber: C-2}
"""


@pytest.mark.parametrize("mode", MODES)
def test_every_test_has_its_own_world(stranger: Stranger, mode: str) -> None:
    """A file beside the test, a mapping, both together, or nothing: what one test writes, no other sees."""
    stranger.file("tests/world.yaml", WORLD)
    result = stranger.run(
        """
        import pytest, requests

        def names(mock, **more):
            answer = requests.get(f"{mock.api}/accounts?$select=name&$orderby=name", headers=mock.headers, timeout=20)
            assert answer.status_code == 200, answer.text
            return [row["name"] for row in answer.json()["value"]]

        @pytest.mark.world("world.yaml")
        def test_writes(mock_dataverse):
            answer = requests.post(f"{mock_dataverse.api}/accounts", json={"name": "Cee"}, headers=mock_dataverse.headers, timeout=20)
            assert answer.status_code == 204
            assert names(mock_dataverse) == ["Acme", "Bee", "Cee"]
            assert [row["name"] for row in mock_dataverse.rows("accounts")] == ["Acme", "Bee", "Cee"]

        @pytest.mark.world("world.yaml")
        def test_reads(mock_dataverse):
            assert mock_dataverse.requests() == []
            assert names(mock_dataverse) == ["Acme", "Bee"]
            [seen] = mock_dataverse.requests("accounts")
            assert (seen.method, seen.path, seen.status, seen.fault) == ("GET", "/api/data/v9.2/accounts", 200, None)

        @pytest.mark.world("world.yaml", {"accounts": [{"accountid": "@dee", "name": "Dee"}]})
        def test_adds(mock_dataverse):
            assert names(mock_dataverse) == ["Acme", "Bee", "Dee"]
            assert [row["accountid"] for row in mock_dataverse.rows("accounts")][2] == mock_dataverse.guid("@dee")

        class TestOfAClass:
            pytestmark = pytest.mark.world({"accounts": [{"name": "Eff"}]})

            def test_inherits(self, mock_dataverse):
                assert names(mock_dataverse) == ["Eff"]

            @pytest.mark.world(page_size=7)
            def test_inherits_the_rows(self, mock_dataverse):
                assert names(mock_dataverse) == ["Eff"]

            @pytest.mark.world({"accounts": [{"name": "Gee"}]})
            def test_has_its_own(self, mock_dataverse):
                assert names(mock_dataverse) == ["Gee"]

        def test_has_nothing(mock_dataverse):
            assert names(mock_dataverse) == []
        """,
        f"--proforma-mock-mode={mode}",
    )
    result.assert_outcomes(passed=7)


@pytest.mark.parametrize("mode", MODES)
def test_both_sides_share_a_world(stranger: Stranger, mode: str) -> None:
    """Finance keeps what it is sent and names the customers of the same world; each side lists its own requests."""
    stranger.file("tests/world.yaml", WORLD)
    result = stranger.run(
        """
        import pytest, requests

        @pytest.mark.world("world.yaml")
        def test_pushes(mock_dataverse, mock_finance):
            customer = requests.get(f"{mock_finance.url}/customers?account=C-1", timeout=20).json()["value"][0]
            invoice = {"reference": "PF-1", "currency": "USD", "customer": customer, "total": 960, "lines": [{"amount": 960}]}
            sent = requests.post(f"{mock_finance.url}/invoices", json=invoice, timeout=20)
            assert (sent.status_code, sent.json()["number"]) == (201, "INV-000001")

            assert [(d["number"], d["reference"], d["body"]["total"]) for d in mock_finance.documents()] == [("INV-000001", "PF-1", 960)]
            assert [request.method for request in mock_finance.requests()] == ["GET", "POST"]
            assert mock_finance.requests("invoices")[0].body["reference"] == "PF-1"
            assert mock_dataverse.requests() == []

        def test_begins_anew(mock_finance):
            assert (mock_finance.documents(), mock_finance.requests()) == ([], [])
        """,
        f"--proforma-mock-mode={mode}",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", MODES)
def test_changes_by_a_person_are_tracked(stranger: Stranger, mode: str) -> None:
    """Rows added, changed and deleted from outside appear behind a delta link, until that link is too old."""
    stranger.file("tests/world.yaml", WORLD)
    result = stranger.run(
        """
        import pytest, requests

        @pytest.mark.world("world.yaml")
        def test_tracks(mock_dataverse):
            headers = {**mock_dataverse.headers, "Prefer": "odata.track-changes"}
            link = requests.get(f"{mock_dataverse.api}/accounts?$select=name", headers=headers, timeout=20).json()["@odata.deltaLink"]
            mock_dataverse.upsert("accounts", {"accountid": "@acme", "name": "Acme 2"}, {"accountid": "@new", "name": "New"})
            mock_dataverse.delete("accounts", "@bee")

            changes = requests.get(link, headers=headers, timeout=20).json()["value"]
            assert [row["name"] for row in changes if "name" in row] == ["Acme 2", "New"]
            assert [row["id"] for row in changes if row.get("reason") == "deleted"] == [mock_dataverse.guid("@bee")]

            mock_dataverse.expire_delta_tokens()
            assert requests.get(link, headers=headers, timeout=20).status_code == 400

        @pytest.mark.world("world.yaml")
        def test_replaces(mock_dataverse):
            mock_dataverse.load({"accounts": [{"name": "Other"}]})
            assert [row["name"] for row in mock_dataverse.dump()["accounts"]] == ["Other"]
        """,
        f"--proforma-mock-mode={mode}",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("mode", MODES)
def test_faults_come_as_ordered(stranger: Stranger, mode: str) -> None:
    """Each fault reaches the caller as a server with that fault would: a status, a lost connection, a cut body, a time-out."""
    result = stranger.run(
        """
        import pytest, requests
        from requests.exceptions import ChunkedEncodingError, ConnectionError, ReadTimeout

        def get(mock, timeout=20, method="GET", **more):
            return requests.request(method, f"{mock.api}/accounts?$select=name", headers=mock.headers, timeout=timeout, **more)

        def test_status(mock_dataverse):
            mock_dataverse.fail(503, times=2, retry_after=7)
            answers = [get(mock_dataverse) for _ in range(3)]
            assert [(a.status_code, a.headers.get("Retry-After")) for a in answers] == [(503, "7"), (503, "7"), (200, None)]
            assert [entry.fault for entry in mock_dataverse.requests()] == ["status 503", "status 503", None]

        def test_body(mock_dataverse):
            mock_dataverse.fail(502, body="<h1>Bad gateway</h1>", headers={"Via": "proxy"})
            answer = get(mock_dataverse)
            assert (answer.status_code, answer.text, answer.headers["Via"]) == (502, "<h1>Bad gateway</h1>", "proxy")

        def test_throttling(mock_dataverse):
            mock_dataverse.throttle(60, retry_after=2)
            assert [(get(mock_dataverse).status_code, get(mock_dataverse).headers["Retry-After"]) for _ in range(2)] == [(429, "2")] * 2
            mock_dataverse.clear_faults()
            assert get(mock_dataverse).status_code == 200
            mock_dataverse.throttle(60, limit="all")
            codes = [get(mock_dataverse).json()["error"]["code"] for _ in range(3)]
            assert codes == ["0x80072322", "0x80072321", "0x80072326"]

        @pytest.mark.parametrize("drop, kept", [("drop_before", []), ("drop_after", ["Acme"])])
        def test_lost_connection(mock_dataverse, drop, kept):
            getattr(mock_dataverse, drop)(method="post")
            with pytest.raises(ConnectionError):
                get(mock_dataverse, method="POST", json={"name": "Acme"})
            assert [row["name"] for row in mock_dataverse.rows("accounts")] == kept
            assert get(mock_dataverse).status_code == 200

        def test_cut_body(mock_dataverse):
            mock_dataverse.truncate(20)
            with pytest.raises(ChunkedEncodingError):
                get(mock_dataverse)

        def test_lateness(mock_dataverse):
            mock_dataverse.delay(700)
            with pytest.raises(ReadTimeout):
                get(mock_dataverse, timeout=0.05)

        def test_choice(mock_dataverse, mock_finance):
            mock_dataverse.fail(path="contacts|accounts", query="select", skip=1, times=None)
            mock_finance.fail(500, path="/finance/rest/customers")
            assert [get(mock_dataverse).status_code for _ in range(4)] == [200, 503, 503, 503]
            who = requests.get(f"{mock_dataverse.api}/WhoAmI", headers=mock_dataverse.headers, timeout=20)
            assert who.status_code == 200
            assert [requests.get(f"{mock_finance.url}/customers", timeout=20).status_code for _ in range(2)] == [500, 200]
            with pytest.raises(TypeError, match="knows no 'pth': there are path, query, method, times, skip"):
                mock_dataverse.fail(pth="accounts")

        def test_tokens(mock_dataverse):
            form = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "mine"}
            token = requests.post(mock_dataverse.token_url, data=form, timeout=20).json()["access_token"]
            fresh = {"Authorization": f"Bearer {token}"}
            assert requests.get(f"{mock_dataverse.api}/WhoAmI", headers=fresh, timeout=20).status_code == 200
            mock_dataverse.expire_tokens()
            assert get(mock_dataverse).status_code == 401
            assert requests.get(f"{mock_dataverse.api}/WhoAmI", headers=fresh, timeout=20).status_code == 401
            mock_dataverse.fail(400, path="/oauth2/")
            assert requests.post(mock_dataverse.token_url, data=form, timeout=20).status_code == 400
        """,
        f"--proforma-mock-mode={mode}",
    )
    result.assert_outcomes(passed=9)


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("'gone.yaml'", "there is no file *gone.yaml"),
        ("'broken.yaml'", "*broken.yaml:2: accounts: expected a list of rows"),
        ("{'accounts': [{'creditlimit': 'much'}]}", "accounts[[]0].creditlimit: expected a number, found 'much'"),
        ("{'accounts': [{'accountid': '@a'}, {'accountid': '@a'}]}", "accounts[[]1]: a second row with the key *"),
        ("{'accounts': [{'name': object}]}", "it holds something that is neither text, number, date, list nor mapping: *"),
        ("{'$dataverse': {'speed': 1}}", "$dataverse: Object contains unknown field `speed`*"),
        ("['accounts']", "a world is a file or a mapping of entity sets to lists of rows, not [[]'accounts']"),
        ("", "the marker `world` says nothing: *"),
        ("{}, pages=3", "the marker `world` knows no 'pages': there are mode, page_size, latency_ms"),
        ("{}, page_size=0", "page_size 0: expected a whole number of at least 1"),
        ("{}, mode='remote'", "mode 'remote' does not exist: write server or in-process"),
    ],
)
def test_a_bad_world_is_an_error_that_says_what_to_do(stranger: Stranger, marker: str, said: str) -> None:
    """The test does not run; its report is one line that names the test, the place and the mistake, without a traceback."""
    stranger.file("tests/broken.yaml", "accounts:\n  name: Acme\n")
    result = stranger.run(f"""
        import pytest

        @pytest.mark.world({marker})
        def test_it(mock_dataverse):
            raise AssertionError("must not run")
        """)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"the mock of tests/test_them.py::test_it cannot be made: {said}"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_marker_wins_over_option_over_ini_file(stranger: Stranger) -> None:
    """Page size, latency and mode are taken from the nearest place that says them; the ini file may name a world for all."""
    stranger.file("tests/world.yaml", WORLD)
    stranger.ini(proforma_mock_world="tests/world.yaml", proforma_mock_page_size="1", proforma_mock_mode="in-process")
    source = """
        import pytest, requests

        def page(mock):
            return len(requests.get(f"{mock.api}/accounts", headers=mock.headers, timeout=20).json()["value"])

        def test_world_of_all(mock_dataverse):
            assert mock_dataverse.url == "https://mock.crm4.dynamics.com"
            assert page(mock_dataverse) == EXPECTED

        @pytest.mark.world("world.yaml", page_size=2, mode="server", latency_ms=1)
        def test_world_of_its_own(mock_dataverse):
            assert mock_dataverse.url.startswith("http://127.0.0.1:")
            assert page(mock_dataverse) == 2
        """
    stranger.run(source.replace("EXPECTED", "1")).assert_outcomes(passed=2)
    stranger.run(source.replace("EXPECTED", "2"), "--proforma-mock-page-size=2").assert_outcomes(passed=2)
    refused = stranger.run(source, "--proforma-mock-latency-ms=soon")
    refused.stdout.fnmatch_lines(["*cannot be made: latency_ms 'soon': expected a whole number of at least 0"])


def test_tls_when_the_ini_file_says_so(stranger: Stranger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server speaks https, and its certificate is one that `requests` and msal accept."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    stranger.ini(proforma_mock_tls="true")
    result = stranger.run("""
        import msal, requests

        def test_https(mock_dataverse):
            certificate = str(mock_dataverse.certificate)
            assert mock_dataverse.url.startswith("https://127.0.0.1:")
            application = msal.ConfidentialClientApplication(
                "me", client_credential="mine", authority=mock_dataverse.authority, instance_discovery=False, verify=certificate
            )
            token = application.acquire_token_for_client([f"{mock_dataverse.url}/.default"])["access_token"]
            headers = {"Authorization": f"Bearer {token}"}
            answer = requests.get(f"{mock_dataverse.api}/WhoAmI", headers=headers, verify=certificate, timeout=20)
            assert answer.status_code == 200
        """)
    result.assert_outcomes(passed=1)


def test_names_can_be_imported_for_annotations() -> None:
    """`proforma.mock` names the types of the fixtures, and says so when a name is not there."""
    asserted(
        "from proforma.mock import InProcessMock, MockDataverse, MockFinance, MockServer, World, WorldError, read_world, serve",
        "import proforma.mock",
        "assert MockDataverse.__name__ == 'MockDataverse'",
        "assert not hasattr(proforma.mock, 'Nothing')",
    )
