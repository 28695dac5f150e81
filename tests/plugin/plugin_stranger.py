"""A project of somebody else whose tests use the plugin; loaded as a pytest plugin itself, for the fixture `stranger`.

PYTEST_DONT_REWRITE: the tests have imported it before pytest loads it.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import Final

import pytest

# Loaded here and not by the tests inside: pytester forgets what is first imported there, and imports it again for each.
import proforma.mock.in_process
import proforma.mock.server
import proforma.mock.sides  # noqa: F401

PLUGIN: Final = "proforma.mock.pytest_plugin"
MODES: Final = ("server", "in-process")


class Stranger:
    """A folder with tests, run by pytest with no plugin but ours, warnings being errors and unknown markers too."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self._ini: dict[str, str] = {"filterwarnings": "error", "addopts": "--strict-markers --strict-config -p no:cacheprovider"}

    def file(self, name: str, text: str) -> None:
        """Writes a file of the project."""
        path = self._pytester.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def ini(self, **settings: str) -> None:
        """Adds settings to the ini file."""
        self._ini.update(settings)

    def run(self, tests: str, *options: str) -> pytest.RunResult:
        """Runs these tests, in this process."""
        self.file("tests/test_them.py", tests)
        self.file("pytest.ini", "\n".join(["[pytest]", *(f"{name} = {value}" for name, value in self._ini.items())]))
        return self._pytester.runpytest_inprocess("-p", PLUGIN, *options)


@pytest.fixture
def stranger(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Stranger:
    """An empty project; plugins of this environment stay out of it, however this one is installed."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return Stranger(pytester)


def asserted(*lines: str) -> None:
    """Runs lines in a Python of their own, where nothing is imported yet."""
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
