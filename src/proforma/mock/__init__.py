"""The mock servers: a Dataverse, a token endpoint and a generic finance target on loopback, with worlds, faults and a journal.

It never shares code with the clients that talk to it, and it never opens a connection of its own.
"""

from proforma.mock.server import MockServer, serve
from proforma.mock.world import World, WorldError
from proforma.mock.world_file import read_world

__all__ = ["MockServer", "World", "WorldError", "read_world", "serve"]
