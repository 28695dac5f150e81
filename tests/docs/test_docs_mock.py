"""The page about the mock and its example project are executed as a stranger would: copied into a folder, run by pytest."""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from proforma.mock import MockDataverse, MockFinance, pytest_plugin
from proforma.mock.admin import _ROUTES
from proforma.mock.faults import _ACTION_KEYS
from proforma.mock.finance.rest import RestSettings
from proforma.mock.sides import Match
from proforma.mock.state import AuthSettings
from proforma.mock.switches import ChangeTracking, DataverseSwitches, Duplicates, OptimisticConcurrency

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "mock.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "mock-in-ci"


def _passed(folder: Path, *options: str) -> int:
    """How many tests of the folder pass, with no plugin but this one; fails when one does not."""
    environment: Mapping[str, str] = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-p", pytest_plugin.__name__, "-p", "no:cacheprovider", *options]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed in", done.stdout)
    assert found, done.stdout
    return int(found[1])


@pytest.mark.parametrize("mode", ["server", "in-process"])
def test_the_example_project_passes(tmp_path: Path, mode: str) -> None:
    """Copied out of the repository, its own tests pass in both modes."""
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder)
    assert _passed(folder, f"--proforma-mock-mode={mode}") == 6


def test_the_example_needs_what_its_project_file_says() -> None:
    """It asks for the extra, and its CI file runs both modes and serves the world that exists."""
    assert '"proforma-sync[mock]"' in (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    steps = (EXAMPLE / ".github" / "workflows" / "tests.yaml").read_text(encoding="utf-8")
    assert "pytest --proforma-mock-mode=in-process" in steps
    for world in re.findall(r"--world (\S+)", steps):
        assert (EXAMPLE / world).is_file()


def test_the_python_of_the_page_passes(tmp_path: Path) -> None:
    """Each Python block is a test file; the YAML block is the world that they name."""
    [world] = re.findall(r"```yaml\n# world\.yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "world.yaml").write_text(world, encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for number, block in enumerate(blocks):
        (tmp_path / f"test_block_{number}.py").write_text(block, encoding="utf-8")
    assert _passed(tmp_path, "-W", "error", "--strict-markers") == len(blocks) == 5


def test_every_act_and_setting_is_on_the_page() -> None:
    """Whatever the fixtures, the marker, the options and the administration know is named; nothing else is."""
    acts = {name for side in (MockDataverse, MockFinance) for name, _ in inspect.getmembers(side) if not name.startswith("_")}
    named = {*acts, *Match.__annotations__, *pytest_plugin._MARKER_KEYS, *_ACTION_KEYS, *_ROUTES}
    assert [name for name in sorted(named) if name not in PAGE] == []
    settings = set(re.findall(r"proforma_mock_\w+", Path(inspect.getfile(pytest_plugin)).read_text(encoding="utf-8")))
    settings = (settings - {"proforma_mock_server"}) | {f"proforma_mock_{key}" for key in pytest_plugin._MARKER_KEYS}
    assert set(re.findall(r"proforma_mock_\w+", PAGE)) == settings
    assert set(re.findall(r"--proforma-mock-[\w-]+", PAGE)) == {
        f"--proforma-mock-{key.replace('_', '-')}" for key in pytest_plugin._MARKER_KEYS
    }


def test_every_switch_of_a_world_is_on_the_page() -> None:
    """What `$auth`, `$dataverse` and `$finance` may say is named."""
    switches = (AuthSettings, DataverseSwitches, ChangeTracking, Duplicates, OptimisticConcurrency, RestSettings)
    names = [field.encode_name for switch in switches for field in msgspec.structs.fields(switch)]
    assert [name for name in names if name not in PAGE] == [], "say in docs/mock.md, under Worlds, what it does"
