"""The first schema: the mirror, the ledger, and what runs need.

Columns are written as words: the name, then `:whole` (64 bits), `:flag` (0 or 1), `:number` (counted up by the database) or `:bytes`;
everything else is text. `!` means never empty.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None

_TYPES: Final = {"whole": sa.BigInteger, "flag": sa.SmallInteger, "number": sa.Integer, "bytes": sa.LargeBinary, "": sa.Text}


def upgrade() -> None:
    """Creates every table."""
    _mirror_tables()
    _run_tables()
    _invoice_tables()
    _ledger_tables()
    _outbox_tables()


def _mirror_tables() -> None:
    _mirror(
        "actual",
        "table! type transaction_class transaction_date document_date start_date contract_id contract_line_id project_id task_id "
        "contracting_unit_id resourcing_unit_id role_id resource_id category_id product_id unit_id subcontract_id vendor_invoice_id "
        "customer_id quantity price amount amount_method basis_quantity basis_price basis_amount percent price_list_id currency_id "
        "billing_type adjustment dimensions! description created_at active:flag! account_id customer_kind billing_status nte_status "
        "invoice_id external_description extended_amount",
        searched="contract_id",
    )
    _partial_index("mirror_actual", "contract_line_id", "contract_id IS NULL")
    _mirror("category", "name billing_type unit_group_id default_unit_id active:flag!")
    _mirror(
        "category_price",
        "price_list_id category_id unit_id calculation price percent currency_id created_at active:flag!",
        searched="price_list_id",
    )
    _mirror(
        "contract",
        "name number order_type state customer_id customer_kind currency_id quote_id opportunity_id contracting_unit_id company_id "
        "price_list_id nte_limit requested_delivery created_at active:flag!",
    )
    _mirror(
        "contract_customer",
        "contract_id customer_id percent is_rounding:flag! is_primary:flag! nte_limit payment_terms:whole active:flag!",
        searched="contract_id",
    )
    _mirror(
        "contract_line",
        "contract_id order:whole description is_project_based:flag! billing_method project_id include_time:flag include_expense:flag "
        "include_material:flag include_fee:flag included_tasks nte_limit discount_percent fee_percent billing_start currency_id "
        "product_id unit_id billing_status quantity price_per_unit manual_discount volume_discount tax base_amount extended_amount "
        "created_at active:flag!",
        searched="contract_id",
    )
    _mirror("currency", "code! precision:whole exchange_rate active:flag!")
    _mirror("customer", "kind! name number street postal_code city region country currency_id active:flag!")
    _mirror("dated_exchange_rate", "from_currency_id to_currency_id first_day last_day rate active:flag!")
    _mirror("dimension_field_name", "dimension_id table column active:flag!")
    _mirror(
        "estimate",
        "table! type transaction_class transaction_date document_date start_date contract_id contract_line_id project_id task_id "
        "contracting_unit_id resourcing_unit_id role_id resource_id category_id product_id unit_id subcontract_id vendor_invoice_id "
        "customer_id quantity price amount amount_method basis_quantity basis_price basis_amount percent price_list_id currency_id "
        "billing_type adjustment dimensions! description created_at active:flag! owner! quote_id quote_line_id end_date related_id",
        searched="contract_id project_id quote_id",
    )
    _mirror("line_category", "contract_line_id category_id billing_type active:flag!", searched="contract_line_id")
    _mirror("line_customer", "contract_line_id customer_id percent is_rounding:flag! nte_limit active:flag!", searched="contract_line_id")
    _mirror("line_role", "contract_line_id role_id billing_type active:flag!", searched="contract_line_id")
    _mirror("line_task", "contract_line_id task_id billing_type active:flag!", searched="contract_line_id")
    _mirror(
        "milestone",
        "name contract_id contract_line_id project_id customer_id amount tax invoice_date date_independent status currency_id "
        "created_at active:flag!",
        searched="contract_id contract_line_id",
    )
    _mirror("organizational_unit", "name currency_id active:flag!")
    _mirror(
        "price_list",
        "name context first_day last_day currency_id time_unit_id copied_from_id first_day_independent last_day_independent "
        "created_at active:flag!",
    )
    _mirror("price_list_attachment", "owner! owner_id price_list_id created_at active:flag!", searched="owner_id price_list_id")
    _mirror(
        "price_list_item",
        "price_list_id product_id unit_id method amount percent project_method currency_id created_at active:flag!",
        searched="price_list_id",
    )
    _mirror(
        "price_override",
        "role_price_id markup_id effective_from price unit_id percent contract_id quote_id customer_id vendor_id subcontract_id "
        "vendor_invoice_id organizational_unit_id active:flag!",
        searched="markup_id role_price_id",
    )
    _mirror(
        "pricing_dimension",
        "name! type applies_to_sales:flag! applies_to_cost:flag! applies_to_purchase:flag! priority_sales:whole priority_cost:whole "
        "priority_purchase:whole active:flag!",
    )
    _mirror("product", "name number unit_id active:flag!")
    _mirror("project", "name contract_id contracting_unit_id currency_id active:flag!", searched="contract_id")
    _mirror("quote", "name number order_type customer_id opportunity_id currency_id contracting_unit_id created_at active:flag!")
    _mirror(
        "quote_line",
        "quote_id description is_project_based:flag! billing_method project_id include_time:flag include_expense:flag "
        "include_material:flag include_fee:flag discount_percent fee_percent active:flag!",
        searched="quote_id",
    )
    _mirror("resource", "name active:flag!")
    _mirror(
        "retainer",
        "description contract_id customer_id amount invoice_date status used available currency_id created_at active:flag!",
        searched="contract_id",
    )
    _mirror("role", "name billing_type active:flag!")
    _mirror(
        "role_price",
        "price_list_id dimensions! unit_id price percent calculation currency_id created_at active:flag!",
        searched="price_list_id",
    )
    _mirror("role_price_markup", "price_list_id dimensions! percent created_at active:flag!", searched="price_list_id")
    _mirror("schedule_row", "contract_line_id milestone_id run_date cut_off status active:flag!", searched="contract_line_id")
    _mirror("subcontract", "name vendor_id currency_id active:flag!")
    _mirror("task", "name active:flag!")
    _mirror(
        "transaction_connection",
        "first_id first_type first_role second_id second_type second_role active:flag!",
        searched="first_id second_id",
    )
    _mirror("unit", "name group_id quantity base_unit_id is_group_base:flag! active:flag!")
    upstream_tables()
    _table("mirror_entities", "entity! table_name!", key="entity table_name")


def upstream_tables() -> None:
    """Mirrors of invoices that were confirmed in Dataverse; the first stores had none, and get them with the second schema."""
    _mirror(
        "upstream_detail",
        "table! type transaction_class transaction_date document_date start_date contract_id contract_line_id project_id task_id "
        "contracting_unit_id resourcing_unit_id role_id resource_id category_id product_id unit_id subcontract_id vendor_invoice_id "
        "customer_id quantity price amount amount_method basis_quantity basis_price basis_amount percent price_list_id currency_id "
        "billing_type adjustment dimensions! description created_at active:flag! invoice_id invoice_line_id account_id customer_kind "
        "external_description is_correction:flag! original_id previous_amount invoice_amount",
        searched="invoice_id",
    )
    _mirror(
        "upstream_invoice",
        "number order_type contract_id customer_id currency_id status invoice_date line_total discount discount_percent freight "
        "created_at active:flag!",
        searched="contract_id",
    )
    _mirror(
        "upstream_line",
        "invoice_id contract_line_id is_project_based:flag! description chargeable quantity price_per_unit manual_discount base_amount "
        "extended_amount tax product_id unit_id active:flag!",
        searched="invoice_id",
    )


def _run_tables() -> None:
    _table(
        "cursors",
        "entity! generation:whole! watermark next_link mode! signature rows:whole! updated_at! full_at pending began_at delta_link",
        key="entity",
    )
    _table("cursor_ranges", "entity! number:whole! first last", key="entity number")
    _table(
        "runs",
        "id:number! kind! started_at! finished_at outcome counts! pid:whole! host! process_start",
        key="id",
    )
    _table("leases", "name! owner! epoch:whole! until!", key="name")
    _table("ticks", "job! at! epoch:whole! owner! outcome", key="job at")
    _table(
        "quarantine",
        "id:number! kind! entity! source! reason! message! payload:bytes since! seen_at! dropped_at dropped_by drop_reason",
        key="id",
    )
    still_open = sa.text("dropped_at IS NULL")
    op.create_index(
        "ux_quarantine_open",
        "quarantine",
        ["kind", "entity", "source"],
        unique=True,
        sqlite_where=still_open,
        postgresql_where=still_open,
    )


def _invoice_tables() -> None:
    _table("number_series", "prefix! last:whole!", key="prefix")
    _table(
        "invoices",
        "position:number! id! number! contract_id! customer_id! currency! currency_precision:whole! currency_id! as_of! invoice_date! "
        "created_at! status! push! reference corrects periodic:flag! accounting_date confirmed_at external_id external_number flags! "
        "total! origin! events:whole! events_seal! ledger_rows:whole! ledger_seal!",
        _unique("invoices", "id"),
        _unique("invoices", "number"),
        _unique("invoices", "reference"),
        key="position",
        searched="contract_id corrects status",
    )
    _table(
        "invoice_lines",
        "invoice_id! line:whole! contract_line_id type! description! amount!",
        _belongs("invoice_lines", "invoice_id", "invoices.id"),
        key="invoice_id line",
    )
    _table(
        "invoice_details",
        "invoice_id! line:whole! place:whole! status! id! source! kind! type! transaction_class! contract_line_id line_order:whole! day "
        "billing_type! quantity! price amount! tax original previous corrects_detail touched:flag! description external_description "
        "project_id task_id role_id resource_id category_id product_id unit_id price_list_id price_reason price_rule",
        _belongs("invoice_details", "invoice_id", "invoices.id"),
        key="invoice_id line place",
    )
    op.create_index("ix_invoice_details_source", "invoice_details", ["source", "status"])
    _table(
        "invoice_events",
        "invoice_id! sequence:whole! at! by! kind! payload! seal!",
        _belongs("invoice_events", "invoice_id", "invoices.id"),
        key="invoice_id sequence",
    )


def _ledger_tables() -> None:
    _table(
        "price_grounds",
        "id:whole! table! side rule! reason! price_list_id price_line_id markup_line_id override_id unit_id currency_id currency "
        "billing_type",
        key="id",
    )
    _table(
        "price_decisions",
        "record_id! grounds_id:whole! price amount quantity discount fee extended cost_record_id decided_at!",
        key="record_id",
        rowid=False,
    )
    _table("price_due", "position:number! record_id!", key="position")
    _table("price_state", "id:flag! noted:flag! fingerprint", key="id")
    op.execute("INSERT INTO price_state (id, noted) VALUES (1, 0)")
    _table(
        "ledger_actuals",
        "position:number! id! invoice_id! detail_id! sequence:whole! source! type! transaction_class! reversal:flag! quantity! price "
        "amount! billing_type! billing_status contract_id! contract_line_id customer_id! currency! day "
        "accounting_date adjusted:flag! reverses",
        _unique("ledger_actuals", "id"),
        _belongs("ledger_actuals", "invoice_id", "invoices.id"),
        key="position",
        searched="contract_id invoice_id source",
    )
    _table("source_marks", "position:number! source! kind! at! by! status nte", key="position", searched="source")
    _table("marked_sources", "source! kind! at! by! status nte", key="source")
    _table(
        "shared_reasons",
        "id:whole! rule! reason! price_list_id price_list price_line_id markup_line_id override_id currency trail!",
        key="id",
    )
    _table(
        "price_reasons",
        "invoice_id! source! kept_at! shared_id:whole! price amount quantity own_steps!",
        _belongs("price_reasons", "invoice_id", "invoices.id"),
        _belongs("price_reasons", "shared_id", "shared_reasons.id"),
        key="invoice_id source",
        rowid=False,
    )
    _table("schedule_marks", "row_id! successful:flag! at!", key="row_id")
    _table("passed_over", "source! reason! contract_id message! since!", key="source reason", searched="contract_id")


def _outbox_tables() -> None:
    _table(
        "outbox",
        "invoice_id! reference! target! state! attempts:whole! fence:whole! owner lease_until document:bytes digest queued_at! "
        "next_attempt_at external_id external_number last_error",
        _belongs("outbox", "invoice_id", "invoices.id"),
        _unique("outbox", "reference"),
        key="invoice_id",
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "next_attempt_at"])
    _table(
        "outbox_attempts",
        "position:number! invoice_id! attempt:whole! at! outcome! message request_id",
        _belongs("outbox_attempts", "invoice_id", "outbox.invoice_id"),
        key="position",
        searched="invoice_id",
    )


def _mirror(name: str, columns: str, *, searched: str = "") -> None:
    table = f"mirror_{name}"
    _table(table, f"id! {columns} entity! row_version:whole generation:whole! deleted_at", key="id", searched=searched)
    _partial_index(table, "deleted_at", "deleted_at IS NOT NULL")


def _partial_index(table: str, column: str, condition: str) -> None:
    rows = sa.text(condition)
    op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=rows, postgresql_where=rows)


def _table(name: str, columns: str, *constraints: sa.Constraint, key: str, searched: str = "", rowid: bool = True) -> None:
    primary = sa.PrimaryKeyConstraint(*key.split(), name=f"pk_{name}")
    counted = f"{key}:number!" in columns.split()
    made = (_column(word) for word in columns.split())
    op.create_table(name, *made, primary, *constraints, sqlite_autoincrement=counted, sqlite_with_rowid=rowid)
    for column in searched.split():
        op.create_index(f"ix_{name}_{column}", name, [column])


def _column(word: str) -> sa.Column[Any]:
    name, _, kind = word.removesuffix("!").partition(":")
    return sa.Column(name, _TYPES[kind](), nullable=not word.endswith("!"), autoincrement=kind == "number")


def _unique(table: str, column: str) -> sa.Constraint:
    return sa.UniqueConstraint(column, name=f"uq_{table}_{column}")


def _belongs(table: str, column: str, to: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")
