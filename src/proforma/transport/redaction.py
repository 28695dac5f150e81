"""Secrets, and how they are kept out of errors, logs and rows (promise 7)."""

from __future__ import annotations

import base64
import hmac
import logging
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, NoReturn
from urllib.parse import quote, quote_plus, urlsplit

REDACTED: Final = "[redacted]"

# Shorter values are not searched for in text: masking every "abc" would destroy messages and protect nothing.
_KNOWN_LENGTH_MIN: Final = 8
# One token an hour is a small list; the bound only keeps a daemon of many months from growing.
_KNOWN_MAX: Final = 256
_WINDOW: Final = 64 * 1024


class Secret:
    """A text that must not be shown: `reveal` is the only way to it, everything else prints `Secret([redacted])`.

    Every secret is remembered so that `redact` also finds it where no pattern would: plain, URL-encoded or base64.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not value:
            msg = "a secret is empty: check the environment variable or the file that should hold it"
            raise ValueError(msg)
        self._value = value
        _known.remember(value)

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        msg = "a secret is not written anywhere, so it cannot be pickled"
        raise TypeError(msg)


class _KnownSecrets:
    """The values that were ever wrapped in a `Secret`, newest last, in each form in which they could turn up."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        #: Grows with each value that was not known before.
        self.learned = 0
        self._lock = threading.Lock()

    def remember(self, value: str) -> None:
        if len(value) < _KNOWN_LENGTH_MIN:
            return
        with self._lock:
            if value not in self._forms:
                self._forms[value] = _forms_of(value)
                self.learned += 1
            self._forms.move_to_end(value)
            while len(self._forms) > _KNOWN_MAX:
                self._forms.popitem(last=False)

    def mask(self, text: str) -> str:
        with self._lock:
            known = [form for forms in self._forms.values() for form in forms]
        for form in known:
            if form in text:
                text = text.replace(form, REDACTED)
        return text


def _forms_of(value: str) -> tuple[str, ...]:
    """Plain, URL-encoded (two ways), escaped as in a Python or JSON literal, base64 at each of the three alignments."""
    plain = {value, quote(value, safe=""), quote_plus(value), repr(value)[1:-1]}
    encoded = {form for shift in range(3) for form in _base64_forms(value.encode(), shift)}
    return tuple(sorted(plain | encoded, key=len, reverse=True))


