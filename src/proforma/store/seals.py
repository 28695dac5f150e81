"""Seals: a chain of digests over appended rows, so that a row altered, removed or slipped in by hand is found by a check.

They find damage and careless repairs. They are no signature: whoever can write the database and knows this file can forge them.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from proforma.store.columns import Cells, json_bytes

#: Before the first row.
UNSEALED = ""


def sealed(before: str, row: Cells) -> str:
    """The seal of a row that follows the one sealed `before`."""
    # Piece by piece: the event of a long invoice is a hundred megabytes, and each text of it as many again.
    digest = blake2b(f"{before}\n".encode(), digest_size=16)
    digest.update(json_bytes(row))
    return digest.hexdigest()


def chain(before: str, rows: Iterable[Cells]) -> list[str]:
    """The seals of rows that follow one another."""
    seals: list[str] = []
    for row in rows:
        before = sealed(before, row)
        seals.append(before)
    return seals
