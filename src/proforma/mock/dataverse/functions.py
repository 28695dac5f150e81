"""Unbound functions: their parameters in the URL, and the few that clients ask for (W-78, W-206, W-208)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_operation, syntax_error
from proforma.mock.dataverse.syntax import Token, tokens
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value
from proforma.mock.world import World

Arguments: TypeAlias = Mapping[str, tuple[str, ...]]

_CALL: Final = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)
_VERSION: Final = "9.2.25114.00000"


def is_function(segment: str) -> bool:
    """Whether a path of this segment calls a function."""
    return segment.partition("(")[0] in _FUNCTIONS


def function_response(world: World, request: Request, api: str, segment: str) -> Response:
    """The answer of a function, a complex object (W-205)."""
    call = _CALL.fullmatch(segment)
    if call is None or request.method != "GET":  # W-208
        raise no_operation(f"{request.base}{request.plain_path}")
    aliases = {name: value for name, value in request.parameters if name.startswith("@")}
    arguments = _arguments(call[2] or "", aliases)
    document = {"@odata.context": f"{api}$metadata#Microsoft.Dynamics.CRM.{call[1]}Response", **_FUNCTIONS[call[1]](world, arguments)}
    return json_response(200, document, ("Content-Type", JSON_TYPE))


def _arguments(text: str, aliases: Mapping[str, str]) -> Arguments:
    """Name to values: `P1=@a,P2='x',P3=['y','z']`, aliases resolved (W-206)."""
    rest = tokens(text)
    found: dict[str, tuple[str, ...]] = {}
    while rest[0].kind != "end":
        name, rest = rest[0], rest[1:]
        if name.kind != "name" or rest[0].text != "=":
            raise syntax_error(f"Syntax error at position {name.position} in '{text}'.")
        rest = rest[1:]
        if rest[0].kind == "alias":
            found[name.text] = _values(tokens(aliases.get(rest[0].text, "null")), text)[0]
            rest = rest[1:]
        else:
            found[name.text], rest = _values(rest, text)
        if rest[0].text == ",":
            rest = rest[1:]
    return found


def _values(rest: list[Token], text: str) -> tuple[tuple[str, ...], list[Token]]:
    """A literal or a list of them, and what stands behind."""
    if rest[0].text != "[":
        return ((_plain(rest[0], text),), rest[1:]) if rest[0].text != "null" else ((), rest[1:])
    values: list[str] = []
    rest = rest[1:]
    while rest[0].text != "]":
        values.append(_plain(rest[0], text))
        rest = rest[1:]
        if rest[0].text == ",":
            rest = rest[1:]
    return tuple(values), rest[1:]


def _plain(token: Token, text: str) -> str:
    if token.kind == "quoted":
        return token.text[1:-1]
    if token.literal is None:
        raise syntax_error(f"Syntax error at position {token.position} in '{text}'.")
    return str(token.literal.value) if token.literal.kind == "text" else token.text


def _total_record_count(world: World, arguments: Arguments) -> Row:
    """How many rows tables have, beyond 5,000 too (W-78)."""
    names = arguments.get("EntityNames", ())
    if not names:
        raise syntax_error("RetrieveTotalRecordCount needs EntityNames: a list of logical names.")
    counts: list[Value] = []
    for name in names:
        table = world.table_of(name)
        if table is None:
            raise ODataError(400, "0x80041102", f"The entity with a name = '{name}' was not found in the MetadataCache.")
        counts.append(len(table.rows))
    collection: Value = {"Count": len(names), "IsReadOnly": False, "Keys": [*names], "Values": counts}
    return {"EntityRecordCountCollection": collection}


_FUNCTIONS: Final[Mapping[str, Callable[[World, Arguments], Row]]] = {
    "RetrieveTotalRecordCount": _total_record_count,
    "RetrieveVersion": lambda _world, _arguments: {"Version": _VERSION},
}
