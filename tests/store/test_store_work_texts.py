"""The work of contracts as SQLite itself tells it in one text, for a thread beside others."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from store_builders import NOON, guid, pulled, work
from test_store_keeping import decision

from proforma.domain.codes import TransactionType
from proforma.store import Store


def test_work_read_ahead_is_the_work_that_is_there(store: Store) -> None:
    """Whatever the texts and figures are, the database's own text of the rows says the same as the rows."""
    odd = ('"', "\\", "\u2028 \u0007\x1f", "Ærlig 🙂", "", "[1, null]", "null")
    actuals = [
        replace(work(f"work {n}", contract="north", type=TransactionType.UNBILLED_SALES), description=text, quantity=Decimal(figure))
        for n, (text, figure) in enumerate(zip(odd, ("1.50", "1E+3", "-0.00", "9" * 19, "7", "0.1", "12.340"), strict=True))
    ]
    pulled(store, *actuals, work("other", contract="south", type=TransactionType.UNBILLED_SALES))
    with store.begin() as tx:
        tx.decisions.save([decision(f"work {n}", f"{n}.50", reason=f"reason {n % 2}") for n in range(5)], NOON)
    asked, wanted = [guid("north"), guid("nowhere")], [TransactionType.UNBILLED_SALES]

    with store.read() as reader:
        ahead = reader.mirror.priced(asked, wanted, reader.mirror.work_texts(asked, wanted))
        there = reader.mirror.priced(asked, wanted)

    assert ahead == there
    assert repr(ahead) == repr(there)
    assert {actual.description for actual in ahead[0]} == set(odd)
