"""At most eight questions make a configuration that the doctor accepts."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from proforma.settings import load_configuration
from proforma.settings.starter import DEPLOYMENTS, ORIGINS, QUESTIONS, TARGETS, configuration_of
from project_folder import Project

ENVIRONMENT = {
    "DATAVERSE_CLIENT_SECRET": "a-secret-of-tests",
    "FINANCE_TOKEN": "b-secret-of-tests",
    "FINANCE_CLIENT_SECRET": "c-secret-of-tests",
}
ANSWERS = {question.name: question.default for question in QUESTIONS}


def test_there_are_eight_questions() -> None:
    """Not one more; each accepts its own default."""
    assert len(QUESTIONS) == 8
    assert all(question.check(question.default) == question.default for question in QUESTIONS)


@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", "https://login.microsoftonline.us/contoso"])
@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_choice_makes_a_configuration_that_is_understood(tmp_path: Path, target: str, origin: str, tenant: str) -> None:
    """Whatever is chosen, the file is read without a fault, and says what was chosen."""
    path = tmp_path / "proforma.yaml"
    path.write_text(configuration_of({**ANSWERS, "target": target, "origin": origin, "tenant": tenant}), encoding="utf-8")
    read = load_configuration(path, environment=ENVIRONMENT)
    assert (read.finance.target, str(read.invoicing.origin)) == (target, origin)
    assert read.source.auth.tenant == (None if "://" in tenant else tenant)


def test_the_doctor_accepts_what_init_writes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told the mock's addresses, `init` writes a folder in which `doctor` finds no fault, remote sides included."""
    for name in ENVIRONMENT:
        monkeypatch.setenv(name, "mock-secret")
    url, folder = project.server.url, project.folder / "mine"
    flags = ("--target", "rest", "--dataverse-url", url, "--tenant", f"{url}/oauth2/mock-tenant", "--client-id", "mock-client")
    assert project.run("init", str(folder), *flags, "--finance-url", f"{url}/finance/rest", "--time-zone", "Europe/Oslo").code == 0
    answer = Project(folder, project.server).run("doctor")
    assert (answer.code, [f for f in answer.json["checks"] if f["level"] == "fault"]) == (0, [])
    again = project.run("init", str(folder), "--target", "xero", as_json=False)
    assert (again.code, "was there already" in again.err) == (0, True)


@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        (("--target", "oracle"), "--target: 'oracle' is none of rest"),
        (("--dataverse-url", "contoso.example.com"), "--dataverse-url: 'contoso.example.com' is no address"),
        (("--finance-url", "http://erp.example.com"), "plain http"),
        (("--time-zone", "Oslo"), "no time zone"),
        (("--client-id", "a b"), "no id or name"),
        (("--deployment", "stocked"), "never reach Dataverse"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path: Path, flags: tuple[str, str], answer: str) -> None:
    """Exit code 2, the option and what may be said; the folder stays empty."""
    said = Project(tmp_path, None).run("init", str(tmp_path / "new"), *flags, as_json=False)  # type: ignore[arg-type]
    assert (said.code, answer in said.err, (tmp_path / "new").exists()) == (2, True, False)


def test_older_names_of_deployments_are_understood() -> None:
    """Lite is core, resource or non-stocked integrated, stocked manufacturing (D-40)."""
    assert (DEPLOYMENTS["lite"], DEPLOYMENTS["non-stocked"], DEPLOYMENTS["stocked"]) == ("core", "integrated", "manufacturing")


def test_on_a_terminal_it_asks_eight_questions(tmp_path: Path) -> None:
    """One answer cannot be understood and is asked again; Enter takes the default. What was answered is in the file."""
    typed = ["core", "local", "oracle", "business-central", "", "", "", "https://bc.example.com", "Europe/Oslo"]
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "proforma", "init", "new"]
    with subprocess.Popen(command, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE, text=True) as process:
        os.write(ours, "".join(f"{line}\n" for line in typed).encode())
        asked = process.communicate(timeout=60)[1]
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, asked
    assert asked.count("?") == 9
    assert "'oracle' is none of" in asked
    read = load_configuration(tmp_path / "new" / "proforma.yaml", environment=ENVIRONMENT)
    assert (read.finance.target, read.finance.url, read.business_time_zone) == ("business-central", "https://bc.example.com", "Europe/Oslo")
