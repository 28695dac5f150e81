"""What any finance system of a world knows before an invoice comes: customers, currencies, accounts, open periods."""

from __future__ import annotations

import msgspec

from proforma.mock.world import World


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Master data, as `$finance: {dynamics: …}` or `{bc: …}` of a world may say.

    `customers` and `currencies`: those of the world's `accounts` and `transactioncurrencies` where nothing is said.
    `main_accounts`, `items`, `units`: None lets all pass. `closed_before`: documents dated before it are refused.
    `blocked_customers` exist and may not be invoiced.
    """

    customers: tuple[str, ...] | None = None
    currencies: tuple[str, ...] | None = None
    main_accounts: tuple[str, ...] | None = None
    items: tuple[str, ...] | None = None
    units: tuple[str, ...] | None = None
    tax_groups: tuple[str, ...] | None = None
    blocked_customers: tuple[str, ...] = ()
    closed_before: str | None = None

    def has_customer(self, world: World, account: str) -> bool:
        """Whether a customer of that number exists; case does not matter."""
        return account.upper() in _known(world, self.customers, "accounts", "accountnumber")

    def has_currency(self, world: World, code: str) -> bool:
        """Whether a currency is known."""
        return code.upper() in _known(world, self.currencies, "transactioncurrencies", "isocurrencycode")

    def is_blocked(self, account: str) -> bool:
        """Whether a customer may not be invoiced."""
        return account.upper() in {name.upper() for name in self.blocked_customers}

    def is_open(self, day: str) -> bool:
        """Whether documents of that day may be booked."""
        return self.closed_before is None or day[:10] >= self.closed_before


def _known(world: World, said: tuple[str, ...] | None, entity_set: str, column: str) -> set[str]:
    if said is not None:
        return {name.upper() for name in said}
    table = world.table(entity_set)
    return {str(row[column]).upper() for row in (table.rows.values() if table else ()) if row.get(column)}
