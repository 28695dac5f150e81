"""Any JSON/REST finance system, declared in `mappings/finance/*.yaml` (F-74 … F-82)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final
from urllib.parse import quote

from proforma.domain.codes import KeyKind, PushStatus
from proforma.finance.document import FinanceDocument
from proforma.finance.questions import EVERY_KIND, Question
from proforma.finance.target import Found, Guarantee, TargetRefusedError
from proforma.mapping.body import at
from proforma.mapping.document import encode
from proforma.mapping.finance import FinanceCall, RestMapping
from proforma.transport.decoding import JsonValue, decode_untyped
from proforma.transport.errors import BadResponseError, HttpStatusError, TransportError
from proforma.transport.redaction import excerpt
from proforma.transport.remote import Remote
from proforma.transport.session import Answer, Request

_GUARANTEES: Final = {
    "idempotency-key": Guarantee.IDEMPOTENCY_KEY,
    "upsert": Guarantee.UPSERT,
    "find": Guarantee.FIND_FIRST,
    "none": Guarantee.NONE,
}
_TEXT_LENGTH_MAX: Final = 250


class RestTarget:
    """A finance target spoken to as its mapping says; see `proforma.finance.target.Target` for what its methods promise."""

    needs = EVERY_KIND

    def __init__(self, name: str, remote: Remote, mapping: RestMapping, *, company: str | None, settle_seconds: float) -> None:
        self.name = name
        self.settle_seconds = settle_seconds
        self._remote = remote
        self._mapping = mapping
        self._company = company

    @property
    def guarantee(self) -> Guarantee:
        """How it lets one document be created once (F-75)."""
        return _GUARANTEES[self._mapping.once]

    @property
    def can_be_asked(self) -> bool:
        """Whether a document can be looked up by its reference."""
        return self._mapping.find is not None

    @property
    def can_be_followed(self) -> bool:
        """Whether it has a call that tells how a document stands, or a look-up."""
        return self._mapping.status is not None or self._mapping.find is not None

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

    def find(self, document: FinanceDocument) -> tuple[Found, ...]:
        """The documents with this reference; only a definite answer is empty, failures raise (F-86)."""
        call = self._mapping.find
        if call is None:
            raise ValueError(f"target {self.name} declares no find")
        return self._asked(call, document, None)

    def status(self, document: FinanceDocument, external_id: str | None) -> Found | None:
        """How the document stands: by its own call where there is one and the id is known, else by its reference."""
        call = self._mapping.status
        by_id = call is not None and ("{id}" not in call.path or external_id)
        found = self._asked(call, document, external_id) if call is not None and by_id else self.find(document)
        return found[0] if found else None

    def references(self, first: str, before: str) -> tuple[str, ...]:
        """As the mapping's `list` tells them; nothing where it declares none."""
        call = self._mapping.list_
        if call is None:
            return ()
        values = {"first": first, "before": before, "company": self._company or ""}
        path = _filled(call.path, {name: quote(value, safe="") for name, value in values.items()})
        headers = {"Accept": "application/json"} | {name: _filled(text, values) for name, text in call.headers.items()}
        request = Request(method=call.method, link=path.lstrip("/"), headers=headers, repeatable=True)
        try:
            return self._remote.read(request, lambda answer: self._references(call, answer))
        except HttpStatusError as error:
            if self._mapping.outcome(error.status or 0, call=call) == "absent":
                return ()
            raise

    def _references(self, call: FinanceCall, answer: Answer) -> tuple[str, ...]:
        if self._mapping.outcome(answer.status, call=call) == "absent":
            return ()
        items = at(self._success(call, answer), call.items or "")
        if not isinstance(items, list):
            raise BadResponseError(f"the answer has no list at {call.items}", todo="Check `items` of the mapping.", trace=answer.trace)
        return tuple(str(at(item, call.read["reference"])) for item in items)

    @property
    def answers(self) -> frozenset[KeyKind]:
        """What the mapping declares a `check` for."""
        return frozenset(self._mapping.checks)

    def objection(self, question: Question) -> str | None:
        """As the mapping's `check` of that kind tells it: a key is known when the answer has a row for it, and that row refuses nothing."""
        call = self._mapping.checks[question.kind]
        try:
            return self._remote.read(self._question(call, question), lambda answer: self._answered(call, answer, question))
        except HttpStatusError as error:
            if self._mapping.outcome(error.status or 0, call=call) == "absent":
                return _unknown(question)
            raise

    def _question(self, call: FinanceCall, question: Question) -> Request:
        values = {"key": question.key, "company": self._company or ""}
        path = _filled(call.path, {name: quote(value, safe="") for name, value in values.items()})
        headers = {"Accept": "application/json"} | {name: _filled(text, values) for name, text in call.headers.items()}
        return Request(method=call.method, link=path.lstrip("/"), headers=headers, repeatable=True)

    def _answered(self, call: FinanceCall, answer: Answer, question: Question) -> str | None:
        if self._mapping.outcome(answer.status, call=call) == "absent":
            return _unknown(question)
        body = self._success(call, answer)
        rows = [body] if call.items is None else at(body, call.items)
        if not isinstance(rows, list):
            raise BadResponseError(f"the answer has no list at {call.items}", todo="Check `items` of the mapping.", trace=answer.trace)
        if "key" in call.read:
            rows = [row for row in rows if _is_key(at(row, call.read["key"]), question.key)]
        if not rows:
            return _unknown(question)
        refused = at(rows[0], call.read["refused"]) if "refused" in call.read else None
        if not refused:
            return None
        return excerpt(refused, characters_max=200) if isinstance(refused, str) else "it is blocked there"

    def _asked(self, call: FinanceCall, document: FinanceDocument, external_id: str | None) -> tuple[Found, ...]:
        request = self._request(call, document, external_id, None)
        try:
            return self._remote.read(request, lambda answer: self._documents(call, answer, document))
        except HttpStatusError as error:
            if self._mapping.outcome(error.status or 0, call=call) == "absent":
                return ()
            raise

    def create(self, document: FinanceDocument, begun: Found | None = None) -> Found:
        """Creates the document; a repeat inside one call only happens where the target makes it harmless (F-75)."""
        call = self._mapping.create
        body = document.body if self._mapping.body is None else encode(self._mapping.body.of(document.content))
        request = self._request(call, document, None, body)
        try:
            return self._remote.read(request, lambda answer: self._created(call, answer, document))
        except HttpStatusError as error:
            self._refuse(call, error)
            raise
        except TransportError as fault:
            # An earlier attempt of the same call may have been carried out even if the last one was not: that is a doubt (F-84).
            fault.doubtful = fault.doubtful or fault.attempts > 1
            raise

    @property
    def can_cancel(self) -> bool:
        """Whether the mapping declares a `cancel`, and how it is asked whether the document is still as it was sent."""
        return self._mapping.cancel is not None and self.can_be_followed

    def cancel(self, document: FinanceDocument, found: Found) -> None:
        """As the mapping's `cancel` says; a state that the answer tells must be a cancelled one (F-43, F-74)."""
        call = self._mapping.cancel
        if call is None:
            raise ValueError(f"target {self.name} declares no cancel")
        body = None if call.body is None else encode(call.body.of({**document.content, "id": found.external_id, "number": found.number}))
        request = self._request(call, document, found.external_id, body, keyed=False)
        try:
            self._remote.read(request, lambda answer: self._cancelled(call, answer, document))
        except HttpStatusError as error:
            if self._mapping.outcome(error.status or 0, call=call) != "absent":
                self._refuse(call, error)
                raise

    def _cancelled(self, call: FinanceCall, answer: Answer, document: FinanceDocument) -> None:
        if self._mapping.outcome(answer.status, call=call) == "absent" or (answer.status == 204 and 204 in call.success):
            return
        body = self._success(call, answer)
        if "state" not in call.read:
            return
        items = [body] if call.items is None else at(body, call.items)
        states = {self._found(call, item, document, answer).state for item in items} if isinstance(items, list) else set()
        if states != {PushStatus.CANCELLED}:
            raise BadResponseError("the answer does not say that the document is cancelled", trace=answer.trace, doubtful=True)

    def _refuse(self, call: FinanceCall, error: HttpStatusError) -> None:
        """Turns the answers that will not change into a refusal (F-77)."""
        outcome = self._mapping.outcome(error.status or 0, call=call)
        if outcome in ("conflict", "refused"):
            message = self._message(call, error)
            raise TargetRefusedError(message, exists=outcome == "conflict", request_id=error.request_id) from error

    def _message(self, call: FinanceCall, error: HttpStatusError) -> str:
        """The target's own explanation, with the fields it complains about."""
        try:
            body = decode_untyped(error.body)
        except BadResponseError:
            return f"HTTP {error.status}: {error.remote_message}"
        told = [at(body, call.read[name]) for name in ("message", "errors") if name in call.read]
        words = "; ".join(_words(value) for value in told if value not in (None, [], {}, ""))
        return excerpt(words or error.remote_message or f"HTTP {error.status}", characters_max=1000)

    def _request(
        self, call: FinanceCall, document: FinanceDocument, external_id: str | None, body: bytes | None, *, keyed: bool = True
    ) -> Request:
        """`keyed`: a call that creates the document carries the key, and may be repeated where that is harmless."""
        values = {"reference": document.reference, "company": self._company or "", "id": external_id or "", "number": ""}
        headers = {"Accept": "application/json"} | {name: _filled(text, values) for name, text in call.headers.items()}
        if body is not None:
            headers["Content-Type"] = "application/json"
            if self._mapping.key_header and keyed:
                headers[self._mapping.key_header] = document.reference
        path = _filled(call.path, {name: quote(value, safe="") for name, value in values.items()})
        repeatable = keyed and self.guarantee in (Guarantee.IDEMPOTENCY_KEY, Guarantee.UPSERT)
        return Request(method=call.method, link=path.lstrip("/"), headers=headers, body=body, repeatable=repeatable)

    def _documents(self, call: FinanceCall, answer: Answer, document: FinanceDocument) -> tuple[Found, ...]:
        if self._mapping.outcome(answer.status, call=call) == "absent":
            return ()
        body = self._success(call, answer)
        if call.items is None:
            return (self._found(call, body, document, answer),)
        items = at(body, call.items)
        if not isinstance(items, list):
            raise BadResponseError(f"the answer has no list at {call.items}", todo="Check `items` of the mapping.", trace=answer.trace)
        return tuple(self._found(call, item, document, answer) for item in items)

    def _created(self, call: FinanceCall, answer: Answer, document: FinanceDocument) -> Found:
        body = self._success(call, answer)
        items = None if call.items is None else at(body, call.items)
        if call.items is not None and (not isinstance(items, list) or len(items) != 1):
            raise BadResponseError(f"the answer has not one document at {call.items}", trace=answer.trace, doubtful=True)
        found = self._found(call, items[0] if isinstance(items, list) else body, document, answer)
        if found.reference not in (None, document.reference):
            raise BadResponseError("the answer is about another reference", trace=answer.trace, doubtful=True)
        pending = self._mapping.outcome(answer.status, call=call) == "pending"
        return found if not pending else replace(found, state=PushStatus.SENT)

    def _success(self, call: FinanceCall, answer: Answer) -> JsonValue:
        """The body of a success. A status that the mapping does not list, or a body that is not JSON, is a doubt (F-82)."""
        if self._mapping.outcome(answer.status, call=call) not in ("accepted", "pending"):
            what, todo = f"status {answer.status} is not listed as a success", "Add it to the mapping if it is one."
            raise BadResponseError(what, todo=todo, trace=answer.trace, doubtful=True)
        answer.require_json()
        return decode_untyped(answer.body, trace=answer.trace)

    def _found(self, call: FinanceCall, body: JsonValue, document: FinanceDocument, answer: Answer) -> Found:
        """The document that an answer tells of. One that names none, or tells what cannot be, is a doubt and never a success (F-82)."""
        told = {name: at(body, pointer) for name, pointer in call.read.items()}
        try:
            found = self._told(told, document)
        except ValueError as fault:
            raise BadResponseError(str(fault), todo="Check `read` of the mapping.", trace=answer.trace, doubtful=True) from None
        names_one = any(value is not None for value in (found.reference, found.external_id, found.number))
        if call.read and not names_one:
            raise BadResponseError("the answer names no document", todo="Check `read` of the mapping.", trace=answer.trace, doubtful=True)
        return replace(found, request_id=answer.trace.request_id)

    def _told(self, told: Mapping[str, JsonValue], document: FinanceDocument) -> Found:
        lines = told.get("lines")
        state = _text(told, "state")
        if state is not None and state not in self._mapping.states:
            raise ValueError(f"the state {state!r} of the document is not known: add it to `states` of the mapping")
        sign = -1 if document.is_credit and self._mapping.credits == "positive" else 1
        amount = _decimal(told, "total")
        return Found(
            reference=_text(told, "reference"),
            external_id=_text(told, "id"),
            number=_text(told, "number"),
            state=self._mapping.states[state] if state is not None else PushStatus.ACCEPTED,
            customer=_text(told, "customer"),
            currency=_text(told, "currency"),
            total=None if amount is None else sign * amount,
            lines=len(lines) if isinstance(lines, list) else lines if isinstance(lines, int) else None,
            digest=_text(told, "digest"),
            message=excerpt(_words(told["message"]), characters_max=1000) if told.get("message") else None,
            posted_on=_day(told, "posted_on"),
            tax=_decimal(told, "tax"),
            remaining=_decimal(told, "remaining"),
            total_with_tax=_decimal(told, "total_with_tax"),
            invoice_date=_day(told, "invoice_date"),
        )


def _filled(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template


def _unknown(question: Question) -> str:
    return "it is not open there" if question.kind is KeyKind.DAY else f"finance has no such {question.kind}"


def _is_key(theirs: JsonValue, ours: str) -> bool:
    return isinstance(theirs, (str, int)) and str(theirs).casefold() == ours.casefold()


def _text(told: Mapping[str, JsonValue], name: str) -> str | None:
    """A short text or number. Raises ValueError for anything else: an error body must not become an invoice number (F-82)."""
    value = told.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, (bool, dict, list)) or len(str(value)) > _TEXT_LENGTH_MAX or not str(value).isprintable():
        raise ValueError(f"the answer tells no usable {name}")
    return str(value)


def _decimal(told: Mapping[str, JsonValue], name: str) -> Decimal | None:
    value = told.get(name)
    if value is None:
        return None
    try:
        number = None if isinstance(value, (bool, dict, list)) else Decimal(str(value))
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise ValueError(f"the answer tells no usable {name}")
    return number


def _day(told: Mapping[str, JsonValue], name: str) -> date | None:
    value = _text(told, name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        raise ValueError(f"the answer tells no usable {name}") from None


def _words(value: JsonValue) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return ", ".join(_words(item) for item in value)
    return str(value)
