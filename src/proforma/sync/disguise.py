"""Replaces what tells people, companies and rows apart, so that a copy of an environment's rows can be shown to others.

Ids and texts become invented ones, the same always the same; numbers, dates, choices and switches stay, and with them every rule's outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Final, TypeAlias
from uuid import UUID

Cell: TypeAlias = "str | int | Decimal | bool"

#: Texts that are codes rather than words: rules compare them, and they tell nothing about anyone. Those of one table only stand with it.
CODES: Final = frozenset({"isocurrencycode", "currencysymbol", "msdyn_entitylogicalname", "msdyn_fieldname", "msdyn_dimensions.msdyn_name"})

_IDS: Final = frozenset({"Uniqueidentifier", "Lookup", "Customer", "Owner", "PartyList"})
_WORDS: Final = frozenset({"String", "Memo"})
#: Neither words nor ids, as far as they travel as texts: dates, and names of tables.
_PLAIN: Final = frozenset({"DateTime", "EntityName"})
_TRIES_MAX: Final = 50
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"

GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?")
_FIGURES: Final = re.compile(r"-?\d+(\.\d+)?(,-?\d+)*")
_PHONE_COLUMN: Final = re.compile(r"phone|mobile|fax|pager", re.IGNORECASE)
#: Figures and dates that tell who somebody is or where he lives.
_PERSONAL: Final = re.compile(r"latitude|longitude|birthdate|anniversary", re.IGNORECASE)
_REACHABLE: Final = re.compile(
    r"(?P<email>[^\s@<>\"',;]+@[^\s@<>\"',;]+)|(?P<link>(?:https?://|www\.)[^\s<>\"']+)|(?P<phone>\+\d[\d ().-]{5,}\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What stays as it is besides numbers and dates. `columns`: names, or `entity set.name`."""

    ids: bool = False
    texts: bool = False
    columns: Set[str] = CODES


class Disguise:
    """Ids and texts of one environment and what stands for each. `key`: another key invents other ones."""

    def __init__(self, key: bytes, kept: Kept | None = None) -> None:
        self._key = blake2b(key, digest_size=32).digest()
        self._kept = kept or Kept()
        self._invented: dict[str, str] = {}
        self._taken: set[str] = set()

    def row(self, entity_set: str, types: Mapping[str, str], row: Mapping[str, object]) -> dict[str, Cell]:
        """The row as it may be shown: annotations, empty cells, pictures, nested values, places and birthdays are left out.

        `types`: the type of each column by its logical name, as the environment defines it.
        """
        shown: dict[str, Cell] = {}
        for name, value in row.items():
            if "@" in name or (_PERSONAL.search(name) and not self._kept.texts):
                continue
            if isinstance(value, str):
                text = self._cell(entity_set, name, types.get(name), value)
                if text is not None:
                    shown[name] = text
            elif isinstance(value, bool | int | Decimal):
                shown[name] = value
        return shown

    def id(self, text: str) -> str:
        """The id that stands for this one."""
        if self._kept.ids:
            return text.lower()
        return str(UUID(bytes=self._digest(f"id {text.lower()}")[:16], version=4))

    def text(self, text: str) -> str:
        """Words that stand for these: as long, and of the same shape. Two texts of some length never become the same one.

        Addresses are such that reach nobody: example.com and 555-01xx.
        """
        known = self._invented.get(text)
        if known is not None:
            return known
        for attempt in range(_TRIES_MAX):
            invented = self._attempt(text, attempt)
            if invented not in self._taken and invented.casefold() != text.casefold():
                break
        self._taken.add(invented)
        self._invented[text] = invented
        return invented

    def _cell(self, entity_set: str, name: str, kind: str | None, text: str) -> str | None:
        if kind in _IDS or (name.startswith("_") and name.endswith("_value")):
            return self.id(text) if GUID.fullmatch(text) else None
        if kind in _WORDS or kind is None:
            return self._words(entity_set, name, kind, text)
        if kind in _PLAIN:
            return text
        return text if _FIGURES.fullmatch(text) else None

    def _words(self, entity_set: str, name: str, kind: str | None, text: str) -> str:
        if GUID.fullmatch(text):
            return self.id(text)
        if kind is None and _INSTANT.fullmatch(text):
            return text
        if name in self._kept.columns or f"{entity_set}.{name}" in self._kept.columns or self._kept.texts:
            shown = GUID.sub(lambda found: self.id(found[0]), text)
        else:
            shown = self._phone(text) if _PHONE_COLUMN.search(name) else self.text(text)
        # In a world an at sign at the beginning would make an id of the text.
        return f" {shown}" if shown.startswith("@") else shown

    def _attempt(self, text: str, attempt: int) -> str:
        noise = self._noise(f"text {attempt} {text}")
        pieces, end = [], 0
        for found in _REACHABLE.finditer(text):
            pieces += [_scrambled(text[end : found.start()], noise), self._unreachable(found, noise)]
            end = found.end()
        return "".join([*pieces, _scrambled(text[end:], noise)])

    def _unreachable(self, found: re.Match[str], noise: Iterator[int]) -> str:
        if found["email"]:
            return _scrambled(found["email"].partition("@")[0], noise) + "@example.com"
        if found["link"]:
            return "https://example.com/" + _scrambled(found["link"].removeprefix("https://"), noise).replace("/", "-")
        return self._phone(found[0])

    def _phone(self, text: str) -> str:
        return f"+1 202 555 01{self._digest(f'phone {text}')[0] % 100:02}"

    def _noise(self, text: str) -> Iterator[int]:
        """Endless bytes that only this text and the key lead to."""
        number = 0
        while True:
            yield from self._digest(f"{number} {text}")
            number += 1

    def _digest(self, text: str) -> bytes:
        return blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=64).digest()


def _scrambled(text: str, noise: Iterator[int]) -> str:
    """Letters become letters that can be spoken, digits digits; everything between them stays."""
    out: list[str] = []
    place = 0
    for character in text:
        place = place + 1 if character.isalpha() else 0
        if character.isalpha():
            letters = _CONSONANTS if place % 2 else _VOWELS
            letter = letters[next(noise) % len(letters)]
            out.append(letter.upper() if character.isupper() else letter)
        elif character.isnumeric():
            out.append(str(next(noise) % 10))
        else:
            out.append(character)
    return "".join(out)
