"""Which tables take which bulk messages, as rows that clients look up before they use them (W-148)."""

from __future__ import annotations

from typing import Final

from proforma.mock.dataverse.bulk import OPERATIONS
from proforma.mock.dataverse.catalogue import served_tables
from proforma.mock.values import Row, symbol_guid
from proforma.mock.world import World

MESSAGE_SETS: Final = ("sdkmessages", "sdkmessagefilters")


def fill_messages(world: World) -> None:
    """Put the rows into a world that has none of its own."""
    messages, filters = (world.table(name) for name in MESSAGE_SETS)
    if messages is None or filters is None or messages.rows or filters.rows:
        return
    for name in sorted(set(OPERATIONS) - {"DeleteMultiple"}):  # which elastic tables alone have (W-146)
        message: Row = {"sdkmessageid": symbol_guid(f"@message:{name}"), "name": name, "versionnumber": 0}
        messages.put(message)
        for schema in served_tables(world):
            row_id = symbol_guid(f"@message:{name}:{schema.logical}")
            filters.put(
                {
                    "sdkmessagefilterid": row_id,
                    "_sdkmessageid_value": message["sdkmessageid"],
                    "primaryobjecttypecode": schema.logical,
                    "versionnumber": 0,
                }
            )
