"""Tells systemd how the service is, by the protocol of sd_notify: a datagram to the socket that NOTIFY_SOCKET names."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

log = logging.getLogger(__name__)

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"


@dataclass(frozen=True, slots=True)
class Notifier:
    """Where notices go; without an address, as when systemd did not start us, they go nowhere."""

    address: str | None

    @classmethod
    def of(cls, environment: Mapping[str, str] | None = None) -> Notifier:
        """The one that the environment names; an address that begins with @ is abstract."""
        named = (os.environ if environment is None else environment).get("NOTIFY_SOCKET")
        return cls("\0" + named[1:] if named and named.startswith("@") else named or None)

    def tell(self, *words: str) -> None:
        """Sends notices such as `READY=1` or `STATUS=…`. One that cannot be sent is no reason to stop working."""
        if self.address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as gate:
                gate.sendto("\n".join(words).encode(), self.address)
        except OSError as fault:
            log.debug("systemd was not told: %s", fault)
