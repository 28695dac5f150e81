"""Table definitions: names, columns and options of what this world serves (W-44 to W-51, the part clients ask for)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from proforma.mock.dataverse.errors import JSON_TYPE, ODataError, no_property, no_segment, not_served, syntax_error
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.dataverse.query import split_outside
from proforma.mock.dataverse.syntax import parse_literal
from proforma.mock.http import Request, Response, json_response
from proforma.mock.schema import Column, TableSchema, known_tables
from proforma.mock.values import Row, Value, symbol_guid
from proforma.mock.world import Table, World

_TYPES: Final[Mapping[str, tuple[str, str]]] = {
    "guid": ("Uniqueidentifier", "UniqueIdentifier"),
    "string": ("String", "String"),
    "memo": ("Memo", "Memo"),
    "int": ("Integer", "Integer"),
    "bigint": ("BigInt", "BigInt"),
    "decimal": ("Decimal", "Decimal"),
    "double": ("Double", "Double"),
    "money": ("Money", "Money"),
    "boolean": ("Boolean", "Boolean"),
    "datetime": ("DateTime", "DateTime"),
    "dateonly": ("DateTime", "DateTime"),
    "picklist": ("Picklist", "Picklist"),
    "multiselect": ("Virtual", "MultiSelectPicklist"),
    "state": ("State", "State"),
    "status": ("Status", "Status"),
    "lookup": ("Lookup", "Lookup"),
    "customer": ("Customer", "Lookup"),
    "owner": ("Owner", "Lookup"),
    "image": ("Virtual", "Image"),
}
_OPTIONS: Final = ("$select", "$filter", "$expand", "$count", "$orderby", "$top")
_DEFINITIONS: Final = TableSchema(
    entity_set="EntityDefinitions", logical="EntityMetadata", primary_id="MetadataId", primary_name=None, columns={}, known=False
)
_CAST: Final = re.compile(r"Microsoft\.Dynamics\.CRM\.(\w+)AttributeMetadata")


def definitions_response(world: World, request: Request, api: str, segments: Sequence[str]) -> Response:
    """The answer below `EntityDefinitions`; `segments` are the decoded pieces of the path from there."""
    first, *rest = segments
    options = _options(request)
    if first == "EntityDefinitions":
        if rest:
            raise no_segment(rest[0])
        rows = [_definition(world, schema) for schema in served_tables(world)]
        shown = _listed(rows, options, _attributes_of(world) if "$expand" in options else None)
        return _answer({"@odata.context": f"{api}$metadata#EntityDefinitions", **_counted(options, shown), "value": shown})
    schema = _table(world, first)
    if not rest:
        expand = _attributes_of(world) if "$expand" in options else None
        shown_one = _shown(_definition(world, schema), options, expand)
        return _answer({"@odata.context": f"{api}$metadata#EntityDefinitions/$entity", **shown_one})
    return _attributes_response(world, schema, options, api, rest)


def served_tables(world: World) -> list[TableSchema]:
    """Every table that has an answer here: documented ones and those of the world."""
    own = [table.schema for name, table in world.tables.items() if name not in known_tables()]
    return [*known_tables().values(), *own]


def _attributes_response(world: World, schema: TableSchema, options: Mapping[str, str], api: str, rest: Sequence[str]) -> Response:
    segment, *casts = rest
    found = re.fullmatch(r"Attributes(?:\((.*)\))?", segment)
    if found is None:
        raise not_served(f"EntityDefinitions(...)/{segment}")
    columns = columns_of(world, schema)
    cast = _CAST.fullmatch(casts[0]) if casts else None
    if casts and (cast is None or len(casts) > 1):
        raise no_segment(casts[-1])
    if cast:
        columns = [column for column in columns if _TYPES[column.type][1] == cast[1]]
    context = f"{api}$metadata#EntityDefinitions('{schema.logical}')/Attributes"
    if found[1] is not None:
        rows = [row for column in columns if _matches(row := _attribute(schema, column, bool(cast)), found[1])]
        if not rows:
            raise ODataError(404, "0x80060888", f"Could not find an attribute with {found[1]} on '{schema.logical}'.")
        return _answer({"@odata.context": f"{context}/$entity", **_shown(rows[0], options, None)})
    shown = _listed([_attribute(schema, column, bool(cast)) for column in columns], options, None)
    return _answer({"@odata.context": context, **_counted(options, shown), "value": shown})


def columns_of(world: World, schema: TableSchema) -> list[Column]:
    """Columns of the schema, and those that only rows of the world have, typed by what stands in them."""
    table = world.tables.get(schema.entity_set)
    extra = sorted((table.names if table else set()) - set(schema.wire) - set(schema.columns))
    return [*schema.columns.values(), *(_guessed(table, name) for name in extra if table)]


def _guessed(table: Table, name: str) -> Column:
    lookup = re.fullmatch(r"_(\w+)_value", name)
    if lookup:
        return Column(name=lookup[1], type="lookup")
    values = [value for row in table.rows.values() if (value := row.get(name)) is not None]
    kinds = {bool: "boolean", int: "int", str: "string"}
    kind = kinds.get(type(values[0]), "decimal") if values else "string"
    return Column(name=name, type="guid" if name == table.schema.primary_id else kind)


def _definition(world: World, schema: TableSchema) -> Row:
    return {
        "LogicalName": schema.logical,
        "SchemaName": schema.logical,
        "EntitySetName": schema.entity_set,
        "LogicalCollectionName": schema.entity_set,
        "PrimaryIdAttribute": schema.primary_id,
        "PrimaryNameAttribute": schema.primary_name,
        "IsPrivate": False,
        "IsActivity": False,
        "IsIntersect": schema.entity_set.endswith("set"),
        "IsCustomEntity": "_" in schema.logical,
        "ChangeTrackingEnabled": world.tracks(schema),
        "IsOptimisticConcurrencyEnabled": True,
        "MetadataId": symbol_guid(f"@table:{schema.logical}"),
    }


def _attribute(schema: TableSchema, column: Column, cast: bool) -> Row:
    kind, metadata = _TYPES.get(column.type, ("String", "String"))
    row: Row = {
        "@odata.type": f"#Microsoft.Dynamics.CRM.{metadata}AttributeMetadata",
        "LogicalName": column.name,
        "SchemaName": column.name,
        "EntityLogicalName": schema.logical,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{metadata}Type"},
        "IsPrimaryId": column.name == schema.primary_id,
        "IsPrimaryName": column.name == schema.primary_name,
        "IsValidForRead": True,
        "MetadataId": symbol_guid(f"@column:{schema.logical}.{column.name}"),
    }
    if cast or column.type in ("lookup", "customer", "owner"):
        targets = sorted({logical for logicals in column.navs.values() for logical in logicals})
        row["Targets"] = [*targets]
    if cast and column.type in ("datetime", "dateonly"):
        row["DateTimeBehavior"] = {"Value": "DateOnly" if column.type == "dateonly" else "UserLocal"}
    if cast and column.options:
        row["OptionSet"] = {"Options": [_option(value, label) for value, label in column.options.items()]}
    return row


def _option(value: int, label: str) -> Value:
    text: Value = {"Label": label, "LanguageCode": 1033}
    return {"Value": value, "Label": {"LocalizedLabels": [text], "UserLocalizedLabel": text}}


def _attributes_of(world: World) -> Callable[[Row], list[Row]]:
    by_name = {schema.logical: schema for schema in served_tables(world)}

    def attributes(row: Row) -> list[Row]:
        schema = by_name[str(row["LogicalName"])]
        return [_attribute(schema, column, False) for column in columns_of(world, schema)]

    return attributes


def _table(world: World, segment: str) -> TableSchema:
    found = re.fullmatch(r"EntityDefinitions\((.*)\)", segment)
    if found is None:
        raise no_segment(segment)
    for schema in served_tables(world):
        if _matches(_definition(world, schema), found[1]):
            return schema
    raise ODataError(404, "0x80060888", f"Could not find an entity with {found[1]}.")


def _matches(row: Row, key: str) -> bool:
    """Whether `LogicalName='x'`, or a bare MetadataId, names the row."""
    name, equals, text = key.partition("=")
    if not equals:
        return row["MetadataId"] == key.strip().lower()
    if name.strip() not in ("LogicalName", "MetadataId"):
        raise syntax_error(f"'{name}' is not a key of a definition: use LogicalName or MetadataId.")
    return row[name.strip()] == parse_literal(text.strip()).value


def _options(request: Request) -> dict[str, str]:
    options = {name: value for name, value in request.parameters if name.startswith("$")}
    for name in options:
        if name not in _OPTIONS[:4]:
            raise syntax_error(f"The query parameter {name} is not supported on definitions")
    return options


def _listed(rows: list[Row], options: Mapping[str, str], attributes: Callable[[Row], list[Row]] | None) -> list[Value]:
    text = options.get("$filter")
    if text:
        unquoted = re.sub(r"Microsoft\.Dynamics\.CRM\.\w+'", "'", text)  # enum literals, with or without namespace (W-47)
        table = Table(_DEFINITIONS, names={name for row in rows for name in row})
        passes = row_filter(World(), table, unquoted, {})
        rows = [row for row in rows if passes(row)]
    return [_shown(row, options, attributes) for row in rows]


def _shown(row: Row, options: Mapping[str, str], attributes: Callable[[Row], list[Row]] | None) -> Row:
    names = [name.strip() for name in options.get("$select", "").split(",") if name.strip()]
    for name in names:
        if name not in row and not (row.get("@odata.type") and name in ("Targets", "DateTimeBehavior", "OptionSet", "Precision")):
            raise no_property(name, "EntityMetadata" if "EntitySetName" in row else "AttributeMetadata")
    expands = split_outside(options.get("$expand", ""), ",")
    shown: Row = {name: row.get(name) for name in [*names, "MetadataId"]} if names else dict(row)
    for item in filter(None, (expand.strip() for expand in expands)):
        nav, _, nested = item.partition("(")
        if nav == "OptionSet" and "OptionSet" in row:
            shown["OptionSet"] = row["OptionSet"]
        elif nav == "Attributes" and attributes is not None and "EntitySetName" in row:
            shown["Attributes"] = _listed(attributes(row), _nested(nested), None)
        elif nav != "OptionSet":
            raise not_served(f"$expand={nav} on definitions")
    return shown


def _nested(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in split_outside(text.removesuffix(")"), ";") if part]
    return {name.strip(): value for name, _, value in parts}


def _counted(options: Mapping[str, str], shown: Sequence[Value]) -> Row:
    return {"@odata.count": len(shown)} if options.get("$count") == "true" else {}


def _answer(document: Mapping[str, Value]) -> Response:
    return json_response(200, document, ("Content-Type", JSON_TYPE))
