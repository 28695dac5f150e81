"""Ids as people type them: a whole GUID, or its first six characters or more when only one row begins like that."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from proforma.domain.contracts import Contract, ContractLine, Milestone, Retainer
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, Guid, RecordId, RetainerId, SourceId, canonical_guid
from proforma.domain.records import Actual, Estimate
from proforma.store import Store

_PREFIX: Final = re.compile(r"[0-9a-f][0-9a-f-]{5,34}")


def guid(value: str, what: str) -> Guid:
    """A whole GUID given on the command line. Raises ConfigurationError."""
    try:
        return canonical_guid(value)
    except ValueError:
        raise ConfigurationError(f"{what}: {value!r} is no GUID", hint="write it as 0f8fad5b-d9cb-469f-a165-70867728950e") from None


class Ids:
    """Completes ids from the mirror. Every method raises ConfigurationError for what is no id, unknown or ambiguous."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sources(self, values: Iterable[str]) -> list[SourceId]:
        """Actuals, milestones, retainers and contract lines."""
        return [SourceId(self._whole(value, "source row", Actual, Milestone, Retainer, ContractLine)) for value in values]

    def retainer(self, value: str) -> RetainerId:
        """A retainer."""
        return RetainerId(self._whole(value, "retainer", Retainer))

    def record(self, value: str) -> RecordId:
        """An actual, a line detail, or anything that was ever put on an invoice."""
        return RecordId(self._whole(value, "record", Actual, Estimate, billed=True))

    def contracts(self, values: Iterable[str]) -> list[ContractId]:
        """Contracts, also by their number."""
        return [ContractId(self._by_number(value) or self._whole(value, "contract", Contract)) for value in values]

    def _by_number(self, value: str) -> Guid | None:
        with self._store.read() as reader:
            found = [contract.id for contract in reader.mirror.where(Contract, number=value)]
        return found[0] if len(found) == 1 else None

    def _whole(self, value: str, what: str, *kinds: type[Any], billed: bool = False) -> Guid:
        prefix = value.strip().lower()
        if not _PREFIX.fullmatch(prefix):
            return guid(value, what)
        with self._store.read() as reader:
            ids = {id_ for kind in kinds for id_ in reader.mirror.starting_with(kind, prefix, 3)}
            found = sorted(ids | set(reader.ledger.sources_starting_with(prefix, 3) if billed else ()))
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigurationError(f"{what}: several ids begin with {value!r}", hint="for example " + ", ".join(found))
        raise ConfigurationError(f"{what}: no id begins with {value!r}", hint="pull first, or check the id")
