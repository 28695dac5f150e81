"""Names and numbers from the mirror for what an invoice mentions by id."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from proforma.store import Reader, Record

R = TypeVar("R", bound=Record)
Key = TypeVar("Key", bound=str)


def found(reader: Reader, cls: type[R], ids: Iterable[Key | None]) -> dict[Key, R]:
    """The records of these ids that the mirror has."""
    wanted = {key for key in ids if key is not None}
    return reader.mirror.get_many(cls, wanted) if wanted else {}


def names(reader: Reader, cls: type[R], ids: Iterable[Key | None], name: Callable[[R], str | None]) -> dict[Key, str]:
    """The names of these records; what has none is left out."""
    return {key: text for key, row in found(reader, cls, ids).items() if (text := name(row)) is not None}
