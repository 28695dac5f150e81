"""Dynamics 365 Finance: a confirmed invoice as a free text invoice of the CDS entities, header and lines in one atomic change set.

The key of header and lines is ours (F-24, F-30), so a second document with our reference is refused by finance itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, cast
from urllib.parse import quote

import msgspec

from proforma.domain.codes import PushStatus
from proforma.domain.money import total
from proforma.finance import dynamics_keys
from proforma.finance.document import FinanceDocument
from proforma.finance.dynamics_errors import has_infolog, refusal
from proforma.finance.dynamics_keys import literal
from proforma.finance.dynamics_values import day, noon
from proforma.finance.questions import Question
from proforma.finance.target import Found, Guarantee
from proforma.mapping.document import COMMENT
from proforma.mapping.finance import DynamicsMapping
from proforma.transport.decoding import decode_untyped
from proforma.transport.errors import BadResponseError, DoubtfulError, HttpStatusError, Trace, TransportError
from proforma.transport.multipart import Answers, ChangeSet, PartAnswer, decoded, encoded
from proforma.transport.remote import Remote
from proforma.transport.session import Answer, Request

HEADERS: Final = "CDSFreeTextInvoiceHeaders"
LINES: Final = "CDSFreeTextInvoiceLines"
#: Stands in InvoiceName while an invoice that is longer than a batch is being written (F-31).
NOT_COMPLETE: Final = "NOT COMPLETE (proforma-sync)"
#: Reads and writes name their company, and say that it may be another than the caller's own (F-5).
_COMPANY: Final = "cross-company=true"
_DESCRIPTION_LENGTH_MAX: Final = 255
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Write:
    method: str
    link: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = False


class DynamicsTarget:
    """One company of a Dynamics 365 Finance; see `proforma.finance.target.Target` for what its methods promise."""

    guarantee = Guarantee.OWN_KEY
    can_be_asked = True
    can_be_followed = True
    can_cancel = True
    repeatable_for = timedelta.max
    needs = dynamics_keys.NEEDED
    answers = dynamics_keys.ANSWERED

    def __init__(self, name: str, remote: Remote, mapping: DynamicsMapping, *, company: str, settle_seconds: float) -> None:
        self.name = name
        self.settle_seconds = settle_seconds
        self._remote = remote
        self._mapping = mapping
        self._company = company

    def close(self) -> None:
        """Gives connections back."""
        self._remote.close()

    # ---- asking ----------------------------------------------------------------------------------------------------------

    def find(self, document: FinanceDocument) -> tuple[Found, ...]:
        """The header by its key, then its lines; only 404 is an absence (F-30, F-86)."""
        link = f"{HEADERS}({self._key(document.reference)})?{_COMPANY}"
        try:
            header = self._remote.read(Request(method="GET", link=link, headers=_JSON), _row)
        except HttpStatusError as error:
            if _is_absence(error):
                return ()
            raise
        return (self._found(document, header, self._lines(document.reference)),)

    def status(self, document: FinanceDocument, external_id: str | None) -> Found | None:
        """Whether it is there still, and posted (F-27)."""
        return next(iter(self.find(document)), None)

    def references(self, first: str, before: str) -> tuple[str, ...]:
        """Keys of headers in a range, page after page (F-3)."""
        within = f"ExternalInvoiceId ge {literal(first)} and ExternalInvoiceId lt {literal(before)}"
        condition = quote(f"dataAreaId eq {literal(self._company)} and {within}", safe="'")
        link: str | None = f"{HEADERS}?$filter={condition}&$select=ExternalInvoiceId&{_COMPANY}"
        found: list[str] = []
        while link is not None:
            page = self._remote.read(Request(method="GET", link=link, headers=_JSON), _page)
            found += [str(row["ExternalInvoiceId"]) for row in page["value"]]
            link = page.get("@odata.nextLink")
        return tuple(found)

    def objection(self, question: Question) -> str | None:
        """What its own lists of customers, currencies and main accounts say (F-28, F-89)."""
        return dynamics_keys.objection(question, self._rows, self._company)

    def _rows(self, entity_set: str, condition: str) -> list[dict[str, Any]]:
        """Rows of a set that fit; a few at most, so there are no further pages."""
        link = f"{entity_set}?$filter={quote(condition, safe=chr(39))}&{_COMPANY}"
        rows: list[dict[str, Any]] = self._remote.read(Request(method="GET", link=link, headers=_JSON), _page)["value"]
        return rows

    def _lines(self, reference: str) -> list[Decimal]:
        """Amounts of the lines in their order, page after page (F-3)."""
        condition = quote(f"dataAreaId eq {literal(self._company)} and ExternalInvoiceId eq {literal(reference)}", safe="'")
        link: str | None = f"{LINES}?$filter={condition}&$orderby=LineNumber&$select=LineNumber,TransactionCurrencyAmount&{_COMPANY}"
        amounts: list[Decimal] = []
        while link is not None:
            page = self._remote.read(Request(method="GET", link=link, headers=_JSON), _page)
            amounts += [Decimal(str(row["TransactionCurrencyAmount"])) for row in page["value"]]
            link = page.get("@odata.nextLink")
        return amounts

    def _found(self, document: FinanceDocument, header: Mapping[str, Any], amounts: Sequence[Decimal]) -> Found:
        posted = header.get("IsPosted") == "Yes"
        return Found(
            reference=_same(header.get("ExternalInvoiceId"), document.reference),
            external_id=header.get("FreeTextNumber") or None,
            number=(header.get("InvoiceId") or None) if posted else None,
            state=PushStatus.POSTED if posted else PushStatus.ACCEPTED,
            customer=_same(header.get("CustomerAccount"), document.customer),
            currency=_same(header.get("CurrencyCode"), document.currency),
            total=total(amounts),
            lines=len(amounts),
            line_amounts=tuple(amounts),
            complete=header.get("InvoiceName") != NOT_COMPLETE,
            posted_on=day(header.get("InvoiceDate")) if posted else None,
            invoice_date=day(header.get("InvoiceDate")),
            tag=header.get("@odata.etag"),
        )

    # ---- telling ---------------------------------------------------------------------------------------------------------

    def create(self, document: FinanceDocument, begun: Found | None = None) -> Found:
        """Header and lines, all or none (F-31); what is longer than a batch comes in chunks and is marked until the last one is there."""
        size = self._mapping.operations_max
        if begun is None and 1 + document.lines <= size:
            answers = self._change([self._header(document), *self._line_writes(document, 0, size)])
            return self._told(document, answers)
        return self._create_in_chunks(document, begun, size)

    def _create_in_chunks(self, document: FinanceDocument, begun: Found | None, size: int) -> Found:
        there = 0 if begun is None else begun.lines or 0
        if begun is None:
            there = size - 1
            self._change([self._header(document, InvoiceName=NOT_COMPLETE), *self._line_writes(document, 0, there)])
        try:
            while there < document.lines:
                self._change(self._line_writes(document, there, size))
                there += size
            self._finish(document)
            return self.find(document)[0]
        except TransportError as fault:
            fault.doubtful = True  # a part of the document exists
            raise

    def cancel(self, document: FinanceDocument, found: Found) -> None:
        """Deletes header and lines; finance refuses what is posted (F-43)."""
        link = f"{HEADERS}({self._key(document.reference)})?{_COMPANY}"
        tag = {"If-Match": found.tag} if found.tag else {}
        try:
            self._remote.read(Request(method="DELETE", link=link, headers={**_JSON, **tag}), _deleted)
        except HttpStatusError as error:
            if _is_absence(error):
                return
            if error.status in _BY_BODY:
                raise refusal(error.body, error.trace) from error
            raise
        except DoubtfulError as fault:
            if fault.attempts == 1 and has_infolog(fault.body):
                raise refusal(fault.body, fault.trace) from fault
            raise

    def _finish(self, document: FinanceDocument) -> None:
        name = document.content["customer"].get("name") or ""
        link = f"{HEADERS}({self._key(document.reference)})?{_COMPANY}"
        self._remote.send(
            Request(method="PATCH", link=link, headers=_JSON_BODY, body=_ENCODER.encode({"InvoiceName": name}), repeatable=True)
        )

    def _change(self, writes: Sequence[_Write]) -> tuple[PartAnswer, ...]:
        """One change set. Raises TargetRefusedError as the body of its one refusal says, whatever the status (F-14, F-33)."""
        parts = (ChangeSet(tuple(writes)),)
        content_type, body = encoded(parts, parts_max=self._mapping.operations_max)
        request = Request(method="POST", link="$batch", headers={"Content-Type": content_type, "Accept": "multipart/mixed"}, body=body)
        try:
            answers = self._remote.read(request, lambda answer: _answers(answer, parts))
        except HttpStatusError as error:
            if error.status in _BY_BODY:
                raise refusal(error.body, error.trace) from error
            raise
        except TransportError as fault:
            if isinstance(fault, DoubtfulError) and fault.attempts == 1 and has_infolog(fault.body):
                raise refusal(fault.body, fault.trace) from fault
            # An earlier attempt of the same call may have been carried out even if the last one was not (F-84).
            fault.doubtful = fault.doubtful or fault.attempts > 1
            raise
        (first,) = answers
        if first is None or not first[0].ok:
            raise refusal(first[0].body if first else b"", Trace(method="POST", url="$batch", status=first[0].status if first else None))
        return first

    def _told(self, document: FinanceDocument, answers: Sequence[PartAnswer]) -> Found:
        """What the answer says was made: finance may have rounded or defaulted."""
        rows = [_decoded(answer) for answer in answers]
        if any(row is None for row in rows):
            return self.find(document)[0]
        header, *lines = cast("list[dict[str, Any]]", rows)
        return self._found(document, header, [Decimal(str(line["TransactionCurrencyAmount"])) for line in lines])

    def _header(self, document: FinanceDocument, **more: str) -> _Write:
        content = document.content
        row: dict[str, Any] = {
            "dataAreaId": self._company,
            "ExternalInvoiceId": document.reference,
            "CustomerAccount": document.customer,
            "CurrencyCode": document.currency,
            "InvoiceDate": noon(content["invoice_date"]),
            "DocumentDate": noon(content.get("posting_date") or content["invoice_date"]),
            "DueDate": noon(content.get("due_date")),
            "CustomerReference": content.get("corrects") or content["contract"].get("number"),
            "CustomerRequisition": content.get("purchase_order"),
            **self._mapping.header,
            **more,
        }
        return _post(HEADERS, row)

    def _line_writes(self, document: FinanceDocument, skip: int, count: int) -> list[_Write]:
        return [self._line(document.reference, line) for line in document.content["lines"][skip : skip + count]]

    def _line(self, reference: str, line: Mapping[str, Any]) -> _Write:
        row: dict[str, Any] = {
            "dataAreaId": self._company,
            "ExternalInvoiceId": reference,
            "LineNumber": line["line"],
            "MainAccountDisplayValue": line.get("account") or line.get("resource") or line.get("item"),
            "Description": (line["description"] or "")[:_DESCRIPTION_LENGTH_MAX],
            # A comment has neither; its words stand where an invoice prints them.
            "InvoiceText": line["description"] if line["type"] == COMMENT else None,
            "Quantity": Decimal(line["quantity"] or 0),
            "UnitPrice": Decimal(line["unit_price"] or 0),
            "TransactionCurrencyAmount": Decimal(line["amount"]),
            **self._mapping.line,
        }
        return _post(LINES, row)

    def _key(self, reference: str) -> str:
        return f"dataAreaId={quote(literal(self._company), safe='')},ExternalInvoiceId={quote(literal(reference), safe='')}"


_JSON: Final = {"Accept": "application/json"}
_JSON_BODY: Final = {**_JSON, "Content-Type": "application/json"}
#: Refusals whose body says what is meant; 401 and 403 stop the target, 404 and 405 mean a wrong address.
_BY_BODY: Final = frozenset({400, 409, 412, 422})


def _post(entity_set: str, row: Mapping[str, Any]) -> _Write:
    given = {name: value for name, value in row.items() if value is not None}
    return _Write(method="POST", link=f"{entity_set}?{_COMPANY}", body=_ENCODER.encode(given))


def _answers(answer: Answer, parts: tuple[ChangeSet]) -> Answers:
    kind = answer.headers.get("Content-Type", "")
    if not kind.lower().startswith("multipart/mixed"):
        raise BadResponseError(f"the answer to a batch is {kind or 'without a type'}, not multipart", trace=answer.trace, doubtful=True)
    answers = decoded(answer.body, parts, failed=False, trace=answer.trace)
    for part in answers:
        for one in part or ():
            if one.ok and one.status not in (200, 201, 204):
                raise BadResponseError(f"a part of the batch answer has status {one.status}", trace=answer.trace, doubtful=True)
    return answers


def _deleted(answer: Answer) -> None:
    """A deletion answers with 204 and nothing else (F-8)."""
    if answer.status != 204:
        raise BadResponseError(f"status {answer.status} is no answer to a deletion", trace=answer.trace, doubtful=True)


def _is_absence(error: HttpStatusError) -> bool:
    """Whether finance itself says that there is no such row; a page of something before it says nothing (F-86)."""
    return error.status == 404 and error.body.lstrip().startswith(b"{")


def _decoded(answer: PartAnswer) -> dict[str, Any] | None:
    """The row of a part, None where it tells none."""
    if answer.status == 204 or not answer.body:
        return None
    row = decode_untyped(answer.body)
    if not isinstance(row, dict) or "ExternalInvoiceId" not in row:
        raise BadResponseError("a part of the batch answer is no row", doubtful=True)
    return row


def _row(answer: Answer) -> dict[str, Any]:
    answer.require_json()
    row = decode_untyped(answer.body, trace=answer.trace)
    if not isinstance(row, dict) or not row.get("ExternalInvoiceId"):
        raise BadResponseError("the answer is no free text invoice", trace=answer.trace)
    return row


def _page(answer: Answer) -> dict[str, Any]:
    answer.require_json()
    page = decode_untyped(answer.body, trace=answer.trace)
    if not isinstance(page, dict) or not isinstance(page.get("value"), list):
        raise BadResponseError("the answer is no list of lines", trace=answer.trace)
    return page


def _same(theirs: object, ours: str) -> str | None:
    """Ours where it differs in nothing but case and blanks at the end, which finance does not tell apart (F-34)."""
    if not isinstance(theirs, str) or not theirs:
        return None
    return ours if theirs.strip().casefold() == ours.strip().casefold() else theirs
