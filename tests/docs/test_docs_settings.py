"""config.example.yaml shows each key where it belongs, with its default and every word that it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel

from proforma.domain.policies import PricingPolicy
from proforma.settings import Configuration

EXAMPLE = (Path(__file__).resolve().parents[2] / "config.example.yaml").read_text(encoding="utf-8")
#: Keys whose example is worth more than their default: how to sign in, and what is off unless somebody wants it.
_EXAMPLES = frozenset({"source.auth.kind", "finance.auth.kind", "finance.shadow"})


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its path, with its default (None: it has none) and the words that it takes where they are a closed list."""

    path: str
    default: object
    choices: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition(".")[2]

    @property
    def lines(self) -> list[str]:
        """The lines of the example that show it, in the section that it belongs to; how to sign in is shown once for both sides."""
        sections = ("source", "finance") if ".auth." in self.path else (self.path.partition(".")[0],)
        return [line for name in sections for line in _SECTIONS[name] if re.search(rf"(?<![\w-]){self.name}:", line)]


def _sections() -> dict[str, list[str]]:
    """The lines of each top-level key, comments and commented keys included."""
    parts = re.split(r"^(?:# )?(\w+):", EXAMPLE, flags=re.MULTILINE)
    return {name: f"{name}:{text}".splitlines() for name, text in zip(parts[1::2], parts[2::2], strict=True)}


_SECTIONS = _sections()


def _keys(model: type[Any], path: str = "") -> Iterator[Key]:
    for name, (annotation, default) in _fields(model).items():
        if name == "folder":
            continue
        here = f"{path}.{name}".lstrip(".")
        parts = list(_models(annotation))
        if not parts:
            yield Key(here, default.value if isinstance(default, Enum) else default, tuple(_words(annotation)))
        for part in parts:
            # The systems of `finance.others` have the keys of the first system, which are looked at there.
            yield from _keys(part, here) if name != "others" else ()


def _fields(model: type[Any]) -> dict[str, tuple[Any, object]]:
    if is_dataclass(model):
        hints = get_type_hints(model)
        return {field.name: (hints[field.name], None if field.default is MISSING else field.default) for field in fields(model)}
    return {name: (field.annotation, None if field.is_required() else field.default) for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterator[type[Any]]:
    """The sections that a key may hold."""
    if isinstance(annotation, type) and (issubclass(annotation, BaseModel) or annotation.__module__ == PricingPolicy.__module__):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _words(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from (word.value for word in annotation)
    else:
        for part in get_args(annotation):
            yield from _words(part)


KEYS = list(_keys(Configuration))


def test_every_key_stands_in_its_section() -> None:
    """What can be written somewhere is shown there: the same word in another section does not count."""
    assert len(KEYS) > 90
    assert [key.path for key in KEYS if not key.lines] == []


@pytest.mark.parametrize("key", [key for key in KEYS if isinstance(key.default, str | int | float)], ids=lambda key: key.path)
def test_what_is_shown_as_the_default_is_the_default(key: Key) -> None:
    """Of a key with a default the example has that value, commented or not."""
    said = f"{str(key.default).lower() if isinstance(key.default, bool) else key.default}".removesuffix(".0")
    shown = [value.strip('"') for line in key.lines for value in re.findall(rf"(?<![\w-]){key.name}: ([^\s,}}#]+)", line)]
    assert (said in shown) == (key.path not in _EXAMPLES), shown


@pytest.mark.parametrize("key", [key for key in KEYS if key.choices], ids=lambda key: key.path)
def test_every_word_that_a_key_takes_is_shown(key: Key) -> None:
    """Beside the key, or in the line above it, stand all the words of its closed list."""
    section = _SECTIONS[key.path.partition(".")[0]]
    beside = " ".join([*key.lines, *(section[section.index(line) - 1] for line in key.lines if line in section)])
    assert [word for word in key.choices if not re.search(rf"(?<![\w-]){word}(?![\w-])", beside)] == []
