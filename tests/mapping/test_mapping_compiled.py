"""What a compiled mapping asks for and tells about a row, and the pricing dimensions of an environment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from mapping_files import HEAD, compiled, guid, milestone, read, record, row

from proforma.domain.codes import DimensionType
from proforma.domain.ids import PriceLineId, RecordId
from proforma.domain.prices import DimensionFieldName, PricingDimension, RolePrice
from proforma.mapping import DimensionColumn as Carried
from proforma.mapping import MappingError, compile_entity, dimension_columns, load_mappings

ROLE_PRICE = """\
entity: role-price
record: RolePrice
set: msdyn_prices
table: msdyn_price
key: msdyn_priceid
changes: modified
columns:
  id: msdyn_priceid
dimensions:
  role: _msdyn_resourcecategory_value
  organizational-unit: _msdyn_resourceorganizationalunitid_value
custom_dimensions: true
"""
REQUIRED = "role: _msdyn_resourcecategory_value"
OPTIONAL = "role: {column: _msdyn_resourcecategory_value, optional: true}"


def dimension(name: str, *, active: bool = True) -> PricingDimension:
    """A pricing dimension of this name."""
    return PricingDimension(id=RecordId(guid(name)), name=name, type=DimensionType.AMOUNT_BASED, active=active)


def field_name(name: str, column: str, *, table: str = "msdyn_price", active: bool = True) -> DimensionFieldName:
    """The other column of a dimension on a table."""
    return DimensionFieldName(id=RecordId(guid(column)), dimension_id=RecordId(guid(name)), table=table, column=column, active=active)


def price(**dimensions: str | int) -> RolePrice:
    """The role price of a row, with these dimension values."""
    return RolePrice(id=PriceLineId(guid("row")), dimensions={name.replace("_unit", "-unit"): value for name, value in dimensions.items()})


def test_what_is_asked_for(tmp_path: Path) -> None:
    """Key, change number and time are asked for with the columns, each once; optional only what every reading calls optional."""
    entity = milestone(
        tmp_path,
        "name: {column: m_x, optional: true}",
        "amount: {column: m_y, optional: true}",
        "tax: m_y",
        "customer_id: {transform: first, columns: [m_a, m_b], optional: true}",
    )

    assert entity.select == ("msdyn_milestoneid", "versionnumber", "modifiedon", "m_y")
    assert entity.optional == ("m_x", "m_a", "m_b")
    assert (entity.entity, entity.entity_set, entity.filter, entity.changes) == ("milestone", "msdyn_milestones", None, "modified")


def test_other_platform_columns(tmp_path: Path) -> None:
    """Tables without the platform's columns, or with others, are mapped too; nothing is then asked in vain."""
    text = HEAD.replace("changes: modified", "changes: full\nversion: null\nmodified: null\nfilter: statecode eq 0")
    entity = compiled(tmp_path, text)

    assert (entity.select, entity.filter) == (("msdyn_milestoneid",), "statecode eq 0")
    assert (entity.version(row(entity, {"versionnumber": 5})), entity.modified(row(entity, {}))) == (None, None)


def test_what_a_row_tells_about_itself(tmp_path: Path) -> None:
    """Id, change number and time come from the row whether or not it becomes a record."""
    entity = milestone(tmp_path, "amount: m_x")
    values = {"msdyn_milestoneid": guid("a").upper(), "versionnumber": 7, "modifiedon": "2026-03-31T01:00:00+02:00"}
    read_row = row(entity, {**values, "m_x": 5})

    assert (entity.key(read_row), entity.version(read_row)) == (guid("a"), 7)
    assert entity.modified(read_row) == datetime(2026, 3, 30, 23, tzinfo=UTC)
    assert msgspec.json.decode(entity.payload(read_row)) == {**values, "m_x": "5"}


def test_a_row_that_tells_nothing(tmp_path: Path) -> None:
    """What cannot be read about a row is None, never an error; a change number may come as text (W-110)."""
    entity = milestone(tmp_path)

    silent = row(entity, {"msdyn_milestoneid": None})
    assert (entity.key(silent), entity.version(silent), entity.modified(silent)) == (None, None, None)
    assert entity.key(row(entity, {"msdyn_milestoneid": "42"})) is None
    assert entity.version(row(entity, {"versionnumber": "9223372036854775807"})) == 2**63 - 1
    assert entity.version(row(entity, {"versionnumber": "new"})) is None


