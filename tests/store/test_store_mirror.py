"""The mirror: what comes back is what was put in, and nothing that is gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from store_builders import NOON, guid, later, link, pulled, work

from proforma.domain.codes import BillingStatus, CustomerKind, TransactionClass
from proforma.domain.ids import CustomerId, Guid, ProjectId
from proforma.domain.masters import Customer
from proforma.domain.records import Actual, TransactionConnection
from proforma.store import Cursor, Store
from proforma.store.columns import instant_text
from proforma.store.mirror import CELL_END, Lines, apart

STORES = ("sqlite", "postgresql")


def ids(*names: str) -> list[Guid]:
    """GUIDs of names, in the order in which the mirror answers."""
    return sorted(guid(name) for name in names)


def present(store: Store) -> list[str]:
    """Ids of the actuals that are there."""
    with store.read() as reader:
        return [actual.id for actual in reader.mirror.all(Actual)]


def gone(store: Store) -> dict[str, datetime]:
    """Ids of the actuals that are gone, and since when."""
    with store.read() as reader:
        return {actual.id: at for actual, at in reader.mirror.deleted(Actual)}


def test_the_newest_form_of_a_row_is_kept(store: Store) -> None:
    """A row that comes again replaces its older form, every column of it, also within one page."""
    pulled(store, work("monday", description="first", percent=Decimal(5)))
    pulled(store, work("monday", description="second"), work("monday", description="third"))
    with store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("monday", description="third")]


@pytest.mark.parametrize("rows", [0, 1, 3, 511, 512, 513, 1_300])
def test_any_number_of_rows_is_kept(store: Store, rows: int) -> None:
    """However they are cut into statements; the last form of a row that comes twice wins, also across two statements."""
    actuals = [work(f"day {n}", description="first") for n in range(rows)]
    pulled(store, *actuals, *(replace(actual, description="last") for actual in actuals[-3:]))
    with store.read() as reader:
        kept = {actual.id: actual.description for actual in reader.mirror.all(Actual)}
    assert kept == {actual.id: "last" if n >= rows - 3 else "first" for n, actual in enumerate(actuals)}


def test_lines_of_records_come_page_by_page(store: Store) -> None:
    """By id, behind the id that is named; empty cells are empty, joined ones can be told from missing ones, and the gone are left out."""
    pulled(store, work("monday", description="Ærlig, 日本"), work("tuesday", description=None), work("friday", contract_id=None))
    with store.begin() as tx:
        tx.mirror.delete("msdyn_actuals", [guid("friday")], NOON)
    columns = Lines(["id", "description", ("contract_id", "task_id")], {"description": ("billing_type", ["complimentary", None])})
    with store.read() as reader:
        first, second = (reader.mirror.get(Actual, id_) for id_ in ids("monday", "tuesday"))
        assert first is not None
        assert second is not None
        pages = [reader.mirror.lines(Actual, columns, 1, after=after) for after in ("", first.id, second.id)]
    read = [[cell if n < 2 else apart(cell) for n, cell in enumerate(line.split(CELL_END))] for page in pages for line in page]
    told = {actual.id: actual.description or "" if actual.billing_type is None else "" for actual in (first, second)}
    assert read == [[actual.id, told[actual.id], (actual.contract_id, actual.task_id)] for actual in (first, second)]
    assert pages[-1] == []


def test_records_are_found_by_id(store: Store) -> None:
    """One or many, unknown ones left out."""
    pulled(store, work("monday"), work("tuesday"))
    with store.read() as reader:
        assert reader.mirror.get(Actual, guid("monday")) == work("monday")
        assert reader.mirror.get(Actual, guid("sunday")) is None
        assert reader.mirror.get_many(Actual, [guid("tuesday"), guid("sunday")]) == {guid("tuesday"): work("tuesday")}
        assert reader.mirror.get_many(Actual, []) == {}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"contract_id": guid("A")}, ["monday", "tuesday"]),
        ({"contract_id": [guid("A"), guid("B"), guid("A")]}, ["monday", "tuesday", "friday"]),
        ({"contract_id": {guid("A")}, "transaction_class": TransactionClass.EXPENSE}, ["tuesday"]),
        ({"project_id": None}, ["monday", "friday"]),
        ({"project_id": [None, guid("project")]}, ["monday", "tuesday", "friday"]),
        ({"transaction_date": date(2026, 3, 2)}, ["monday"]),
        ({"created_at": NOON}, ["friday"]),
        ({"active": False}, ["friday"]),
        ({"contract_id": []}, []),
    ],
    ids=[
        "one value",
        "one of several values",
        "two columns",
        "an empty column",
        "empty or one value",
        "a date",
        "an instant",
        "a yes or no",
        "no value at all",
    ],
)
def test_records_are_found_by_their_columns(store: Store, values: dict[str, object], found: list[str]) -> None:
    """Every column asked for must have its value, or one of its values."""
    pulled(
        store,
        work("monday", contract="A", transaction_date=date(2026, 3, 2)),
        work("tuesday", contract="A", transaction_class=TransactionClass.EXPENSE, project_id=ProjectId(guid("project"))),
        work("friday", contract="B", active=False, created_at=NOON),
    )
    with store.read() as reader:
        assert [actual.id for actual in reader.mirror.where(Actual, **values)] == ids(*found)


def test_long_lists_of_values_are_searched_in_pieces(store: Store) -> None:
    """More values than one statement may hold, in two columns at once: each record is found once."""
    pulled(store, *(work(f"work {n}", contract=f"contract {n}") for n in range(2100)))
    many = [guid(f"work {n}") for n in range(2500)]
    contracts = [guid(f"contract {n}") for n in range(1000, 3500)]
    with store.read() as reader:
        found = [actual.id for actual in reader.mirror.where(Actual, id=many, contract_id=contracts)]
    assert sorted(found) == ids(*(f"work {n}" for n in range(1000, 2100)))


@pytest.mark.parametrize("values", [{"price": Decimal(120)}, {"price": [Decimal(120)]}, {"dimensions": {}}, {"hours": 8}])
def test_columns_without_one_stored_text_cannot_be_searched(store: Store, values: dict[str, object]) -> None:
    """120 and 120.00 are equal but stored apart: such a search would miss rows, so it is refused; as is a column that is not there."""
    with store.read() as reader, pytest.raises(TypeError):
        list(reader.mirror.where(Actual, **values))


def test_batches_hold_every_record_once(store: Store) -> None:
    """Batches are full but for the last, in order of ids, with nothing twice and nothing missing."""
    pulled(store, *(work(f"work {n}") for n in range(25)))
    with store.read() as reader:
        batches = list(reader.mirror.batches(Actual, 10))
        exact = list(reader.mirror.batches(Actual, 25))
    read = [actual.id for batch in batches for actual in batch]
    assert [len(batch) for batch in batches] == [10, 10, 5]
    assert [len(batch) for batch in exact] == [25]
    assert all(one < other for one, other in pairwise(read))
    assert set(read) == {guid(f"work {n}") for n in range(25)}


def test_rows_removed_in_dataverse_are_gone_but_remembered(store: Store) -> None:
    """A removed row is in no answer but `deleted`, with the time of its first removal; unknown ids do nothing (promise 2)."""
    pulled(store, work("monday"), work("tuesday"))
    with store.begin() as tx:
        tx.mirror.delete("msdyn_actuals", [guid("monday"), guid("never seen")], NOON)
        tx.mirror.delete("msdyn_actuals", iter([guid("monday")]), later(5))
        tx.mirror.delete("accounts", [guid("tuesday")], NOON)
    with store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("tuesday")]
        assert reader.mirror.get(Actual, guid("monday")) is None
        assert list(reader.mirror.deleted(Actual)) == [(work("monday"), NOON)]
        assert (reader.mirror.count(Actual), reader.mirror.counts()) == (1, {"msdyn_actuals": 1})


def test_a_row_that_comes_back_lives_again(store: Store) -> None:
    """A removed row that is pulled again is there again."""
    pulled(store, work("monday"))
    with store.begin() as tx:
        tx.mirror.delete("msdyn_actuals", [guid("monday")], NOON)
    pulled(store, work("monday"))
    assert (present(store), gone(store)) == ([guid("monday")], {})


def test_a_full_pull_sweeps_what_it_did_not_see(store: Store) -> None:
    """Rows of older generations are gone after the sweep; other entities, even of the same class, are not touched (promise 2)."""
    pulled(store, work("monday"), work("tuesday"), generation=1)
    with store.begin() as tx:
        other = Customer(id=CustomerId(guid("Contoso")), kind=CustomerKind.ACCOUNT)
        person = Customer(id=CustomerId(guid("Anna")), kind=CustomerKind.CONTACT)
        tx.mirror.upsert("accounts", Customer, [other], [7], 1)
        tx.mirror.upsert("contacts", Customer, [person], [8], 1)
    pulled(store, work("tuesday"), generation=2)
    with store.begin() as tx:
        swept = [tx.mirror.sweep("msdyn_actuals", 2, NOON), tx.mirror.sweep("msdyn_actuals", 2, NOON), tx.mirror.sweep("contacts", 2, NOON)]
    assert swept == [1, 0, 1]
    assert (present(store), gone(store)) == ([guid("tuesday")], {guid("monday"): NOON})
    with store.read() as reader:
        assert reader.mirror.counts() == {"accounts": 1, "contacts": 0, "msdyn_actuals": 1}


def test_a_row_that_cannot_be_mapped_does_not_stay_in_its_old_form(store: Store) -> None:
    """A held row is away, a sweep that saw it does not count it, and it returns when it can be mapped."""
    pulled(store, work("monday", billing_status=BillingStatus.READY))
    with store.begin() as tx:
        tx.mirror.hold("msdyn_actuals", [guid("monday")], NOON)
    assert (present(store), gone(store)) == ([], {guid("monday"): NOON})
    pulled(store, work("monday", billing_status=BillingStatus.CANCELED))
    with store.read() as reader:
        assert list(reader.mirror.all(Actual)) == [work("monday", billing_status=BillingStatus.CANCELED)]


def test_a_dropped_entity_is_forgotten_with_its_cursor(store: Store) -> None:
    """Rows without a cursor would never be completed, a cursor without rows would hide them: both go."""
    pulled(store, work("monday"))
    moment = {"watermark": None, "next_link": None, "mode": "delta", "signature": None, "rows": 1, "updated_at": NOON}
    with store.begin() as tx:
        tx.mirror.upsert("accounts", Customer, [Customer(id=CustomerId(guid("Contoso")), kind=CustomerKind.ACCOUNT)], [7], 1)
        tx.cursors.set("msdyn_actuals", Cursor(entity="msdyn_actuals", generation=1, **moment))  # type: ignore[arg-type]
        tx.mirror.delete("msdyn_actuals", [guid("monday")], NOON)
        tx.mirror.drop_entity("msdyn_actuals")
    with store.read() as reader:
        assert reader.mirror.counts() == {"accounts": 1}
        assert list(reader.mirror.deleted(Actual)) == []
        assert reader.cursors.all() == []


def test_related_actuals_are_found_in_either_direction(store: Store) -> None:
    """The other ends of active connections that are there, each once, whichever end was asked (P-49, I-11)."""
    links = [
        link("sales", "cost"),
        link("other", "sales"),
        link("cost", "sales"),
        link("sales", "old", active=False),
        link("sales", "away"),
    ]
    pulled(store, work("sales"), work("cost"), work("other"), work("old"))
    with store.begin() as tx:
        tx.mirror.upsert("msdyn_transactionconnections", TransactionConnection, links, [None] * 5, 1)
        tx.mirror.upsert("msdyn_transactionconnections", TransactionConnection, [link("sales", "unlinked")], [None], 1)
        tx.mirror.delete("msdyn_transactionconnections", [link("sales", "unlinked").id], NOON)
    pulled(store, work("unlinked"))
    with store.read() as reader:
        found = reader.mirror.related([guid("sales"), guid("cost"), guid("unlinked")])
    assert found == {
        guid("sales"): sorted([work("cost"), work("other")], key=lambda actual: actual.id),
        guid("cost"): [work("sales")],
        guid("unlinked"): [],
    }


def test_related_actuals_of_very_many_records(store: Store) -> None:
    """Long lists are searched in pieces, and the ends meet across the pieces."""
    pulled(store, *(work(f"work {n}") for n in range(2000)))
    with store.begin() as tx:
        links = [link(f"work {n}", f"work {n + 1000}") for n in range(1000)]
        tx.mirror.upsert("msdyn_transactionconnections", TransactionConnection, links, [None] * 1000, 1)
    with store.read() as reader:
        found = reader.mirror.related(guid(f"work {n}") for n in range(2000))
    assert {key: [actual.id for actual in others] for key, others in found.items()} == {
        guid(f"work {n}"): [guid(f"work {(n + 1000) % 2000}")] for n in range(2000)
    }


def test_instants_are_kept_in_utc(store: Store) -> None:
    """An instant given with another offset is the same instant; one without a time zone is refused."""
    summer = datetime.fromisoformat("2026-07-01T14:00:00+02:00")
    pulled(store, work("monday", created_at=summer))
    with store.read() as reader:
        kept = reader.mirror.get(Actual, guid("monday"))
    assert kept is not None
    assert str(kept.created_at) == "2026-07-01 12:00:00+00:00"
    naive = replace(work("tuesday"), created_at=datetime(2026, 7, 1, 14, 0, tzinfo=UTC).replace(tzinfo=None))
    with pytest.raises(ValueError, match="names no time zone"):
        pulled(store, naive)


@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("0987-07-01T14:00:00Z", "0987-07-01T14:00:00.000000+00:00"),
        ("2026-07-01T16:00:00+02:00", "2026-07-01T14:00:00.000000+00:00"),
        ("2026-07-01T14:00:59.000001Z", "2026-07-01T14:00:59.000001+00:00"),
    ],
)
def test_instants_have_one_width(came: str, kept: str) -> None:
    """Whole seconds and parts of them are written alike, in any year, so that their text sorts as they do."""
    assert instant_text(datetime.fromisoformat(came)) == kept


@pytest.mark.parametrize(
    ("searched", "index"),
    [
        ("contract_id IN (?)", "ix_mirror_actual_contract_id (contract_id=?)"),
        ("contract_id IS NULL AND contract_line_id IN (?)", "ix_mirror_actual_contract_line_id (contract_line_id=?)"),
    ],
    ids=["of a contract", "of a line alone"],
)
def test_actuals_are_searched_by_an_index(tmp_path: Path, searched: str, index: str) -> None:
    """Both searches of a draft find their rows without reading the others, though only rows without a contract are indexed by line."""
    Store.open(f"sqlite:///{tmp_path / 'proforma.db'}").close()
    with closing(sqlite3.connect(tmp_path / "proforma.db")) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT id FROM mirror_actual WHERE deleted_at IS NULL AND {searched}", ["x"]
        ).fetchall()

    assert [step[3] for step in plan] == [f"SEARCH mirror_actual USING INDEX {index}"]


def test_every_record_has_its_version(store: Store) -> None:
    """Records and versions that do not match in number are refused, and nothing is kept."""
    with pytest.raises(ValueError, match="shorter"), store.begin() as tx:
        tx.mirror.upsert("msdyn_actuals", Actual, [work("monday"), work("tuesday")], [1], 1)
    assert present(store) == []
