"""The mappings that come with the product: they load, and one realistic row of every table becomes the whole record."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
import pytest
from mapping_files import guid, record, row
from shipped_rows import ACTUAL, ACTUAL_ROW, ROWS

from proforma.domain.codes import AdjustmentStatus, BillingStatus, CustomerKind, Side
from proforma.domain.contracts import ContractLine, Quote
from proforma.domain.ids import CustomerId
from proforma.domain.prices import PriceList, PricingDimension
from proforma.mapping import CompiledEntity, Mappings, RowRejectedError, compile_entity, dimension_columns, load_mappings
from proforma.mapping.expressions import Case, Default, Expression, First, Join, Read, Truncate, Values, WhenEqual
from proforma.mapping.fields import RECORDS


@cache
def shipped() -> Mappings:
    """The shipped mappings, loaded once."""
    return load_mappings(None)


@cache
def entity(name: str) -> CompiledEntity[Any]:
    """A shipped entity, compiled once."""
    return compile_entity(shipped().entities[name])


@cache
def public_tables() -> Mapping[str, Any]:
    """Tables and columns that public sources describe, as the mock serves them; without the names that had to be assumed."""
    return msgspec.json.decode((files("proforma") / "mock" / "schema.json").read_bytes())  # type: ignore[no-any-return]


def test_every_shipped_mapping_is_tried() -> None:
    """There is a row here for each shipped mapping, and a mapping for each record that can be filled."""
    assert set(ROWS) == set(shipped().entities)
    assert {mapping.record for mapping in shipped().entities.values()} == set(RECORDS.values())


@pytest.mark.parametrize("name", ROWS)
def test_a_row_becomes_the_record(name: str) -> None:
    """A row as Dataverse sends it becomes the whole record, field by field."""
    values, expected = ROWS[name]

    assert entity(name).to_record(row(entity(name), values)) == expected


@pytest.mark.parametrize("name", ROWS)
def test_a_row_with_nothing_but_what_is_needed(name: str) -> None:
    """An environment that lacks every optional column, with empty required ones, still gives records; missing status means active."""
    compiled = entity(name)
    needed = {"isocurrencycode": "USD", "msdyn_name": "adv_worktype"}
    empty = {column: needed.get(column) for column in compiled.select}

    made = record(compiled, **{**empty, compiled.mapping.key: guid("row")})

    assert (made.id, made.active) == (guid("row"), True)


# ---- traps of the field --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "on_actual", "on_milestone"),
    [
        (192350000, BillingStatus.NOT_READY, BillingStatus.NOT_READY),
        (192350001, BillingStatus.INVOICE_CREATED, BillingStatus.READY),
        (192350002, BillingStatus.INVOICE_POSTED, BillingStatus.INVOICE_CREATED),
        (192350003, BillingStatus.CANCELED, BillingStatus.INVOICE_POSTED),
        (192350004, BillingStatus.READY, None),
        (690970000, BillingStatus.WORK_ORDER_POSTED, None),
    ],
)
def test_milestones_have_other_numbers_than_actuals(number: int, on_actual: BillingStatus, on_milestone: BillingStatus | None) -> None:
    """One number means different things on an actual or product, and on a milestone or retainer (I 1.1)."""
    actual = record(entity("actual"), msdyn_billingstatus=number)
    product = record(entity("contract-line"), msdyn_billingstatus=number, producttypecode=1)
    assert (actual.billing_status, product.billing_status) == (on_actual, on_actual)

    for name in ("milestone", "retainer"):
        if on_milestone is not None:
            assert record(entity(name), msdyn_invoicestatus=number).status is on_milestone
            continue
        with pytest.raises(RowRejectedError) as rejected:
            record(entity(name), msdyn_invoicestatus=number)
        assert (rejected.value.reason, rejected.value.column) == ("unknown-status", "msdyn_invoicestatus")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("actual", "msdyn_billingstatus"),
        ("actual", "msdyn_billingtype"),
        ("actual", "msdyn_transactionclassification"),
        ("actual", "msdyn_transactiontypecode"),
        ("actual", "msdyn_adjustmentstatus"),
        ("contract", "msdyn_psastate"),
        ("role-price", "msdyn_pricecalculation"),
    ],
)
def test_unknown_numbers_are_never_guessed(name: str, column: str) -> None:
    """A number that nobody told us the meaning of holds the row (I, section 23)."""
    with pytest.raises(RowRejectedError) as rejected:
        record(entity(name), **{column: 192359999})

    line = shipped().entities[name].line_of(column)
    assert (rejected.value.reason, rejected.value.column, rejected.value.at) == ("unknown-status", column, f"{name}.yaml:{line}")


@pytest.mark.parametrize("type_code", [5, None])
def test_status_of_a_project_based_line_is_ignored(type_code: int | None) -> None:
    """Project-based lines have no billing status of their own; whatever number stands there is not looked at (I-71)."""
    line = record(entity("contract-line"), producttypecode=type_code, msdyn_billingstatus=99)

    assert line == ContractLine(id=line.id, is_project_based=True, billing_status=None)


def test_list_of_an_unknown_context_fits_no_side() -> None:
    """A price list with a context that we do not know is kept and simply never chosen (P-7)."""
    contexts = [record(entity("price-list"), msdyn_module=number).context for number in (192350000, 192350001, 192350002, 7, None)]

    assert contexts == [Side.COST, Side.PURCHASE, Side.SALES, None, None]
    assert isinstance(record(entity("price-list"), msdyn_module=7), PriceList)


@pytest.mark.parametrize(
    ("schema_name", "name"),
    [
        ("msdyn_resourcecategory", "role"),
        ("msdyn_ResourceCategory", "role"),
        ("msdyn_OrganizationalUnit", "organizational-unit"),
        ("adv_WorkType", "adv_worktype"),
    ],
)
def test_words_for_dimensions(schema_name: str, name: str) -> None:
    """The standard dimensions have our words, others their schema name in lower case (P-31)."""
    assert record(entity("pricing-dimension"), msdyn_name=schema_name).name == name


def test_dimensions_of_the_environment_on_an_actual() -> None:
    """The resourcing unit is the unit dimension, never the contracting one; a company's own dimension comes along (P-31)."""
    mapping = shipped().entities["actual"]
    found = PricingDimension(id=ACTUAL.id, name="adv_worktype")
    compiled = compile_entity(mapping, dimension_columns(mapping, [found], []))

    assert compiled.to_record(row(compiled, {**ACTUAL_ROW, "adv_worktype": 0})) == replace(
        ACTUAL, dimensions={"role": guid("dev"), "organizational-unit": guid("in"), "adv_worktype": 0}
    )


