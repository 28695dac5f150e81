"""What a mapping does, as plain data: the compiled form of one entity, and the JSON Schema of mapping files for editors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from proforma.domain.codes import KeyKind, LineType
from proforma.mapping import document_reader, entity_reader, finance_reader, write_back_reader
from proforma.mapping.compiler import compile_entity
from proforma.mapping.entities import EntityMapping
from proforma.mapping.expression_data import Data, expression_data
from proforma.mapping.expressions import Transform
from proforma.mapping.fields import RECORDS, FieldType, Kind, fields_of
from proforma.mapping.finance import ANSWERS, CHECK_ANSWERS
from proforma.mapping.specifications import COLUMN
from proforma.mapping.write_back import FACTS, SAYS

#: A JSON Schema; its values are of many kinds by nature.
JsonSchema: TypeAlias = dict[str, Any]


def describe(mapping: EntityMapping) -> dict[str, Data]:
    """The compiled form of an entity, without the environment's own dimensions."""
    compiled = compile_entity(mapping)
    return {
        "entity": mapping.entity,
        "record": mapping.record.__name__,
        "set": mapping.entity_set,
        "table": mapping.table,
        "key": mapping.key,
        "version": mapping.version,
        "modified": mapping.modified,
        "filter": mapping.filter,
        "changes": mapping.changes,
        "optional": mapping.optional,
        "after": list(mapping.after),
        "select": list(compiled.select),
        "optional_columns": list(compiled.optional),
        "columns": {field: expression_data(expression) for field, expression in mapping.columns.items()},
        "dimensions": {name: expression_data(expression) for name, expression in mapping.dimensions.items()},
        "custom_dimensions": mapping.custom_dimensions,
        "source": str(mapping.source),
        "fingerprint": compiled.fingerprint,
    }


