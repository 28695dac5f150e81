"""As much of JSON Schema as our published schemas use; any other keyword is an error, so that nothing goes unchecked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "object": (dict,),
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "null": (type(None),),
    "number": (int, float),
}
_WORDS = ("$schema", "title", "description", "$defs", "then")


def fits(schema: Any, data: Any) -> bool:
    """Whether the data fits the schema."""

    def check(part: Any, value: Any) -> bool:
        return all(_fits(keyword, part, value) for keyword in part if keyword not in _WORDS)

    def _fits(keyword: str, part: Any, value: Any) -> bool:  # noqa: PLR0911 - one return a keyword
        wanted = part[keyword]
        match keyword:
            case "$ref":
                return check(schema["$defs"][wanted.rpartition("/")[2]], value)
            case "anyOf":
                return any(check(option, value) for option in wanted)
            case "oneOf":
                return sum(check(option, value) for option in wanted) == 1
            case "allOf":
                return all(check(option, value) for option in wanted)
            case "if":
                return not check(wanted, value) or check(part["then"], value)
            case "items" if isinstance(value, list):
                return all(check(wanted, item) for item in value)
            case "properties" if isinstance(value, dict):
                return all(check(wanted[key], item) for key, item in value.items() if key in wanted)
            case "additionalProperties" if isinstance(value, dict):
                others = [item for key, item in value.items() if key not in part.get("properties", {})]
                return not others if wanted is False else all(check(wanted, item) for item in others)
            case "items" | "properties" | "additionalProperties":
                return True
            case _:
                return _SIMPLE[keyword](wanted, value)

    return check(schema, data)


def _is(name: str, value: Any) -> bool:
    return isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


_SIMPLE: dict[str, Callable[[Any, Any], bool]] = {
    "type": lambda wanted, value: any(_is(name, value) for name in ([wanted] if isinstance(wanted, str) else wanted)),
    "enum": lambda wanted, value: value in wanted,
    "const": lambda wanted, value: bool(value == wanted),
    "pattern": lambda wanted, value: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minimum": lambda wanted, value: not isinstance(value, int) or value >= wanted,
    "maximum": lambda wanted, value: not isinstance(value, int) or value <= wanted,
    "minItems": lambda wanted, value: not isinstance(value, list) or len(value) >= wanted,
    "minProperties": lambda wanted, value: not isinstance(value, dict) or len(value) >= wanted,
    "required": lambda wanted, value: not isinstance(value, dict) or set(wanted) <= set(value),
}
