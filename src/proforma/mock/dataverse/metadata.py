"""Table definitions as clients ask for them: paths, casts and query options (W-44 to W-53)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proforma.mock.dataverse.cells import DocumentSource
from proforma.mock.dataverse.definitions import (
    ATTRIBUTE_CASTS,
    NAMESPACE,
    Definition,
    choice_definitions,
    relationship_definitions,
    table_definitions,
)
from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property, no_segment, syntax_error
from proforma.mock.dataverse.filters import filter_of
from proforma.mock.dataverse.query import option_list, split_outside
from proforma.mock.dataverse.syntax import parse_literal
from proforma.mock.http import Request, Response, json_response, text_response
from proforma.mock.values import Row, Value
from proforma.mock.world import World

_OPTIONS: Final = ("$select", "$filter", "$expand", "$count")
_NAMES: Final = {"RelationshipMetadataBase": "SchemaName", "OptionSetMetadata": "Name"}
_CASTS: Final = ATTRIBUTE_CASTS | {
    "OneToManyRelationshipMetadata",
    "ManyToManyRelationshipMetadata",
    "OptionSetMetadata",
    "BooleanOptionSetMetadata",
}
_SETS: Final[Mapping[str, Callable[[World], list[Definition]]]] = {
    "EntityDefinitions": table_definitions,
    "RelationshipDefinitions": lambda _world: [*relationship_definitions()],
    "GlobalOptionSetDefinitions": lambda _world: [*choice_definitions()],
}
_SEGMENT: Final = re.compile(r"(\w+)(?:\((.*)\))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Here:
    """Where a path has led: a list of definitions or one of them. `cast`: members of their own type may be named."""

    found: list[Definition] | Definition
    context: str
    cast: bool = False


def is_metadata(segment: str) -> bool:
    """Whether a path that begins with this segment belongs to the definitions."""
    return segment.partition("(")[0] in _SETS


def definitions_response(world: World, request: Request, api: str, segments: Sequence[str]) -> Response:
    """The answer below `EntityDefinitions` and its like; `segments` are the decoded pieces of the path from there."""
    options = _options(request)
    name, key = _parts(segments[0])
    here = _picked(_Here(found=_SETS[name](world), context=name), key)
    for number, segment in enumerate(segments[1:], 2):
        if segment == "$count" and isinstance(here.found, list) and number == len(segments):
            return text_response(200, "\ufeff" + str(len(_filtered(here.found, options, cast=here.cast))), "text/plain")
        member = _member(here, segment) if number == len(segments) else None
        if member is not None:
            return _answer({"@odata.context": f"{api}$metadata#{here.context}/{segment}", "value": member[0]})
        here = _step(here, segment)
    return _shown(here, options, api)


def _shown(here: _Here, options: Mapping[str, str], api: str) -> Response:
    select = ",".join(option_list(options.get("$select")))
    context = f"{api}$metadata#{here.context}" + (f"({select})" if select else "")
    if isinstance(here.found, Definition):
        return _answer({"@odata.context": f"{context}/$entity", **document(here.found, options, cast=here.cast)})
    documents: list[Value] = _documents(here.found, options, cast=here.cast)
    count: Row = {"@odata.count": len(documents)} if options.get("$count") == "true" else {}
    return _answer({"@odata.context": context, **count, "value": documents})


def document(definition: Definition, options: Mapping[str, str], *, cast: bool) -> Row:
    """A definition with what `$select` and `$expand` choose; its id is always there (W-44), its type where it is not clear."""
    names = option_list(options.get("$select"))
    known = definition.members | (definition.own if cast or not names else {})
    for name in names:
        if name not in known:
            raise no_property(name, definition.type if cast else definition.base)
    shown: Row = {} if cast or definition.type == definition.base else {"@odata.type": f"#{NAMESPACE}{definition.type}"}
    shown |= {name: known[name] for name in dict.fromkeys([*names, "MetadataId"])} if names else known
    for item in filter(None, (part.strip() for part in split_outside(options.get("$expand", ""), ","))):
        nav, _, nested = item.partition("(")
        shown[nav] = _expanded(definition, nav, _nested(nested), cast=cast)
    return shown


def _expanded(definition: Definition, nav: str, options: Mapping[str, str], *, cast: bool) -> Value:
    if nav in definition.lists:
        return _documents(definition.lists[nav](), options, cast=False)
    if nav not in definition.singles or not cast:  # W-50
        raise no_property(nav, definition.type if cast else definition.base)
    single = definition.singles[nav]()
    return None if single is None else document(single, options, cast=True)


def _documents(found: Sequence[Definition], options: Mapping[str, str], *, cast: bool) -> list[Value]:
    return [document(definition, options, cast=cast) for definition in _filtered(found, options, cast=cast)]


def _filtered(found: Sequence[Definition], options: Mapping[str, str], *, cast: bool) -> Sequence[Definition]:
    text = options.get("$filter")
    if not text or not found:
        return found
    names = frozenset(found[0].names | (set(found[0].own) if cast else set()))
    passes = filter_of(DocumentSource(found[0].base, names), text, {})
    return [definition for definition in found if passes({**definition.members, **definition.own})]


def _step(here: _Here, segment: str) -> _Here:
    if segment.startswith(NAMESPACE):
        return _cast(here, segment.removeprefix(NAMESPACE))
    name, key = _parts(segment)
    if isinstance(here.found, list):
        raise no_segment(segment)
    context = f"{here.context}/{name}"
    if name in here.found.lists:
        return _picked(_Here(found=here.found.lists[name](), context=context), key)
    single = here.found.singles[name]() if name in here.found.singles and here.cast and key is None else None
    if single is None:
        raise no_segment(segment)
    return _Here(found=single, context=context, cast=True)


def _cast(here: _Here, type_name: str) -> _Here:
    """Only definitions of this type, with the members that only they have (W-50)."""
    if type_name not in _CASTS:
        raise syntax_error(f"The type '{NAMESPACE}{type_name}' is not one that definitions can be cast to.")
    context = f"{here.context}/{NAMESPACE}{type_name}"
    if isinstance(here.found, list):
        return _Here(found=[d for d in here.found if d.type == type_name], context=context, cast=True)
    if here.found.type != type_name:
        raise no_segment(NAMESPACE + type_name)
    return _Here(found=here.found, context=context, cast=True)


def _picked(here: _Here, key: str | None) -> _Here:
    """One of a list by its id or name, `LogicalName='x'` (W-45)."""
    if key is None or not isinstance(here.found, list):
        return here
    name, equals, text = (part.strip() for part in key.partition("="))
    wanted = parse_literal(text).value if equals else key.strip().lower()
    naming = {"MetadataId", *(_NAMES.get(definition.base, "LogicalName") for definition in here.found)}
    if equals and name not in naming:
        raise syntax_error(f"'{name}' is not a key of a definition: use {' or '.join(sorted(naming))}.")
    picked = next((d for d in here.found if d.members[name if equals else "MetadataId"] == wanted), None)
    if picked is None:
        raise ODataError(404, "0x80060888", f"Could not find a definition with {key} in '{here.context}'.")
    return _Here(found=picked, context=here.context)


def _member(here: _Here, segment: str) -> tuple[Value] | None:
    """The value of a member that a path names, in a tuple of its own because it may be null."""
    if not isinstance(here.found, Definition):
        return None
    members = here.found.members | (here.found.own if here.cast else {})
    return (members[segment],) if segment in members else None


def _parts(segment: str) -> tuple[str, str | None]:
    found = _SEGMENT.fullmatch(segment)
    if found is None:
        raise no_segment(segment)
    return found[1], found[2]


def _options(request: Request) -> dict[str, str]:
    options = {name: value for name, value in request.parameters if name.startswith("$")}
    for name in options:
        if name not in _OPTIONS:
            raise syntax_error(f"The query parameter {name} is not supported on definitions")
    return options


def _nested(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in split_outside(text.removesuffix(")"), ";") if part]
    options = {name.strip(): value for name, _, value in parts}
    for name in options:
        if name not in ("$select", "$filter", "$expand"):
            raise syntax_error(f"The query parameter {name} is not supported in $expand of definitions")
    return options


def _answer(shown: Mapping[str, Value]) -> Response:
    return json_response(200, shown, ("Content-Type", JSON_TYPE))
