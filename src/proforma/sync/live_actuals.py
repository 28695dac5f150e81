"""Actuals as Dataverse holds them now, read contract by contract, so that memory follows a few contracts and not the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

from proforma.dataverse.client import DataverseClient
from proforma.dataverse.query import Condition, Query, and_, eq, or_
from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import ContractId, Guid, RecordId
from proforma.domain.records import Actual
from proforma.mapping import CompiledEntity, Read, RowRejectedError
from proforma.store.statements import chunks

#: So many contracts or rows are asked for at once: an address holds 32 KiB (W-9), a filter 500 conditions (W-74).
AT_ONCE: Final = 50


class LiveActuals:
    """Reads actuals. `rejected` collects rows that cannot be mapped, each with why."""

    def __init__(self, client: DataverseClient, actuals: CompiledEntity[Any], contracts: CompiledEntity[Any]) -> None:
        """Raises ConfigurationError where the mapping does not say by one column which contract an actual belongs to."""
        column = actuals.mapping.columns.get("contract_id")
        if not isinstance(column, Read):
            raise ConfigurationError(
                "contract_id of an actual must be one column, or actuals cannot be read contract by contract",
                at=actuals.mapping.where("contract_id"),
                hint="write contract_id: COLUMN",
            )
        self.rejected: dict[RecordId, str] = {}
        self._client = client
        self._actuals = actuals
        self._contracts = contracts
        self._contract_column = column.column

    def contracts(self) -> Iterator[ContractId]:
        """The ids of all contracts that Dataverse has."""
        key = self._contracts.mapping.key
        for page in self._client.pages(Query(entity_set=self._contracts.entity_set, select=(key,)), dict[str, Any]):
            yield from (ContractId(Guid(str(row[key]).lower())) for row in page.rows)

    def of_contracts(self, ids: Sequence[ContractId]) -> Iterator[Actual]:
        """The actuals of some contracts."""
        return self._where(self._contract_column, ids)

    def of_no_contract(self) -> Iterator[Actual]:
        """The actuals that name no contract."""
        return self._read(Condition(f"{self._contract_column} eq null"))

    def by_id(self, ids: Sequence[RecordId]) -> Iterator[Actual]:
        """Those of the actuals that are there."""
        return self._where(self._actuals.mapping.key, ids)

    def _where(self, column: str, ids: Iterable[Guid]) -> Iterator[Actual]:
        for piece in chunks(list(ids), AT_ONCE):
            yield from self._read(or_(*(eq(column, UUID(id_)) for id_ in piece)))

    def _read(self, condition: Condition) -> Iterator[Actual]:
        usual = (Condition(self._actuals.filter),) if self._actuals.filter else ()
        query = Query(
            entity_set=self._actuals.entity_set,
            select=self._actuals.select,
            optional=self._actuals.optional,
            filter=and_(condition, *usual),
        )
        for page in self._client.pages(query, self._actuals.row_type):
            for row in page.rows:
                try:
                    yield self._actuals.to_record(row)
                except RowRejectedError as error:
                    self.rejected[RecordId(self._actuals.key(row) or Guid(error.reason))] = error.message
