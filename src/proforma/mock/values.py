"""What a cell, a row and a JSON document are made of, and their exact encoding."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TypeAlias, cast
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
Row: TypeAlias = "dict[str, Value]"

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def encode(value: object) -> bytes:
    """JSON text; decimals are numbers with all their digits (W-109)."""
    return _encoder.encode(value)


def decode(text: bytes | str) -> Value:
    """The value of a JSON text, every fraction a Decimal. Raises `msgspec.DecodeError`."""
    try:
        return cast(Value, _decoder.decode(text))
    except InvalidOperation as problem:
        raise msgspec.DecodeError("JSON is malformed: a number has an exponent that nothing can hold") from problem


@lru_cache(maxsize=300_000)
def symbol_guid(symbol: str) -> str:
    """The GUID that a name of a world, such as `@acme`, stands for."""
    return str(uuid5(NAMESPACE_OID, symbol))


@lru_cache(maxsize=100_000)
def as_guid(text: str) -> str | None:
    """Canonical lower-case form of a GUID as people write it, None for other text (W-118)."""
    if len(text) not in (36, 38):
        return None
    try:
        return str(UUID(text)) if text.count("-") == 4 else None
    except ValueError:
        return None


def as_number(value: object) -> Decimal | None:
    """The finite number a cell stands for, None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


@lru_cache(maxsize=100_000)
def as_instant(text: str) -> datetime | None:
    """The UTC instant of an ISO date or date-time; a date is its midnight, a missing zone is UTC (W-68, W-116)."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def wire_instant(instant: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, whole seconds (W-116)."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def resolve_symbols(value: Value) -> Value:
    """The same value with every text that begins with `@` replaced by its GUID."""
    if isinstance(value, str):
        return symbol_guid(value) if value.startswith("@") else value
    if isinstance(value, list):
        return [resolve_symbols(item) for item in value]
    if isinstance(value, dict):
        return {key: resolve_symbols(item) for key, item in value.items()}
    return value


def mapping_of(value: object) -> Mapping[str, Value]:
    """The value when it is an object, otherwise an empty one."""
    return cast("Mapping[str, Value]", value) if isinstance(value, dict) else {}
