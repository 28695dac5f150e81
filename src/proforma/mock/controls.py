"""What whoever runs a mock can do with it while it answers: change its world, order faults, read what was asked of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from proforma.mock.application import Application
from proforma.mock.journal import Entry
from proforma.mock.state import PAGE_SIZE_MAX, State
from proforma.mock.values import Row, Value, decode, encode

T = TypeVar("T")


class Controls(ABC):
    """One mock and its administration; the methods may be called from any thread while it runs.

    `url`: where it answers. `certificate`: what callers must trust when it speaks TLS.
    """

    def __init__(self, world: Mapping[str, object], application: Application) -> None:
        self._application = application
        self._state.load(plain(world))
        self.url = ""
        self.certificate: Path | None = None

    @property
    def _state(self) -> State:
        return self._application.state

    @property
    @abstractmethod
    def authority(self) -> str:
        """What sign-in libraries are given as the authority of the tenant."""

    @property
    @abstractmethod
    def finance_url(self) -> str:
        """Where the generic finance target answers."""

    @abstractmethod
    def _call(self, work: Callable[[], T]) -> T:
        """Do the work between two requests."""

    def load(self, world: Mapping[str, object]) -> None:
        """Replace everything; raises `WorldError` for a world that cannot be served."""
        document = plain(world)
        self._call(lambda: self._state.load(document))

    def patch(
        self,
        upsert: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        delete: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Change rows as a person would: rows to set or add, and ids to delete, by entity set."""
        document = plain({"upsert": upsert or {}, "delete": delete or {}})
        self._call(lambda: self._state.world.patch(document))

    def switch_finance(self, target: str, switches: Mapping[str, object]) -> None:
        """Change the switches of a finance system (`$finance`); rows, documents and the journal stay."""
        document = plain(switches)
        self._call(lambda: self._state.switch_finance(target, document))

    def forget_documents(self) -> None:
        """Empty the finance systems, as a restart without memory does."""
        self._call(self._state.documents.clear)

    def faults(self, faults: Sequence[Mapping[str, object]]) -> None:
        """Replace all faults, `{match, times, skip, action}` each; raises `FaultError`."""
        document = decode(encode(faults))
        self._call(lambda: self._state.faults.replace(document))

    def add_fault(self, fault: Mapping[str, object]) -> None:
        """One more fault, after those in force; raises `FaultError`."""
        document = plain(fault)
        self._call(lambda: self._state.faults.add(document))

    def entries(self) -> list[Entry]:
        """The journal, oldest first, as it is now."""
        return self._call(lambda: [replace(entry) for entry in self._state.journal.entries()])

    def requests(self) -> list[dict[str, Value]]:
        """The journal as `/mock/requests` shows it."""
        names = ("number", "at", "method", "path", "query", "status", "fault", "headers", "client", "body")
        return [{name: getattr(entry, name) for name in names} for entry in self.entries()]

    def clear_requests(self) -> None:
        """Empty the journal."""
        self._call(self._state.journal.clear)

    def documents(self) -> list[dict[str, Value]]:
        """Every finance document, oldest first, doubles included."""
        return cast("list[dict[str, Value]]", self._call(self._state.documents.described))

    def rows(self, entity_set: str) -> list[Row]:
        """The rows of an entity set as they are now, oldest first; none when there is no such set."""

        def copied() -> Value:
            table = self._state.world.tables.get(entity_set)
            return decode(encode(list(table.rows.values()) if table else []))

        return cast("list[Row]", self._call(copied))

    def dump(self) -> dict[str, Value]:
        """The world as it is now."""
        return self._call(lambda: cast("dict[str, Value]", decode(encode(self._state.world.dump()))))

    def issue_token(self) -> str:
        """An access token as the token endpoint would give out."""
        return self._call(self._state.tokens.issue)

    def expire_tokens(self, authorization: str | None = None) -> None:
        """Refuse every token given out so far, and the one of this header."""
        self._call(lambda: self._state.tokens.expire(authorization))

    def expire_delta_tokens(self) -> None:
        """Let every delta link given out so far be too old (W-175)."""
        self._call(self._state.world.expire_delta_tokens)

    def pace(self, *, page_size: int | None, latency_ms: int) -> None:
        """How long a page may be (None: as long as Dataverse's), and how long each answer takes."""
        checked = page_rows(page_size)

        def set_both() -> None:
            self._state.page_size = checked
            self._application.latency_ms = latency_ms

        self._call(set_both)


def page_rows(page_size: int | None) -> int:
    """Rows of a page; raises `ValueError` for fewer than one."""
    if page_size is not None and page_size < 1:
        raise ValueError(f"page size {page_size}: a page holds at least one row")
    return page_size or PAGE_SIZE_MAX


def plain(document: Mapping[str, object]) -> dict[str, Value]:
    """A copy as it would arrive over the wire."""
    return cast("dict[str, Value]", decode(encode(document)))
