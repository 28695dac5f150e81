"""Remote JSON is decoded in one place only: other ways in lose digits, or take half a body for a whole one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import proforma

SOURCE = Path(proforma.__file__).parent
ROOMS = ("transport", "dataverse", "finance", "sync")
DOOR = SOURCE / "transport" / "decoding.py"
FORBIDDEN_METHODS = {"json", "model_validate_json", "parse_raw"}
FORBIDDEN_CALLS = {"json.loads", "json.load", "orjson.loads", "msgspec.json.decode", "msgspec.json.Decoder", "json.JSONDecoder"}
FORBIDDEN_NAMES = {("json", "loads"), ("json", "load"), ("msgspec.json", "decode"), ("msgspec.json", "Decoder")}


def other_ways_in(code: str) -> Iterator[str]:
    """Each call or import in `code` that decodes JSON on its own, with its line."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in FORBIDDEN_CALLS or (isinstance(node.func, ast.Attribute) and node.func.attr in FORBIDDEN_METHODS):
                yield f"{node.lineno}: {name}"
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.lineno}: {a.name}" for a in node.names if (node.module, a.name) in FORBIDDEN_NAMES)


def test_json_is_decoded_in_one_place_only() -> None:
    """No module that talks to a remote side decodes JSON but through the transport room."""
    modules = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*.py")) if path != DOOR]
    found = {str(path.relative_to(SOURCE)): list(other_ways_in(path.read_text("utf-8"))) for path in modules}

    assert {name: ways for name, ways in found.items() if ways} == {}
    assert any(path.name == "client.py" for path in modules), "the walk found the rooms"


@pytest.mark.parametrize(
    "code",
    [
        "import json\njson.loads(body)",
        "from json import loads",
        "answer = response.json()",
        "session.get(url).json(parse_float=float)",
        "Model.model_validate_json(body)",
        "import msgspec\nmsgspec.json.decode(body)",
        "from msgspec.json import Decoder",
    ],
)
def test_other_ways_are_noticed(code: str) -> None:
    """The check finds each of the usual ways."""
    assert list(other_ways_in(code)) != []
