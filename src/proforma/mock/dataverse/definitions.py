"""Definitions as documents: tables, columns, choices, keys and relationships with their members (W-46, W-49 to W-53)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from proforma.mock.dataverse.catalogue import alternate_keys, columns_of, is_shared, served_tables, shared_choices
from proforma.mock.dataverse.operators import LANGUAGE, parent_column
from proforma.mock.dataverse.pairs import INTERSECTS, sides
from proforma.mock.dataverse.relations import Relation, all_relations, collections_of
from proforma.mock.schema import LOOKUPS, Column, TableSchema, known_tables, tables_by_logical_name
from proforma.mock.values import Row, Value, symbol_guid
from proforma.mock.world import World

NAMESPACE: Final = "Microsoft.Dynamics.CRM."
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
#: Casts that a path may name (W-50); the enumerations have no common one.
ATTRIBUTE_CASTS: Final = frozenset(f"{kind}AttributeMetadata" for _, kind in _TYPES.values())
_REQUIRED: Final = {"system": "SystemRequired", "application": "ApplicationRequired", "recommended": "Recommended"}
_CODES: Final = {
    "account": 1, "contact": 2, "opportunity": 3, "systemuser": 8, "team": 9, "businessunit": 10, "organization": 1019, "pricelevel": 1022,
    "product": 1024, "productpricelevel": 1026, "uom": 1055, "uomschedule": 1056, "opportunityproduct": 1083, "quote": 1084,
    "quotedetail": 1085, "salesorder": 1088, "salesorderdetail": 1089, "invoice": 1090, "invoicedetail": 1091, "transactioncurrency": 9105,
}  # fmt: skip
_FIRST_CUSTOM_CODE: Final = 10_000
_LENGTHS: Final = {"string": 100, "memo": 2000}
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "int": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "decimal": (-100_000_000_000, 100_000_000_000),
    "double": (-100_000_000_000, 100_000_000_000),
    "money": (-922_337_203_685_477, 922_337_203_685_477),
}

Members: TypeAlias = "Callable[[], list[Definition]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One document. `own`: members that need a cast to its `type`; `lists` and `singles`: what `$expand` may show."""

    base: str
    type: str
    members: Row
    own: Row = field(default_factory=dict)
    lists: Mapping[str, Members] = field(default_factory=dict)
    singles: Mapping[str, Callable[[], Definition | None]] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Members that every definition of the base type has."""
        return frozenset(self.members)


def table_definition(world: World, schema: TableSchema, code: int) -> Definition:
    """The definition of a table (W-46). `code`: its object type code."""
    return Definition(
        base="EntityMetadata",
        type="EntityMetadata",
        members=_table_members(world, schema, code),
        lists={
            "Attributes": lambda: column_definitions(world, schema),
            "Keys": lambda: key_definitions(world, schema),
            "OneToManyRelationships": lambda: [_one_to_many(r) for r in collections_of(schema).values()],
            "ManyToOneRelationships": lambda: [_one_to_many(r) for r in all_relations() if r.child.logical == schema.logical],
            "ManyToManyRelationships": lambda: [d for d in many_to_many() if schema.logical in (d.members.values())],
        },
    )


def table_definitions(world: World) -> list[Definition]:
    """The definitions of all tables."""
    tables = enumerate(served_tables(world), _FIRST_CUSTOM_CODE)
    return [table_definition(world, schema, _CODES.get(schema.logical, number)) for number, schema in tables]


def column_definitions(world: World, schema: TableSchema) -> list[Definition]:
    """The definitions of a table's columns (W-49)."""
    return [_column(schema, column, number) for number, column in enumerate(columns_of(world, schema), 1)]


def key_definitions(world: World, schema: TableSchema) -> list[Definition]:
    """The alternate keys of a table, usable at once (W-52)."""
    return [_key(schema, names) for names in alternate_keys(world, schema)]


@cache
def relationship_definitions() -> tuple[Definition, ...]:
    """Every relationship, of both kinds (W-53)."""
    return (*map(_one_to_many, all_relations()), *many_to_many())


