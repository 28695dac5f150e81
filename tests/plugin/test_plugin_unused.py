"""What the plugin costs a project that does not use it."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

from plugin_stranger import PLUGIN, Stranger, asserted

pytest_plugins = ["pytester", "plugin_stranger"]

ROOT = Path(__file__).resolve().parents[2]


def test_pytest_finds_the_plugin_by_itself() -> None:
    """The entry point names the module that has the fixtures, and the extra has what it needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"proforma-mock": PLUGIN}
    assert {"mock_dataverse", "mock_finance"} <= set(vars(importlib.import_module(PLUGIN)))
    assert [need.split(">")[0] for need in project["optional-dependencies"]["mock"]] == ["pytest", "responses"]


def test_loading_it_imports_nothing_but_itself() -> None:
    """Of this product come three small modules, and none of the libraries that a server needs."""
    asserted(
        "import sys, pytest",
        "before = set(sys.modules)",
        f"import {PLUGIN}",
        "news = {name for name in set(sys.modules) - before if name.partition('.')[0] not in sys.stdlib_module_names}",
        f"assert news == {{'proforma', 'proforma.mock', '{PLUGIN}'}}, news",
    )


def test_a_project_that_does_not_use_it_notices_nothing(stranger: Stranger) -> None:
    """No server is started and no module imported by tests without its fixtures; options and markers are only in the help."""
    result = stranger.run("""
        import sys, threading

        def test_it(request):
            assert "proforma-mock" not in [thread.name for thread in threading.enumerate()]
            assert [name for name in request.fixturenames if "mock" in name] == []
        """)
    result.assert_outcomes(passed=1)
    stranger.run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.world(*worlds, mode, page_size, latency_ms): *"])
    stranger.run("", "--fixtures").stdout.fnmatch_lines(["mock_dataverse*", "mock_finance*"])
    stranger.run("", "--help").stdout.fnmatch_lines(["*--proforma-mock-mode=server|in-process*"])
