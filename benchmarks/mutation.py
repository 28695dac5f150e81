"""Mutation testing of the pricing rules: `python -m benchmarks.mutation [MUTANT…]` changes the code in thousands of small ways, one at
a time, and counts the changes that no test of tests/pricing notices (docs/mutation.md).

mutmut lives in a folder of its own, beside a copy of what it changes: it is no dependency of the program or of its tests.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / ".mutants"
MUTMUT: Final = "mutmut==3.8.1"
#: Laws are tried with fewer examples: a mutant that survives 25 of them and every worked figure is worth a look.
_CONFTEST: Final = """\
from hypothesis import HealthCheck, settings
settings.register_profile("mutation", derandomize=True, deadline=None, max_examples=25, database=None,
                          suppress_health_check=list(HealthCheck))
settings.load_profile("mutation")
"""
#: Left out are the tests that read the source itself, which is not the source that mutmut runs, and those that need stores and servers.
_SETTINGS: Final = """\
[tool.pytest.ini_options]
testpaths = ["tests"]
addopts = "-q --strict-markers"
filterwarnings = ["error"]

[tool.mutmut]
source_paths = ["src/"]
only_mutate = ["src/proforma/pricing/*"]
also_copy = ["docs"]
pytest_add_cli_args_test_selection = ["tests/pricing"]
pytest_add_cli_args = [
    "-p", "no:cacheprovider", "-x",
    "--ignore", "tests/pricing/test_pricing_what_changed.py",
    "--deselect", "tests/pricing/test_pricing_no_float.py::test_no_float_and_no_clock_in_the_rules",
    "--deselect", "tests/pricing/test_pricing_rule_docs.py::test_every_rule_is_named_by_the_code_that_applies_it_and_by_a_test",
    "--deselect", "tests/pricing/test_pricing_reasons.py::test_p67_every_reason_has_a_meaning",
]
"""


def main() -> int:
    """Copies, installs, runs; arguments are names of mutants, or patterns such as `proforma.pricing.ties*`."""
    python = _environment()
    _copy()
    ran = subprocess.run([python, "-m", "mutmut", "run", *sys.argv[1:]], cwd=FOLDER, check=False)
    subprocess.run([python, "-m", "mutmut", "results"], cwd=FOLDER, check=False)
    return ran.returncode


def _environment() -> str:
    """An environment with mutmut that sees the packages of this one."""
    place = FOLDER / "venv"
    python = place / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", MUTMUT], check=True)
        packages = next((place / "lib").glob("python*/site-packages"))
        (packages / "project.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return str(python)


def _copy() -> None:
    """What is changed and what tests it; earlier results stay, so that only what changed since is run again."""
    for name in ("src/proforma", "tests/pricing", "docs/rules"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        shutil.copytree(ROOT / name, FOLDER / name, ignore=shutil.ignore_patterns("__pycache__"))
    (FOLDER / "tests" / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
    (FOLDER / "pyproject.toml").write_text(_SETTINGS, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
