"""Related rows within a row: lookups, collections, their options and their links (W-83 to W-88)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias
from urllib.parse import quote

from proforma.mock.dataverse.cells import has_column, rows_by
from proforma.mock.dataverse.errors import ODataError, no_property, not_served, syntax_error
from proforma.mock.dataverse.filters import row_filter
from proforma.mock.dataverse.ordering import Cursor, Ordering, token_of
from proforma.mock.dataverse.pairs import Pair, pairs_of
from proforma.mock.dataverse.query import Expand
from proforma.mock.dataverse.relations import Relation, collections_of
from proforma.mock.schema import Column, TableSchema
from proforma.mock.values import Row, Value
from proforma.mock.world import Table, World

Shown: TypeAlias = "dict[str, Value]"
Expander: TypeAlias = Callable[[Row, Shown], None]
Children: TypeAlias = Callable[[Row], Sequence[Row]]

CHILDREN_MAX: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an expansion needs of its request. `page_size`: rows of a nested page, None where children are not paged (W-84, W-85).

    `render` shows a row of a table with what its `$expand` asks for; `nested` says whether any expansion stands in another.
    """

    world: World
    api: str
    page_size: int | None
    nested: bool
    render: Callable[[Table, Expand], Callable[[Row], Shown]]


def expander(around: Surroundings, table: Table, expand: Expand) -> Expander:
    """A function that adds the related rows to a row that is being shown; raises for an expansion that cannot be made."""
    schema = table.schema
    if expand.nav in schema.navs:
        column = schema.navs[expand.nav]
        return _reference(around, column, expand) if expand.reference else _single(around, schema, column, expand)
    relation, pair = collections_of(schema).get(expand.nav), pairs_of(schema).get(expand.nav)
    if relation is None and pair is None:
        raise _no_navigation(expand.nav, schema)
    if expand.reference:  # W-87
        raise syntax_error("Expand with $ref is only supported on lookup type navigation property.")
    if around.nested and (expand.order or expand.top is not None):
        raise _only_select_and_filter()
    if relation is not None:
        return _collection(around, schema, relation.table(around.world), expand, _children(around.world, schema, relation))
    assert pair is not None
    return _collection(around, schema, pair.table(around.world), expand, _paired(around.world, schema, pair, expand))


def _reference(around: Surroundings, column: Column, expand: Expand) -> Expander:
    """The address of the related row and the lookup's cell (W-87)."""
    tables = _targets(around.world, column, expand.nav)

    def add(row: Row, shown: Shown) -> None:
        cell = row.get(column.wire)
        shown.setdefault(column.wire, cell)
        found = next((table for table in tables if str(cell) in table.rows), None)
        shown[expand.nav] = {"@odata.id": f"{around.api}{found.schema.entity_set}({cell})"} if found else None

    return add


def _single(around: Surroundings, schema: TableSchema, column: Column, expand: Expand) -> Expander:
    """The related row under the name of the navigation property, or null (W-83)."""
    if expand.order or expand.top is not None:
        raise _only_select_and_filter()
    tables = _targets(around.world, column, expand.nav)
    if not tables:
        raise not_served(f"$expand of '{expand.nav}' of '{schema.logical}': its table is not known")
    own = [(table, _for_table(table, expand) if len(tables) > 1 else expand) for table in tables]
    shows = [(table, _passes(around, table, one), around.render(table, one)) for table, one in own]

    def add(row: Row, shown: Shown) -> None:
        row_id = str(row.get(column.wire))
        shown[expand.nav] = None
        for table, passes, show in shows:
            related = table.rows.get(row_id)
            if related is not None and passes(related):
                shown[expand.nav] = show(related)

    return add


def _for_table(table: Table, expand: Expand) -> Expand:
    """Of the columns asked for, those that this one of several tables has."""
    select = expand.select and tuple(name for name in expand.select if has_column(table, name))
    return replace(expand, select=select or (table.schema.primary_id,)) if expand.select else expand


def _collection(around: Surroundings, schema: TableSchema, target: Table, expand: Expand, children: Children) -> Expander:
    passes, show = _passes(around, target, expand), around.render(target, expand)
    ordering = Ordering(around.world, target, expand.order)
    most = CHILDREN_MAX if expand.top is None else min(expand.top, CHILDREN_MAX)
    size = around.page_size

    def add(row: Row, shown: Shown) -> None:
        found = ordering.sorted(child for child in children(row) if passes(child))
        place = f"{around.api}{schema.entity_set}({row[schema.primary_id]})/{expand.nav}"
        link = f"{place}?{expand.options}" if expand.options else place
        cut = found[:most] if size is None else found[:size]
        shown[expand.nav] = [show(child) for child in cut]
        if size is None:  # the same rows once more, not the next ones (W-84)
            shown[f"{expand.nav}@odata.nextLink"] = link
        elif len(found) > size:  # the next ones (W-85)
            token = token_of(Cursor(page=1, page_size=size, last=ordering.last(cut[-1])), target.schema.primary_id)
            shown[f"{expand.nav}@odata.nextLink"] = f"{link}{'&' if expand.options else '?'}$skiptoken={quote(token, safe='')}"

    return add


def _children(world: World, schema: TableSchema, relation: Relation) -> Children:
    by_parent = rows_by(relation.column.wire, relation.table(world))
    return lambda row: by_parent.get(row.get(schema.primary_id), ())


def _paired(world: World, schema: TableSchema, pair: Pair, expand: Expand) -> Children:
    for nested in expand.expands:
        if nested.nav not in pair.target.navs:  # W-86
            message = f"The navigation property '{nested.nav}' cannot be expanded. "
            raise syntax_error(message + "Only many-to-one relationships are supported for nested expansion.")
    return lambda row: pair.rows(world, str(row.get(schema.primary_id)))


def _passes(around: Surroundings, table: Table, expand: Expand) -> Callable[[Row], bool]:
    return row_filter(around.world, table, expand.filter, {}) if expand.filter else lambda _row: True


def _targets(world: World, column: Column, nav: str) -> list[Table]:
    return [table for logical in column.navs[nav] if (table := world.table_of(logical))]


def _only_select_and_filter() -> ODataError:
    return syntax_error(
        "Only $select and $filter clause can be provided while doing $expand on many-to-one relationship "
        "or nested one-to-many relationship."
    )


def _no_navigation(nav: str, schema: TableSchema) -> ODataError:
    if nav in schema.columns or nav in schema.wire:
        return syntax_error(
            f"The property '{nav}' on type 'Microsoft.Dynamics.CRM.{schema.logical}' is not a navigation property or complex property. "
            "Only navigation properties can be expanded."
        )
    return no_property(nav, schema.logical)
