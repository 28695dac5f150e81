"""The mock as a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from cryptography import x509
from mock_caller import Caller


@contextmanager
def process(*words: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m proforma.mock`, ended whatever happens."""
    command = [sys.executable, "-m", "proforma.mock", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as running:
        try:
            yield running
        finally:
            running.kill()


def ready(running: subprocess.Popen[str]) -> str:
    """The address that the process announces."""
    assert running.stdout is not None
    word, url = running.stdout.readline().split()
    assert word == "ready"
    return url


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_told_to_end(tmp_path: Path, end: signal.Signals) -> None:
    """One line when ready, the world of the file, the configuration written, a quiet end with exit 0."""
    (tmp_path / "world.yaml").write_text("accounts:\n  - {accountid: '@a', name: Acme}\n", encoding="utf-8")
    with process("--port", "0", "--world", "world.yaml", "--write-config", "own.yaml", folder=tmp_path) as running:
        url = ready(running)
        with Caller(url) as caller:
            assert caller.column("accounts?$select=name", "name") == ["Acme"]
            os.kill(running.pid, end)
            out, err = running.communicate(timeout=20)
        assert (running.returncode, out, err) == (0, "", "")
    assert (tmp_path / "own.yaml").read_text(encoding="utf-8") == (
        "source:\n"
        f"  url: {url}\n"
        f"  auth: {{kind: client_secret, authority: {url}/oauth2/mock-tenant, client_id: mock-client, client_secret: mock-secret}}\n"
        "finance:\n"
        "  target: rest\n"
        f"  url: {url}/finance/rest\n"
        "  auth: {kind: none}\n"
        "store: sqlite:///proforma.db\n"
        "business_time_zone: UTC\n"
        "allow_literal_secrets: true\n"
        "pricing: {}\n"
        "invoicing: {}\n"
    )


def test_page_size_latency_and_tls(tmp_path: Path) -> None:
    """The options reach the server; the certificate is named on stderr."""
    (tmp_path / "w.json").write_text('{"accounts": [{}, {}, {}]}', encoding="utf-8")
    words = ("--port", "0", "--tls", "--latency-ms", "1", "--page-size", "2", "--world", "w.json")
    with process(*words, folder=tmp_path) as running:
        url = ready(running)
        assert running.stderr is not None
        certificate = running.stderr.readline().split()[1]
        with Caller(url, verify=certificate) as caller:
            assert [len(page.rows) for page in caller.pages("accounts?$select=name")] == [2, 1]
        assert url.startswith("https://127.0.0.1:")


def test_the_certificate_lies_beside_the_configuration(tmp_path: Path) -> None:
    """Its name is known beforehand; strict readers accept it for both names of loopback, and nobody without it (W-5)."""
    with process("--port", "0", "--tls", "--write-config", "own.yaml", folder=tmp_path) as running:
        url = ready(running)
        context = ssl.create_default_context(cafile=str(tmp_path / "own.pem"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        for host in ("127.0.0.1", "localhost"):
            plain = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=20)
            with plain, context.wrap_socket(plain, server_hostname=host) as connection:
                assert connection.version() in ("TLSv1.2", "TLSv1.3")
        with Caller(url) as caller, pytest.raises(requests.exceptions.SSLError):
            caller.get("accounts")
    (authority,) = x509.load_pem_x509_certificates((tmp_path / "own.pem").read_bytes())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (("--world", "w.yaml"), "accounts:\n  - {a\n", "error: w.yaml:3: not YAML"),
        (("--world", "w.yaml"), "accounts:\n  - 5\n", "error: w.yaml:2: accounts: expected a row (column: value)"),
        (("--world", "w.yaml"), "accounts:\n  - {creditlimit: much}\n", "error: accounts[0].creditlimit: expected a number, found 'much'"),
        (("--world", "absent.yaml"), "", "error: absent.yaml: cannot be read"),
        (("--page-size", "0"), "", "error: page size 0: a page holds at least one row"),
    ],
)
def test_it_does_not_start_on_a_mistake(tmp_path: Path, words: tuple[str, ...], text: str, message: str) -> None:
    """Exit 2, one line that says what to mend, nothing on stdout."""
    (tmp_path / "w.yaml").write_text(text, encoding="utf-8")
    with process("--port", "0", *words, folder=tmp_path) as running:
        out, err = running.communicate(timeout=20)
        assert (running.returncode, out, err.startswith(message), err.count("\n")) == (2, "", True, 1)
