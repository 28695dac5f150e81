"""A rate card leaves the mirror as a file, is edited by a person, and is compared with what holds."""

from __future__ import annotations

import pytest

from billing_world import BillingWorld, guid
from project_folder import Project


@pytest.fixture
def pulled(project: Project) -> Project:
    """The list "Rates": a consultant at 100.00 an hour."""
    project.server.load(BillingWorld().sets)
    assert project.run("pull").code == 0
    return project


def test_a_list_is_exported_edited_and_compared(pulled: Project) -> None:
    """What was exported is what holds; after an edit exactly that edit is the difference, from a file or by name."""
    path = pulled.folder / "card.yaml"
    exported = pulled.run("rates", "export", guid("@list"), "--output", str(path))
    assert (exported.code, exported.json["rows"]) == (0, 1)
    assert pulled.run("rates", "diff", "Rates", str(path)).json == {"added": 0, "removed": 0, "changed": 0, "changes": []}

    text = path.read_text(encoding="utf-8")
    assert pulled.run("rates", "export", "Rates", as_json=False).out == text
    assert f'role: {{id: "{guid("@consultant")}", name: "Consultant"}}' in text
    path.write_text(text.replace("price: 100.00", "price: 130.00"), encoding="utf-8")

    assert pulled.run("rates", "diff", guid("@list"), str(path)).json["changes"] == [
        {"kind": "changed", "table": "role price", "what": "role Consultant, unit Hour",
         "before": {"price": "100"}, "after": {"price": "130"}}
    ]  # fmt: skip
    shown = pulled.run("rates", "diff", "Rates", str(path), as_json=False)
    assert "price 100 → 130" in shown.out


def test_what_is_no_card_is_refused_with_its_place(pulled: Project) -> None:
    """Exit code 2 and file:line:column for a file, a hint for a list that is not there."""
    path = pulled.folder / "card.yaml"
    path.write_text("rate_card: 1\nprice_list:\n  name: Rates\nrole_prices:\n  - price: a lot\n", encoding="utf-8")
    refused = pulled.run("rates", "diff", "Rates", str(path))
    assert refused.code == 2
    assert "card.yaml:5:12: price: 'a lot' is no figure" in refused.err
    assert pulled.run("rates", "export", "Rats").code == 2
    assert pulled.run("rates", "export", guid("@nowhere")).code == 2
    assert pulled.run("rates", "diff", "Rates", "no-such-file.yaml").code == 2
    assert pulled.run("rates", "export", "Rates", "--output", str(pulled.folder / "no" / "card.yaml")).code == 2
