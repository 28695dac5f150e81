"""What is written back to Dataverse about invoices, as data: columns of one's own, and whether work is ready to invoice (D-110, D-111)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

import msgspec

from proforma.domain.contracts import Contract, ContractLine, Milestone, Retainer
from proforma.domain.records import Actual

#: What can be told of an invoice.
Fact = Literal["status", "number", "reference", "invoice", "posted_on", "total", "tax", "total_with_tax", "remaining", "paid"]
FACTS: Final[tuple[Fact, ...]] = get_args(Fact)
#: Whose word on "ready to invoice" reaches Dataverse: people's marks made here, our confirmed invoices, or both.
Say = Literal["marks", "billed"]
SAYS: Final[tuple[Say, ...]] = get_args(Say)
#: Records whose rows can be written: what invoices are made from, and the contract.
WRITTEN: Final[tuple[type, ...]] = (Actual, Milestone, Retainer, ContractLine, Contract)

Word = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenColumn:
    """What fills a column. `words`: what is written for each value (None: the value itself); a value that is not listed writes nothing."""

    fact: Fact
    words: Mapping[str, Word] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyAction:
    """The one way to a new billing status of an actual (D-110). No public source names its parameters: `rows` and `flag` do."""

    action: str
    rows: str
    flag: str
    says: frozenset[Say]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBackMapping:
    """What is written to the rows of one entity. `places`: line and column of each written column in the file."""

    entity: str
    columns: Mapping[str, WrittenColumn]
    ready: ReadyAction | None
    source: Path
    places: Mapping[str, tuple[int, int]]

    def where(self, column: str) -> str:
        """Place of a column, as messages name it."""
        line, position = self.places.get(column, (1, 1))
        return f"{self.source}:{line}:{position}"

    def described(self) -> dict[str, object]:
        """What it does, as plain data."""
        return {
            "entity": self.entity,
            "columns": {name: {"fact": column.fact, "words": dict(column.words or {})} for name, column in self.columns.items()},
            "ready": None
            if self.ready is None
            else {"action": self.ready.action, "rows": self.ready.rows, "flag": self.ready.flag, "says": sorted(self.ready.says)},
        }


def fingerprint(mappings: Mapping[str, WriteBackMapping]) -> str:
    """Digest of what is written back: when it changes, everything is looked at anew."""
    content = [mappings[entity].described() for entity in sorted(mappings)]
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
