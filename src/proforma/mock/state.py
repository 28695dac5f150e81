"""Everything the mock holds at one moment, and which part answers a request."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from proforma.mock.dataverse import app as dataverse
from proforma.mock.faults import Faults
from proforma.mock.finance import business_central, dynamics, rest
from proforma.mock.finance.documents import Documents
from proforma.mock.http import Request, Response, json_response
from proforma.mock.journal import Journal
from proforma.mock.throttling import Throttling, Visit
from proforma.mock.tokens import PREFIX as TOKENS_PREFIX
from proforma.mock.tokens import Tokens, tokens_response
from proforma.mock.values import Value, mapping_of
from proforma.mock.world import World, WorldError

PAGE_SIZE_MAX: Final = 5000


class AuthSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$auth` of a world may say."""

    client_id: str | None = None
    client_secret: str | None = None
    reject_tokens: bool = False


@dataclass(slots=True, kw_only=True)
class State:
    """The world and what happened to it.

    `page_size`: rows of a Dataverse page when the caller asks for no fewer. `clock`: seconds by which finance ages keys and documents.
    """

    page_size: int = PAGE_SIZE_MAX
    clock: Callable[[], float] = time.monotonic
    world: World = field(default_factory=World)
    journal: Journal = field(default_factory=Journal)
    faults: Faults = field(default_factory=Faults)
    documents: Documents = field(default_factory=Documents)
    tokens: Tokens = field(default_factory=Tokens)
    throttling: Throttling = field(default_factory=Throttling)

    def load(self, document: Mapping[str, Value]) -> None:
        """Replace everything: rows, settings, journal, faults, documents. Nothing changes when the world is refused."""
        world = World(document)
        _check_settings(world)
        self.world = world
        self.journal.clear()
        self.faults.clear()
        self.documents.clear()
        self.tokens = Tokens()
        self.throttling = Throttling(self.throttling.clock)
        self.journal.secret_headers = frozenset({rest.rest_settings(world).api_key_header.lower()})

    def enter(self, request: Request) -> Visit:
        """Let a request in, or refuse it for what its user does; `leave` ends the visit."""
        limits = self.world.switches.limits
        if limits is None or not request.path.startswith(dataverse.PREFIX):
            return Visit(request=request)
        return self.throttling.enter(limits, self.tokens.user_of(request.headers.get("authorization")), request)

    def leave(self, visit: Visit) -> None:
        """The request has been answered, or its caller is gone."""
        self.throttling.leave(visit)

    def switch_finance(self, target: str, switches: Mapping[str, Value]) -> None:
        """Change the switches of one finance system and nothing else; raises `WorldError`."""
        earlier = self.world.settings.get("$finance")
        self.world.settings["$finance"] = {**mapping_of(earlier), target: dict(switches)}
        try:
            _check_settings(self.world)
        except WorldError:
            self.world.settings["$finance"] = earlier
            raise

    def respond(self, request: Request) -> Response:
        """The answer of whichever server the path belongs to. A visit's request is answered within the visit."""
        if request.path.startswith(dataverse.PREFIX):
            return dataverse.dataverse_response(self.world, self.tokens, request, self.page_size)
        if request.path.startswith(TOKENS_PREFIX):
            return tokens_response(self.world, self.tokens, request)
        if request.path.startswith(rest.PREFIX):
            return rest.RestTarget(self.documents, clock=self.clock).respond(self.world, request)
        if request.path.startswith((dynamics.PREFIX, business_central.PREFIX)) and not self._lets_in(request):
            return _error(401, "The token is missing, expired or refused.")
        if request.path.startswith(dynamics.PREFIX):
            return dynamics.Dynamics(self.documents, self.world, clock=self.clock).respond(request)
        if request.path.startswith(business_central.PREFIX):
            return business_central.BusinessCentral(self.documents, self.world, clock=self.clock).respond(request)
        if request.path.startswith("/finance/"):
            return _error(
                501, f"The mock server does not serve {request.path}: it has /finance/dynamics/data/, /finance/bc/v2.0/ and /finance/rest/."
            )
        return _error(404, f"Nothing is served at {request.path}: see /api/data/v9.2/, /oauth2/, /finance/, /mock/.")

    def _lets_in(self, request: Request) -> bool:
        return self.tokens.accepts(request.headers.get("authorization"), self.world)


def _check_settings(world: World) -> None:
    """Refuse unknown switches when they are made, not when they are first used."""
    try:
        msgspec.convert(world.setting("$auth") or {}, AuthSettings)
    except msgspec.ValidationError as problem:
        raise WorldError(f"$auth: {problem}") from problem
    rest.rest_settings(world)
    dynamics.dynamics_settings(world)
    business_central.business_central_settings(world)


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": {"code": "mock", "message": message}})