@cache
def choice_definitions() -> tuple[Definition, ...]:
    """Global choices."""
    return tuple(_option_set(None, column, name, shared=True) for name, column in shared_choices().items())


def label(text: str | None, of: str) -> Value:
    """A label in the one language of the mock (W-51)."""
    if text is None:
        return {"LocalizedLabels": [], "UserLocalizedLabel": None}
    localized: Value = {
        "Label": text,
        "LanguageCode": LANGUAGE,
        "IsManaged": True,
        "MetadataId": symbol_guid(f"@label:{of}"),
        "HasChanged": None,
    }
    return {"LocalizedLabels": [localized], "UserLocalizedLabel": localized}


def many_to_many() -> list[Definition]:
    """Relationships whose pairs are rows of a table of their own (W-41)."""
    return [_many_to_many(schema) for schema in known_tables().values() if schema.logical in INTERSECTS]


def _table_members(world: World, schema: TableSchema, code: int) -> Row:
    name, logical = schema.schema_name or schema.logical, schema.logical
    owned = "ownerid" in schema.columns
    intersect = logical in INTERSECTS
    return {
        "LogicalName": logical,
        "SchemaName": name,
        "EntitySetName": schema.entity_set,
        "LogicalCollectionName": schema.entity_set,
        "CollectionSchemaName": schema.entity_set,
        "PrimaryIdAttribute": schema.primary_id,
        "PrimaryNameAttribute": schema.primary_name,
        "PrimaryImageAttribute": "entityimage" if "entityimage" in schema.columns else None,
        "ObjectTypeCode": code,
        "OwnershipType": "UserOwned" if owned else "None" if intersect else "OrganizationOwned",
        "TableType": "Standard",
        "DataProviderId": None,
        "DisplayName": label(None if intersect else _words(name), logical),
        "DisplayCollectionName": label(None if intersect else _words(schema.entity_set), f"{logical}:collection"),
        "Description": label(None, logical),
        "IsPrivate": False,
        "IsActivity": False,
        "IsIntersect": intersect,
        "IsCustomEntity": "_" in logical,
        "IsManaged": True,
        "IsLogicalEntity": False,
        "IsChildEntity": not owned,
        "IsValidForAdvancedFind": True,
        "IsValidForQueue": _managed(False, "canmodifyqueuesettings"),
        "IsCustomizable": _managed(True, "iscustomizable"),
        "CanCreateAttributes": _managed(True, "cancreateattributes"),
        "CanChangeTrackingBeEnabled": _managed(True, "canchangetrackingbeenabled"),
        "ChangeTrackingEnabled": world.tracks(schema),
        "IsOptimisticConcurrencyEnabled": schema.entity_set not in world.switches.optimistic_concurrency.disabled,
        "HasChanged": None,
        "MetadataId": symbol_guid(f"@table:{logical}"),
    }


def _words(name: str) -> str:
    """A name as a person reads it: `msdyn_ProjectTask` is `Project Task`."""
    plain = name.partition("_")[2] or name
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain.replace("_", " ")).strip()
    return spaced[:1].upper() + spaced[1:]


def _managed(value: Value, name: str) -> Value:
    return {"Value": value, "CanBeChanged": False, "ManagedPropertyLogicalName": name}