@pytest.mark.parametrize(
    ("values", "customer", "kind"),
    [
        ({"msdyn_customertype": 192350001, "_msdyn_accountcustomer_value": guid("acc")}, guid("acc"), CustomerKind.ACCOUNT),
        ({"_msdyn_accountcustomer_value": guid("acc")}, guid("acc"), CustomerKind.ACCOUNT),
        ({"msdyn_customertype": 192350002, "_msdyn_contactcustomer_value": guid("p")}, guid("p"), CustomerKind.CONTACT),
        ({"msdyn_customertype": 192350002, "_msdyn_accountcustomer_value": guid("acc")}, None, CustomerKind.CONTACT),
    ],
    ids=["account", "type not filled", "person", "person without person"],
)
def test_customer_of_an_actual(values: dict[str, object], customer: CustomerId | None, kind: CustomerKind) -> None:
    """The customer is the account, or the person where the type says so; the account stays readable for overrides (I 1.4, P-41)."""
    actual = record(entity("actual"), **values)

    assert (actual.customer_id, actual.customer_kind, actual.account_id) == (customer, kind, values.get("_msdyn_accountcustomer_value"))


@pytest.mark.parametrize(("statecode", "active"), [(0, True), (1, True), (2, True), (3, False), (None, True)])
def test_a_won_quote_is_not_inactive(statecode: int | None, active: bool) -> None:
    """Draft, active and won quotes are in use, a closed one is not."""
    quote = record(entity("quote"), statecode=statecode)

    assert quote == Quote(id=quote.id, active=active)


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (None, None),
        (192350000, AdjustmentStatus.IN_PROCESS),
        (192350001, AdjustmentStatus.ADJUSTED),
        (192350002, AdjustmentStatus.UNADJUSTABLE),
    ],
)
def test_adjustment(number: int | None, word: AdjustmentStatus | None) -> None:
    """An untouched actual has no adjustment status (I-3, I-4)."""
    assert record(entity("actual"), msdyn_adjustmentstatus=number).adjustment is word


