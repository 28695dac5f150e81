"""The mock servers: a Dataverse, a token endpoint and a generic finance target on loopback, with worlds, faults and a journal.

It never shares code with the clients that talk to it, and it never opens a connection of its own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from proforma.mock.in_process import InProcessMock
    from proforma.mock.server import MockServer, serve
    from proforma.mock.sides import MockDataverse, MockFinance
    from proforma.mock.world import World, WorldError
    from proforma.mock.world_file import YAML_BYTES_MAX, read_world

__all__ = [
    "YAML_BYTES_MAX",
    "InProcessMock",
    "MockDataverse",
    "MockFinance",
    "MockServer",
    "World",
    "WorldError",
    "read_world",
    "serve",
]

# pytest imports this package in every project of an environment that has it: nobody pays for a server who does not use one.
_HOMES: Final = {
    "InProcessMock": "in_process",
    "MockDataverse": "sides",
    "MockFinance": "sides",
    "MockServer": "server",
    "World": "world",
    "WorldError": "world",
    "YAML_BYTES_MAX": "world_file",
    "read_world": "world_file",
    "serve": "server",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
