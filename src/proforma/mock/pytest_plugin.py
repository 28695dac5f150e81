"""The pytest plugin: a mock Dataverse and a mock finance system as fixtures, fresh for every test. PYTEST_DONT_REWRITE

It is imported in every project whose environment has this package, so it imports nothing but pytest before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import pytest

if TYPE_CHECKING:
    from proforma.mock.controls import Controls
    from proforma.mock.server import MockServer
    from proforma.mock.sides import MockDataverse, MockFinance

SERVER, IN_PROCESS = "server", "in-process"
_MARKER: Final = (
    "world(*worlds, mode, page_size, latency_ms): what the mock Dataverse holds for this test, each a file beside the test's own "
    "or a mapping of entity sets to rows; later ones add rows. mode is server or in-process, page_size the rows of a page, "
    "latency_ms the time of an answer."
)
_MARKER_KEYS: Final = ("mode", "page_size", "latency_ms")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options, and the same as settings of the ini file."""
    group = parser.getgroup("proforma-mock", "mock Dataverse and finance servers")
    for name, metavar, words in (
        ("mode", "server|in-process", "a server on loopback, or answers to `requests` without any socket; server by default"),
        ("page-size", "N", "rows of a Dataverse page; 5000 by default"),
        ("latency-ms", "N", "milliseconds that each answer takes; none by default"),
    ):
        group.addoption(f"--proforma-mock-{name}", metavar=metavar, default=None, help=words)
        parser.addini(_ini(name), words)
    parser.addini("proforma_mock_world", "world file of tests without a `world` marker, beside the ini file")
    parser.addini("proforma_mock_tls", "serve https with a certificate made for the run", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def mock_dataverse(_proforma_mock: Controls) -> MockDataverse:
    """A Dataverse environment of this test alone: `url`, `token`, `rows`, `upsert`, `requests`, and faults to order."""
    from proforma.mock.sides import MockDataverse

    return MockDataverse(_proforma_mock)


@pytest.fixture
def mock_finance(_proforma_mock: Controls) -> MockFinance:
    """A finance system of this test alone: `url`, `token`, `documents`, `requests`, and faults to order."""
    from proforma.mock.sides import MockFinance

    return MockFinance(_proforma_mock)


@pytest.fixture
def _proforma_mock(request: pytest.FixtureRequest) -> Iterator[Controls]:
    """The mock with the world of the test. The server is the session's; what it holds is not."""
    settings = _Settings(request)
    with ExitStack() as stack:
        in_process = settings.mode == IN_PROCESS
        controls = stack.enter_context(_in_process()) if in_process else request.getfixturevalue("_proforma_mock_server")
        settings.apply(controls)
        yield controls


@pytest.fixture(scope="session")
def _proforma_mock_server(request: pytest.FixtureRequest) -> Iterator[MockServer]:
    from proforma.mock.server import MockServer

    with MockServer(tls=bool(request.config.getini("proforma_mock_tls"))) as server:
        yield server


def _in_process() -> Any:
    try:
        from proforma.mock.in_process import InProcessMock
    except ModuleNotFoundError as missing:
        _refuse(f"the in-process mode needs the package {missing.name!r}: pip install 'proforma-sync[mock]'")
    return InProcessMock()


class _Settings:
    """What markers, command line and ini file say about the mock of one test, in this order of precedence."""

    def __init__(self, request: pytest.FixtureRequest) -> None:
        self._node, self._config = request.node, request.config
        markers = list(request.node.iter_markers("world"))  # the nearest first
        self._worlds = next((marker.args for marker in markers if marker.args), ())
        self._keywords = {key: value for marker in reversed(markers) for key, value in marker.kwargs.items()}
        if any(not marker.args and not marker.kwargs for marker in markers):
            self._refuse("the marker `world` says nothing: @pytest.mark.world('world.yaml') or @pytest.mark.world({...})")
        if unknown := sorted(set(self._keywords) - set(_MARKER_KEYS)):
            self._refuse(f"the marker `world` knows no {unknown[0]!r}: there are {', '.join(_MARKER_KEYS)}")
        self.mode = str(self._said("mode") or SERVER)
        if self.mode not in (SERVER, IN_PROCESS):
            self._refuse(f"mode {self.mode!r} does not exist: write {SERVER} or {IN_PROCESS}")

    def apply(self, controls: Controls) -> None:
        """Set pace and world; a world that cannot be served fails the test with what is wrong and where."""
        from proforma.mock.world import WorldError

        page_size = self._whole("page-size", least=1)
        controls.pace(page_size=page_size, latency_ms=self._whole("latency-ms", least=0) or 0)
        try:
            controls.load(self._world())
        except WorldError as problem:
            self._refuse(str(problem))
        except TypeError as problem:
            self._refuse(f"it holds something that is neither text, number, date, list nor mapping: {problem}")

    def _world(self) -> dict[str, object]:
        default = self._config.getini("proforma_mock_world")
        if not self._worlds:
            return self._read(Path(default), self._config.inipath) if default else {}
        whole: dict[str, object] = {}
        for part in self._worlds:
            _lay_over(whole, self._document(part))
        return whole

    def _document(self, part: object) -> dict[str, object]:
        if isinstance(part, str | Path):
            return self._read(Path(part), self._node.path)
        if not isinstance(part, dict):
            self._refuse(f"a world is a file or a mapping of entity sets to lists of rows, not {part!r}")
        return part

    def _read(self, name: Path, beside: Path | None) -> dict[str, object]:
        """A world file; a relative name begins where the file stands that names it."""
        from proforma.mock.world import WorldError

        path = (beside.parent if beside else Path.cwd()) / name
        if not path.is_file():
            self._refuse(f"there is no file {path}")
        cache = self._config.stash.setdefault(_FILES, {})
        key = (path, path.stat().st_mtime_ns)
        if key not in cache:
            from proforma.mock.world_file import read_world

            try:
                cache[key] = cast("dict[str, object]", read_world(path))
            except WorldError as problem:
                self._refuse(str(problem))
        return cache[key]

    def _said(self, name: str) -> object:
        """What marker, option or ini file say about `name`; None when nothing does."""
        key = name.replace("-", "_")
        if key in self._keywords:
            return cast(object, self._keywords[key])
        option = self._config.getoption(f"--proforma-mock-{name}")
        return option if option is not None else self._config.getini(_ini(name)) or None

    def _whole(self, name: str, *, least: int) -> int | None:
        said = self._said(name)
        if said is None:
            return None
        if isinstance(said, bool) or not str(said).isdigit() or int(str(said)) < least:
            self._refuse(f"{name.replace('-', '_')} {said!r}: expected a whole number of at least {least}")
        return int(str(said))

    def _refuse(self, reason: str) -> NoReturn:
        _refuse(f"the mock of {self._node.nodeid} cannot be made: {reason}")


_FILES: Final = pytest.StashKey[dict[tuple[Path, int], dict[str, object]]]()


def _lay_over(whole: dict[str, object], part: dict[str, object]) -> None:
    """Add the rows of a world to those of another; a setting of the later one replaces the earlier one's."""
    for name, rows in part.items():
        earlier = whole.get(name)
        whole[name] = [*earlier, *rows] if isinstance(earlier, list) and isinstance(rows, list) else rows


def _ini(name: str) -> str:
    return f"proforma_mock_{name.replace('-', '_')}"


def _refuse(message: str) -> NoReturn:
    pytest.fail(message, pytrace=False)