def test_item_based_orders_are_read() -> None:
    """No filter hides orders that are no project contracts: they are refused by name later (I-20)."""
    assert shipped().entities["contract"].filter is None


def test_order_of_the_pull() -> None:
    """Dimensions come before everything that carries their values."""
    order = [mapping.entity for mapping in shipped().order()]

    carrying = [name for name in order if shipped().entities[name].custom_dimensions]
    details = ["contract-line-detail", "dataverse-invoice-detail", "estimate-line", "quote-line-detail"]
    assert carrying == ["actual", *details, "role-price", "role-price-markup"]
    assert max(order.index("pricing-dimension"), order.index("dimension-field-name")) < order.index(carrying[0])


# ---- against the public description of the tables ------------------------------------------------------------------------------

ASSUMED_SETS = {"dated-exchange-rate", "line-customer", "line-task", "price-override"}
PLATFORM = {"versionnumber", "modifiedon", "createdon", "statecode"}


@pytest.mark.parametrize("name", sorted(set(ROWS) - ASSUMED_SETS))
def test_required_columns_are_public(name: str) -> None:
    """Names that no public source confirms are optional, so that another environment still answers."""
    compiled = entity(name)
    table = public_tables()[compiled.entity_set]
    public = {_wire(column, kind) for column, kind in table["columns"].items()}

    assert (table["logical"], table["id"]) == (compiled.mapping.table, compiled.mapping.key)
    assert set(compiled.select) - public - PLATFORM == set()
    assert set(compiled.optional) & public == set()


def test_tables_of_assumed_names_are_optional() -> None:
    """A whole set whose name had to be assumed may be missing, and all its columns but its own id."""
    for name in ASSUMED_SETS:
        assert entity(name).entity_set not in public_tables()
        assert entity(name).mapping.optional
        assert set(entity(name).select) - PLATFORM == {entity(name).mapping.key}


@pytest.mark.parametrize("name", sorted(set(ROWS) - ASSUMED_SETS))
def test_option_numbers_have_their_public_labels(name: str) -> None:
    """Every number that is mapped carries a label in the public description that says the same in its own words."""
    columns = public_tables()[entity(name).entity_set]["columns"]
    for choice in (part for filled in shipped().entities[name].columns.values() for part in _choices(filled)):
        source = choice.source
        kind = columns.get(source.column) if isinstance(source, Read) else None
        labels = kind.get("options", {}) if isinstance(kind, dict) else {}
        for option, word in choice.table.items() if labels else ():
            assert isinstance(word, StrEnum)
            said, ours = _words(LABELS.get(labels[str(option)], labels[str(option)])), _words(word.value)
            assert ours <= said, (name, option, said)
            assert ours & NEGATIONS == said & NEGATIONS, (name, option, said)


#: Where the screens use other words for a state.
LABELS = {"Unbilled Sales Created": "not ready"}
#: `ready` is a part of "not ready", and `chargeable` of "non chargeable": these decide.
NEGATIONS = {"not", "non"}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower()))


def _wire(column: str, kind: object) -> str:
    name = kind.get("type") if isinstance(kind, dict) else kind
    return f"_{column}_value" if name in ("lookup", "customer", "owner") else column


def _choices(expression: Expression) -> Iterator[Values]:
    match expression:
        case Values():
            yield expression
        case First(parts=parts) | Join(parts=parts):
            for part in parts:
                yield from _choices(part)
        case WhenEqual(then=then, otherwise=otherwise):
            yield from _choices(then)
            yield from _choices(otherwise)
        case Default(source=source) | Case(source=source) | Truncate(source=source):
            yield from _choices(source)
        case _:
            pass
