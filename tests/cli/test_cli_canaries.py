"""Promise 7 through the whole program: secrets of every kind are planted, and nothing that is said, logged or kept holds one of them."""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus

import msgspec
import pytest

from billing_world import BillingWorld, guid
from proforma.mock import MockServer

#: One secret a kind, with signs that a URL, JSON or a quoted text writes in another way; those for headers with what headers may hold.
CANARIES: Final[Mapping[str, str]] = {
    name: f"canary {name}/+&='ø\"{number:04d}zebra"
    for number, name in enumerate(("SOURCE", "SOURCE_REFUSED", "DYNAMICS", "CENTRAL", "BASIC_PASSWORD", "FROM_FILE", "DATABASE"), start=1)
} | {name: f"canary.{name}/+=zebra" for name in ("REST_KEY", "XERO_TOKEN")}
#: Tokens travel in headers: plain signs only.
TOKENS: Final = {
    "SOURCE_TOKEN": "canary.source-token.0010zebra",
    "FINANCE_TOKEN": "canary.finance-token.0011zebra",
    "OLD": "canary.old.0012zebra",
}

COMMANDS: Final = tuple(
    tuple(line.replace("WORK", guid("@c0-1")).split())
    for line in """\
doctor
mapping check
mapping check --live
pull
pull --full
price
status
backlog list
explain WORK
rates list
contract check c0
quote check none
invoice create --all
invoice list
invoice confirm --all-drafts
preflight
push --dry-run
push
problems list
ledger list
reconcile
runs list
draft
sync
db check""".splitlines()
)


def forms(secret: str) -> set[bytes]:
    """How a secret may look: plain, in JSON, in a URL, in the three ways in which base64 may begin."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"x" * n + plain)[n and 4 :][:-4] for n in range(3)]
    escaped = msgspec.json.encode(secret)[1:-1]
    return {plain, escaped, quote(secret, safe="").encode(), quote_plus(secret).encode(), *shifted, repr(secret)[1:-1].encode()}


def told(words: tuple[str, ...], config: Path) -> str:
    """What a command says and logs, with everything that DEBUG tells."""
    from proforma.cli.main import run

    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = run(["--config", str(config), "--as-of", "2026-03-31", "-vv", "--log-format", "json", *words])
    return f"{words} ends with {code}\n{out.getvalue()}"


@pytest.fixture
def server() -> Iterator[MockServer]:
    """Two contracts; sign-ins give out canaries; finance repeats in its refusal whatever it was shown."""
    world = BillingWorld()
    for name in ("c0", "c1"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    with MockServer(world.sets) as running:
        running.faults(list(faults()))
        yield running


def faults() -> Iterator[dict[str, Any]]:
    """What the servers do wrong."""
    # Whatever the program holds by then; it cannot know a secret that it has never been given.
    held = ("SOURCE", "DYNAMICS", "CENTRAL", "REST_KEY", "XERO_TOKEN", "FROM_FILE", "SOURCE_TOKEN", "FINANCE_TOKEN")
    everything = " ".join({**CANARIES, **TOKENS}[name] for name in held)
    refusal = {"error": {"code": "Application_DialogException", "message": everything, "innererror": {"message": everything}}}
    for tenant, token in (("source", "SOURCE_TOKEN"), ("finance", "FINANCE_TOKEN")):
        body = {"token_type": "Bearer", "expires_in": 3599, "access_token": TOKENS[token], "refresh_token": TOKENS["OLD"]}
        yield {"match": {"method": "POST", "path": f"/oauth2/{tenant}/"}, "times": 0, "action": {"status": 200, "body": body}}
    yield {
        "match": {"method": "POST", "path": "/oauth2/refused/"},
        "times": 0,
        "action": {"status": 401, "body": {"error": "invalid_client", "error_description": CANARIES["SOURCE_REFUSED"]}},
    }
    for path in ("/finance/dynamics/", "/finance/bc/", "/finance/rest/"):
        yield {"match": {"method": "POST", "path": path}, "times": 0, "action": {"status": 400, "body": refusal}}


def configuration(url: str, folder: Path, **changes: str) -> Path:
    """A configuration with every kind of sign-in; secrets come from the environment and from a file."""

    def application(tenant: str, secret: str) -> str:
        return f'{{kind: client_secret, authority: "{url}/oauth2/{tenant}", client_id: us, client_secret: "{secret}"}}'

    (folder / "secret").write_text(CANARIES["FROM_FILE"], encoding="utf-8")
    values = {"source": application("source", "${SOURCE}"), "store": "sqlite:///proforma.db"} | changes
    text = f"""\
source: {{url: "{url}", auth: {values["source"]}}}
finance:
  target: rest
  url: "{url}/finance/rest"
  auth: {{kind: api_key, key: "${{REST_KEY}}"}}
  others:
    dynamics: {{url: "{url}/finance/dynamics/data", company: usmf, auth: {application("finance", "${DYNAMICS}")}, contracts: [c1]}}
    business-central:
      {{url: "{url}/finance/bc/v2.0/t/p/api/v2.0", company: CRONUS, auth: {application("finance", "${CENTRAL}")}, contracts: [c0]}}
    erpnext: {{url: "{url}/finance/rest", auth: {{kind: basic, user: us, password: "file:secret"}}}}
    xero: {{url: "{url}/finance/rest", auth: {{kind: bearer, token: "${{XERO_TOKEN}}"}}}}
store: {values["store"]}
"""
    file = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_no_secret_is_said_logged_or_kept(server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every family of commands with all its logs, also where sign-in, store and finance fail: no canary in any form, anywhere."""
    for name, secret in CANARIES.items():
        monkeypatch.setenv(name, secret)
    usual = configuration(server.url, tmp_path)
    said = "".join(told(words, usual) for words in COMMANDS)
    refused = f'{{kind: client_secret, authority: "{server.url}/oauth2/refused", client_id: us, client_secret: "${{SOURCE_REFUSED}}"}}'
    said += told(("pull",), configuration(server.url, tmp_path, source=refused))
    said += told(("pull",), configuration(server.url, tmp_path, source='{kind: basic, user: us, password: "${BASIC_PASSWORD}"}'))
    database = f"postgresql+psycopg://us:{quote(CANARIES['DATABASE'], safe='')}@127.0.0.1:1/books"
    said += told(("status",), configuration(server.url, tmp_path, store=f'"{database}"'))
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir() if file.suffix != ".yaml" and file.name != "secret"}
    kept |= {"said": said.encode(), "journal": str(server.requests()).encode(), "documents": str(server.documents()).encode()}
    assert hits(kept) == []
    assert "push-refused" in said, "finance repeats the secrets in its refusals, and they are told"


def hits(kept: Mapping[str, bytes]) -> list[str]:
    """Where canaries were found."""
    secrets = {**CANARIES, **TOKENS}
    return [
        f"{name} in {place}" for place, text in kept.items() for name, secret in secrets.items() if any(f in text for f in forms(secret))
    ]
