"""Views that a URL names: queries that the system or a user has saved (W-19)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from proforma.mock.dataverse.errors import no_row, syntax_error
from proforma.mock.dataverse.query import VIEWS, Options
from proforma.mock.values import as_guid
from proforma.mock.world import World

_SETS: Final = {"savedQuery": ("savedqueries", "savedquery"), "userQuery": ("userqueries", "userquery")}
assert _SETS.keys() == VIEWS


def with_view(world: World, options: Options) -> Options:
    """The options with the FetchXML of the view that they name in its place."""
    if options.view is None:
        return options
    name, view_id = options.view
    if options.fetch is not None:
        raise syntax_error(f"The query parameter {name} is not supported together with fetchXml")
    entity_set, logical = _SETS[name]
    table = world.table(entity_set)
    row = table.rows.get(as_guid(view_id) or "") if table else None
    if row is None:
        raise no_row(logical, view_id)
    return replace(options, fetch=str(row.get("fetchxml") or ""), view=None)
