"""The not-to-exceed check of an actual at four levels (I-40 to I-45)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from proforma.mock.dataverse.writes import stored
from proforma.mock.project_columns import ACTUALS, CONTRACT_LINES, BillingStatus, BillingType, LimitStatus, TransactionType
from proforma.mock.values import Row, Value
from proforma.mock.world import World

# A limit, and which actuals count towards it.
Level: TypeAlias = "tuple[Decimal, Callable[[Row], bool]]"

_CONTRACT: Final = "_msdyn_salescontract_value"
_LINE: Final = "_msdyn_salescontractlineid_value"
_CUSTOMER: Final = "_msdyn_accountcustomer_value"
_LIMIT: Final = "msdyn_nottoexceedlimit"


def reevaluate(world: World, actuals: Iterable[Row]) -> list[Row]:
    """Evaluate each in order of creation (I-43); those not chargeable, on a draft or invoiced are passed over (I-45)."""
    in_order = sorted(actuals, key=lambda row: (str(row.get("createdon")), str(row["msdyn_actualid"])))
    return [_evaluated(world, actual) if _is_limited(actual) else actual for actual in in_order]


def _evaluated(world: World, actual: Row) -> Row:
    table = world.table(ACTUALS)
    assert table is not None
    return stored(world, table, {**actual, "msdyn_nottoexceedstatus": int(_status(world, table.rows.values(), actual))})


def _is_limited(actual: Row) -> bool:
    """Whether limits are about this actual: it is chargeable, in the backlog, and on no invoice (I-41)."""
    return (
        actual.get("msdyn_transactiontypecode") == TransactionType.UNBILLED_SALES
        and actual.get("msdyn_billingtype") == BillingType.CHARGEABLE
        and actual.get("msdyn_adjustmentstatus") is None
        and actual.get("msdyn_billingstatus") in (None, BillingStatus.NOT_READY, BillingStatus.READY)
    )


def _status(world: World, actuals: Iterable[Row], actual: Row) -> LimitStatus:
    levels = list(_levels(world, actual))
    if not levels:
        return LimitStatus.NOT_APPLICABLE
    consuming = [row for row in actuals if row["msdyn_actualid"] != actual["msdyn_actualid"] and _consumes(row)]
    for limit, counts in levels:
        used = sum((_amount(row) for row in consuming if counts(row)), Decimal(0))
        if used + _amount(actual) > limit:
            return LimitStatus.FAILED
    return LimitStatus.COMMITTED


def _consumes(actual: Row) -> bool:
    """Committed backlog that is not on a confirmed invoice, and everything billed, reversals included (I-42)."""
    if actual.get("msdyn_billingtype") != BillingType.CHARGEABLE:
        return False
    if actual.get("msdyn_transactiontypecode") == TransactionType.BILLED_SALES:
        return True
    return (
        actual.get("msdyn_transactiontypecode") == TransactionType.UNBILLED_SALES
        and actual.get("msdyn_nottoexceedstatus") == LimitStatus.COMMITTED
        and actual.get("msdyn_adjustmentstatus") is None
        and actual.get("msdyn_billingstatus") not in (BillingStatus.INVOICE_POSTED, BillingStatus.CANCELED)
    )


def _levels(world: World, actual: Row) -> Iterator[Level]:
    """The limits that hold for an actual: line and customer, line, contract and customer, contract (I-40)."""
    line, contract, customer = actual.get(_LINE), actual.get(_CONTRACT), actual.get(_CUSTOMER)
    places: Sequence[tuple[str, dict[str, Value], dict[str, Value]]] = (
        (
            "msdyn_contractlinesplitbillingrules",
            {"_msdyn_contractlineid_value": line, _CUSTOMER: customer},
            {_LINE: line, _CUSTOMER: customer},
        ),
        (CONTRACT_LINES, {"salesorderdetailid": line}, {_LINE: line}),
        (
            "msdyn_projectcontractsplitbillingrules",
            {"_msdyn_contract_value": contract, _CUSTOMER: customer},
            {_CONTRACT: contract, _CUSTOMER: customer},
        ),
        ("salesorders", {"salesorderid": contract}, {_CONTRACT: contract}),
    )
    for entity_set, owner, cells in places:
        limit = _limit(world, entity_set, owner)
        if limit is not None:
            yield limit, _having(cells)


def _limit(world: World, entity_set: str, owner: dict[str, Value]) -> Decimal | None:
    table = world.table(entity_set)
    if table is None or None in owner.values():
        return None
    row = next(filter(_having(owner), table.rows.values()), None)
    limit = row.get(_LIMIT) if row else None
    return Decimal(limit) if isinstance(limit, int | Decimal) else None


def _having(cells: dict[str, Value]) -> Callable[[Row], bool]:
    return lambda row: all(row.get(name) == value for name, value in cells.items())


def _amount(actual: Row) -> Decimal:
    amount = actual.get("msdyn_amount")
    return Decimal(amount) if isinstance(amount, int | Decimal) else Decimal(0)