def schema() -> JsonSchema:
    """JSON Schema (2020-12) of a mapping file: an entity, a finance target, or what is written back."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "proforma-sync mapping file",
        "oneOf": [_entity(), _finance(), _dynamics(), _business_central(), _write_back()],
        "$defs": {
            "column": {"type": "string", "pattern": f"^{COLUMN.pattern}$"},
            "expression": _expression(),
            "call": _call(ANSWERS),
            "check": _call(CHECK_ANSWERS),
            "cancel": _call(ANSWERS, body={"type": "object"}),
        },
    }


def _entity() -> JsonSchema:
    column, text, flag = {"$ref": "#/$defs/column"}, {"type": "string"}, {"type": "boolean"}
    properties: JsonSchema = {
        "entity": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "description": "our name of the entity"},
        "record": {"enum": sorted(RECORDS), "description": "the domain record that rows become"},
        "set": {**text, "description": "entity set of the Web API"},
        "table": {**column, "description": "logical name of the table"},
        "key": {**column, "description": "column of the row's own id"},
        "version": {"anyOf": [column, {"type": "null"}]},
        "modified": {"anyOf": [column, {"type": "null"}]},
        "ranges": {**column, "description": "column set once for each row, by which the table may be read in parts at the same time"},
        "filter": {"type": ["string", "null"], "description": "OData filter"},
        "changes": _words(entity_reader.CHANGES),
        "optional": {**flag, "description": "the environment may lack the whole set"},
        "after": {"type": "array", "items": text, "description": "entities that are pulled before"},
        "columns": {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}},
        "dimensions": {"type": "object", "additionalProperties": {"$ref": "#/$defs/expression"}},
        "custom_dimensions": {**flag, "description": "read the environment's own pricing dimensions too"},
    }
    records = [
        {"if": {"properties": {"record": {"const": name}}}, "then": {"properties": {"columns": _columns(record)}}}
        for name, record in sorted(RECORDS.items())
    ]
    return {**_object(properties, entity_reader.NEEDED), "allOf": records}


def _columns(record: type) -> JsonSchema:
    fields = {name: field for name, field in fields_of(record).items() if field.kind is not Kind.DIMENSIONS}
    required = [name for name, field in fields.items() if field.required]
    properties = {name: {"$ref": "#/$defs/expression", "description": _meaning(field)} for name, field in fields.items()}
    return _object(properties, required)


def _meaning(field: FieldType) -> str:
    words = "" if field.choices is None else f": {', '.join(choice.value for choice in field.choices)}"
    return f"{field.kind}{words}"


def _expression() -> JsonSchema:
    expression: JsonSchema = {"$ref": "#/$defs/expression"}
    plain: JsonSchema = {"type": ["string", "number", "boolean", "null"]}
    properties: JsonSchema = {
        "transform": _words(Transform),
        "column": {"$ref": "#/$defs/column"},
        "of": expression,
        "columns": {"type": "array", "minItems": 1, "items": expression},
        "optional": {"type": "boolean", "description": "the environment may lack the column"},
        "default": plain,
        "constant": plain,
        "values": {"type": "object", "minProperties": 1, "additionalProperties": plain},
        "other": plain,
        "separator": {"type": "string"},
        "template": {"type": "string"},
        "length": {"type": "integer", "minimum": 1},
        "equals": {"anyOf": [plain, {"type": "array", "items": plain}]},
        "then": {"anyOf": [expression, {"type": "null"}]},
        "else": {"anyOf": [expression, {"type": "null"}]},
    }
    return {"anyOf": [{"$ref": "#/$defs/column"}, _object(properties, ())]}


def _finance() -> JsonSchema:
    call: JsonSchema = {"$ref": "#/$defs/call"}
    properties: JsonSchema = {
        "target": {"type": "string"},
        "kind": _words(("rest",)),
        "once": _words(finance_reader.ONCE),
        "key_header": {"type": "string"},
        "key_lifetime_hours": {"type": "integer", "minimum": 1},
        "settle_seconds": {"type": "integer", "minimum": 0},
        "find": call,
        "list": call,
        "create": call,
        "status": call,
        "cancel": {"$ref": "#/$defs/cancel"},
        "states": {"type": "object", "additionalProperties": _words(finance_reader.STATES)},
        "outcomes": {"type": "object", "additionalProperties": _words(finance_reader.OUTCOMES)},
        "document": _document(),
        "body": {"type": "object"},
        "credits": _words(finance_reader.CREDITS),
        "accept_at_most_once": {"type": "boolean"},
        "check": _object({kind.value: {"$ref": "#/$defs/check"} for kind in KeyKind}, ()),
    }
    return _object(properties, finance_reader.NEEDED)


def _dynamics() -> JsonSchema:
    columns: JsonSchema = {"type": "object", "additionalProperties": {"type": "string"}}
    properties: JsonSchema = {
        "target": {"type": "string"},
        "kind": _words(("dynamics-365-finance",)),
        "settle_seconds": {"type": "integer", "minimum": 0},
        "document": _document(),
        "header": columns,
        "line": columns,
        "operations_max": {"type": "integer", "minimum": 2, "maximum": finance_reader.OPERATIONS_MAX},
    }
    return _object(properties, finance_reader.NATIVE_NEEDED)


def _business_central() -> JsonSchema:
    properties: JsonSchema = {
        "target": {"type": "string"},
        "kind": _words(("business-central",)),
        "settle_seconds": {"type": "integer", "minimum": 0},
        "document": _document(),
        "post": {"type": "boolean"},
        "tolerance": {"type": "string"},
    }
    return _object(properties, finance_reader.NATIVE_NEEDED)


def _write_back() -> JsonSchema:
    words: JsonSchema = {"type": "object", "minProperties": 1, "additionalProperties": {"type": ["string", "integer", "boolean"]}}
    fact = _words(FACTS)
    column: JsonSchema = {"anyOf": [fact, _object({"fact": fact, "values": words}, ("fact", "values"))]}
    text: JsonSchema = {"type": "string"}
    says: JsonSchema = {"type": "array", "minItems": 1, "items": _words(SAYS)}
    ready = {"action": text, "rows": text, "flag": text, "says": says}
    properties: JsonSchema = {
        "write": text,
        "columns": {"type": "object", "additionalProperties": column},
        "ready": _object(ready, write_back_reader.READY_NEEDED),
    }
    return _object(properties, write_back_reader.NEEDED)


def _document() -> JsonSchema:
    names: JsonSchema = {"type": "object", "additionalProperties": {"type": "string"}}
    text: JsonSchema = {"type": "string"}
    rule = {"type": _words(LineType), **dict.fromkeys((*document_reader.NAMED, *document_reader.ACCOUNT_KINDS), text)}
    properties: JsonSchema = {
        "amounts": _words(document_reader.AMOUNTS),
        "include": {"type": "array", "items": _words(document_reader.INCLUDABLE)},
        "customers": names,
        "units": names,
        "accounts": {"type": "array", "items": _object(rule, ())},
        "due_days": {"type": "integer", "minimum": 0},
        "other_units": _words(document_reader.OTHER_UNITS),
        "zero": _words(document_reader.ZERO),
        "comments": {"type": "array", "items": _words(document_reader.COMMENTABLE)},
        "comment_text": text,
    }
    return _object(properties, ())


def _call(answers: Sequence[str], **more: JsonSchema) -> JsonSchema:
    statuses: JsonSchema = {"type": "array", "items": {"type": "integer", "minimum": 200, "maximum": 599}}
    text: JsonSchema = {"type": "string"}
    properties: JsonSchema = {
        "method": _words(finance_reader.METHODS),
        "path": {"type": "string", "pattern": "^/"},
        "headers": {"type": "object", "additionalProperties": text},
        "success": statuses,
        "pending": statuses,
        "absent": statuses,
        "items": text,
        "read": _object(dict.fromkeys(answers, text), ()),
        **more,
    }
    return _object(properties, finance_reader.CALL_NEEDED)


def _object(properties: JsonSchema, required: Iterable[str]) -> JsonSchema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def _words(words: Iterable[str | StrEnum]) -> JsonSchema:
    return {"enum": [str(word) for word in words]}
