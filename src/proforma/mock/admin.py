"""The administration below `/mock/`: worlds, the journal, faults, documents. It is neither journalled nor hit by faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from proforma.mock.faults import FaultError
from proforma.mock.http import Request, Response, json_response
from proforma.mock.state import State
from proforma.mock.values import Value, decode
from proforma.mock.world import WorldError

PREFIX: Final = "/mock/"


class AdminError(ValueError):
    """An order that cannot be carried out; nothing was changed."""


def admin_response(state: State, request: Request) -> Response:
    """The answer to any request below `/mock/`."""
    path = request.path.removeprefix(PREFIX).strip("/")
    methods = _ROUTES.get(path)
    if methods is None:
        return _error(404, f"no such page: /mock/{path}; there are {', '.join(f'/mock/{name}' for name in _ROUTES)}")
    act = methods.get(request.method)
    if act is None:
        return _error(405, f"/mock/{path} takes {', '.join(methods)}")
    try:
        return json_response(200, act(state, _document(request)))
    except (WorldError, FaultError, AdminError) as problem:
        return _error(400, str(problem))


def _document(request: Request) -> Value:
    if not request.body:
        return None
    try:
        return decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise AdminError(f"the body is not JSON: {problem}") from problem


def _mapping(document: Value, what: str) -> dict[str, Value]:
    if not isinstance(document, dict):
        raise AdminError(f"{what}: expected a mapping")
    return document


def _put_world(state: State, document: Value) -> Value:
    state.load(_mapping(document, "world"))
    return {"rows": {name: len(table.rows) for name, table in state.world.tables.items()}}


def _get_world(state: State, _document: Value) -> Value:
    return state.world.dump()


def _patch_world(state: State, document: Value) -> Value:
    state.world.patch(_mapping(document, "change of the world"))
    return {"version": state.world.version}


def _get_requests(state: State, _document: Value) -> Value:
    return [{name: getattr(entry, name) for name in _ENTRY} for entry in state.journal.entries()]


def _delete_requests(state: State, _document: Value) -> Value:
    state.journal.clear()
    return []


def _put_faults(state: State, document: Value) -> Value:
    state.faults.replace(document)
    return _get_faults(state, None)


def _get_faults(state: State, _document: Value) -> Value:
    return state.faults.described()


def _delete_faults(state: State, _document: Value) -> Value:
    state.faults.clear()
    return _get_faults(state, None)


def _get_documents(state: State, _document: Value) -> Value:
    return state.documents.described()


def _delete_documents(state: State, _document: Value) -> Value:
    state.documents.clear()
    return []


_ENTRY: Final = ("number", "at", "method", "path", "query", "status", "fault", "headers", "client", "body")
_ROUTES: Final[dict[str, dict[str, Callable[[State, Value], Value]]]] = {
    "world": {"PUT": _put_world, "GET": _get_world, "PATCH": _patch_world},
    "requests": {"GET": _get_requests, "DELETE": _delete_requests},
    "faults": {"PUT": _put_faults, "GET": _get_faults, "DELETE": _delete_faults},
    "finance/documents": {"GET": _get_documents, "DELETE": _delete_documents},
}


def _error(status: int, message: str) -> Response:
    return json_response(status, {"error": {"code": "mock", "message": message}})
