"""What a refusal of Dynamics 365 Finance means: told by its body, since the status is not reliable (F-13, F-14, F-33)."""

from __future__ import annotations

import re
from typing import Any, Final

from proforma.finance.target import TargetRefusedError
from proforma.transport.decoding import decode_untyped
from proforma.transport.errors import BadResponseError, Trace, TransportError, UnreachableError
from proforma.transport.redaction import excerpt

_EXISTS: Final = re.compile(r"already exists", re.IGNORECASE)
#: The change set was undone, and another attempt may get through.
_PASSING: Final = re.compile(
    r"update conflict|deadlock|lock request time-?out|another user|try again|session is no longer valid", re.IGNORECASE
)
_CLEAR: Final = re.compile(
    r"not found in the related table|validate(field|write) failed|must be filled in|period .*(closed|not open|on hold)|"
    r"(closed|not open) .*period|is (blocked|on hold|stopped)|cannot be found|does not exist|not valid",
    re.IGNORECASE,
)
_PREAMBLE: Final = re.compile(r"^.*?infolog:\s*", re.IGNORECASE | re.DOTALL)
_ITEM: Final = re.compile(r"^(info|warning|error):\s*", re.IGNORECASE)


def refusal(body: bytes, trace: Trace) -> TargetRefusedError | TransportError:
    """The error to raise for a refused write. A body that is no error of finance's own is a doubt, never a refusal."""
    text = _message(body)
    if text is None:
        return BadResponseError(f"a refusal without finance's own reason: {excerpt(body)!r}", trace=trace, transient=True, doubtful=True)
    if _EXISTS.search(text):
        return TargetRefusedError(_words(text), exists=True, request_id=trace.request_id)
    if _PASSING.search(text):
        return UnreachableError(_words(text), todo="Run again later.", trace=trace, transient=True)
    return TargetRefusedError(_words(text), certain=_CLEAR.search(text) is not None, request_id=trace.request_id)


def has_infolog(body: bytes) -> bool:
    """Whether finance itself says why it refused: then nothing was carried out, whatever the status (F-13, F-14)."""
    return bool(_text(_inner(_error(body))))


def _message(body: bytes) -> str | None:
    """The text of the inner error, where the useful words stand; the stack trace beside it is never looked at (F-14)."""
    error = _error(body)
    return _text(_inner(error)) or _text(error)


def _error(body: bytes) -> object:
    try:
        document: Any = decode_untyped(body)
    except BadResponseError:
        return None
    return document.get("error") if isinstance(document, dict) else None


def _inner(error: object) -> object:
    return error.get("innererror") if isinstance(error, dict) else None


def _text(error: object) -> str | None:
    text = error.get("message") if isinstance(error, dict) else None
    return text if isinstance(text, str) and text else None


def _words(text: str) -> str:
    """The infolog as a sentence. Warnings are kept: what is missing often stands there, and the error only says that it failed."""
    items = [item.strip() for item in _PREAMBLE.sub("", text).split(";") if item.strip()]
    told = [_ITEM.sub("", item) for item in items if not item.lower().startswith("info:")]
    return excerpt("; ".join(told or items), characters_max=1000)
