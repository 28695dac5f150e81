"""One number for all that a decision follows from besides the record itself: what it follows from, the policy, and the rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from proforma.domain.masters import CurrencyRecord
from proforma.domain.policies import InvoicingPolicy, PricingPolicy
from proforma.pricing import PricingRecords
from proforma.store import Reader, codec
from proforma.store.columns import json_text

#: The rooms whose code makes decisions: another program decides anew.
_PRICING: Final = ("proforma.domain", "proforma.pricing")
_INVOICING: Final = ("proforma.domain", "proforma.invoicing", "proforma.invoicing.sources")


def fingerprint_of(records: PricingRecords, policy: PricingPolicy) -> str:
    """Equal for equal records under an equal policy and the same rules; rows count in the order of their ids, as the mirror gives them."""
    digest = blake2b(_rules(_PRICING), digest_size=16)
    digest.update(repr(policy).encode())
    for entry in fields(records):
        digest.update(entry.name.encode())
        for text in _texts(getattr(records, entry.name)):
            digest.update(text.encode())
    return digest.hexdigest()


def watching_fingerprint(reader: Reader, policy: InvoicingPolicy) -> str:
    """What flags and rows passed over follow from besides the rows of their contract: currencies but for their rates, policy, rules."""
    digest = blake2b(_rules(_INVOICING), digest_size=16)
    digest.update(repr(policy).encode())
    for currency in reader.mirror.all(CurrencyRecord):
        digest.update(repr((currency.id, currency.currency)).encode())
    return digest.hexdigest()


def _texts(rows: Sequence[Any] | Mapping[Any, Any]) -> Iterator[str]:
    if isinstance(rows, Mapping):
        yield repr(sorted(rows.items()))
    elif rows:
        yield from map(json_text, codec(type(rows[0])).encode(rows))


@cache
def _rules(rooms: tuple[str, ...]) -> bytes:
    """The text of the rules themselves, by the names of their files."""
    return b"".join(part for room in rooms for part in _sources(files(room)))


def _sources(folder: Traversable) -> Iterator[bytes]:
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".py"):
            yield file.name.encode() + file.read_bytes()