def _column(schema: TableSchema, column: Column, number: int) -> Definition:
    kind, metadata = _TYPES.get(column.type, ("String", "String"))
    details = column.details
    writable = not details.read_only
    name = details.schema_name or column.name
    where = f"{schema.logical}.{column.name}"
    members: Row = {
        "LogicalName": column.name,
        "SchemaName": name,
        "EntityLogicalName": schema.logical,
        "AttributeType": kind,
        "AttributeTypeName": {"Value": f"{metadata}Type" if kind not in ("Customer", "Owner") else f"{kind}Type"},
        "AttributeOf": None,
        "ColumnNumber": number,
        "DisplayName": label(_words(name), where),
        "Description": label(None, where),
        "RequiredLevel": _managed(_REQUIRED.get(details.required, "None"), "canmodifyrequirementlevelsettings"),
        "IsPrimaryId": column.name == schema.primary_id,
        "IsPrimaryName": column.name == schema.primary_name,
        "IsValidForRead": True,
        "IsValidForCreate": writable or column.name == schema.primary_id,
        "IsValidForUpdate": writable and column.name != schema.primary_id,
        "IsValidForAdvancedFind": _managed(True, "canmodifysearchsettings"),
        "IsCustomAttribute": "_" in column.name,
        "IsLogical": False,
        "IsManaged": True,
        "IsRetrievable": True,
        "IsFilterable": True,
        "IsSecured": False,
        "SourceType": 0,
        "IsCustomizable": _managed(True, "iscustomizable"),
        "HasChanged": None,
        "MetadataId": symbol_guid(f"@column:{where}"),
    }
    type_name = f"{metadata}AttributeMetadata"
    return Definition(
        base="AttributeMetadata", type=type_name, members=members, own=_own_members(column), singles=_choices_of(schema, column)
    )


def _own_members(column: Column) -> Row:
    """Members that only columns of this type have (W-50)."""
    details = column.details
    if column.type in LOOKUPS:
        targets = sorted({logical for logicals in column.navs.values() for logical in logicals})
        return {"Targets": [*targets], "Format": "None"}
    if column.type in _LENGTHS:
        length = details.length or _LENGTHS[column.type]
        return {"MaxLength": length, "Format": "Text" if column.type == "string" else "TextArea", "ImeMode": "Auto"}
    if column.type in ("datetime", "dateonly"):
        behaviour = "DateOnly" if column.type == "dateonly" else "UserLocal"
        return {"DateTimeBehavior": {"Value": behaviour}, "Format": "DateOnly" if column.type == "dateonly" else "DateAndTime"}
    if column.type in _RANGES:
        low, high = _RANGES[column.type]
        precision: Row = {}
        if column.type in ("decimal", "double", "money"):
            precision["Precision"] = details.precision if details.precision is not None else 2
        if column.type == "money":
            precision |= {"PrecisionSource": details.source or 0, "IsBaseCurrency": column.name.endswith("_base")}
        return {**precision, "MinValue": low, "MaxValue": high}
    if column.type == "boolean":
        return {"DefaultValue": False}
    return {"DefaultFormValue": -1} if column.type in ("picklist", "state", "status", "multiselect") else {}


def _choices_of(schema: TableSchema, column: Column) -> Mapping[str, Callable[[], Definition | None]]:
    if column.type == "boolean":
        return {"OptionSet": lambda: _boolean_set(schema, column), "GlobalOptionSet": lambda: None}
    if column.type not in ("picklist", "state", "status", "multiselect"):
        return {}
    shared = is_shared(column)
    own = _option_set(schema, column, column.name if shared else f"{schema.logical}_{column.name}", shared=shared)
    return {"OptionSet": lambda: own, "GlobalOptionSet": lambda: own if shared else None}


def _option_set(schema: TableSchema | None, column: Column, name: str, *, shared: bool) -> Definition:
    kinds = {"state": "State", "status": "Status"}
    options: list[Value] = [_option(schema, column, value, text, name) for value, text in column.options.items()]
    members: Row = {**_set_members(name, kinds.get(column.type, "Picklist"), shared=shared), "Options": options}
    return Definition(base="OptionSetMetadata", type="OptionSetMetadata", members=members)


def _boolean_set(schema: TableSchema, column: Column) -> Definition:
    name = f"{schema.logical}_{column.name}"
    members: Row = {
        **_set_members(name, "Boolean", shared=False),
        "TrueOption": _option(schema, column, 1, "Yes", name),
        "FalseOption": _option(schema, column, 0, "No", name),
    }
    return Definition(base="OptionSetMetadataBase", type="BooleanOptionSetMetadata", members=members)


