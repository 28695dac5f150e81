"""Making frozen records quickly: rows by the hundred thousand become records, and records details.

The `__init__` of a frozen dataclass sets each field by a call of `object.__setattr__`: a detail of an invoice takes nearly four times as
long to make as an open record of the same fields. A record that is made quickly is open while its own `__init__` runs, and frozen
before anybody else has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_MISSING: Final = object()
_TWINS: Final[dict[type[Any], type[Any]]] = {}


def made_quickly(cls: type[T]) -> type[T]:
    """Gives a frozen dataclass with slots, and without `__post_init__`, an `__init__` of the same signature that is quick."""
    assert not hasattr(cls, "__post_init__"), "what follows the fields would not be called"
    kept = fields(cast(Any, cls))
    twin = _TWINS[cls] = _open_twin(cls)
    scope: dict[str, object] = {"cls": cls, "twin": twin, "missing": _MISSING, "set_attribute": object.__setattr__}
    for entry in kept:
        scope[f"default_{entry.name}"] = entry.default if entry.default_factory is MISSING else entry.default_factory
    # S102: the text is made of field names of our own classes and of the words in this module, nothing else.
    exec(_source(kept), scope)  # noqa: S102
    own = cast(Callable[..., None], scope["__init__"])
    own.__qualname__ = f"{cls.__qualname__}.__init__"
    own.__module__ = cls.__module__
    cls.__init__ = own  # type: ignore[method-assign]
    return cls


def open_twin_of(cls: type[Any]) -> type[Any] | None:
    """The class under which a record that is made quickly is filled field by field, before its `__class__` becomes its own; else None."""
    return _TWINS.get(cls)


def _open_twin(cls: type[Any]) -> type[Any]:
    """A class with the same places for the same fields, so that a record may change from one to the other, whose fields can be set."""
    body = {"__slots__": cls.__dict__["__slots__"], "__setattr__": object.__setattr__, "__module__": cls.__module__}
    return type(f"Open{cls.__name__}", cls.__bases__, body)


def _source(kept: tuple[Field[Any], ...]) -> str:
    positional = [_parameter(entry) for entry in kept if not entry.kw_only]
    named = [_parameter(entry) for entry in kept if entry.kw_only]
    parameters = ", ".join(["self", *positional, *(["*", *named] if named else [])])
    return "\n".join(
        [
            f"def __init__({parameters}):",
            "    set_attribute(self, '__class__', twin)",
            *(f"    self.{entry.name} = {_value(entry)}" for entry in kept),
            "    self.__class__ = cls",
        ]
    )


def _parameter(entry: Field[Any]) -> str:
    if entry.default_factory is not MISSING:
        return f"{entry.name}=missing"
    return entry.name if entry.default is MISSING else f"{entry.name}=default_{entry.name}"


def _value(entry: Field[Any]) -> str:
    return entry.name if entry.default_factory is MISSING else f"default_{entry.name}() if {entry.name} is missing else {entry.name}"
