"""Business Central, API v2.0: a sales invoice or credit memo in steps that can each be taken up again (F-66 … F-72).

Nothing there keeps a second document with our reference away, so looking precedes every creation, and an absence is believed late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, cast
from urllib.parse import quote
from uuid import UUID

import msgspec

from proforma.domain.codes import PushStatus
from proforma.domain.errors import ConfigurationError
from proforma.finance import business_central_keys
from proforma.finance.business_central_errors import refusal
from proforma.finance.document import FinanceDocument
from proforma.finance.questions import Question
from proforma.finance.target import Found, Guarantee, TargetRefusedError
from proforma.mapping.document import COMMENT
from proforma.mapping.finance import BusinessCentralMapping
from proforma.transport.decoding import decode_untyped, remote_fault
from proforma.transport.errors import BadResponseError, HttpStatusError, TransportError, UnreachableError
from proforma.transport.remote import Remote
from proforma.transport.session import Answer, Request

#: So many requests in one batch (F-56).
OPERATIONS_MAX: Final = 100
_TEXT_LENGTH_MAX: Final = 100
_STATES: Final[Mapping[str, PushStatus]] = {
    "": PushStatus.ACCEPTED,
    "draft": PushStatus.ACCEPTED,
    "in review": PushStatus.ACCEPTED,
    "open": PushStatus.POSTED,
    "paid": PushStatus.POSTED,
    "corrective": PushStatus.POSTED,
    "canceled": PushStatus.CANCELLED,
}
_LINE_TYPES: Final = {"account": "Account", "item": "Item", "resource": "Resource"}
_JSON: Final = {"Accept": "application/json"}
_JSON_BODY: Final = {**_JSON, "Content-Type": "application/json"}
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


class BusinessCentralTarget:
    """One company of a Business Central; see `proforma.finance.target.Target` for what its methods promise."""

    guarantee = Guarantee.FIND_FIRST
    can_be_asked = True
    can_be_followed = True
    can_cancel = True
    repeatable_for = timedelta(0)
    needs = business_central_keys.NEEDED
    answers = business_central_keys.ANSWERED

    def __init__(self, name: str, remote: Remote, mapping: BusinessCentralMapping, *, company: str, settle_seconds: float) -> None:
        self.name = name
        self.settle_seconds = settle_seconds
        self._remote = remote
        self._mapping = mapping
        self._named = company
        self._company: str | None = None
        self._local_currency: str | None = None

    def close(self) -> None:
        """Gives connections back."""
        self._remote.close()

    # ---- asking ----------------------------------------------------------------------------------------------------------

    def find(self, document: FinanceDocument) -> tuple[Found, ...]:
        """Documents with our reference, drafts and posted ones, from the primary and never a replica (F-58, F-66, F-70)."""
        of = _Of(document)
        # What a header needs to know is asked for now: between the look at the lease and the header no request may stand (F-66, F-84).
        self._local()
        condition = quote(f"externalDocumentNumber eq '{document.reference}'", safe="'")
        page = self._get(f"{of.documents}?$filter={condition}&$expand={of.lines}")
        if not isinstance(page.get("value"), list):
            raise BadResponseError("the answer is no list of documents")
        return tuple(self._found(document, row) for row in page["value"])

    def status(self, document: FinanceDocument, external_id: str | None) -> Found | None:
        """The id survives posting, the number does not (F-69)."""
        if external_id is None:
            return next(iter(self.find(document)), None)
        of = _Of(document)
        try:
            return self._found(document, self._get(f"{of.documents}({external_id})?$expand={of.lines}"))
        except HttpStatusError as error:
            if error.status == 404:
                return None
            raise

    def references(self, first: str, before: str) -> tuple[str, ...]:
        """External numbers of invoices and credit memos in a range, page after page (F-57)."""
        condition = quote(f"externalDocumentNumber ge '{first}' and externalDocumentNumber lt '{before}'", safe="'")
        found: list[str] = []
        for documents in ("salesInvoices", "salesCreditMemos"):
            link: str | None = f"{self._root()}/{documents}?$filter={condition}&$select=id,externalDocumentNumber"
            while link is not None:
                page = self._remote.read(Request(method="GET", link=link, headers=_JSON), _object)
                if not isinstance(page.get("value"), list):
                    raise BadResponseError("the answer is no list of documents")
                found += [str(row["externalDocumentNumber"]) for row in page["value"]]
                link = page.get("@odata.nextLink")
        return tuple(found)

    def objection(self, question: Question) -> str | None:
        """What its own lists say, and the days on which it lets documents be posted (F-89)."""
        return business_central_keys.objection(question, self._rows, self._named, self._local)

    def _rows(self, path: str) -> list[dict[str, Any]]:
        rows = self._get(path).get("value")
        if not isinstance(rows, list):
            raise BadResponseError(f"the answer to {path.partition('?')[0]} is no list")
        return rows

    def _found(self, document: FinanceDocument, row: Mapping[str, Any]) -> Found:
        of, said = _Of(document), str(row.get("status", "")).strip().lower()
        if said not in _STATES or not row.get("id") or not isinstance(row.get(of.lines), list):
            raise BadResponseError(f"the answer is no document that we understand (status {said!r})", doubtful=True)
        state = _STATES[said]
        lines = sorted(row[of.lines], key=lambda line: int(line["sequence"]))
        amounts = tuple(of.sign * Decimal(str(line["amountExcludingTax"])) for line in lines)
        amounts = tuple(_near(amount, ours, self._mapping.tolerance) for amount, ours in _beside(amounts, document.line_amounts))
        amount = of.sign * Decimal(str(row["totalAmountExcludingTax"]))
        posted = state is PushStatus.POSTED
        return Found(
            reference=row.get("externalDocumentNumber") or None,
            external_id=row["id"],
            number=row.get("number") or None if posted else None,
            state=state,
            customer=_same(row.get("customerNumber"), document.customer),
            currency=row.get("currencyCode") or self._local(),
            total=_near(amount, document.total, self._mapping.tolerance * max(1, len(lines))),
            lines=len(lines),
            line_amounts=amounts,
            complete=posted or (len(lines) >= document.lines and not self._mapping.post),
            posted_on=date.fromisoformat(row["postingDate"]) if posted and row.get("postingDate") else None,
            tax=_amount(row, "totalTaxAmount", of.sign),
            remaining=_amount(row, "remainingAmount"),
            total_with_tax=_amount(row, "totalAmountIncludingTax", of.sign),
            invoice_date=date.fromisoformat(row[of.day]) if row.get(of.day) else None,
            tag=row.get("@odata.etag"),
        )

    # ---- telling ---------------------------------------------------------------------------------------------------------

    def create(self, document: FinanceDocument, begun: Found | None = None) -> Found:
        """Header, missing lines, comparison, posting where the mapping asks for it; taken up where it stands (F-67)."""
        if begun is None:
            document_id, there = self._create_header(document), 0
        else:
            document_id, there = begun.external_id or "", begun.lines or 0
        try:
            while there < document.lines:
                there += self._add_lines(document, document_id, there)
            return self._finished(document, document_id)
        except TransportError as fault:
            fault.doubtful = True  # the header exists
            raise

    def _create_header(self, document: FinanceDocument) -> str:
        of, content = _Of(document), document.content
        row: dict[str, Any] = {
            "externalDocumentNumber": document.reference,
            "customerNumber": document.customer,
            of.day: content["invoice_date"],
            "postingDate": content.get("posting_date"),
            "dueDate": content.get("due_date"),
            "customerPurchaseOrderReference": (content.get("purchase_order") or "")[:35] or None,
            # The local currency is the empty one (F-64).
            "currencyCode": None if document.currency == self._local() else document.currency,
        }
        made = self._post(of.documents, {name: value for name, value in row.items() if value is not None})
        if not made.get("id"):
            raise BadResponseError("the answer names no document", doubtful=True)
        return str(made["id"])

    def _add_lines(self, document: FinanceDocument, document_id: str, there: int) -> int:
        """As many lines as a batch takes, all of them or none (F-56)."""
        of = _Of(document)
        url = f"{self._root()}/{of.documents}({document_id})/{of.lines}"
        lines = document.content["lines"][there : there + OPERATIONS_MAX]
        requests = [
            {"id": str(number), "method": "POST", "url": url, "headers": {"Content-Type": "application/json"}, "body": _line(line, of.sign)}
            for number, line in enumerate(lines, start=1)
        ]
        headers = {**_JSON_BODY, "Isolation": "snapshot"}
        self._write(
            Request(method="POST", link="$batch", headers=headers, body=_ENCODER.encode({"requests": requests})), _batch(len(requests))
        )
        return len(lines)

    def _finished(self, document: FinanceDocument, document_id: str) -> Found:
        """Read back and compared; posted only when nothing differs, and never a second time without looking (F-65, F-68)."""
        found = self.status(document, document_id)
        if found is None:
            raise BadResponseError("the document that was just made is gone", doubtful=True)
        if not self._mapping.post or found.state is not PushStatus.ACCEPTED or found.differs_from(document):
            return found
        self._write(Request(method="POST", link=f"{self._root()}/{_Of(document).documents}({document_id})/Microsoft.NAV.post"), _done)
        return self.status(document, document_id) or found

    def cancel(self, document: FinanceDocument, found: Found) -> None:
        """Deletes the draft, only if it is still the one that was looked at (F-43, F-51)."""
        path = f"{self._root()}/{_Of(document).documents}({found.external_id})"
        if found.tag is None:
            raise BadResponseError("the document tells no tag, so a change meanwhile would not be noticed")
        headers = {**_JSON, "If-Match": found.tag}
        try:
            self._remote.read(Request(method="DELETE", link=path, headers=headers), _done)
        except HttpStatusError as error:
            if error.status == 404 and remote_fault(error.body)[0] is not None:
                return
            said = refusal(error.body, error.trace)
            if isinstance(said, UnreachableError) or error.status == 412:
                raise TargetRefusedError(f"somebody changes it there just now: {said}", request_id=error.request_id) from error
            raise said from error

    # ---- requests --------------------------------------------------------------------------------------------------------

    def _get(self, path: str) -> dict[str, Any]:
        return self._remote.read(Request(method="GET", link=f"{self._root()}/{path}", headers=_JSON), _object)

    def _post(self, path: str, row: Mapping[str, Any]) -> dict[str, Any]:
        request = Request(method="POST", link=f"{self._root()}/{path}", headers=_JSON_BODY, body=_ENCODER.encode(row))
        made: dict[str, Any] = self._write(request, _created)
        return made

    def _write(self, request: Request, reader: Any) -> Any:
        """Raises TargetRefusedError as the code of a refusal says (F-59)."""
        try:
            return self._remote.read(request, reader)
        except HttpStatusError as error:
            if error.status == 404:
                raise  # a wrong address or company, or a document that somebody deleted meanwhile
            raise refusal(error.body, error.trace) from error
        except TransportError as fault:
            fault.doubtful = fault.doubtful or fault.attempts > 1
            raise

    def _root(self) -> str:
        """The company's own part of the address; a name is looked up once."""
        if self._company is None:
            self._company = self._named if _is_guid(self._named) else self._company_id()
        return f"companies({self._company})"

    def _company_id(self) -> str:
        condition = quote(f"name eq '{self._named.replace(chr(39), chr(39) * 2)}'", safe="'")
        page = self._remote.read(Request(method="GET", link=f"companies?$filter={condition}", headers=_JSON), _object)
        rows = page.get("value")
        if not isinstance(rows, list) or len(rows) != 1:
            raise ConfigurationError(f"Business Central has no company {self._named!r}", hint="write finance.company as it is named there")
        return str(rows[0]["id"])

    def _local(self) -> str:
        """The company's own currency, read once."""
        if self._local_currency is None:
            rows = self._get("companyInformation").get("value")
            if not isinstance(rows, list) or not rows:
                raise BadResponseError("the company does not tell its currency")
            self._local_currency = str(rows[0]["currencyCode"])
        return self._local_currency


