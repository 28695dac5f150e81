"""The configuration is checked as a whole; secrets come by reference and are never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from proforma.domain.errors import ConfigurationError
from proforma.settings import load_configuration
from proforma.settings.starter import example_configuration, write_starter

MINIMAL = """\
source:
  url: https://contoso.crm4.dynamics.com
  auth: {kind: client_secret, tenant: t, client_id: c, client_secret: "${SECRET}"}
finance: {target: rest, url: https://erp.example.com, auth: {kind: api_key, key: "file:key.txt"}}
"""


def _write(folder: Path, text: str) -> Path:
    (folder / "key.txt").write_text("from-a-file\n", encoding="utf-8")
    path = folder / "proforma.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    """A value may be ${ENV_NAME} or file:PATH, and neither secret shows in the configuration's own text."""
    configuration = load_configuration(_write(tmp_path, MINIMAL), environment={"SECRET": "s3cret-value"})
    secret, key = configuration.source.auth.client_secret, configuration.finance.auth.key
    assert secret is not None
    assert key is not None
    assert (secret.reveal(), key.reveal()) == ("s3cret-value", "from-a-file")
    assert "s3cret-value" not in repr(configuration)
    assert "from-a-file" not in repr(configuration)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """PROFORMA_STORE and PROFORMA_SOURCE__URL overrule what the file says."""
    variables = {"SECRET": "x", "PROFORMA_STORE": "sqlite:///other.db", "PROFORMA_SOURCE__URL": "https://other.example.com"}
    configuration = load_configuration(_write(tmp_path, MINIMAL), environment=variables)
    assert (configuration.store, configuration.source.url) == ("sqlite:///other.db", "https://other.example.com")


def test_a_value_of_the_environment_is_not_told_as_one_of_the_file(tmp_path: Path) -> None:
    """A secret may stand in a variable that overrules the file's; a fault names the variable, not the line that it overrules."""
    path = _write(tmp_path, MINIMAL + "business_time_zone: UTC\n")
    overruled = load_configuration(path, environment={"PROFORMA_SOURCE__AUTH__CLIENT_SECRET": "s3cret-value"})
    assert overruled.source.auth.client_secret is not None
    faults = _refused(path, SECRET="x", PROFORMA_BUSINESS_TIME_ZONE="Europe/Osloo")
    assert faults == [
        "the environment variable PROFORMA_BUSINESS_TIME_ZONE: business_time_zone: 'Europe/Osloo' is no time zone; "
        "write a name such as Europe/Oslo or UTC"
    ]


def _refused(path: Path, **environment: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, environment=environment)
    return str(caught.value).replace(str(path), "FILE").splitlines()


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    """One reading finds a missing variable, an unknown key with its neighbour, a wrong zone and a wrong switch."""
    text = MINIMAL + "sotre: x\nbusiness_time_zone: Europe/Osloo\npricing: {rounding_mod: half_up}\ninvoicing: {schedule: perhaps}\n"
    faults = _refused(_write(tmp_path, text))
    assert sorted(faults) == sorted(
        [
            "FILE:3: source.auth.client_secret: the environment variable SECRET is not set; set it, or write file:PATH",
            "FILE:5: sotre: unknown key; did you mean 'store'?",
            "FILE:6: business_time_zone: 'Europe/Osloo' is no time zone; write a name such as Europe/Oslo or UTC",
            "FILE:7: pricing: unknown key 'rounding_mod'; did you mean 'rounding_mode'?",
            "FILE:8: invoicing.schedule: Input should be a valid boolean, unable to interpret input",
        ]
    )


def test_a_secret_in_the_file_is_refused(tmp_path: Path) -> None:
    """A literal secret is refused with its line, unless the configuration says that literal secrets are allowed."""
    text = MINIMAL.replace("${SECRET}", "literal-secret")
    faults = _refused(_write(tmp_path, text))
    assert len(faults) == 1
    assert faults[0].startswith("FILE:3: source.auth.client_secret: a secret is written into the file")
    assert "literal-secret" not in faults[0]
    allowed = load_configuration(_write(tmp_path, text + "allow_literal_secrets: true\n"), environment={})
    assert allowed.source.auth.client_secret is not None


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("client_id: c, ", "FILE:3: source.auth: kind client_secret needs client_id"),
        ("tenant: t, ", "FILE:3: source.auth: kind client_secret needs tenant"),
    ],
)
def test_what_a_kind_of_sign_in_needs_must_be_there(tmp_path: Path, change: str, fault: str) -> None:
    """A missing part of the sign-in is found before anything is sent."""
    assert _refused(_write(tmp_path, MINIMAL.replace(change, "")), SECRET="x") == [fault]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("store: a\nstore: b\n", "FILE:2:1: key 'store' stands here a second time"),
        ("store: &a x\nother: *a\n", "FILE:1:"),
        ("- a\n", "FILE:1:1: must be a mapping"),
        ("store: [", "is not YAML"),
    ],
)
def test_yaml_that_could_mislead_is_refused(tmp_path: Path, text: str, part: str) -> None:
    """Duplicate keys, aliases and things that are no mapping are refused with their place."""
    assert part in "\n".join(_refused(_write(tmp_path, text)))


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """Without a configuration the message names `proforma init`."""
    assert "proforma init" in "\n".join(_refused(tmp_path / "nothing.yaml"))


def test_the_example_says_everything_and_is_valid(tmp_path: Path) -> None:
    """config.example.yaml loads, shows every policy switch, and its values are the defaults."""
    secrets = {"DATAVERSE_CLIENT_SECRET": "x", "FINANCE_TOKEN": "y"}
    configuration = load_configuration(_write(tmp_path, example_configuration()), environment=secrets)
    minimal = load_configuration(_write(tmp_path, MINIMAL), environment={"SECRET": "x"})
    assert (configuration.pricing, configuration.invoicing) == (minimal.pricing, minimal.invoicing)
    for section in ("pricing", "invoicing"):
        for switch in type(getattr(configuration, section)).__dataclass_fields__:
            assert f"{switch}:" in example_configuration(), f"{section}.{switch} is not shown"


def test_init_writes_once_and_overwrites_nothing(tmp_path: Path) -> None:
    """The starter writes the configuration and every mapping; a second time it writes nothing."""
    written = write_starter(tmp_path / "new")
    assert tmp_path / "new" / "proforma.yaml" in written
    assert tmp_path / "new" / "mappings" / "dataverse" / "actual.yaml" in written
    assert write_starter(tmp_path / "new") == []


def test_no_schedule_is_another_person(tmp_path: Path) -> None:
    """I-87: automatic confirmation and another person exclude each other; the line and the way out are named."""
    text = MINIMAL + "invoicing:\n  confirm: automatic\n  confirmed_by: another_person\n"
    [fault] = _refused(_write(tmp_path, text), SECRET="x")
    line = text.splitlines().index("  confirmed_by: another_person") + 1
    assert fault == f"FILE:{line}: invoicing.confirmed_by: another_person needs confirm: manual; no schedule is a person"
