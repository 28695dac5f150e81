"""The one place where JSON from elsewhere is decoded: every digit is kept (W-109), and what is not JSON never passes."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias, TypeVar, cast

import msgspec

from proforma.transport.errors import BadResponseError, Trace
from proforma.transport.redaction import excerpt

T = TypeVar("T")

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"

# What msgspec raises for a body that is not JSON, not of the type, not UTF-8, or nested too deeply.
_FAULTS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_UNTYPED: Final = msgspec.json.Decoder(float_hook=Decimal)


@lru_cache(maxsize=512)
def decoder_for(type_: Hashable) -> msgspec.json.Decoder[Any]:
    """The decoder of a type, made once: numbers in `Decimal` fields keep their digits."""
    return msgspec.json.Decoder(cast(Any, type_), float_hook=Decimal)


def decode_typed(body: bytes, type_: type[T], *, trace: Trace | None = None) -> T:
    """`body` as a value of `type_`; raises BadResponseError when it is not JSON or of another shape."""
    try:
        return cast(T, decoder_for(cast(Hashable, type_)).decode(body))
    except _FAULTS as error:
        raise _bad_body(body, error, trace) from None


def decode_untyped(body: bytes, *, trace: Trace | None = None) -> JsonValue:
    """`body` as plain values; numbers with a fraction or an exponent are `Decimal`, whole ones `int`."""
    try:
        return cast(JsonValue, _UNTYPED.decode(body))
    except _FAULTS as error:
        raise _bad_body(body, error, trace) from None


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A piece of JSON that is not of the wanted type, as it came, and why."""

    raw: bytes
    reason: str


def try_typed(raw: bytes, type_: type[T]) -> T | Undecodable:
    """`raw` as a value of `type_`, or the reason why it is none: for rows, of which one bad one must not stop the rest."""
    try:
        return cast(T, decoder_for(cast(Hashable, type_)).decode(raw))
    except _FAULTS as error:
        return Undecodable(raw, excerpt(str(error), characters_max=300))


_LONE_SURROGATE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def without_lone_surrogates(body: bytes) -> bytes:
    """`body` with half characters (an escape like D800 without its partner) replaced, every other byte at its old place.

    One such half makes the whole text unreadable; here it only helps to find the pieces, which are then decoded as they came.
    """
    return _LONE_SURROGATE.sub(rb"\\ufffd", body)


def remote_fault(body: bytes) -> tuple[str | None, str]:
    """Code and message of an error answer, as far as it has any: OData, OAuth and problem documents, else its beginning (W-179)."""
    try:
        document = _UNTYPED.decode(body)
    except _FAULTS:
        return None, excerpt(body)
    inner = document.get("error", document) if isinstance(document, dict) else None
    if isinstance(inner, str) and isinstance(document, dict):
        return inner, _first_text(document, "error_description") or inner
    if not isinstance(inner, dict):
        return None, excerpt(body)
    code = _first_text(inner, "code", "type")
    return code or None, _first_text(inner, "message", "Message", "detail", "title") or excerpt(body)


def _first_text(members: dict[str, object], *names: str) -> str:
    """The first member that is a text with something in it; a message may also be `{"lang": …, "value": …}` (older OData)."""
    for name in names:
        value = members.get(name)
        if isinstance(value, dict):
            value = value.get("value")
        if isinstance(value, str) and value:
            return value
    return ""


def _bad_body(body: bytes, error: Exception, trace: Trace | None) -> BadResponseError:
    return BadResponseError(
        f"the answer cannot be used: {excerpt(str(error))}; it begins with {excerpt(body, characters_max=120)!r}",
        todo="Something between here and the server may have changed it; if this stays, report it with the request id.",
        trace=trace,
        transient=True,
        doubtful=True,
    )
