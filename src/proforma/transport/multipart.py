"""OData `$batch` as multipart text: several requests in one, change sets that are done as a whole or not at all, and their answers.

Spoken by Dataverse (W-150 to W-162) and by Dynamics 365 Finance (F-10).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias
from uuid import uuid4

from requests.structures import CaseInsensitiveDict

from proforma.transport.decoding import remote_fault
from proforma.transport.errors import BadResponseError, Trace

_BOUNDARY: Final = re.compile(r'boundary="?([^";\s]+)"?')
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")


class Write(Protocol):
    """One request of a batch."""

    @property
    def method(self) -> str: ...

    @property
    def link(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def body(self) -> bytes | None: ...

    @property
    def repeatable(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Writes that are kept together or not at all. The n-th has the Content-ID n within it, counted from 1 over the whole batch."""

    writes: tuple[Write, ...]


Part: TypeAlias = "Write | ChangeSet"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAnswer:
    """The answer to one request of a batch; `code` and `message` when it was refused."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.status < 400

    @property
    def code(self) -> str | None:
        """The environment's code of a refusal."""
        return None if self.ok else remote_fault(self.body)[0]

    @property
    def message(self) -> str:
        """The environment's reason of a refusal."""
        return "" if self.ok else remote_fault(self.body)[1]


#: One entry a part: an answer, one for each write of a change set that was kept, one refusal for a change set that was not
#: (W-159), or None for what was not begun after a fault (W-158).
Answers: TypeAlias = "list[tuple[PartAnswer, ...] | None]"


def encoded(parts: Sequence[Part], *, parts_max: int) -> tuple[str, bytes]:
    """Content type and body of a batch; CRLF everywhere, the last line too (W-153). Raises ValueError for too many or wrong parts."""
    if not 1 <= sum(len(part.writes) if isinstance(part, ChangeSet) else 1 for part in parts) <= parts_max:
        raise ValueError(f"a batch has 1 to {parts_max} requests")
    boundary = f"batch_{uuid4()}"
    lines: list[bytes] = []
    content_id = 0
    for part in parts:
        lines.append(f"--{boundary}".encode())
        if not isinstance(part, ChangeSet):
            lines += _request(part, None)
            continue
        inner = f"changeset_{uuid4()}"
        lines += [f"Content-Type: multipart/mixed; boundary={inner}".encode(), b""]
        for write in part.writes:
            if write.method == "GET":
                raise ValueError("a change set holds no reads")
            content_id += 1
            lines += [f"--{inner}".encode(), *_request(write, content_id)]
        lines += [f"--{inner}--".encode(), b""]
    lines += [f"--{boundary}--".encode(), b""]
    return f"multipart/mixed; boundary={boundary}", b"\r\n".join(lines)


def _request(write: Write, content_id: int | None) -> Iterator[bytes]:
    yield b"Content-Type: application/http"
    yield b"Content-Transfer-Encoding: binary"
    if content_id is not None:
        yield f"Content-ID: {content_id}".encode()
    yield b""
    yield f"{write.method} {write.link} HTTP/1.1".encode()
    headers = {"Accept": "application/json", **write.headers}
    if write.body is not None:
        headers["Content-Type"] = "application/json"
    yield from (f"{name}: {value}".encode() for name, value in headers.items())
    yield b""
    yield write.body or b""


def decoded(body: bytes, parts: Sequence[Part], *, failed: bool, trace: Trace | None = None) -> Answers:
    """The answers of a batch, in the order of its parts. Raises BadResponseError when some are missing that must be there.

    `failed`: the batch as a whole was answered with 400, so the parts behind the failing one were not begun (W-158).
    """
    delimiter = body.lstrip().partition(b"\n")[0].strip()
    found = [_part(piece, trace) for piece in _pieces(body, delimiter, trace)]
    complete = len(found) == len(parts)
    if len(found) > len(parts) or not (complete or (failed and found and not found[-1][-1].ok)):
        raise _bad(f"the batch had {len(parts)} parts, its answer has {len(found)}", trace)
    for part, answers in zip(parts, found, strict=False):
        wanted = len(part.writes) if isinstance(part, ChangeSet) else 1
        if len(answers) != wanted and not (len(answers) == 1 and not answers[0].ok):
            raise _bad(f"a change set had {wanted} writes, its answer has {len(answers)}", trace)
    return [*found, *[None] * (len(parts) - len(found))]


def _pieces(body: bytes, delimiter: bytes, trace: Trace | None) -> list[bytes]:
    """What lies between the delimiters; the closing one must be there, or the answer was cut off."""
    if not delimiter.startswith(b"--") or len(delimiter) < 3:
        raise _bad("the answer is no batch", trace)
    cut = re.split(rb"(?:\A|\r?\n)\s*?" + re.escape(delimiter) + rb"(--)?[ \t]*(?=\r?\n|\Z)", body)
    # Text and closing marks take turns: text before, mark, text, mark, …, the last mark is the closing one.
    if len(cut) < 5 or cut[-2] != b"--":
        raise _bad("the batch answer is cut off", trace)
    return cut[2:-1:2]


def _part(piece: bytes, trace: Trace | None) -> tuple[PartAnswer, ...]:
    headers, content = _split(piece.lstrip(b"\r\n"))
    boundary = _BOUNDARY.search(headers.get("Content-Type", ""))
    if boundary is not None:
        inner = b"--" + boundary[1].encode()
        return tuple(answer for nested in _pieces(content, inner, trace) for answer in _part(nested, trace))
    status = _STATUS.match(content.lstrip())
    if status is None:
        raise _bad("a part of the batch answer has no status", trace)
    inner_headers, text = _split(content.lstrip().partition(b"\n")[2])
    return (PartAnswer(status=int(status[1]), headers=inner_headers, body=text.strip()),)


def _split(text: bytes) -> tuple[CaseInsensitiveDict[str], bytes]:
    """Headers and what follows their blank line."""
    headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    rest = text
    while rest:
        line, _, rest = rest.partition(b"\n")
        if not line.strip():
            break
        name, _, value = line.decode("utf-8", "replace").partition(":")
        headers[name.strip()] = value.strip()
    return headers, rest


def _bad(what: str, trace: Trace | None) -> BadResponseError:
    return BadResponseError(what, todo="Look what was done before sending it again.", trace=trace, doubtful=True)
