"""Rate cards by name: a price list of the mirror, or a file that holds one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from proforma.domain.errors import ConfigurationError
from proforma.domain.ids import PriceListId, canonical_guid
from proforma.domain.prices import PriceList
from proforma.pricing import PricingRecords
from proforma.pricing.rate_cards import RateCard, card_of
from proforma.sync.rate_card_file import read_card

#: So much of an id is enough where only one list begins like that.
_BEGINNING: Final = re.compile(r"[0-9a-f][0-9a-f-]{5,34}")


def card_named(records: PricingRecords, name: str) -> RateCard:
    """The card that a person means: a file, or a list by id or name. Raises ConfigurationError when nothing, or too much, fits."""
    if _is_file(name):
        return read_card(Path(name))
    found = card_of(records, list_named(records.price_lists, name))
    assert found is not None, "the id was found among the lists"
    return found


def list_named(price_lists: Sequence[PriceList], name: str) -> PriceListId:
    """The only price list with that name, else with that id or beginning of one. Raises ConfigurationError."""
    typed = name.strip().lower()
    begins = typed if _BEGINNING.fullmatch(typed) else _whole(name)
    found = sorted(row.id for row in price_lists if row.name == name)
    found = found or sorted(row.id for row in price_lists if begins and row.id.startswith(begins))
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigurationError(f"several price lists are called {name!r}", hint="name one by its id: " + ", ".join(found[:3]))
    raise ConfigurationError(f"there is no price list {name!r}", hint="see `proforma rates list`; a file is named with its ending, .yaml")


def _whole(name: str) -> str | None:
    try:
        return canonical_guid(name)
    except ValueError:
        return None


def _is_file(name: str) -> bool:
    path = Path(name)
    return path.suffix.lower() in (".yaml", ".yml") or path.is_file()