def _set_members(name: str, kind: str, *, shared: bool) -> Row:
    return {
        "Name": name,
        "OptionSetType": kind,
        "IsGlobal": shared,
        "IsCustomOptionSet": "_" in name,
        "IsManaged": True,
        "DisplayName": label(_words(name), f"choice:{name}"),
        "Description": label(None, name),
        "ParentOptionSetName": None,
        "HasChanged": None,
        "MetadataId": symbol_guid(f"@choice:{name}"),
    }


def _default_status(schema: TableSchema | None, state: int) -> int | None:
    status = schema.columns.get("statuscode") if schema else None
    return status.first_status.get(state) if status else None


def _option(schema: TableSchema | None, column: Column, value: int, text: str, of: str) -> Value:
    option: Row = {
        "Value": value,
        "Label": label(text, f"{of}.{value}"),
        "Description": label(None, of),
        "Color": None,
        "IsManaged": True,
        "ExternalValue": None,
        "ParentValues": [],
        "Tag": None,
        "HasChanged": None,
        "MetadataId": None,
    }
    if column.type == "state":
        option |= {"DefaultStatus": _default_status(schema, value), "InvariantName": text}
    if column.type == "status":
        option |= {"State": column.details.states.get(value), "TransitionData": None}
    return option


def _key(schema: TableSchema, names: tuple[str, ...]) -> Definition:
    name = "_".join(["key", schema.logical, *names])
    members: Row = {
        "LogicalName": name,
        "SchemaName": name,
        "EntityLogicalName": schema.logical,
        "DisplayName": label(" ".join(names), name),
        "KeyAttributes": [*names],
        "EntityKeyIndexStatus": "Active",
        "AsyncJob": None,
        "IsManaged": False,
        "IsCustomizable": _managed(True, "iscustomizable"),
        "HasChanged": None,
        "MetadataId": symbol_guid(f"@key:{name}"),
    }
    return Definition(base="EntityKeyMetadata", type="EntityKeyMetadata", members=members)


def _one_to_many(relation: Relation) -> Definition:
    target = tables_by_logical_name().get(relation.target)
    parent = parent_column(relation.child)
    hierarchy = relation.target == relation.child.logical and parent is not None and parent.name == relation.column.name
    members: Row = {
        **_relationship(relation.name, "OneToManyRelationship"),
        "ReferencedEntity": relation.target,
        "ReferencedAttribute": target.primary_id if target else f"{relation.target}id",
        "ReferencedEntityNavigationPropertyName": relation.name,
        "ReferencingEntity": relation.child.logical,
        "ReferencingAttribute": relation.column.name,
        "ReferencingEntityNavigationPropertyName": relation.nav,
        "IsHierarchical": hierarchy,
        "CascadeConfiguration": {
            name: "NoCascade" if name != "Delete" else "RemoveLink"
            for name in ("Assign", "Delete", "Merge", "Reparent", "Share", "Unshare", "RollupView")
        },
    }
    return Definition(base="RelationshipMetadataBase", type="OneToManyRelationshipMetadata", members=members)


def _many_to_many(schema: TableSchema) -> Definition:
    members: Row = _relationship(schema.logical, "ManyToManyRelationship")
    for number, (side, column) in enumerate(sides(schema), 1):
        members |= {
            f"Entity{number}LogicalName": side.logical,
            f"Entity{number}IntersectAttribute": column,
            f"Entity{number}NavigationPropertyName": schema.logical,
        }
    members["IntersectEntityName"] = schema.logical
    return Definition(base="RelationshipMetadataBase", type="ManyToManyRelationshipMetadata", members=members)


def _relationship(name: str, kind: str) -> Row:
    return {
        "SchemaName": name,
        "RelationshipType": kind,
        "IsCustomRelationship": "_" in name and name.startswith("msdyn"),
        "IsManaged": True,
        "IsValidForAdvancedFind": True,
        "IsCustomizable": _managed(True, "iscustomizable"),
        "SecurityTypes": "None",
        "HasChanged": None,
        "MetadataId": symbol_guid(f"@relationship:{name}"),
    }
