"""Sends writes to an environment, one by one or as a batch; after a doubt only those are repeated that may be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from proforma.dataverse.batch import Answers, ChangeSet, Part, decoded, encoded
from proforma.dataverse.client import DataverseClient
from proforma.dataverse.errors import ConflictError
from proforma.dataverse.writes import Write
from proforma.transport.decoding import decode_untyped
from proforma.transport.errors import BadResponseError, HttpStatusError
from proforma.transport.session import Answer, Request

# Anchored at the closing parenthesis (W-124).
_ENTITY_ID: Final = re.compile(r"\(([0-9A-Fa-f-]{36})\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a write. `id`: the row that was written, where the environment names it by id; `answer`: what an action gave."""

    id: str | None
    answer: Answer


class Writer:
    """Writes through a client; several threads may share it."""

    def __init__(self, client: DataverseClient) -> None:
        self._client = client

    def send(self, write: Write) -> Written:
        """Does one write.

        Raises ConflictError when the row was changed or exists already, HttpStatusError for another refusal, DoubtfulError when it may
        have been done and may not be repeated, and the other faults of the transfer. A delete of a row that is gone is done.
        """
        try:
            answer = self._client.read(_request(write), _checked)
        except HttpStatusError as refusal:
            if write.method == "DELETE" and refusal.status == 404:
                return Written(id=None, answer=Answer(status=404, headers={}, body=refusal.body, trace=refusal.trace))
            if refusal.status in {409, 412}:
                raise ConflictError(refusal.what, todo="Read the row again, then decide.", trace=refusal.trace) from refusal
            raise
        found = _ENTITY_ID.search(answer.headers.get("OData-EntityId", ""))
        return Written(id=found[1].lower() if found else None, answer=answer)

    def batch(self, parts: Sequence[Part], *, continue_on_error: bool = False) -> Answers:
        """Does several in one request, in their order; an entry for each part. It stops at the first refusal unless told otherwise (W-158).

        Raises as `send`; DoubtfulError also when the answer is cut off or does not fit the parts.
        """
        content_type, body = encoded(parts)
        headers = {"Content-Type": content_type}
        if continue_on_error:
            headers["Prefer"] = "odata.continue-on-error"
        # After a doubt each part would be done again: only if every single one may be.
        repeatable = all(_is_repeatable(part) for part in parts)
        request = Request(method="POST", link="$batch", headers=headers, body=body, repeatable=repeatable)
        try:
            return self._client.read(request, partial(_answers, parts=parts))
        except HttpStatusError as refusal:
            if refusal.status == 400 and refusal.body.lstrip().startswith(b"--"):
                return decoded(refusal.body, parts, failed=True, trace=refusal.trace)
            raise


def _request(write: Write) -> Request:
    headers = dict(write.headers)
    if write.body is not None:
        headers["Content-Type"] = "application/json"
    return Request(method=write.method, link=write.link, headers=headers, body=write.body, repeatable=write.repeatable)


def _checked(answer: Answer) -> Answer:
    """The answer, if it can be one to a write: nothing, or JSON. A proxy's page with status 200 proves nothing (W-26, W-122)."""
    if answer.status == 204:
        return answer
    if answer.status not in {200, 201}:
        raise BadResponseError(f"status {answer.status} is no answer to a write", trace=answer.trace, transient=True, doubtful=True)
    answer.require_json()
    decode_untyped(answer.body, trace=answer.trace)
    return answer


def _is_repeatable(part: Part) -> bool:
    writes = part.writes if isinstance(part, ChangeSet) else (part,)
    return all(write.repeatable or write.method == "GET" for write in writes)


def _answers(answer: Answer, *, parts: Sequence[Part]) -> Answers:
    return decoded(answer.body, parts, failed=False, trace=answer.trace)