def _base64_forms(value: bytes, shift: int) -> tuple[str, str]:
    """The characters that `value` alone determines when it begins `shift` bytes into an encoded text."""
    first, last = -(-shift * 8 // 6), (shift + len(value)) * 8 // 6
    padded = b"\0" * shift + value
    standard, url_safe = base64.b64encode(padded).decode(), base64.urlsafe_b64encode(padded).decode()
    return standard[first:last], url_safe[first:last]


_known = _KnownSecrets()

_TELLING_NAMES: Final = (
    r"client[_-]?secret|client[_-]?assertion|pass(?:word|wd|phrase)|pwd|secret|(?:x-)?api[_-]?key|subscription-key"
    r"|(?:access|refresh|id|bearer)[_-]?token|token|shared[_-]?access[_-]?(?:key|signature)|account[_-]?key"
    r"|sig|signature|set-cookie|cookie"
)
_TELLING_PLACE: Final = rf"(?<![a-z0-9])((?:{_TELLING_NAMES})[\"']?\s*[:=]\s*)"
# Bounds, and no second start inside what was already read: a hostile text must not cost more than its length.
_PATTERNS: Final = (
    # Authorization: <scheme> <credentials>, as a header line or inside a printed mapping.
    (re.compile(r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?)(?:[a-z]+\s+)?[^\s\"',;]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?i)\b(bearer)\s+(?!authorization_uri|tokens?\b)[^\s\"',;]{6,}"), rf"\1 {REDACTED}"),
    # Base64 mixes letters, digits and signs; the word after "basic" in a sentence does not.
    (re.compile(r"\b((?i:basic))\s+(?=[^\s\"',;]*(?:[0-9=+/]|[a-z][A-Z]))[A-Za-z0-9+/=_-]{6,}"), rf"\1 {REDACTED}"),
    # A JSON web token, wherever it stands.
    (re.compile(r"(?<![\w-])eyJ[\w-]{6,}(?:\.[\w-]*){1,4}"), REDACTED),
    # scheme://user:password@host. An http URL may have a port and an @ further on, which is no password.
    (re.compile(r"(?i)\b(https?://[^\s/:@?#]{0,200}:)(?!\d{1,5}(?:[/?#]|$))[^\s@]{0,500}@"), rf"\1{REDACTED}@"),
    (re.compile(r"(?i)\b(?!https?:)([a-z][a-z0-9+.-]{0,30}://[^\s/:@?#]{0,200}:)[^\s@]{0,500}@"), rf"\1{REDACTED}@"),
    # Connection strings: a password may hold blanks, it ends at the semicolon.
    (re.compile(r"(?i)(?<![a-z0-9])((?:password|pwd)\s*=\s*)[^;&\n\"']{1,200}(?=;)"), rf"\1{REDACTED}"),
    # Where an answer was cut off, the closing quotation mark is missing: then all that is left is the secret.
    (re.compile(rf"(?i){_TELLING_PLACE}\"(?:[^\"\\]|\\.|\\\Z)*(?:\"|\Z)", re.DOTALL), rf'\1"{REDACTED}"'),
    (re.compile(rf"(?i){_TELLING_PLACE}'(?:[^'\\]|\\.|\\\Z)*(?:'|\Z)", re.DOTALL), rf"\1'{REDACTED}'"),
    (re.compile(rf"(?i){_TELLING_PLACE}[^\s&;,\"'}}]+"), rf"\1{REDACTED}"),
)
_TELLING_NAME: Final = re.compile(rf"(?i)(?:^|[^a-z0-9])(?:{_TELLING_NAMES}|authorization)$")


def redact(text: str) -> str:
    """`text` without tokens, passwords, keys and signatures; also without every known `Secret`, however encoded."""
    text = _known.mask(text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def excerpt(content: str | bytes, *, characters_max: int = 200) -> str:
    """The redacted beginning of a foreign text on one line; control characters are shown escaped, never sent to a terminal."""
    # Redact before cutting: half a token at the cut would match nothing. No token is as long as this window.
    head = content[:_WINDOW]
    text = head.decode("utf-8", "replace") if isinstance(head, bytes) else head
    clean = redact(" ".join(text.split()))
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in clean)
    return printable if len(printable) <= characters_max else printable[: characters_max - 1] + "…"


def shown_url(url: str) -> str:
    """`url` without user, query values and fragment, fit for a log line (W-214)."""
    return _shown_url(url, _known.learned)


@lru_cache(maxsize=1 << 10)
def _shown_url(url: str, _learned: int) -> str:
    """Remembered, because one address is asked again and again; anew as soon as a secret is known that it may hold."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return excerpt(url.partition("?")[0])
    host = parts.netloc.rpartition("@")[2]
    shown = f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    return excerpt(shown, characters_max=500) + ("?…" if parts.query else "")


def redact_event(_logger: object, _name: str, event: MutableMapping[str, object]) -> Mapping[str, object]:
    """A structlog processor: place it last but one, after the exception was made text and before the renderer."""
    return {key: _redact_field(key, value) for key, value in event.items()}


def _redact_field(key: str, value: object) -> object:
    return REDACTED if _TELLING_NAME.search(key) and value is not None else _redact_value(value)


def _redact_value(value: object) -> object:
    match value:
        case None | bool() | int() | float() | Decimal() | date():
            return value
        case str():
            return redact(value)
        case bytes():
            return redact(value.decode("utf-8", "replace"))
        case Mapping():
            return {str(key): _redact_field(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redact_value(item) for item in value]
        case _:
            return redact(str(value))


class RedactingFilter(logging.Filter):
    """For the handlers of the standard library's logging, through which msal, urllib3 and this room speak."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always true: a record is cleaned, never dropped."""
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redact(record.exc_text)
        return True
