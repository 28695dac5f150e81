"""The two sides of a mock as tests hold them: a Dataverse environment and a finance system, with faults to order on each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypedDict, Unpack

from proforma.mock.controls import Controls
from proforma.mock.journal import Entry
from proforma.mock.values import Row, Value, symbol_guid


class Match(TypedDict, total=False):
    """Which requests a fault hits, and how often.

    `path`: a part of the path below the side's own beginning, as text or as a regular expression; with a leading `/`, of the whole path
    (`/oauth2/` is the token endpoint). `query`: likewise of the query. `times`: how many requests, 1 when not said, None for ever.
    `skip`: how many matching requests pass before.
    """

    path: str
    query: str
    method: str
    times: int | None
    skip: int


class Side:
    """One side of a running mock. Both sides share one world, one journal and one list of faults.

    `url`: address to give to the code under test. `token`: an access token that is accepted; so is any other text.
    """

    _below: Final[str]

    def __init__(self, controls: Controls, *, url: str, below: str) -> None:
        self._controls = controls
        self._below = below
        self.url = url
        self.token = controls.issue_token()

    @property
    def headers(self) -> dict[str, str]:
        """What a caller must show."""
        return {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}

    @property
    def certificate(self) -> Path | None:
        """The certificate that `verify` of `requests` needs when the mock speaks TLS."""
        return self._controls.certificate

    # The world

    def load(self, world: Mapping[str, object]) -> None:
        """Another world in the place of this one; journal, documents and faults begin anew. Tokens stay good."""
        self._controls.load(world)

    def rows(self, entity_set: str) -> list[Row]:
        """The rows of an entity set as they are now, oldest first; fractions are `Decimal`."""
        return self._controls.rows(entity_set)

    def dump(self) -> dict[str, Value]:
        """The whole world as it is now."""
        return self._controls.dump()

    def upsert(self, entity_set: str, *rows: Mapping[str, object]) -> None:
        """Add rows, or change those whose key is there, as a person would: change tracking sees it."""
        self._controls.patch(upsert={entity_set: rows})

    def delete(self, entity_set: str, *ids: str) -> None:
        """Delete rows by id or symbol, as a person would."""
        self._controls.patch(delete={entity_set: ids})

    def guid(self, symbol: str) -> str:
        """The GUID that a symbol of the world, such as `@acme`, stands for."""
        return symbol_guid(symbol)

    # What happened

    def requests(self, path: str = "") -> list[Entry]:
        """The requests that reached this side, oldest first; only those whose path fits, when one is given."""
        pattern = re.compile(self._whole(path))
        return [entry for entry in self._controls.entries() if pattern.search(entry.path)]

    def documents(self) -> list[dict[str, Value]]:
        """Every document that finance has taken, oldest first, doubles included."""
        return self._controls.documents()

    # Faults

    def fail(
        self,
        status: int = 503,
        *,
        retry_after: int | str | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        after: bool = False,
        **match: Unpack[Match],
    ) -> None:
        """Answer with an error; with `after`, once the work is done. `body`: JSON, or a text that is sent as HTML."""
        given = dict(headers or {})
        if retry_after is not None:
            given["Retry-After"] = str(retry_after)
        self._order({"status": status, "headers": given, "body": body, "after": after}, match)

    def throttle(self, seconds: float = 1, *, retry_after: int | str = 1, limit: str = "requests", **match: Unpack[Match]) -> None:
        """Answer 429 from the first request that fits until so many seconds are over.

        `retry_after`: seconds, or `date`. `limit`: too much of what: requests, execution-time, concurrency, or all in turn (W-191).
        """
        self._order({"throttle": {"seconds": seconds, "retry_after": retry_after, "limit": limit}}, match)

    def drop_before(self, **match: Unpack[Match]) -> None:
        """Close the connection; nothing was done."""
        self._order({"drop": "before"}, match)

    def drop_after(self, **match: Unpack[Match]) -> None:
        """Do the work, then close the connection without an answer."""
        self._order({"drop": "after"}, match)

    def truncate(self, size: int = 0, **match: Unpack[Match]) -> None:
        """Promise the whole body, send its first bytes, close the connection."""
        self._order({"truncate": size}, match)

    def delay(self, milliseconds: int, **match: Unpack[Match]) -> None:
        """Answer later."""
        self._order({"delay_ms": milliseconds}, match)

    def expire_tokens(self) -> None:
        """Refuse every token given out so far, this side's `token` too, from now on."""
        self._controls.expire_tokens(self.headers["Authorization"])

    def clear_faults(self) -> None:
        """Everything works again, on both sides."""
        self._controls.faults([])

    def _order(self, action: Mapping[str, object], match: Match) -> None:
        unknown = sorted(set(match) - set(Match.__annotations__))
        if unknown:
            raise TypeError(f"a fault knows no {unknown[0]!r}: there are {', '.join(Match.__annotations__)}")
        which = {"path": self._whole(match.get("path", "")), "query": match.get("query"), "method": match.get("method")}
        self._controls.add_fault({"match": which, "times": match.get("times", 1), "skip": match.get("skip", 0), "action": action})

    def _whole(self, path: str) -> str:
        """A pattern for the whole path of a request, from one for what stands below this side's beginning."""
        try:
            re.compile(path)
            wanted = f"(?:{re.escape(path)}|{path})"
        except re.error:
            wanted = re.escape(path)
        return f"^{wanted}" if path.startswith("/") else f"^(?:{self._below}).*{wanted}"


class MockDataverse(Side):
    """The Dataverse side: `url` is the environment's address, `api` its Web API, `authority` and `token_url` where tokens come from."""

    def __init__(self, controls: Controls) -> None:
        super().__init__(controls, url=controls.url, below="/api/data/")
        self.api = f"{controls.url}/api/data/v9.2"
        self.authority = controls.authority
        self.token_url = f"{controls.authority}/oauth2/v2.0/token"

    def expire_delta_tokens(self) -> None:
        """Let every delta link given out so far be too old (W-175)."""
        self._controls.expire_delta_tokens()


class MockFinance(Side):
    """The finance side: `url` is the address of the generic JSON/REST target."""

    def __init__(self, controls: Controls) -> None:
        super().__init__(controls, url=controls.finance_url, below="/finance/")
