"""Who writes: the signed-in user, or the one whom a header names in its place (W-15, W-31, W-126)."""

from __future__ import annotations

from proforma.mock.dataverse.errors import ODataError
from proforma.mock.http import Request
from proforma.mock.schema import TableSchema
from proforma.mock.values import Row, as_guid, symbol_guid
from proforma.mock.world import Author, World

SIGNED_IN = symbol_guid("@mock-user")


def author_of(world: World, request: Request) -> Author:
    """The author of a request: `CallerObjectId` names a user by the directory's id, the older `MSCRMCallerID` by the row's (W-15).

    In a world with users the one named must be among them, else 403 (W-31).
    """
    for header, column in (("callerobjectid", "azureactivedirectoryobjectid"), ("mscrmcallerid", "systemuserid")):
        text = request.headers.get(header)
        if text is not None:
            return Author(user=_user(world, column, text), behind=SIGNED_IN)
    return Author(user=SIGNED_IN)


def sign(schema: TableSchema, row: Row, author: Author | None, *, new: bool) -> None:
    """Note the author in the columns that the table has for it; a new row without an owner is the author's."""
    if author is None:
        return
    cells = {"modifiedby": author.user, "modifiedonbehalfby": author.behind}
    if new:
        cells |= {"createdby": author.user, "createdonbehalfby": author.behind}
        if row.get("_ownerid_value") is None:
            cells["ownerid"] = author.user
    row.update({schema.columns[name].wire: value for name, value in cells.items() if name in schema.columns})


def _user(world: World, column: str, text: str) -> str:
    named = as_guid(text.strip())
    users = world.table("systemusers")
    if named is None:
        raise ODataError(400, "0x80040203", f"The user '{text}' is no GUID.")
    if users is None or not users.rows:
        return named
    found = next((row for row in users.rows.values() if row.get(column) == named), None)
    if found is None:
        raise ODataError(403, "0x80072560", "The user is not a member of the organization.")
    return str(found["systemuserid"])
