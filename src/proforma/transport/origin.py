"""The same-origin guard: a token only ever travels to the configured address, whatever a link says (promise 7, F-81)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from proforma.transport.errors import BadUrlError, ForbiddenOriginError, Trace
from proforma.transport.redaction import excerpt

# Twice what the Web API takes in a URL (W-8): longer ones can only be an attack or a fault.
_LINK_CHARACTERS_MAX: Final = 65_536
_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_ENCODED_SEPARATOR: Final = re.compile(r"%(?:2f|5c|00|25(?:2e|2f|5c))", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port that may receive our credentials; relative links start at `prefix`.

    Absolute links must also lie below `guarded`, a path that begins and ends with a slash: on a shared host the neighbours'
    paths are as foreign as another host.
    """

    scheme: str
    host: str
    port: int
    prefix: str
    guarded: str

    @classmethod
    def parse(cls, url: str, *, guarded: str | None = None) -> Origin:
        """The origin of a configured base address; `guarded` defaults to its path.

        Raises BadUrlError unless it is https, or http to a loopback host, and has no user, query or fragment.
        """
        parts, port = _split_configured(url)
        scheme, host = parts.scheme, parts.hostname or ""
        if scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
            raise _bad_url(url, "is not an https:// address with a plain host name")
        if scheme == "http" and not is_loopback(host):
            raise _bad_url(url, "is plain http: credentials would travel unprotected")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise _bad_url(url, "has a user, a query or a fragment, none of which belongs there")
        prefix = parts.path.rstrip("/") + "/"
        if _path_fault(prefix):
            raise _bad_url(url, f"has a path that {_path_fault(prefix)}")
        return cls(scheme=scheme, host=host, port=port, prefix=prefix, guarded=guarded or prefix)

    @property
    def root(self) -> str:
        """Scheme, host and port without a slash at the end; the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def base(self) -> str:
        """The configured address with a slash at the end."""
        return self.root + self.prefix

    def resolve(self, link: str) -> str:
        """The absolute URL of `link`, built from our own scheme, host and port: a misread link still goes nowhere else.

        Path and query are kept as given (W-210), only blanks and characters outside ASCII become percent codes.
        Raises ForbiddenOriginError for a link that leads elsewhere, or that two programs could read differently.
        """
        fault = _text_fault(link)
        if fault:
            raise self._refuse(link, fault)
        try:
            parts = urlsplit(link)
            path = self._own_path(parts)
        except ValueError as error:
            raise self._refuse(link, str(error)) from None
        url = self.root + quote(path, safe="/%:!$&'()*+,;=@~-._")
        return url + ("?" + quote(parts.query, safe="/?%:!$&'()*+,;=@~-._") if parts.query else "")

    def _own_path(self, parts: SplitResult) -> str:
        """The absolute path of a link, or ValueError with the reason why it is foreign."""
        if parts.scheme or parts.netloc:
            self._require_same_origin(parts)
        elif not parts.path:
            _refuse("it has no path")
        path = parts.path if parts.netloc or parts.path.startswith("/") else self.prefix + parts.path
        fault = _path_fault(path)
        if fault:
            _refuse(f"its path {fault}")
        if not (path + "/").startswith(self.guarded) and not path.startswith(self.guarded):
            _refuse(f"it leaves {excerpt(self.guarded)}")
        return path

    def _require_same_origin(self, parts: SplitResult) -> None:
        if "@" in parts.netloc:
            _refuse("it carries a user name")
        if parts.scheme != self.scheme:
            _refuse("its scheme is another one")
        if not parts.netloc.isascii() or not re.fullmatch(r"[A-Za-z0-9.:\[\]_-]+", parts.netloc):
            _refuse("its host is not a plain name")
        if (parts.hostname, parts.port or _DEFAULT_PORTS[self.scheme]) != (self.host, self.port):
            _refuse("its host or port is another one")

    def _refuse(self, link: str, reason: str) -> ForbiddenOriginError:
        host = excerpt(link.partition("?")[0].rpartition("@")[2], characters_max=80)
        return ForbiddenOriginError(
            f"the link to {host!r} is not followed: {reason}",
            todo="Nothing was sent. If the server's address changed, change it in the configuration; otherwise report this.",
            trace=Trace(url=self.base),
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text_fault(link: str) -> str:
    """Why a text is no link at all, or nothing."""
    if not link or link != link.strip():
        return "it is empty or has blanks around it"
    if len(link) > _LINK_CHARACTERS_MAX:
        return f"it is longer than {_LINK_CHARACTERS_MAX} characters"
    if "\\" in link or "#" in link:
        return "it contains a backslash or a fragment"
    path, _, query = link.partition("?")
    # Cc, Cf, Cs, Co, Cn: control, format, surrogates, private, unassigned; Z: every kind of blank. Servers repeat our own
    # $filter in a link without encoding it, so a plain blank may stand in the query (W-90).
    if any(unicodedata.category(c)[0] in "CZ" for c in path + query.replace(" ", "")):
        return "it contains control characters or blanks"
    return ""


def _path_fault(path: str) -> str:
    """Why a path could mean another place than it seems to, or nothing."""
    if not path.startswith("/") or "//" in path:
        return "has empty parts"
    if _ENCODED_SEPARATOR.search(path):
        return "hides a separator"
    if any(unquote(segment) in {".", ".."} for segment in path.split("/")):
        return "climbs with dots"
    return ""


def _split_configured(url: str) -> tuple[SplitResult, int]:
    if _text_fault(url):
        raise _bad_url(url, f"is not an address: {_text_fault(url)}")
    try:
        parts = urlsplit(url)
        return parts, parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        raise _bad_url(url, "is not an address") from None


def _bad_url(url: str, fault: str) -> BadUrlError:
    shown = excerpt(url.partition("?")[0].rpartition("@")[2], characters_max=100)
    return BadUrlError(f"{shown!r} {fault}", todo="Write it as https://host/path; http is for 127.0.0.1 and localhost only.")


def _refuse(reason: str) -> None:
    raise ValueError(reason)
