"""`$metadata`: the service as a CSDL document (W-36 to W-43)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from xml.sax.saxutils import quoteattr

from proforma.mock.dataverse.actions import ACTIONS
from proforma.mock.dataverse.catalogue import alternate_keys, columns_of, edm_type, served_tables
from proforma.mock.dataverse.definitions import many_to_many
from proforma.mock.dataverse.errors import ODataError
from proforma.mock.dataverse.query import preferences_of
from proforma.mock.dataverse.relations import collections_of
from proforma.mock.http import Request, Response
from proforma.mock.schema import LOOKUPS, PRINCIPALS, Column, TableSchema, known_tables
from proforma.mock.values import Row
from proforma.mock.world import World

_EDMX: Final = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM: Final = "http://docs.oasis-open.org/odata/ns/edm"
_XML: Final = "application/xml"
_ACCEPTED: Final = frozenset({_XML, "application/*", "*/*", "text/xml", "text/*"})
_BASE: Final = "mscrm.crmbaseentity"
_PRINCIPAL: Final = "mscrm.principal"
#: Messages that every table's collection takes (W-145, W-146), with the type of their answer.
_COLLECTION_ACTIONS: Final[Mapping[str, str | None]] = {
    "CreateMultiple": "mscrm.CreateMultipleResponse",
    "UpdateMultiple": None,
    "UpsertMultiple": None,
}
_COMPLEX: Final[Mapping[str, Mapping[str, str]]] = {
    "CreateMultipleResponse": {"Ids": "Collection(Edm.Guid)"},
    "WhoAmIResponse": {"BusinessUnitId": "Edm.Guid", "UserId": "Edm.Guid", "OrganizationId": "Edm.Guid"},
    "RetrieveVersionResponse": {"Version": "Edm.String"},
    "EntityRecordCountCollection": {
        "Count": "Edm.Int32",
        "IsReadOnly": "Edm.Boolean",
        "Keys": "Collection(Edm.String)",
        "Values": "Collection(Edm.Int64)",
    },
    "RetrieveTotalRecordCountResponse": {"EntityRecordCountCollection": "mscrm.EntityRecordCountCollection"},
    "LocalizedLabel": {"Label": "Edm.String", "LanguageCode": "Edm.Int32", "IsManaged": "Edm.Boolean", "MetadataId": "Edm.Guid"},
    "Label": {"LocalizedLabels": "Collection(mscrm.LocalizedLabel)", "UserLocalizedLabel": "mscrm.LocalizedLabel"},
    "BooleanManagedProperty": {"Value": "Edm.Boolean", "CanBeChanged": "Edm.Boolean", "ManagedPropertyLogicalName": "Edm.String"},
}
_FUNCTIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "WhoAmI": {},
    "RetrieveVersion": {},
    "RetrieveTotalRecordCount": {"EntityNames": "Collection(Edm.String)"},
}
_ENUMS: Final[Mapping[str, Sequence[str]]] = {
    "OwnershipTypes": ("None", "UserOwned", "TeamOwned", "BusinessOwned", "OrganizationOwned", "BusinessParented"),
    "AttributeTypeCode": (
        "Boolean", "Customer", "DateTime", "Decimal", "Double", "Integer", "Lookup", "Memo", "Money", "Owner", "PartyList", "Picklist",
        "State", "Status", "String", "Uniqueidentifier", "CalendarRules", "Virtual", "BigInt", "ManagedProperty", "EntityName",
    ),
    "RelationshipType": ("OneToManyRelationship", "ManyToManyRelationship"),
}  # fmt: skip


def metadata_document(world: World, request: Request) -> Response:
    """The document, whatever is accepted but JSON alone (W-36)."""
    accepted = request.headers.get("accept", "*/*")
    if not any(part.partition(";")[0].strip().lower() in _ACCEPTED for part in accepted.split(",")):
        raise ODataError(
            415, "0x0", "A supported MIME type could not be found that matches the acceptable MIME types for the request. " + accepted
        )
    preferences = preferences_of(request)
    annotated = request.parameter("annotations") == "true" or preferences.wants("Org.OData.Core.V1.Description")
    text = "".join(_Document(world, annotated=annotated).lines())
    return Response(status=200, headers=(("Content-Type", _XML),), body=text.encode())


class _Document:
    """The pieces of the document for one world. `annotated`: with what W-42 adds."""

    def __init__(self, world: World, *, annotated: bool) -> None:
        self._world, self._annotated = world, annotated
        self._tables = {schema.logical: schema for schema in served_tables(world)}
        self._pairs = [definition.members for definition in many_to_many()]

    def lines(self) -> Iterator[str]:
        """The document from its first line to its last (W-37)."""
        yield '<?xml version="1.0" encoding="utf-8"?>\n'
        yield f'<edmx:Edmx Version="4.0" xmlns:edmx="{_EDMX}">\n<edmx:DataServices>\n'
        yield f'<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="{_EDM}">\n'
        yield _leaf("EntityType", Name="crmbaseentity", Abstract="true")
        yield _leaf("EntityType", Name="expando", BaseType=_BASE, OpenType="true")
        yield from _element("EntityType", _principal(), Name="principal", BaseType=_BASE)
        yield from _element("EntityType", _activity(), Name="activitypointer", BaseType=_BASE)
        for schema in self._tables.values():
            yield from self._type(schema)
        for name, members in _COMPLEX.items():
            yield from _element("ComplexType", (_leaf("Property", Name=n, Type=t) for n, t in members.items()), Name=name)
        for name, values in _ENUMS.items():
            options = (_leaf("Member", Name=value, Value=str(number)) for number, value in enumerate(values))
            yield from _element("EnumType", options, Name=name)
        yield from self._operations()
        yield from _element("EntityContainer", self._container(), Name="System")
        yield "</Schema>\n</edmx:DataServices>\n</edmx:Edmx>\n"

    def _type(self, schema: TableSchema) -> Iterator[str]:
        base = _PRINCIPAL if schema.logical in PRINCIPALS else _BASE
        yield from _element("EntityType", self._members(schema), Name=schema.logical, BaseType=base)

    def _members(self, schema: TableSchema) -> Iterator[str]:
        if schema.logical not in PRINCIPALS:  # theirs is inherited (W-38)
            yield from _key(schema.primary_id)
        columns = columns_of(self._world, schema)
        for column in columns:
            yield from self._property(schema, column)
        for column in columns:
            for nav, targets in column.navs.items():
                if nav in schema.navs:
                    yield from self._single(schema, column, nav, targets)
        for relation in collections_of(schema).values():
            kind = f"Collection(mscrm.{relation.child.logical})"
            yield _leaf("NavigationProperty", Name=relation.name, Type=kind, Partner=relation.nav)
        yield from self._many(schema)
        if self._annotated:
            yield from self._table_annotations(schema)

    def _property(self, schema: TableSchema, column: Column) -> Iterator[str]:
        kind = edm_type(column)
        facets: dict[str, str] = {}
        if kind == "Edm.String":
            facets["Unicode"] = "false"
        if kind == "Edm.Decimal":
            facets["Scale"] = "Variable"
        read_only = column.type in LOOKUPS or column.details.read_only
        terms = _column_annotations(column, read_only=read_only) if self._annotated else ()
        if schema.logical in PRINCIPALS and column.name == "ownerid":
            return
        yield from _element("Property", terms, Name=column.wire, Type=kind, **facets)

    def _single(self, schema: TableSchema, column: Column, nav: str, targets: Sequence[str]) -> Iterator[str]:
        known = [self._tables[logical] for logical in targets if logical in self._tables]
        if not known:
            return
        principal = all(target.logical in PRINCIPALS for target in known)
        several = len(known) > 1
        kind = _PRINCIPAL if several and principal else _BASE if several else f"mscrm.{known[0].logical}"
        key = "ownerid" if principal else known[0].primary_id
        constraint = _leaf("ReferentialConstraint", Property=column.wire, ReferencedProperty=key)
        partner = None if several else self._partner(known[0], schema, column)
        facets = {"Partner": partner} if partner else {}
        yield from _element("NavigationProperty", [constraint], Name=nav, Type=kind, Nullable="false", **facets)

    def _partner(self, target: TableSchema, schema: TableSchema, column: Column) -> str | None:
        """The collection on the target whose other side this is (W-41)."""
        relations = collections_of(target).values()
        return next((r.name for r in relations if r.child.logical == schema.logical and r.column.name == column.name), None)

    def _many(self, schema: TableSchema) -> Iterator[str]:
        """A collection through an intersect table: name and partner are one (W-41)."""
        for members in self._pairs:
            other = _other_side(members, schema.logical)
            if other is not None:
                name = str(members["SchemaName"])
                yield _leaf("NavigationProperty", Name=name, Type=f"Collection(mscrm.{other})", Partner=name)

    def _table_annotations(self, schema: TableSchema) -> Iterator[str]:
        keys = alternate_keys(self._world, schema)
        if keys:
            yield from _element("Annotation", _keys_annotation(schema, keys), Term="OData.Community.Keys.V1.AlternateKeys")

    def _operations(self) -> Iterator[str]:
        for name, parameters in _FUNCTIONS.items():
            inside = [_leaf("Parameter", Name=n, Type=t, Nullable="false") for n, t in parameters.items()]
            yield from _element("Function", [*inside, _returns(f"mscrm.{name}Response")], Name=name)
        for name, answer in _COLLECTION_ACTIONS.items():
            for schema in self._tables.values():
                yield from _collection_action(name, schema, answer)
        for name, action in ACTIONS.items():
            yield from _row_action(name, known_tables()[action.entity_set].logical, gives_row=action.gives_row)

    def _container(self) -> Iterator[str]:
        for schema in self._tables.values():
            inside = [
                _leaf("NavigationPropertyBinding", Path=nav, Target=self._tables[targets[0]].entity_set)
                for column in schema.columns.values()
                for nav, targets in column.navs.items()
                if len(targets) == 1 and targets[0] in self._tables
            ]
            inside += [
                _leaf("NavigationPropertyBinding", Path=relation.name, Target=relation.child.entity_set)
                for relation in collections_of(schema).values()
            ]
            if self._annotated:
                inside += _tracking(supported=self._world.tracks(schema))
            kind = f"Microsoft.Dynamics.CRM.{schema.logical}"
            yield from _element("EntitySet", inside, Name=schema.entity_set, EntityType=kind)
        for name in _FUNCTIONS:
            yield _leaf("FunctionImport", Name=name, Function=f"Microsoft.Dynamics.CRM.{name}")


def _principal() -> Iterator[str]:
    yield from _key("ownerid")
    yield _leaf("Property", Name="ownerid", Type="Edm.Guid")


def _activity() -> Iterator[str]:
    yield from _key("activityid")
    yield _leaf("Property", Name="activityid", Type="Edm.Guid")


def _key(name: str) -> Iterator[str]:
    yield from _element("Key", [_leaf("PropertyRef", Name=name)])


def _collection_action(name: str, schema: TableSchema, answer: str | None) -> Iterator[str]:
    inside = [
        _leaf("Parameter", Name="entityset", Type=f"Collection(mscrm.{schema.logical})", Nullable="false"),
        _leaf("Parameter", Name="Targets", Type=f"Collection(mscrm.{schema.logical})", Nullable="false"),
    ]
    yield from _element("Action", [*inside, *([_returns(answer)] if answer else [])], Name=name, IsBound="true")


def _row_action(name: str, logical: str, *, gives_row: bool) -> Iterator[str]:
    """An action of the product, whose parameters nobody has published (W-43, W-208)."""
    inside = [_leaf("Parameter", Name="entity", Type=f"mscrm.{logical}", Nullable="false")]
    yield from _element("Action", [*inside, *([_returns(f"mscrm.{logical}")] if gives_row else [])], Name=name, IsBound="true")


def _returns(kind: str) -> str:
    return _leaf("ReturnType", Type=kind, Nullable="false")


def _other_side(members: Row, logical: str) -> str | None:
    sides = (members.get("Entity1LogicalName"), members.get("Entity2LogicalName"))
    return str(sides[1 - sides.index(logical)]) if logical in sides else None


def _column_annotations(column: Column, *, read_only: bool) -> Iterator[str]:
    name = column.details.schema_name or column.name
    yield _leaf("Annotation", Term="Org.OData.Core.V1.Description", String=name)
    if read_only:
        yield _leaf("Annotation", Term="Org.OData.Core.V1.Computed", Bool="true")
        permission = "<EnumMember>Org.OData.Core.V1.PermissionType/Read</EnumMember>\n"
        yield from _element("Annotation", [permission], Term="Org.OData.Core.V1.Permissions")


def _keys_annotation(schema: TableSchema, keys: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "<Collection>\n"
    for names in keys:
        yield '<Record Type="OData.Community.Keys.V1.AlternateKey">\n<PropertyValue Property="Key">\n<Collection>\n'
        for name in names:
            wire = schema.columns[name].wire if name in schema.columns else name
            alias = _leaf("PropertyValue", Property="Alias", String=name)
            reference = _leaf("PropertyValue", Property="Name", PropertyPath=wire)
            yield from _element("Record", [alias, reference], Type="OData.Community.Keys.V1.PropertyRef")
        yield "</Collection>\n</PropertyValue>\n</Record>\n"
    yield "</Collection>\n"


def _tracking(*, supported: bool) -> list[str]:
    value = _leaf("PropertyValue", Property="Supported", Bool=str(supported).lower())
    return [*_element("Annotation", _element("Record", [value]), Term="Org.OData.Capabilities.V1.ChangeTracking")]


def _element(tag: str, inside: Iterable[str], **attributes: str) -> Iterator[str]:
    pieces = list(inside)
    if not pieces:
        yield _leaf(tag, **attributes)
        return
    yield f"<{tag}{_written(attributes)}>\n"
    yield from pieces
    yield f"</{tag}>\n"


def _leaf(tag: str, **attributes: str) -> str:
    return f"<{tag}{_written(attributes)} />\n"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
