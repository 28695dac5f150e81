"""The tables: one a record class for the mirror, and the ledger's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from proforma.domain.contracts import (
    Contract,
    ContractCustomer,
    ContractLine,
    LineCategory,
    LineCustomer,
    LineRole,
    LineTask,
    Milestone,
    Project,
    Quote,
    QuoteLine,
    Retainer,
    ScheduleRow,
    Subcontract,
)
from proforma.domain.decisions import Grounds
from proforma.domain.invoices import InvoiceDetail, LedgerActual, SourceMark
from proforma.domain.masters import Category, CurrencyRecord, Customer, OrganizationalUnit, Product, Resource, Role, Task
from proforma.domain.prices import (
    CategoryPrice,
    DatedExchangeRate,
    DimensionFieldName,
    PriceList,
    PriceListAttachment,
    PriceListItem,
    PriceOverride,
    PricingDimension,
    RolePrice,
    RolePriceMarkup,
)
from proforma.domain.records import Actual, Estimate, TransactionConnection
from proforma.domain.units import Unit
from proforma.domain.upstream import UpstreamDetail, UpstreamInvoice, UpstreamLine
from proforma.store.columns import codec
from proforma.store.headers import Header

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# ---- the mirror -----------------------------------------------------------------------------------------------------------

#: Every mirrored record class, with its table's name and the columns that are searched.
_MIRRORED: Final[Mapping[type[Any], tuple[str, tuple[str, ...]]]] = {
    Actual: ("mirror_actual", ("contract_id",)),
    Category: ("mirror_category", ()),
    CategoryPrice: ("mirror_category_price", ("price_list_id",)),
    Contract: ("mirror_contract", ()),
    ContractCustomer: ("mirror_contract_customer", ("contract_id",)),
    ContractLine: ("mirror_contract_line", ("contract_id",)),
    CurrencyRecord: ("mirror_currency", ()),
    Customer: ("mirror_customer", ()),
    DatedExchangeRate: ("mirror_dated_exchange_rate", ()),
    DimensionFieldName: ("mirror_dimension_field_name", ()),
    Estimate: ("mirror_estimate", ("contract_id", "quote_id", "project_id")),
    LineCategory: ("mirror_line_category", ("contract_line_id",)),
    LineCustomer: ("mirror_line_customer", ("contract_line_id",)),
    LineRole: ("mirror_line_role", ("contract_line_id",)),
    LineTask: ("mirror_line_task", ("contract_line_id",)),
    Milestone: ("mirror_milestone", ("contract_id", "contract_line_id")),
    OrganizationalUnit: ("mirror_organizational_unit", ()),
    PriceList: ("mirror_price_list", ()),
    PriceListAttachment: ("mirror_price_list_attachment", ("owner_id", "price_list_id")),
    PriceListItem: ("mirror_price_list_item", ("price_list_id",)),
    PriceOverride: ("mirror_price_override", ("role_price_id", "markup_id")),
    PricingDimension: ("mirror_pricing_dimension", ()),
    Product: ("mirror_product", ()),
    Project: ("mirror_project", ("contract_id",)),
    Quote: ("mirror_quote", ()),
    QuoteLine: ("mirror_quote_line", ("quote_id",)),
    Resource: ("mirror_resource", ()),
    Retainer: ("mirror_retainer", ("contract_id",)),
    Role: ("mirror_role", ()),
    RolePrice: ("mirror_role_price", ("price_list_id",)),
    RolePriceMarkup: ("mirror_role_price_markup", ("price_list_id",)),
    ScheduleRow: ("mirror_schedule_row", ("contract_line_id",)),
    Subcontract: ("mirror_subcontract", ()),
    Task: ("mirror_task", ()),
    TransactionConnection: ("mirror_transaction_connection", ("first_id", "second_id")),
    Unit: ("mirror_unit", ()),
    UpstreamDetail: ("mirror_upstream_detail", ("invoice_id",)),
    UpstreamInvoice: ("mirror_upstream_invoice", ("contract_id",)),
    UpstreamLine: ("mirror_upstream_line", ("invoice_id",)),
}

#: Columns that are searched only where another one is empty: their index holds those rows alone and costs the others nothing.
_SEARCHED_WITHOUT: Final[Mapping[type[Any], Mapping[str, str]]] = {Actual: {"contract_line_id": "contract_id"}}


def _mirror_table(cls: type[Any], name: str, searched: tuple[str, ...]) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        *codec(cls).columns(key="id"),
        sa.Column("entity", sa.Text, nullable=False),
        sa.Column("row_version", sa.BigInteger),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("deleted_at", sa.Text),
        *(sa.Index(f"ix_{name}_{column}", column) for column in searched),
        *(_partial(f"ix_{name}_{column}", column, f"{empty} IS NULL") for column, empty in _SEARCHED_WITHOUT.get(cls, {}).items()),
        # Only deleted rows are in it: it costs living rows nothing.
        _partial(f"ix_{name}_deleted_at", "deleted_at", "deleted_at IS NOT NULL"),
    )


def _partial(name: str, column: str, condition: str) -> sa.Index:
    return sa.Index(name, column, sqlite_where=sa.text(condition), postgresql_where=sa.text(condition))


MIRROR: Final[Mapping[type[Any], sa.Table]] = {cls: _mirror_table(cls, name, searched) for cls, (name, searched) in _MIRRORED.items()}

#: Which mirror tables hold rows of an entity: deletes and sweeps name the entity alone.
mirror_entities: Final = sa.Table(
    "mirror_entities",
    metadata,
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("table_name", sa.Text, primary_key=True),
)

# ---- cursors, runs, quarantine ----------------------------------------------------------------------------------------------

cursors: Final = sa.Table(
    "cursors",
    metadata,
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("watermark", sa.Text),
    sa.Column("next_link", sa.Text),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("signature", sa.Text),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.Text, nullable=False),
    sa.Column("full_at", sa.Text),
    sa.Column("pending", sa.Text),
    sa.Column("began_at", sa.Text),
    sa.Column("delta_link", sa.Text),
)

#: What is still to be read of an entity that is read in ranges: rows from `first` on, before `last`; an empty end is open.
cursor_ranges: Final = sa.Table(
    "cursor_ranges",
    metadata,
    sa.Column("entity", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, primary_key=True),
    sa.Column("first", sa.Text),
    sa.Column("last", sa.Text),
)

runs: Final = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("process_start", sa.Text),
    sqlite_autoincrement=True,
)

#: Who may do something that only one of several processes does, and until when by the clock of the database.
leases: Final = sa.Table(
    "leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("until", sa.Text, nullable=False),
)

#: Each tick of a schedule that was begun, once.
ticks: Final = sa.Table(
    "ticks",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("at", sa.Text, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text),
)

#: Periods that are read once more, each the run of its number; and their parts.
backfills: Final = sa.Table(
    "backfills",
    metadata,
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("entity", "column", "first", "last", "chunk", "signature")),
)
backfill_parts: Final = sa.Table(
    "backfill_parts",
    metadata,
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(name, sa.Text, nullable=False) for name in ("first", "last", "state")),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("rows", "quarantined", "fence")),
    sa.Column("expected", sa.BigInteger),
    *(sa.Column(name, sa.Text) for name in ("next_link", "owner", "message")),
)

quarantine: Final = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("payload", sa.LargeBinary),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("seen_at", sa.Text, nullable=False),
    sa.Column("dropped_at", sa.Text),
    sa.Column("dropped_by", sa.Text),
    sa.Column("drop_reason", sa.Text),
    sqlite_autoincrement=True,
)
sa.Index(
    "ux_quarantine_open",
    quarantine.c.kind,
    quarantine.c.entity,
    quarantine.c.source,
    unique=True,
    sqlite_where=quarantine.c.dropped_at.is_(None),
    postgresql_where=quarantine.c.dropped_at.is_(None),
)

# ---- decisions --------------------------------------------------------------------------------------------------------------

#: What decisions rest on, each once, under a number made of its content: a million decisions have some thousand grounds.
price_grounds: Final = sa.Table(
    "price_grounds",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    *codec(Grounds).columns(),
)

#: The latest decision about each record. Discount, fee and extended amount are empty where there is nothing to discount.
#: Without a rowid SQLite keeps one tree instead of two, and decisions come in the order of its key.
price_decisions: Final = sa.Table(
    "price_decisions",
    metadata,
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("grounds_id", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Text) for name in ("price", "amount", "quantity", "discount", "fee", "extended", "cost_record_id")),
    sa.Column("decided_at", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

#: Actuals that changed since everything was priced, in the order of the changes.
price_due: Final = sa.Table(
    "price_due",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("record_id", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

#: One row: whether changes are noted in `price_due`, and the price book with which all else was priced.
price_state: Final = sa.Table(
    "price_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("noted", sa.SmallInteger, nullable=False),
    sa.Column("fingerprint", sa.Text),
)

#: Contracts of which anything changed since their drafts were last looked at, in the order of the changes; "" is none.
watch_due: Final = sa.Table(
    "watch_due",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    sqlite_autoincrement=True,
)

#: One row: whether changes are noted in `watch_due`, and the rules and settings with which all else was looked at.
watch_state: Final = sa.Table(
    "watch_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("noted", sa.SmallInteger, nullable=False),
    sa.Column("fingerprint", sa.Text),
)

# ---- invoices ---------------------------------------------------------------------------------------------------------------

number_series: Final = sa.Table(
    "number_series",
    metadata,
    sa.Column("prefix", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

#: Headers as the events make them; `position` is the order of creation.
invoices: Final = sa.Table(
    "invoices",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    *codec(Header).columns(),
    sa.UniqueConstraint("id"),
    sa.UniqueConstraint("number"),
    sa.UniqueConstraint("reference"),
    sa.Index("ix_invoices_contract_id", "contract_id"),
    sa.Index("ix_invoices_corrects", "corrects"),
    sa.Index("ix_invoices_status", "status"),
    sqlite_autoincrement=True,
)

invoice_lines: Final = sa.Table(
    "invoice_lines",
    metadata,
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("contract_line_id", sa.Text),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("amount", sa.Text, nullable=False),
)

#: Details, each with the status of its invoice, so that "who holds this source" is one search.
invoice_details: Final = sa.Table(
    "invoice_details",
    metadata,
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("line", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("status", sa.Text, nullable=False),
    *codec(InvoiceDetail).columns(),
    sa.Index("ix_invoice_details_source", "source", "status"),
)

invoice_events: Final = sa.Table(
    "invoice_events",
    metadata,
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
)

# ---- what confirmations and people leave behind ------------------------------------------------------------------------------

ledger_actuals: Final = sa.Table(
    "ledger_actuals",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    *codec(LedgerActual).columns(),
    sa.UniqueConstraint("id"),
    sa.ForeignKeyConstraint(["invoice_id"], ["invoices.id"]),
    sa.Index("ix_ledger_actuals_contract_id", "contract_id"),
    sa.Index("ix_ledger_actuals_invoice_id", "invoice_id"),
    sa.Index("ix_ledger_actuals_source", "source"),
    sqlite_autoincrement=True,
)

#: Every mark ever made, in order.
source_marks: Final = sa.Table(
    "source_marks",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    *codec(SourceMark).columns(),
    sa.Index("ix_source_marks_source", "source"),
    sqlite_autoincrement=True,
)

#: The marks of each source merged: the last billing status and the last not-to-exceed status that somebody gave it.
marked_sources: Final = sa.Table("marked_sources", metadata, *codec(SourceMark).columns(key="source"))

#: What the reasons of many prices have in common, each once, under a number made of its content; steps that tell of one record are empty.
shared_reasons: Final = sa.Table(
    "shared_reasons",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    *(sa.Column(name, sa.Text) for name in ("price_list_id", "price_list", "price_line_id", "markup_line_id", "override_id", "currency")),
    sa.Column("trail", sa.Text, nullable=False),
)

#: Why each detail has its price, as it was decided when the detail came onto its draft. Found by its source through the details.
price_reasons: Final = sa.Table(
    "price_reasons",
    metadata,
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("kept_at", sa.Text, nullable=False),
    sa.Column("shared_id", sa.BigInteger, sa.ForeignKey("shared_reasons.id"), nullable=False),
    *(sa.Column(name, sa.Text) for name in ("price", "amount", "quantity")),
    sa.Column("own_steps", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

schedule_marks: Final = sa.Table(
    "schedule_marks",
    metadata,
    sa.Column("row_id", sa.Text, primary_key=True),
    sa.Column("successful", sa.SmallInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)

passed_over: Final = sa.Table(
    "passed_over",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, index=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
)

# ---- the way to finance -------------------------------------------------------------------------------------------------------

outbox: Final = sa.Table(
    "outbox",
    metadata,
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("reference", sa.Text, nullable=False, unique=True),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text),
    sa.Column("lease_until", sa.Text),
    sa.Column("document", sa.LargeBinary),
    sa.Column("digest", sa.Text),
    sa.Column("queued_at", sa.Text, nullable=False),
    sa.Column("next_attempt_at", sa.Text),
    sa.Column("external_id", sa.Text),
    sa.Column("external_number", sa.Text),
    sa.Column("last_error", sa.Text),
    sa.Index("ix_outbox_state", "state", "next_attempt_at"),
)

outbox_attempts: Final = sa.Table(
    "outbox_attempts",
    metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("outbox.invoice_id"), nullable=False, index=True),
    sa.Column("attempt", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("request_id", sa.Text),
    sqlite_autoincrement=True,
)

# ---- the way back to Dataverse ------------------------------------------------------------------------------------------------

#: What a row of Dataverse is to say, once for each row: the latest wish, and how far it is. `invoice_id`: whose news it is.
write_backs: Final = sa.Table(
    "write_backs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("row_id", sa.Text, nullable=False),
    sa.Column("invoice_id", sa.Text, index=True),
    sa.Column("wish", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.BigInteger, nullable=False),
    sa.Column("next_attempt_at", sa.Text),
    sa.Column("message", sa.Text),
    sa.Column("changed_at", sa.Text, nullable=False),
    sa.UniqueConstraint("entity", "row_id", name="uq_write_backs_row"),
    sa.Index("ix_write_backs_state", "state", "next_attempt_at"),
    sqlite_autoincrement=True,
)

#: How much of each invoice (its events) and of the marks (their position) is in the wishes already, and by which mapping.
write_back_seen: Final = sa.Table(
    "write_back_seen",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("mapping", sa.Text, nullable=False),
)

# ---- targets that are only compared -------------------------------------------------------------------------------------------

#: What the last comparison of an invoice with a shadow target showed.
comparisons: Final = sa.Table(
    "comparisons",
    metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("invoice_id", sa.Text, sa.ForeignKey("invoices.id"), primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("at", sa.Text, nullable=False),
)
