"""Which contracts may have drafts, or rows passed over, that no longer say what their sources say: those of which anything changed.

Every change of the mirror that reaches a contract's backlog is noted with the page that brings it, under the contract that a row
belonged to and the one it belongs to now; so are price decisions of rows that bill them, and what people do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa

from proforma.domain.contracts import Contract, ContractCustomer, ContractLine, LineCustomer, Milestone, Retainer
from proforma.domain.records import Actual
from proforma.store.columns import Cells, codec
from proforma.store.due import DueTables, DueWriter
from proforma.store.statements import chunks
from proforma.store.tables import MIRROR, watch_due, watch_state

WATCHED: Final = DueTables(watch_due, watch_state)
#: Noted for rows that name no contract: they belong to nothing, or to the contract of their line (I-23).
NO_CONTRACT: Final = ""
#: The column in which each class names its contract.
_CONTRACT: Final = {
    Contract: "id", ContractLine: "contract_id", ContractCustomer: "contract_id", Milestone: "contract_id", Retainer: "contract_id",
    Actual: "contract_id",
}  # fmt: skip
#: Classes that may name the contract by one of its lines.
_BY_LINE: Final = frozenset({LineCustomer, Actual})
_WATCHED: Final = _CONTRACT.keys() | _BY_LINE
_ACTUALS: Final = MIRROR[Actual]
_LINES: Final = MIRROR[ContractLine]


class WatchDueWriter(DueWriter):
    """Contracts to be looked at, noted and settled."""

    def __init__(self, connection: sa.Connection) -> None:
        super().__init__(connection, WATCHED)

    def note_contracts(self, contracts: Iterable[str]) -> None:
        """Notes contracts by their ids."""
        named = dict.fromkeys(contracts)
        if named and self._is_noted():
            self._note(named)
            self._bound()

    def note_kept(self, cls: type[Any], ids: Sequence[str]) -> None:
        """Notes the contracts of rows as they are kept, before they are changed."""
        if cls in _WATCHED and self._is_noted():
            for piece in chunks(ids):
                self._note_those(cls, MIRROR[cls].c.id.in_(piece))

    def note_rows(self, cls: type[Any], rows: Sequence[Cells]) -> None:
        """Notes the contracts of these new cells, when they are kept."""
        if cls not in _WATCHED or not self._is_noted():
            return
        names = codec(cls).names
        if cls in _CONTRACT:
            contract = names.index(_CONTRACT[cls])
            self._note({str(row[contract] or NO_CONTRACT) for row in rows})
            rows = [row for row in rows if row[contract] is None]
        if cls in _BY_LINE:
            id_ = names.index("id")
            for piece in chunks([str(row[id_]) for row in rows]):
                self._note_by_line(cls, MIRROR[cls].c.id.in_(piece))
        self._bound()

    def note(self, cls: type[Any], which: sa.ColumnElement[bool]) -> None:
        """Notes the contracts of the rows of a mirrored class that fit, before they go."""
        if cls in _WATCHED and self._is_noted():
            self._note_those(cls, which)
            self._bound()

    def note_decided(self, rows: Sequence[Cells]) -> None:
        """Notes the contracts of actuals that were decided anew, the first cell of each row, where the decision says what is billed
        (I-55a).
        """
        if rows and self._is_noted():
            says = sa.or_(*(_ACTUALS.c[name].is_(None) for name in ("amount", "quantity", "billing_type")))
            for piece in chunks([str(row[0]) for row in rows]):
                self._note_those(Actual, sa.and_(_ACTUALS.c.id.in_(piece), says))
            self._bound()

    def _note_those(self, cls: type[Any], which: sa.ColumnElement[bool]) -> None:
        rows = MIRROR[cls]
        if cls in _CONTRACT:
            named = sa.func.coalesce(rows.c[_CONTRACT[cls]], NO_CONTRACT)
            self._note_found(sa.select(named).where(which).distinct())
        if cls in _BY_LINE:
            self._note_by_line(cls, sa.and_(which, rows.c.contract_id.is_(None)) if cls in _CONTRACT else which)

    def _note_by_line(self, cls: type[Any], which: sa.ColumnElement[bool]) -> None:
        rows = MIRROR[cls]
        by_line = sa.select(_LINES.c.contract_id).join_from(rows, _LINES, _LINES.c.id == rows.c.contract_line_id)
        self._note_found(by_line.where(which, _LINES.c.contract_id.is_not(None)).distinct())
