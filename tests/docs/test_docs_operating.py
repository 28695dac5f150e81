"""Every key, metric, condition and exit code is documented, and what `contrib` holds fits the program."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proforma.cli.main import COMMANDS
from proforma.mapping.yaml_source import Entries, Items, Node, read_yaml
from proforma.service.conditions import KINDS
from proforma.service.metrics import METRICS

ROOT = Path(__file__).resolve().parents[2]
DOCS, CONTRIB = ROOT / "docs", ROOT / "contrib"
UNITS = sorted((CONTRIB / "systemd").iterdir())
_METRIC = re.compile(r"\bproforma_[a-z_]+")


def test_every_metric_is_documented_as_it_is() -> None:
    """docs/metrics.md has a row for each, with kind, labels and words of the code; it names no other."""
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = [f"| `{name}` | {it.kind} | {', '.join(it.labels)} | {it.help} |" for name, it in METRICS.items()]
    assert [row for row in rows if row not in page] == []
    assert {name for name in _METRIC.findall(page) if not name.endswith("_")} == set(METRICS)


@pytest.mark.parametrize("file", ["grafana/proforma.json", "prometheus/alerts.yaml"])
def test_what_is_watched_exists(file: str) -> None:
    """Dashboard and rules name only metrics, labels and kinds that there are."""
    text = (CONTRIB / file).read_text(encoding="utf-8")
    assert set(_METRIC.findall(text)) - {"proforma_"} <= set(METRICS)
    for name, selector in re.findall(r"(proforma_[a-z_]+)\{([^{}]*)\}", text.replace('\\"', '"')):
        assert set(re.findall(r"(\w+)\s*[=!]~?\s*\"", selector)) <= {*METRICS[name].labels, "job"}
    kinds = {kind for words in re.findall(r"kind=~?\\?\"([^\"\\]*)", text) for kind in words.split("|")}
    assert kinds <= set(KINDS)
    for labels in re.findall(r"by \(([^)]*)\)", text):
        assert {label.strip() for label in labels.split(",")} <= {label for it in METRICS.values() for label in it.labels}


def test_the_dashboard_shows_every_metric() -> None:
    """Each has its place, and each panel its own."""
    text = (CONTRIB / "grafana" / "proforma.json").read_text(encoding="utf-8")
    dashboard = msgspec.json.decode(text)
    assert [name for name in METRICS if name not in text] == []
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in dashboard["panels"]]
    assert len(set(places)) == len(places)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in dashboard["panels"])


def test_every_rule_says_what_to_do() -> None:
    """Each alert has an expression, a severity, a summary and a page that exists."""
    rules = _plain(_yaml(CONTRIB / "prometheus" / "alerts.yaml"))["groups"][0]["rules"]
    assert len(rules) >= 10
    for rule in rules:
        assert set(rule) >= {"alert", "expr", "labels", "annotations"}
        assert (ROOT / rule["annotations"]["runbook"]).is_file()
        assert rule["labels"]["severity"] in ("critical", "warning", "info")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_call_commands_that_exist(unit: Path) -> None:
    """A service starts a command of ours, as another user than root, with nothing but its own folder to write; a timer has its service."""
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(unit, encoding="utf-8")
    if unit.suffix == ".timer":
        assert unit.with_suffix(".service") in UNITS
        return
    service = parser["Service"]
    words = service["ExecStart"].split()
    assert any(word in COMMANDS for word in words)
    assert (service["User"], service["ProtectSystem"], service["NoNewPrivileges"], service["StateDirectory"]) == (
        "proforma", "strict", "yes", "proforma",
    )  # fmt: skip
    assert "secret" not in service["ExecStart"].lower()


def test_the_daemon_unit_waits_longer_than_the_daemon_drains() -> None:
    """Otherwise systemd would kill what may still end in order."""
    from proforma.service.daemon import DRAIN_SECONDS

    text = (CONTRIB / "systemd" / "proforma.service").read_text(encoding="utf-8")
    found = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert found
    assert int(found[1]) > DRAIN_SECONDS + 10
    assert "Type=notify" in text


def test_the_container_is_not_root_and_asks_for_its_health() -> None:
    """Another user than root, a health check, no secret in a layer; composed with a root that is read-only."""
    lines = (CONTRIB / "container" / "Containerfile").read_text(encoding="utf-8").splitlines()
    instructions = [line.split()[0] for line in lines if line and line[0].isupper()]
    assert instructions.index("USER") < instructions.index("ENTRYPOINT")
    assert "USER 10001" in lines
    assert "HEALTHCHECK" in instructions
    assert not any(re.search(r"SECRET|TOKEN|PASSWORD", line) for line in lines)
    service = _plain(_yaml(CONTRIB / "container" / "compose.yaml"))["services"]["proforma"]
    assert (service["read_only"], service["user"], service["cap_drop"]) == (True, "10001", ["ALL"])


def test_exit_codes_are_those_of_the_program() -> None:
    """docs/cli.md has each code that the program can end with, and no other; beside those of signals it names who ends with them."""
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    table = page[page.index("## Exit codes") : page.index("## What each does")]
    rows = re.findall(r"^\| ([\d, ]+) \| (.*) \|$", table, re.MULTILINE)
    assert {int(code) for codes, _ in rows for code in codes.split(", ")} == {0, 1, 2, 3, 130, 143}
    sources = [(path.stem, path.read_text(encoding="utf-8")) for path in (ROOT / "src" / "proforma").rglob("*.py")]
    said = re.findall(
        r"typer\.Exit\((\d+)\)|exit_code(?:: ClassVar\[int\])? = (\d)|_fail\([^\n]*, (\d)\)|exit_code=(\d)|os\._exit\((\d)\)",
        "\n".join(text for _, text in sources),
    )
    assert {int(code) for codes_of_one in said for code in codes_of_one if code} == {0, 1, 2, 3}
    [signals] = [words for codes, words in rows if codes == "130, 143"]
    assert {name for name, text in sources if "os._exit(128 + number)" in text} == set(re.findall(r"`(\w+)`", signals))


def _yaml(path: Path) -> Node:
    faults: list[Any] = []
    node = read_yaml(path, faults)
    assert node is not None
    assert faults == []
    return node


def _plain(node: Node) -> Any:
    if isinstance(node, Entries):
        return {key.text: _plain(value) for key, value in node.pairs}
    if isinstance(node, Items):
        return [_plain(item) for item in node.nodes]
    return node.value