@pytest.mark.parametrize(
    ("moments", "latest"),
    [
        (["2026-03-31T01:00:00Z", "2026-03-31T02:00:00+02:00", None], datetime(2026, 3, 31, 1, tzinfo=UTC)),
        (["2026-03-31T01:00:00", "2026-03-31T00:30:00"], datetime(2026, 3, 31, 1, tzinfo=UTC)),
        (["2026-03-31T01:00:00", "2026-03-31T02:30:00Z"], datetime(2026, 3, 31, 2, 30, tzinfo=UTC)),
        ([None], None),
        ([], None),
    ],
    ids=["with offsets", "without offsets", "both", "rows that do not say", "no rows"],
)
@pytest.mark.parametrize("read_as", ["instant", "text"])
def test_the_latest_change_among_rows(tmp_path: Path, moments: list[str | None], latest: datetime | None, read_as: str) -> None:
    """It is found in UTC, however the rows write it (W-116), and also where the mapping reads the column as text."""
    entity = milestone(tmp_path, "name: modifiedon" if read_as == "text" else "amount: m_x")
    rows = [row(entity, {"msdyn_milestoneid": guid("a"), "modifiedon": moment}) for moment in moments]

    assert entity.newest(rows) == latest


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (f'{{"msdyn_milestoneid": "{guid("a")}", "m_x": {{}}}}', guid("a")),
        ('{"msdyn_milestoneid": 5}', None),
        ('{"m_x": 5}', None),
        ("[1]", None),
        ('{"msdyn_milestoneid": "\ud800"}', None),
        ("", None),
    ],
)
def test_the_id_of_a_row_that_does_not_decode(tmp_path: Path, raw: str, key: str | None) -> None:
    """A row of another shape is put aside under its id, where it has one."""
    assert milestone(tmp_path, "amount: m_x").key_of(raw.encode("utf-8", "surrogatepass")) == key


def test_fingerprint_tells_whether_rows_are_read_the_same(tmp_path: Path) -> None:
    """Places in the file do not matter; a column, an option number, an optional mark or a found dimension does."""
    prints = {
        name: compiled(tmp_path, text, dimensions).fingerprint
        for name, text, dimensions in (
            ("plain", ROLE_PRICE, ()),
            ("moved", "# remark\n" + ROLE_PRICE, ()),
            ("optional", ROLE_PRICE.replace(REQUIRED, OPTIONAL), ()),
            ("option", ROLE_PRICE.replace("dimensions:\n", "  calculation: {column: m_x, values: {1: at-cost}}\ndimensions:\n", 1), ()),
            ("number", ROLE_PRICE.replace("dimensions:\n", "  calculation: {column: m_x, values: {2: at-cost}}\ndimensions:\n", 1), ()),
            ("found", ROLE_PRICE, (Carried("adv_worktype", "adv_worktype"),)),
        )
    }  # fmt: skip

    assert prints.pop("moved") == prints["plain"]
    assert len(set(prints.values())) == len(prints)


# ---- dimensions --------------------------------------------------------------------------------------------------------------


def test_dimensions_of_the_mapping(tmp_path: Path) -> None:
    """Lookups that a mapping names fill their dimension; an empty one is absent (P-31)."""
    entity = compiled(tmp_path, ROLE_PRICE)

    assert record(entity, _msdyn_resourcecategory_value=guid("dev").upper()) == price(role=guid("dev"))
    assert record(entity, _msdyn_resourceorganizationalunitid_value=guid("us")) == price(organizational_unit=guid("us"))
    assert record(entity) == price()


def test_custom_dimension_named_in_the_mapping(tmp_path: Path) -> None:
    """A company's own dimension may stand in the mapping: an option by its name, a lookup as _name_value."""
    text = ROLE_PRICE.replace("custom_dimensions: true\n", "  adv_worktype: adv_worktype\n  adv_title: _adv_title_value\n")
    entity = compiled(tmp_path, text)

    assert record(entity, adv_worktype=0, _adv_title_value=guid("t")) == price(adv_worktype=0, adv_title=guid("t"))
    assert entity.optional == ()


@pytest.mark.parametrize(
    ("values", "result"),
    [
        ({"adv_worktype": 1}, {"adv_worktype": 1}),
        ({"adv_worktype": 0}, {"adv_worktype": 0}),
        ({"adv_worktype": None}, {}),
        ({"_adv_worktype_value": guid("w").upper()}, {"adv_worktype": guid("w")}),
        ({"_adv_worktype_value": None, "adv_worktype": 2}, {"adv_worktype": 2}),
        ({"adv_worktype": "night"}, {"adv_worktype": "night"}),
        ({"adv_worktype": True}, {"adv_worktype": 1}),
        ({"adv_worktype": False}, {"adv_worktype": 0}),
    ],
    ids=["option", "option 0 is a value", "empty", "lookup", "option beside an empty lookup", "text", "yes", "no is a value"],
)
def test_custom_dimension_of_the_environment(tmp_path: Path, values: dict[str, object], result: dict[str, str | int]) -> None:
    """Whether a dimension is an option or a lookup is found out by asking for both, as columns that may be missing (P-31)."""
    entity = compiled(tmp_path, ROLE_PRICE, [Carried("adv_worktype", "adv_worktype")])

    assert entity.optional == ("_adv_worktype_value", "adv_worktype")
    assert record(entity, **values) == price(**result)


