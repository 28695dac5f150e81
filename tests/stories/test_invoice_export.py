"""A project accountant shows a customer what the invoice will say."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from billing_world import BillingWorld
from project_folder import Project


@pytest.fixture
def drafted(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """PF-000001 of contract north: 8 h at 100.00, and 2 h that are not charged."""
    world = BillingWorld()
    world.contract("north")
    world.add("bookableresources", bookableresourceid="@ingrid", name="Ingrid Ødegård")
    world.sets["accounts"][0].update(
        address1_line1="Storgata 1", address1_line3="Oppgang B", address1_postalcode="0155", address1_city="Oslo",
        address1_country="Norge",
    )  # fmt: skip
    world.time("@a", "north", _msdyn_bookableresource_value="@ingrid")
    world.time("@b", "north", hours="2", msdyn_billingtype=192350000, msdyn_transactiondate="2026-03-03")
    project.server.load(world.sets)
    monkeypatch.chdir(project.folder)
    for words in (("pull",), ("price",), ("invoice", "create", "--all")):
        assert project.run(*words).code == 0
    return project


def test_the_json_says_who_what_and_why(drafted: Project) -> None:
    """Names come from the mirror: customer with address, contract, person, role, unit, price list; the free hours add nothing."""
    answer = drafted.run("invoice", "export", "PF-000001", "--format", "json", as_json=False)
    assert answer.code == 0, answer.err
    document = answer.json
    assert (document["customer"], document["contract"]) == (
        {"name": "Customer north", "number": "C-north", "lines": ["Storgata 1", "Oppgang B", "0155 Oslo", "Norge"]},
        {"number": "north", "name": "north"},
    )
    assert (document["seller"]["name"], document["status"], document["totals"]["total_without_tax"]) == ("Unit", "draft", "800.00")
    charged, free = document["lines"][0]["details"]
    assert (charged["person"], charged["role"], charged["unit"], charged["price_list"], charged["price_reason"]) == (
        "Ingrid Ødegård", "Consultant", "Hour", "Rates", "role-price",
    )  # fmt: skip
    assert (free["billing_type"], free["amount"], free["invoiced_amount"]) == ("non-chargeable", "200.00", "0")


@pytest.mark.parametrize(("format_", "beginning"), [("pdf", b"%PDF-"), ("xlsx", b"PK"), ("csv", b"\xef\xbb\xbfnumber,"), ("json", b"{")])
def test_each_format_in_each_language_is_written_whole(drafted: Project, format_: str, beginning: bytes) -> None:
    """--output names the file; nothing half-written stays beside it."""
    for language in ("en", "nb"):
        file = Path("out") / f"{language}.{format_}"
        file.parent.mkdir(exist_ok=True)
        answer = drafted.run("invoice", "export", "PF-000001", "--format", format_, "--language", language, "--output", str(file))
        assert (answer.code, answer.json["file"]) == (0, str(file)), answer.err
        assert file.read_bytes().startswith(beginning)
    assert sorted(path.suffix for path in Path("out").iterdir()) == [f".{format_}"] * 2


def test_without_a_file_name_the_number_is_the_name(drafted: Project) -> None:
    """PDF is written beside the person; the path is the result."""
    assert drafted.run("invoice", "export", "PF-000001", as_json=False).out == "PF-000001.pdf\n"
    assert Path("PF-000001.pdf").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("PF-000009",), "there is no invoice"), (("PF-000001", "--format", "doc"), "'doc' is not known"),
        (("PF-000001", "--language", "sv"), "'sv' is not known"), (("PF-000001", "--output", "no/where.pdf"), "cannot be written"),
        (("PF-000001", "--fonts", "nowhere"), "font folder nowhere does not exist"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_told_and_writes_nothing(drafted: Project, words: tuple[str, ...], told: str) -> None:
    """Exit code 2, one sentence that says what to do, and no file."""
    before = sorted(Path().iterdir())
    answer = drafted.run("invoice", "export", *words, as_json=False)
    assert answer.code == 2
    assert told in answer.err
    assert sorted(Path().iterdir()) == before


def test_the_seller_of_the_configuration_wins(drafted: Project) -> None:
    """`documents` names seller and language once for all exports."""
    settings = "documents: {language: nb, seller: {name: Nordlys AS, lines: [Storgata 1]}}\n"
    with (drafted.folder / "proforma.yaml").open("a", encoding="utf-8") as file:
        file.write(settings)
    answer = drafted.run("invoice", "export", "PF-000001", "--format", "json", as_json=False)
    assert msgspec.json.decode(answer.out)["seller"] == {"name": "Nordlys AS", "number": None, "lines": ["Storgata 1"]}