class _Of:
    """Names of one kind of document: a sum below zero must be a credit memo, with positive amounts (F-71)."""

    def __init__(self, document: FinanceDocument) -> None:
        self.documents = "salesCreditMemos" if document.is_credit else "salesInvoices"
        self.lines = "salesCreditMemoLines" if document.is_credit else "salesInvoiceLines"
        self.day = "creditMemoDate" if document.is_credit else "invoiceDate"
        self.sign = -1 if document.is_credit else 1


def _line(line: Mapping[str, Any], sign: int) -> dict[str, Any]:
    """A line as Business Central takes it: the sign stands in the quantity, never in the price."""
    if line["type"] == COMMENT:
        return {"sequence": 10000 * int(line["line"]), "lineType": "Comment", "description": line["description"][:_TEXT_LENGTH_MAX]}
    kind = next(kind for kind in _LINE_TYPES if line.get(kind))
    quantity, price = sign * Decimal(line["quantity"]), Decimal(line["unit_price"])
    if price < 0:
        quantity, price = -quantity, -price
    row = {
        "sequence": 10000 * int(line["line"]),
        "lineType": _LINE_TYPES[kind],
        "lineObjectNumber": line[kind],
        "description": (line["description"] or "")[:_TEXT_LENGTH_MAX],
        "quantity": quantity,
        "unitPrice": price,
        "unitOfMeasureCode": line.get("unit"),
    }
    return {name: value for name, value in row.items() if value is not None}


