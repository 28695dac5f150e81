"""What the caller may do with a table: everything, but for what `$dataverse.denied` of the world takes away (W-185)."""

from __future__ import annotations

from proforma.mock.dataverse.authors import SIGNED_IN
from proforma.mock.dataverse.errors import ODataError
from proforma.mock.switches import Privilege
from proforma.mock.values import symbol_guid
from proforma.mock.world import Table, World


def require(world: World, table: Table, privilege: Privilege) -> None:
    """Raise 403 when the caller lacks the privilege."""
    if privilege not in world.switches.denied.get(table.schema.entity_set, ()):
        return
    name = f"prv{privilege.capitalize()}{table.schema.logical}"
    caller = world.author.user if world.author else SIGNED_IN
    raise ODataError(
        403,
        "0x80040220",
        f"Principal user (Id={caller}, type=8, roleCount=1, privilegeCount=1, accessMode=0), is missing {name} privilege "
        f"(Id={symbol_guid('@' + name)}) on OTC=10000 for entity '{table.schema.logical}'. context.Caller={caller}",
    )