def test_a_lookup_that_is_read_anyway_is_asked_once(tmp_path: Path) -> None:
    """A renamed dimension whose column the mapping reads as a lookup is not asked for as an option as well."""
    entity = compiled(tmp_path, ROLE_PRICE, [Carried("organizational-unit", "msdyn_resourceorganizationalunitid")])

    assert entity.optional == ()
    assert record(entity, _msdyn_resourceorganizationalunitid_value=guid("us")) == price(organizational_unit=guid("us"))


def test_renamed_dimension_replaces_the_mapping(tmp_path: Path) -> None:
    """Where the environment names another column, the mapping's own is no stand-in for an empty one (P-31)."""
    entity = compiled(tmp_path, ROLE_PRICE, [Carried("role", "adv_grade")])

    assert record(entity, _msdyn_resourcecategory_value=guid("dev")) == price()
    assert record(entity, _msdyn_resourcecategory_value=guid("dev"), _adv_grade_value=guid("g")) == price(role=guid("g"))


@pytest.mark.parametrize(
    ("dimensions", "names", "result"),
    [
        pytest.param([dimension("role"), dimension("organizational-unit")], [], (), id="the mapping knows the standard pair"),
        pytest.param([dimension("adv_worktype")], [], (Carried("adv_worktype", "adv_worktype"),), id="custom (P-30)"),
        pytest.param([dimension("b"), dimension("a")], [], (Carried("a", "a"), Carried("b", "b")), id="by name"),
        pytest.param([dimension("adv_worktype", active=False)], [], (), id="inactive"),
        pytest.param([dimension("adv_a")], [field_name("adv_a", "adv_other")], (Carried("adv_a", "adv_other"),), id="renamed (P-31)"),
        pytest.param([dimension("a")], [field_name("a", "Other", table="MSDYN_Price")], (Carried("a", "other"),), id="any case"),
        pytest.param([dimension("adv_a")], [field_name("adv_a", "x", table="other")], (Carried("adv_a", "adv_a"),), id="another table"),
        pytest.param([dimension("adv_a")], [field_name("adv_a", "x", active=False)], (Carried("adv_a", "adv_a"),), id="inactive name"),
        pytest.param([dimension("adv_a")], [field_name("adv_b", "x")], (Carried("adv_a", "adv_a"),), id="another dimension"),
        pytest.param([dimension("role")], [field_name("role", "adv_grade")], (Carried("role", "adv_grade"),), id="standard, renamed"),
        pytest.param([dimension("adv worktype")], [], (), id="a name that is no column"),
    ],
)  # fmt: skip
def test_columns_of_the_dimensions(
    tmp_path: Path, dimensions: list[PricingDimension], names: list[DimensionFieldName], result: tuple[Carried, ...]
) -> None:
    """The environment's active dimensions are read under their own name or the one given for the table."""
    mapping, _ = read(tmp_path, ROLE_PRICE)
    assert mapping is not None

    assert dimension_columns(mapping, dimensions, names) == result


def test_no_custom_dimensions_asked(tmp_path: Path) -> None:
    """A mapping that does not ask for the environment's dimensions gets none."""
    mapping, _ = read(tmp_path, ROLE_PRICE.replace("custom_dimensions: true", "custom_dimensions: false"))
    assert mapping is not None

    assert dimension_columns(mapping, [dimension("adv_a")], [field_name("adv_a", "x")]) == ()


def test_standard_dimensions_have_no_column_of_our_word(tmp_path: Path) -> None:
    """A mapping without the standard pair is not given a column named after our word for it."""
    mapping, _ = read(tmp_path, ROLE_PRICE.partition("dimensions:")[0] + "custom_dimensions: true\n")
    assert mapping is not None

    assert dimension_columns(mapping, [dimension("role"), dimension("organizational-unit")], []) == ()


def test_dimension_column_that_is_read_otherwise(tmp_path: Path) -> None:
    """A dimension whose column already holds an amount is refused, not guessed."""
    mapping, _ = read(tmp_path, ROLE_PRICE.replace("dimensions:\n", "  price: adv_level\ndimensions:\n", 1))
    assert mapping is not None

    with pytest.raises(MappingError, match="column 'adv_level' is read as dimension value here, but otherwise elsewhere"):
        compile_entity(mapping, [Carried("adv_level", "adv_level")])


def test_mappings_read_anew_have_the_same_types_of_rows() -> None:
    """A daemon reads them at every tick: what decodes their rows is made once, and its memory does not grow with the ticks."""
    first, second = (load_mappings(None).entities for _ in range(2))
    assert first is not second
    types = [[compile_entity(mapping).row_type for mapping in entities.values()] for entities in (first, second)]
    assert types[0] == types[1]
    assert len(set(types[0])) == len(first)