def _object(answer: Answer) -> dict[str, Any]:
    answer.require_json()
    document = decode_untyped(answer.body, trace=answer.trace)
    if answer.status not in (200, 201) or not isinstance(document, dict) or "error" in document:
        raise BadResponseError(f"status {answer.status} and no document", trace=answer.trace, doubtful=True)
    return document


def _created(answer: Answer) -> dict[str, Any]:
    if answer.status != 201:
        raise BadResponseError(f"status {answer.status} is no answer to a creation", trace=answer.trace, doubtful=True)
    return _object(answer)


def _done(answer: Answer) -> None:
    """Actions answer with 204 and nothing else (F-52)."""
    if answer.status != 204:
        raise BadResponseError(f"status {answer.status} is no answer to an action", trace=answer.trace, doubtful=True)


def _batch(size: int) -> Any:
    def read(answer: Answer) -> None:
        responses = _object(answer).get("responses")
        if not isinstance(responses, list) or not all(isinstance(part, dict) and isinstance(part.get("status"), int) for part in responses):
            raise BadResponseError("the answer is no batch", trace=answer.trace, doubtful=True)
        for part in cast("list[dict[str, Any]]", responses):
            if part["status"] >= 400:
                raise refusal(_ENCODER.encode(part.get("body")), answer.trace)
        if len(responses) != size:
            raise BadResponseError(f"the batch had {size} parts, its answer has {len(responses)}", trace=answer.trace, doubtful=True)

    return read


def _amount(row: Mapping[str, Any], name: str, sign: int = 1) -> Decimal | None:
    """A figure where it is told."""
    return None if row.get(name) is None else sign * Decimal(str(row[name]))


def _same(theirs: object, ours: str) -> str | None:
    """Ours where it differs in nothing but case: codes are stored in upper case (F-62)."""
    return None if not isinstance(theirs, str) or not theirs else ours if theirs.upper() == ours.upper() else theirs


def _near(theirs: Decimal, ours: Decimal | None, tolerance: Decimal) -> Decimal:
    return ours if ours is not None and abs(theirs - ours) <= tolerance else theirs


def _beside(theirs: Sequence[Decimal], ours: Sequence[Decimal]) -> list[tuple[Decimal, Decimal | None]]:
    return [(amount, ours[number] if number < len(ours) else None) for number, amount in enumerate(theirs)]


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
