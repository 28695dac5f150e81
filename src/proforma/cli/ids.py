"""Ids as people type them: a whole GUID, its first six characters or more, or a number or name, when only one row fits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from proforma.domain.contracts import Contract, ContractLine, Milestone, Project, Quote, Retainer, Subcontract
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, Guid, PriceListId, QuoteId, RecordId, RetainerId, SourceId, canonical_guid
from proforma.domain.masters import Customer, OrganizationalUnit
from proforma.domain.prices import PriceList
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
        """Actuals, milestones, retainers and contract lines, and what stands in our books alone: details by hand, work given back."""
        return [SourceId(self._whole(value, "source row", Actual, Milestone, Retainer, ContractLine, billed=True)) for value in values]

    def retainer(self, value: str) -> RetainerId:
        """A retainer, also one that was created on a draft."""
        return RetainerId(self._whole(value, "retainer", Retainer, billed=True))

    def record(self, value: str) -> RecordId:
        """An actual, a line detail, or anything that was ever put on an invoice."""
        return RecordId(self._whole(value, "record", Actual, Estimate, billed=True))

    def contracts(self, values: Iterable[str]) -> list[ContractId]:
        """Contracts, also by their number or name."""
        return [ContractId(self._named(value, "contract", Contract)) for value in values]

    def quote(self, value: str) -> QuoteId:
        """A quote, also by its number or name."""
        return QuoteId(self._named(value, "quote", Quote))

    def price_list(self, value: str) -> PriceListId:
        """A price list, also by its name."""
        return PriceListId(self._named(value, "price list", PriceList))

    def mirrored(self, values: Iterable[str], what: str, kind: type[Any]) -> list[Guid]:
        """Records of a kind that the mirror holds, also by their number or name; a whole GUID that it does not hold is unknown, too."""
        found = [self._named(value, what, kind) for value in values]
        with self._store.read() as reader:
            unknown = [id_ for id_ in found if reader.mirror.get(kind, id_) is None]
        if unknown:
            raise ConfigurationError(f"{what}: there is none with the id {unknown[0]}", hint="pull first, or check the id")
        return found

    def owner(self, value: str) -> Guid:
        """What a price list may be attached to. A whole GUID may be of an owner that is not mirrored, such as an opportunity."""
        return self._named(value, "owner", Contract, Quote, Customer, OrganizationalUnit, Subcontract)

    def _named(self, value: str, what: str, *kinds: type[Any]) -> Guid:
        """By number or name as it is written, else by id."""
        with self._store.read() as reader:
            rows = [row for kind in kinds for row in reader.mirror.all(kind)]
        found = sorted(row.id for row in rows if value in (getattr(row, "number", None), row.name))
        if len(found) > 1:
            raise ConfigurationError(f"{what}: several are called {value!r}", hint="name one by its id: " + ", ".join(found[:3]))
        return Guid(found[0]) if found else self._whole(value, what, *kinds)

    def _whole(self, value: str, what: str, *kinds: type[Any], billed: bool = False) -> Guid:
        prefix = value.strip().lower()
        if not _PREFIX.fullmatch(prefix):
            try:
                return canonical_guid(value)
            except ValueError:
                known = "GUID, number or name" if {Contract, Quote, PriceList, Project, Customer} & {*kinds} else "GUID"
                hint = "write the id, or at least its first six characters; tables show them"
                raise ConfigurationError(f"{what}: {value!r} is no {known} that is known", hint=hint) from None
        with self._store.read() as reader:
            ids = {id_ for kind in kinds for id_ in reader.mirror.starting_with(kind, prefix, 3)}
            found = sorted(ids | set(reader.ledger.sources_starting_with(prefix, 3) if billed else ()))
        if len(found) == 1:
            return found[0]
        if found:
            raise ConfigurationError(f"{what}: several ids begin with {value!r}", hint="for example " + ", ".join(found))
        raise ConfigurationError(f"{what}: no id begins with {value!r}", hint="pull first, or check the id")
