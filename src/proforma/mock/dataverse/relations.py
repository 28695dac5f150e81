"""Collections: the far side of every lookup, by the name of its relationship (W-41, W-53, W-71)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from proforma.mock.schema import Column, TableSchema, known_tables
from proforma.mock.values import Row
from proforma.mock.world import Table, World

_STANDARD: Final = {
    ("account", "parentaccountid", "account"): "account_parent_account",
    ("account", "primarycontactid", "contact"): "account_primary_contact",
    ("contact", "parentcustomerid", "account"): "contact_customer_accounts",
    ("contact", "parentcustomerid", "contact"): "contact_customer_contacts",
    ("invoice", "customerid", "account"): "invoice_customer_accounts",
    ("invoice", "customerid", "contact"): "invoice_customer_contacts",
    ("invoicedetail", "invoiceid", "invoice"): "invoice_details",
    ("opportunity", "customerid", "account"): "opportunity_customer_accounts",
    ("opportunity", "customerid", "contact"): "opportunity_customer_contacts",
    ("quote", "customerid", "account"): "quote_customer_accounts",
    ("quote", "customerid", "contact"): "quote_customer_contacts",
    ("quotedetail", "quoteid", "quote"): "quote_details",
    ("salesorder", "customerid", "account"): "order_customer_accounts",
    ("salesorder", "customerid", "contact"): "order_customer_contacts",
    ("salesorderdetail", "salesorderid", "salesorder"): "order_details",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Rows of one table that point at a row of another. `name`: on the target; `nav`: on the pointing rows."""

    name: str
    child: TableSchema
    column: Column
    nav: str
    target: str

    def rows(self, world: World, row_id: str) -> list[Row]:
        """The rows that point at this one, in order of arrival."""
        table = self.table(world)
        return [row for row in table.rows.values() if row.get(self.column.wire) == row_id]

    def table(self, world: World) -> Table:
        """The table of the pointing rows."""
        table = world.table(self.child.entity_set)
        assert table is not None
        return table


@cache
def _index() -> Mapping[str, Mapping[str, Relation]]:
    found: dict[str, dict[str, Relation]] = {}
    for relation in all_relations():
        found.setdefault(relation.target, {})[relation.name] = relation
    return found


@cache
def all_relations() -> tuple[Relation, ...]:
    """Every relationship of the known tables, once a target."""
    return tuple(_relations())


def _relations() -> Iterator[Relation]:
    for schema in known_tables().values():
        for column in schema.columns.values():
            for nav, targets in column.navs.items():
                for target in targets:
                    yield Relation(name=_name(schema, column, target), child=schema, column=column, nav=nav, target=target)


def _name(schema: TableSchema, column: Column, target: str) -> str:
    """The real name where it is known, else one made of table, table and column."""
    standard = _STANDARD.get((schema.logical, column.name, target))
    if standard:
        return standard
    own = column.details.relationship
    several = sum(map(len, column.navs.values())) > 1
    return own if own and not several else f"{target}_{schema.logical}_{column.name}"


def collections_of(schema: TableSchema) -> Mapping[str, Relation]:
    """The collections of a table's rows by name."""
    return _index().get(schema.logical, {})
