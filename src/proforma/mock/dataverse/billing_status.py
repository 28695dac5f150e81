"""Ready to invoice, or not: the one way to a new billing status of an actual (I-44, I-52, D-110)."""

from __future__ import annotations

from proforma.mock.dataverse.errors import ODataError, plugin_refusal
from proforma.mock.dataverse.not_to_exceed import reevaluate
from proforma.mock.dataverse.writes import stored
from proforma.mock.project_columns import ACTUALS, BillingStatus, BillingType, LimitStatus, TransactionType
from proforma.mock.values import Row
from proforma.mock.world import World


def mark(world: World, actual: Row, *, ready: bool) -> None:
    """Give an actual of the billing backlog the status; no change when it has it. Raises where the product refuses."""
    wanted = BillingStatus.READY if ready else BillingStatus.NOT_READY
    table = world.table(ACTUALS)
    assert table is not None
    actual = table.rows[str(actual["msdyn_actualid"])]
    _check(actual)
    if actual.get("msdyn_billingstatus") == wanted:
        return
    if ready:
        actual = _within_limits(world, actual)
    stored(world, table, {**actual, "msdyn_billingstatus": int(wanted)})


def _check(actual: Row) -> None:
    status = actual.get("msdyn_billingstatus")
    if actual.get("msdyn_transactiontypecode") != TransactionType.UNBILLED_SALES:
        raise _refused(actual, "it is no unbilled sales actual")
    if actual.get("msdyn_adjustmentstatus") is not None:
        raise _refused(actual, "it is adjusted")
    if actual.get("msdyn_billingtype") == BillingType.NOT_AVAILABLE:
        raise _refused(actual, "its billing type is Not Available")
    reasons = {
        BillingStatus.INVOICE_CREATED: "it is on a draft invoice",
        BillingStatus.INVOICE_POSTED: "it is invoiced",
        BillingStatus.CANCELED: "it is canceled",
    }
    if status not in (None, BillingStatus.NOT_READY, BillingStatus.READY):
        raise _refused(actual, next((text for value, text in reasons.items() if value == status), "its billing status is final"))


def _within_limits(world: World, actual: Row) -> Row:
    """The actual once its not-to-exceed status is known: a failed one cannot be made ready (I-44)."""
    if actual.get("msdyn_nottoexceedstatus") in (None, LimitStatus.NOT_EVALUATED):
        actual = reevaluate(world, [actual])[0]
    if actual.get("msdyn_nottoexceedstatus") == LimitStatus.FAILED:
        raise _refused(actual, "it fails its not-to-exceed limit")
    return actual


def _refused(actual: Row, reason: str) -> ODataError:
    return plugin_refusal(f"The billing status of actual {actual['msdyn_actualid']} cannot be changed: {reason}.")
