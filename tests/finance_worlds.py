"""The finance systems that a push is tried against, as projects: their configuration, their switches, how their documents read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import requests

from billing_world import BillingWorld
from proforma.mock.values import decode, encode
from project_folder import Project

_PREPARED: Final[dict[tuple[str, int], bytes]] = {}
PREPARE: Final = (("pull",), ("price",), ("invoice", "create", "--all"), ("invoice", "confirm", "--all-drafts"))


@dataclass(frozen=True, kw_only=True)
class System:
    """A finance system of the mock. `create` and `find` match the request that brings a document into being, and the look-up."""

    name: str
    target: str
    path: str
    create: Mapping[str, str]
    find: Mapping[str, str]
    company: str | None = None
    switches: Mapping[str, Any] = field(default_factory=dict)

    @property
    def section(self) -> str:
        """Name of its switches in a world."""
        return {"dynamics": "dynamics", "business-central": "bc", "rest": "rest"}[self.target]

    def total(self, document: Mapping[str, Any]) -> Decimal:
        """The total of a document as the mock keeps it."""
        body = document["body"]
        match self.target:
            case "dynamics":
                return sum((Decimal(str(line["TransactionCurrencyAmount"])) for line in body["lines"]), Decimal(0))
            case "business-central":
                return sum((Decimal(str(line["amountExcludingTax"])) for line in body["lines"]), Decimal(0))
        return Decimal(str(body["total"]))


DYNAMICS: Final = System(
    name="dynamics",
    target="dynamics",
    path="/finance/dynamics/data",
    company="usmf",
    create={"method": "POST", "path": "/finance/dynamics/data/$batch"},
    find={"method": "GET", "path": "/finance/dynamics/data/CDSFreeTextInvoice"},
)
BUSINESS_CENTRAL: Final = System(
    name="business-central",
    target="business-central",
    path="/finance/bc/v2.0/tenant/production/api/v2.0",
    company="CRONUS",
    create={"method": "POST", "path": "/salesInvoices$"},
    find={"method": "GET", "path": "/salesInvoices$"},
)
REST: Final = System(
    name="rest",
    target="rest",
    path="/finance/rest",
    create={"method": "POST", "path": "/finance/rest/invoices"},
    find={"method": "GET", "path": "/finance/rest/invoices"},
)
SYSTEMS: Final = (DYNAMICS, BUSINESS_CENTRAL, REST)


@dataclass
class Finance:
    """A project whose confirmed invoices go to one system."""

    project: Project
    system: System

    def configure(self, *, settle_seconds: float = 0, more: str = "", auth: str | None = None) -> None:
        """Writes the configuration; `more` are lines of the finance section, `auth` its sign-in."""
        url = self.project.server.url
        application = f"{{kind: client_secret, authority: {url}/oauth2/mock-tenant, client_id: fin, client_secret: fin-secret}}"
        lines = [
            "source:",
            f"  url: {url}",
            f"  auth: {{kind: client_secret, authority: {url}/oauth2/mock-tenant, client_id: mock-client, client_secret: mock-secret}}",
            "finance:",
            f"  target: {self.system.target}",
            f"  url: {url}{self.system.path}",
            f"  auth: {auth or application}",
            f"  settle_seconds: {settle_seconds}",
            *([f"  company: {self.system.company}"] if self.system.company else []),
            *(f"  {line}" for line in more.splitlines()),
            "store: sqlite:///proforma.db",
            "allow_literal_secrets: true",
            "",
        ]
        (self.project.folder / "proforma.yaml").write_text("\n".join(lines), encoding="utf-8")

    def confirm(self, contracts: int = 2, **switches: Any) -> None:
        """Invoices of 800.00 each, confirmed and queued. The way there is the same for all: it is gone once, and its store copied."""
        world = BillingWorld()
        for number in range(contracts):
            world.contract(f"c{number}")
            world.time(f"@c{number}-1", f"c{number}")
        self.project.server.load({**world.sets, "$finance": {self.system.section: {**self.system.switches, **switches}}})
        store = self.project.folder / "proforma.db"
        if (self.system.name, contracts) in _PREPARED:
            store.write_bytes(_PREPARED[self.system.name, contracts])
            return
        for words in PREPARE:
            answer = self.project.run(*words)
            assert answer.code == 0, answer.err
        _PREPARED[self.system.name, contracts] = store.read_bytes()

    def switch(self, **switches: Any) -> None:
        """Changes the system's switches; its documents, the journal and the world stay."""
        self.project.server.switch_finance(self.system.section, {**self.system.switches, **switches})

    def push(self) -> int:
        """One push; its exit code."""
        return self.project.run("push").code

    def states(self) -> list[str]:
        """States of all invoices."""
        return [invoice["push"] for invoice in self.project.invoices()]

    def documents(self) -> list[dict[str, Any]]:
        """What the system has."""
        return [dict(document) for document in self.project.server.documents()]

    def require_each_once(self, *, total: str = "800.00", state: str = "accepted") -> None:
        """Each invoice stands in finance exactly once with its total, and we know that."""
        invoices = self.project.invoices()
        assert {invoice["push"] for invoice in invoices} == {state}
        documents = self.documents()
        assert sorted(str(d["reference"]) for d in documents) == sorted(invoice["reference"] for invoice in invoices)
        assert {self.system.total(document) for document in documents} == {Decimal(total)}
        assert self.project.run("db", "check").json["faults"] == []

    def call(self, method: str, path: str, document: object = None, **headers: str) -> Any:
        """A request of somebody else to the system."""
        url = f"{self.project.server.url}{self.system.path}/{path}"
        given = {"Authorization": "Bearer somebody", "Content-Type": "application/json", **headers}
        body = None if document is None else encode(document)
        with requests.request(method, url, data=body, headers=given, timeout=10) as answer:
            assert answer.status_code < 300, answer.text
            return decode(answer.content) if answer.content else None
