"""Any JSON/REST finance system, declared in `mappings/finance/*.yaml` (F-74 … F-82)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote

from proforma.domain.codes import PushStatus
from proforma.finance.document import FinanceDocument
from proforma.finance.target import Found, Guarantee, TargetRefusedError
from proforma.mapping.finance import FinanceCall, FinanceMapping
from proforma.transport.auth import TokenSource
from proforma.transport.decoding import JsonValue, decode_untyped
from proforma.transport.errors import BadResponseError, HttpStatusError, TransportError
from proforma.transport.origin import Origin
from proforma.transport.redaction import excerpt
from proforma.transport.remote import Remote
from proforma.transport.retry import Retrier
from proforma.transport.session import Answer, Request, Session

_GUARANTEES: Final = {
    "idempotency-key": Guarantee.IDEMPOTENCY_KEY,
    "upsert": Guarantee.UPSERT,
    "find": Guarantee.FIND_FIRST,
    "none": Guarantee.NONE,
}


class RestTarget:
    """A finance target spoken to as its mapping says; see `proforma.finance.target.Target` for what its methods promise."""

    def __init__(
        self,
        name: str,
        url: str,
        mapping: FinanceMapping,
        tokens: TokenSource,
        *,
        company: str | None = None,
        session: Session | None = None,
        retrier: Retrier | None = None,
    ) -> None:
        self.name = name
        self._mapping = mapping
        self._company = company
        self._remote = Remote(Origin.parse(url), tokens, session=session, retrier=retrier)

    @property
    def guarantee(self) -> Guarantee:
        """How it lets one document be created once (F-75)."""
        return _GUARANTEES[self._mapping.once]

    @property
    def can_be_asked(self) -> bool:
        """Whether a document can be looked up by its reference."""
        return self._mapping.find is not None

    @property
    def repeatable_for(self) -> timedelta:
        """For ever with an upsert, for the life of a key, else not at all (F-75, F-76)."""
        match self.guarantee:
            case Guarantee.UPSERT:
                return timedelta.max
            case Guarantee.IDEMPOTENCY_KEY:
                return timedelta(hours=self._mapping.key_lifetime_hours)
            case _:
                return timedelta(0)

    def close(self) -> None:
        """Gives connections back."""
        self._remote.close()

    def find(self, reference: str) -> tuple[Found, ...]:
        """The documents with this reference; only a definite answer is empty, failures raise (F-86)."""
        call = self._mapping.find
        if call is None:
            raise ValueError(f"target {self.name} declares no find")
        try:
            return self._remote.read(self._request(call, reference, None), lambda answer: self._documents(call, answer))
        except HttpStatusError as error:
            if self._mapping.outcome(error.status or 0, call=call) == "absent":
                return ()
            raise

    def create(self, document: FinanceDocument) -> Found:
        """Creates the document; a repeat inside one call only happens where the target makes it harmless (F-75)."""
        call = self._mapping.create
        request = self._request(call, document.reference, document.body)
        try:
            return self._remote.read(request, lambda answer: self._created(call, answer, document.reference))
        except HttpStatusError as error:
            self._refuse(call, error)
            raise
        except TransportError as fault:
            # An earlier attempt of the same call may have been carried out even if the last one was not: that is a doubt (F-84).
            fault.doubtful = fault.doubtful or fault.attempts > 1
            raise

    def _refuse(self, call: FinanceCall, error: HttpStatusError) -> None:
        """Turns the answers that will not change into a refusal (F-77)."""
        outcome = self._mapping.outcome(error.status or 0, call=call)
        if outcome == "conflict":
            raise TargetRefusedError(self._message(call, error), exists=True) from error
        if outcome == "refused":
            raise TargetRefusedError(self._message(call, error)) from error

    def _message(self, call: FinanceCall, error: HttpStatusError) -> str:
        """The target's own explanation, with the fields it complains about."""
        try:
            body = decode_untyped(error.body)
        except BadResponseError:
            return f"HTTP {error.status}: {error.remote_message}"
        told = [at(body, call.read[name]) for name in ("message", "errors") if name in call.read]
        words = "; ".join(_words(value) for value in told if value not in (None, [], {}, ""))
        return excerpt(words or error.remote_message or f"HTTP {error.status}", characters_max=1000)

    def _request(self, call: FinanceCall, reference: str, body: bytes | None) -> Request:
        values = {"reference": reference, "company": self._company or "", "id": "", "number": ""}
        headers = {"Accept": "application/json"} | {name: _filled(text, values) for name, text in call.headers.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
            if self._mapping.key_header:
                headers[self._mapping.key_header] = reference
        path = _filled(call.path, {name: quote(value, safe="") for name, value in values.items()})
        repeatable = self.guarantee in (Guarantee.IDEMPOTENCY_KEY, Guarantee.UPSERT)
        return Request(method=call.method, link=path.lstrip("/"), headers=headers, body=body, repeatable=repeatable)

    def _documents(self, call: FinanceCall, answer: Answer) -> tuple[Found, ...]:
        if self._mapping.outcome(answer.status, call=call) == "absent":
            return ()
        body = self._success(call, answer)
        if call.items is None:
            return (self._found(call, body),)
        items = at(body, call.items)
        if not isinstance(items, list):
            raise BadResponseError(f"the answer has no list at {call.items}", todo="Check `find.items` of the mapping.", trace=answer.trace)
        return tuple(self._found(call, item) for item in items)

    def _created(self, call: FinanceCall, answer: Answer, reference: str) -> Found:
        found = self._found(call, self._success(call, answer))
        if found.reference not in (None, reference):
            raise BadResponseError("the answer is about another reference", trace=answer.trace, doubtful=True)
        pending = self._mapping.outcome(answer.status, call=call) == "pending"
        return found if not pending else _pending(found)

    def _success(self, call: FinanceCall, answer: Answer) -> JsonValue:
        """The body of a success. A status that the mapping does not list, or a body that is not JSON, is a doubt (F-82)."""
        if self._mapping.outcome(answer.status, call=call) not in ("accepted", "pending"):
            what, todo = f"status {answer.status} is not listed as a success", "Add it to the mapping if it is one."
            raise BadResponseError(what, todo=todo, trace=answer.trace, doubtful=True)
        answer.require_json()
        return decode_untyped(answer.body, trace=answer.trace)

    def _found(self, call: FinanceCall, body: JsonValue) -> Found:
        told = {name: at(body, pointer) for name, pointer in call.read.items()}
        lines = told.get("lines")
        state = _text(told.get("state"))
        return Found(
            reference=_text(told.get("reference")),
            external_id=_text(told.get("id")),
            number=_text(told.get("number")),
            state=self._mapping.states.get(state or "", PushStatus.ACCEPTED),
            customer=_text(told.get("customer")),
            currency=_text(told.get("currency")),
            total=_decimal(told.get("total")),
            lines=len(lines) if isinstance(lines, list) else lines if isinstance(lines, int) else None,
            digest=_text(told.get("digest")),
        )


def at(body: JsonValue, pointer: str) -> JsonValue:
    """The value at a JSON pointer (RFC 6901), None where there is none."""
    value = body
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _pending(found: Found) -> Found:
    return Found(reference=found.reference, external_id=found.external_id, number=found.number, state=PushStatus.SENT)


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def _text(value: JsonValue) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) else str(value)


def _decimal(value: JsonValue) -> Decimal | None:
    if value is None or isinstance(value, (bool, dict, list)):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _words(value: JsonValue) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return str(value)
