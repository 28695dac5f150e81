"""A body template: the form in which a system takes a document, filled from the default document by JSON pointers (F-79).

    {from: /customer/account}                 the value there; `as: number` or `as: text` says how an amount is written
    {each: /lines, item: {…}}                 a list, one element for each there; pointers inside begin at the element
    {when: /kind, is: {invoice: A, credit: B}}  the word for the value there
    {absolute: /total}                        an amount without its sign, for systems with documents of their own for credits
    anything else                             itself

A value that is not there leaves its key out, unless `default` says something.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from proforma.domain.money import plain

Value: TypeAlias = "bool | int | Decimal | str | list[Value] | dict[str, Value] | None"
Body: TypeAlias = "Template"

_POINTERS_KEPT: Final = 1_000
WORDS: Final = ("from", "each", "when", "absolute")


class Template(ABC):
    """A node of a template."""

    __slots__ = ()

    @abstractmethod
    def of(self, document: Mapping[str, Value]) -> Value:
        """The node filled from a document; None: nothing is there."""


@dataclass(frozen=True, slots=True)
class Literally(Template):
    """A value that is always the same."""

    value: Value

    def of(self, document: Mapping[str, Value]) -> Value:
        return self.value


@dataclass(frozen=True, slots=True)
class Members(Template):
    """An object; members without a value are left out."""

    members: Mapping[str, Template]

    def of(self, document: Mapping[str, Value]) -> Value:
        filled = {name: template.of(document) for name, template in self.members.items()}
        return {name: value for name, value in filled.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Listed(Template):
    """A list of so many elements as the template has."""

    elements: tuple[Template, ...]

    def of(self, document: Mapping[str, Value]) -> Value:
        return [element.of(document) for element in self.elements]


@dataclass(frozen=True, slots=True)
class From(Template):
    """The value at a pointer. `written` changes between text and number without a digit lost; `length` cuts a text."""

    pointer: str
    written: Literal["as-is", "number", "text"] = "as-is"
    absolute: bool = False
    length: int | None = None
    default: Value = None

    def of(self, document: Mapping[str, Value]) -> Value:
        value = at(document, self.pointer)
        if value is None:
            return self.default
        if self.absolute or self.written == "number":
            number = _number(value)
            value = abs(number) if self.absolute else number
            return plain(value) if self.written == "text" else value
        if self.written == "text" and isinstance(value, int | Decimal):
            return plain(Decimal(value))
        return value[: self.length] if isinstance(value, str) and self.length else value


@dataclass(frozen=True, slots=True)
class Each(Template):
    """A list made of a list."""

    pointer: str
    item: Template

    def of(self, document: Mapping[str, Value]) -> Value:
        elements = at(document, self.pointer)
        return [self.item.of(element) for element in elements if isinstance(element, dict)] if isinstance(elements, list) else None


@dataclass(frozen=True, slots=True)
class When(Template):
    """The word for a value."""

    pointer: str
    words: Mapping[str, Value]

    def of(self, document: Mapping[str, Value]) -> Value:
        return self.words.get(str(at(document, self.pointer)))


def at(document: Value | Mapping[str, Value], pointer: str) -> Value:
    """The value at a JSON pointer (RFC 6901), None where there is none."""
    value: object = document
    for key in _keys(pointer):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value  # type: ignore[return-value]


# The pointers of a mapping are few, and each is followed for every document.
@lru_cache(maxsize=_POINTERS_KEPT)
def _keys(pointer: str) -> tuple[str, ...]:
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _number(value: Value) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number, though the body template wants one") from None
