"""Writes as values: what to create, change, delete or call, and whether it may be sent twice. Sending them is the writer's work.

A write is repeated after a doubt only where the second time does no more than the first: an update of a row that must exist, an upsert
by key, a delete. A create, a guarded update and an action are not; after a doubt the caller looks first (W-189, promise 4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from proforma.dataverse.query import Value, instant_text, literal
from proforma.transport.decoding import JsonValue

#: A row is named by its id, or by the columns of an alternate key (W-55).
Key: TypeAlias = "UUID | Mapping[str, Value]"
Cell: TypeAlias = "Value | Reference"

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# W-57: such values do not work in the URL of an alternate key.
_NOT_IN_KEYS: Final = re.compile(r"[/<>*%&:\\?+#]")
# Decimals travel as JSON numbers with all their digits (W-111, W-212).
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Reference:
    """Another row, as the value of a single-valued navigation property (W-103): the column is named as in `$metadata`, not `_x_value`.

    `content_id`: a row that an earlier write of the same change set creates (W-155); then set and key are not used.
    """

    entity_set: str = ""
    key: Key | None = None
    content_id: int | None = None

    @property
    def target(self) -> str:
        """What a bind names."""
        return f"${self.content_id}" if self.content_id is not None else "/" + address(self.entity_set, self.key or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request that changes something. `repeatable`: sending it twice does no more than sending it once."""

    method: str
    link: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False


def create(entity_set: str, cells: Mapping[str, Cell]) -> Write:
    """A new row (W-122). After a doubt look for it first, or use `upsert` with a key of your own."""
    return Write(method="POST", link=_set(entity_set), body=_body(cells))


def update(entity_set: str, key: Key, cells: Mapping[str, Cell], *, etag: str | None = None) -> Write:
    """A change of a row that must be there (W-130); with `etag` only if nobody changed it meanwhile (W-141)."""
    headers = {"If-Match": etag or "*"}
    return Write(method="PATCH", link=address(entity_set, key), headers=headers, body=_body(cells), repeatable=etag is None)


def upsert(entity_set: str, key: Key, cells: Mapping[str, Cell]) -> Write:
    """The row with this key, changed or created (W-130 to W-133). Columns of the key do not belong into `cells` (W-132)."""
    if isinstance(key, Mapping) and key.keys() & cells.keys():
        raise ValueError("columns of the key are not sent again: the body would win over the key")
    return Write(method="PATCH", link=address(entity_set, key), body=_body(cells), repeatable=True)


def create_only(entity_set: str, key: Key, cells: Mapping[str, Cell]) -> Write:
    """A new row under this key; a conflict when it is there already (W-130)."""
    return Write(method="PATCH", link=address(entity_set, key), headers={"If-None-Match": "*"}, body=_body(cells))


def delete(entity_set: str, key: Key, *, etag: str | None = None) -> Write:
    """The row goes; with `etag` only if nobody changed it meanwhile (W-138, W-141)."""
    headers = {"If-Match": etag} if etag is not None else {}
    return Write(method="DELETE", link=address(entity_set, key), headers=headers, repeatable=True)


def action(name: str, parameters: Mapping[str, JsonValue] | None = None, *, on: str | None = None) -> Write:
    """A call (W-204): unbound, or bound to what `on` addresses, a row or an entity set."""
    _require(name)
    link = name if on is None else f"{on}/Microsoft.Dynamics.CRM.{name}"
    return Write(method="POST", link=link, body=_ENCODER.encode(dict(parameters or {})))


def address(entity_set: str, key: Key) -> str:
    """The link to one row. Raises ValueError for a key that cannot stand in a URL (W-55, W-57)."""
    if isinstance(key, UUID):
        return f"{_set(entity_set)}({key})"
    if not key:
        raise ValueError(f"no key names a row of {entity_set}")
    return f"{_set(entity_set)}({','.join(_key_part(column, value) for column, value in key.items())})"


def _key_part(column: str, value: Value) -> str:
    _require(column)
    if value is None or (isinstance(value, str) and _NOT_IN_KEYS.search(value)):
        raise ValueError(f"{column} = {value!r} cannot stand in a key: Dataverse does not take such values there")
    return f"{column}={literal(value)}"


def _set(entity_set: str) -> str:
    return _require(entity_set)


def _require(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name that can stand in a write")
    return name


def _body(cells: Mapping[str, Cell]) -> bytes:
    return _ENCODER.encode({_member(column, cell): _wire(cell) for column, cell in cells.items()})


def _member(column: str, cell: Cell) -> str:
    _require(column)
    if column.startswith("_") and column.endswith("_value"):
        raise ValueError(f"{column} is read-only: a lookup is written through its navigation property (W-103)")
    return f"{column}@odata.bind" if isinstance(cell, Reference) else column


def _wire(cell: Cell) -> bool | int | Decimal | str | None:
    match cell:
        case Reference():
            return cell.target
        case UUID():
            return str(cell)
        case datetime():
            if cell.tzinfo is None:
                raise ValueError(f"{cell.isoformat()} names no time zone: an instant must")
            return instant_text(cell)
        case date():
            return cell.isoformat()
        case Decimal() if not cell.is_finite():
            raise ValueError(f"{cell} is no number")
        case _:
            return cell
