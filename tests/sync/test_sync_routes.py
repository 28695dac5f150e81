"""Several finance systems at once: each contract's invoices go to their own (D-1)."""

from __future__ import annotations

from pathlib import Path

import pytest

from billing_world import BillingWorld, guid
from finance_worlds import DYNAMICS, PREPARE, REST, Finance
from proforma.domain.contracts import Contract
from proforma.domain.ids import ContractId, Guid
from proforma.settings.configuration import FinanceSettings, OtherTargetSettings
from proforma.store import Store
from proforma.sync.routes import Routes
from project_folder import Project


def others(url: str, keys: str) -> str:
    """Dynamics 365 Finance as a second system."""
    lines = ("others:", "  dynamics:", f"    url: {url}{DYNAMICS.path}", "    company: usmf", f"    {keys}")
    return "\n".join((*lines, "    auth: {kind: bearer, token: somebody}"))


def targets(project: Project) -> dict[str, str]:
    """The system that has each customer's document."""
    found = {}
    for document in project.server.documents():
        body = document["body"]
        assert isinstance(body, dict)
        customer = body.get("CustomerAccount") or body["customer"]["account"]  # type: ignore[index, call-overload]
        found[str(customer)] = str(document["target"])
    return found


@pytest.fixture
def finance(project: Project) -> Finance:
    """Three confirmed invoices, of the contracts a, b and c."""
    world = BillingWorld()
    for name in ("a", "b", "c"):
        world.contract(name, _msdyn_company_value="@other" if name == "c" else None)
        world.time(f"@{name}-1", name)
    project.server.load(world.sets)
    made = Finance(project, REST)
    made.configure(more=others(project.server.url, "contracts: [B]"))
    for words in PREPARE:
        assert project.run(*words).code == 0
    return made


def test_a_contract_has_a_system_of_its_own(finance: Finance, project: Project) -> None:
    """Named by number, whatever its case; the rest goes to the usual one, and each is shown before."""
    shown = project.run("push", "--dry-run").json["invoices"]
    assert sorted(row["target"] for row in shown) == ["dynamics", "rest", "rest"]
    told = project.run("push", "--dry-run", as_json=False).out.splitlines()
    assert [line.split()[1] for line in told if line.startswith("PF-")] == [row["target"] for row in shown]
    assert project.server.documents() == []
    assert finance.push() == 0
    assert targets(project) == {"C-a": "rest", "C-b": "dynamics", "C-c": "rest"}
    assert finance.states() == ["accepted"] * 3


def test_one_system_that_is_down_keeps_no_other(finance: Finance, project: Project, tmp_path: Path) -> None:
    """Finance refuses our sign-in; the other system gets its invoices, exit code 3, and the next run does the rest."""
    project.server.faults([{"match": {"path": REST.path}, "times": 0, "action": {"status": 403}}])
    assert finance.push() == 3
    assert targets(project) == {"C-b": "dynamics"}
    project.server.faults([])
    assert finance.push() == 0
    assert targets(project) == {"C-a": "rest", "C-b": "dynamics", "C-c": "rest"}


def test_limits_of_one_system_keep_no_other(finance: Finance, project: Project) -> None:
    """D-59: too many for the usual one, which is named; the other gets its invoice, exit code 1, and a person lets the rest go."""
    finance.configure(more=others(project.server.url, "contracts: [B]") + "\nlimits: {invoices: 1}")
    answer = project.run("push", as_json=False)
    assert answer.code == 1
    assert "push-limit: rest: 2 invoices would leave, the limit is 1" in answer.err
    assert targets(project) == {"C-b": "dynamics"}
    assert project.run("push", "--beyond-limits").code == 0
    assert finance.states() == ["accepted"] * 3


def test_a_shadow_looks_at_what_has_arrived_there(finance: Finance, project: Project) -> None:
    """Of three invoices two go to the system that the shadow is compared with, one of them is refused: nothing is missing there."""
    keys = ("url: " + project.server.url + DYNAMICS.path, "company: usmf", "shadow: true", "compare_with: rest")
    shadow = "\n".join(("  shade:", "    mapping: dynamics", *(f"    {key}" for key in keys), "    auth: {kind: bearer, token: x}"))
    finance.configure(more=others(project.server.url, "contracts: [B]") + "\n" + shadow)
    finance.switch(reject_customers=["C-c"])
    told = [row["message"] for row in project.run("push").json["invoices"] if "shadow" in (row["message"] or "")]
    assert told == ["shadow shade: equal"]
    assert [problem["kind"] for problem in project.run("problems", "list").json["problems"]] == ["push"]


def test_what_was_ever_sent_stays_where_it_is(finance: Finance, project: Project) -> None:
    """F-30: an invoice that may be in one system is not sent to another because the configuration changed."""
    project.server.faults([{"match": REST.create, "times": 0, "action": {"status": 403}}])
    assert finance.push() == 3
    finance.configure(more=others(project.server.url, "contracts: [a, b, c]"))
    project.server.faults([])
    assert finance.push() == 0
    assert sorted(targets(project).values()) in (["dynamics", "dynamics", "rest"], ["dynamics", "rest", "rest"])
    assert finance.states() == ["accepted"] * 3
    with Store.open(f"sqlite:///{project.folder / 'proforma.db'}") as store, store.read() as reader:
        assert reader.ledger.check() == []


def test_the_legal_entity_decides_where_the_contract_does_not() -> None:
    """Contract before company before the usual one."""
    dynamics = OtherTargetSettings(url="https://a.example.com", companies=(guid("@one").upper(),))
    central = OtherTargetSettings(url="https://b.example.com", contracts=("K-1",))
    routes = Routes(FinanceSettings(target="rest", url="https://c.example.com", others={"dynamics": dynamics, "business-central": central}))

    def contract(number: str, company: str) -> Contract:
        return Contract(id=ContractId(Guid(guid("@c"))), number=number, company_id=Guid(guid(company)))

    assert routes.target_of(contract("K-1", "@one")) == "business-central"
    assert routes.target_of(contract("K-2", "@one")) == "dynamics"
    assert routes.target_of(contract("K-2", "@two")) == "rest"
    assert routes.target_of(None) == "rest"


def test_two_legal_entities_share_one_mapping(project: Project) -> None:
    """D-1, F-5: two companies of one Dynamics 365 Finance are two systems, each with a name of its own."""
    world = BillingWorld()
    for name in ("a", "b"):
        world.contract(name)
        world.time(f"@{name}-1", name)
    project.server.load(world.sets)
    finance = Finance(project, DYNAMICS)
    more = others(project.server.url, "contracts: [b]").replace("  dynamics:", "  norway:").replace("company: usmf", "company: dat")
    finance.configure(more=f"{more}\n    mapping: dynamics")
    for words in PREPARE:
        assert project.run(*words).code == 0
    assert finance.push() == 0
    companies = {d["body"]["CustomerAccount"]: d["body"]["dataAreaId"] for d in finance.documents()}
    assert companies == {"C-a": "usmf", "C-b": "dat"}
    assert finance.states() == ["accepted"] * 2
    with Store.open(f"sqlite:///{project.folder / 'proforma.db'}") as store, store.read() as reader:
        assert sorted(row.target for row in reader.outbox.all()) == ["dynamics", "norway"]
    finance.configure(more=f"{more}\n    mapping: dynamic")
    wrong = project.run("push")
    assert wrong.code == 2
    assert "finance.target 'dynamic' has no mapping in mappings/finance" in wrong.err
