"""A Business Central at `/finance/bc/v2.0/`: sales invoices and credit memos of the API v2.0, as far as pushing needs them (F-48 … F-73).

External document numbers are not unique here, as they are not there: a client that repeats itself makes a second document.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

import msgspec

from proforma.mock.finance.books import Books
from proforma.mock.finance.documents import COMPARISONS, Document, Documents
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value, as_number, decode, encode, mapping_of, symbol_guid
from proforma.mock.world import World, WorldError

PREFIX: Final = "/finance/bc/v2.0/"
TARGET: Final = "bc"
OPERATIONS_MAX: Final = 100
_TAIL: Final = re.compile(r".*?((?:companies|\$batch).*)")
_COMPANY: Final = re.compile(r"companies\(([^)]*)\)/(.+)")
_LINES: Final = {"salesInvoices": "salesInvoiceLines", "salesCreditMemos": "salesCreditMemoLines"}
_DOCUMENTS: Final = re.compile(r"(salesInvoices|salesCreditMemos)(?:\(([^)]*)\)(?:/(.+))?)?")
_CONDITION: Final = re.compile(r"(\w+) (eq|ge|gt|le|lt) '((?:[^']|'')*)'")
_NO_DAY: Final = "0001-01-01"
_READ_ONLY: Final = ("totalAmountExcludingTax", "totalAmountIncludingTax", "totalTaxAmount", "status", "id")


class Company(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A company; `currency` is its local one."""

    name: str
    currency: str = "USD"

    @property
    def id(self) -> str:
        """Its id, made of its name."""
        return symbol_guid(f"@bc/{self.name}")


class BusinessCentralSettings(Books, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$finance: {bc: {…}}` of a world may say. `tax_percent`: by tax code, the empty code for lines without one.

    `rounding`: to what amounts of a currency are rounded, 0.01 where nothing is said.
    """

    companies: tuple[Company, ...] = (Company(name="CRONUS"),)
    tax_percent: dict[str, Decimal] = msgspec.field(default_factory=dict)
    rounding: dict[str, Decimal] = msgspec.field(default_factory=dict)


class RefusalError(Exception):
    """An answer that is an error of F-59."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def response(self) -> Response:
        """The error as an answer."""
        error = {"code": self.code, "message": f"{self.message}  CorrelationId:  {uuid4()}."}
        return json_response(self.status, {"error": error})


def business_central_settings(world: World) -> BusinessCentralSettings:
    """The switches of the world; raises `WorldError` for an unknown one or a wrong type."""
    try:
        return msgspec.convert(world.setting("$finance", "bc") or {}, BusinessCentralSettings, strict=False)
    except msgspec.ValidationError as problem:
        raise WorldError(f"$finance.bc: {problem}") from problem


class BusinessCentral:
    """Answers requests below its prefix and keeps what it accepted in the common list of documents."""

    def __init__(self, documents: Documents, world: World, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents, self._world, self._clock = documents, world, clock
        self._settings = business_central_settings(world)

    def respond(self, request: Request) -> Response:
        """The answer to any request of this target."""
        try:
            return self._route(request)
        except RefusalError as refusal:
            return refusal.response()

    def _route(self, request: Request) -> Response:
        tail = _TAIL.fullmatch(unquote(request.path.removeprefix(PREFIX)))
        path = tail[1] if tail else ""
        if path == "$batch" and request.method == "POST":
            return self._batch(request)
        if path == "companies" and request.method == "GET":
            name = _wanted(request).get("name")
            found: list[Value] = [{"id": c.id, "name": c.name} for c in self._settings.companies if name in (None, c.name)]
            return json_response(200, {"value": found})
        inside = _COMPANY.fullmatch(path)
        company = next((c for c in self._settings.companies if inside and c.id == inside[1].lower()), None)
        if inside is None or company is None:
            raise RefusalError(404, "BadRequest_NotFound", f"Nothing is found at {path}.")
        return self._inside(company, request, inside[2])

    def _inside(self, company: Company, request: Request, path: str) -> Response:
        if path == "companyInformation" and request.method == "GET":
            return json_response(200, {"value": [{"id": company.id, "displayName": company.name, "currencyCode": company.currency}]})
        if path == "customers" and request.method == "GET":
            return json_response(200, {"value": self._customers(request)})
        if path in ("accounts", "items", "unitsOfMeasure", "currencies", "generalLedgerSetup") and request.method == "GET":
            return json_response(200, {"value": self._listed(path, request)})
        found = _DOCUMENTS.fullmatch(path)
        if found is None:
            raise RefusalError(404, "BadRequest_NotFound", f"Nothing is found at {path}.")
        kind, document_id, rest = found[1], found[2], found[3]
        if document_id is None:
            return self._create(company, kind, request) if request.method == "POST" else self._list(company, kind, request)
        document = self._one(company, kind, document_id)
        if rest is None:
            return self._document(document, kind, request)
        if rest == _LINES[kind]:
            return self._add_line(document, kind, request)
        if rest == "Microsoft.NAV.post" and request.method == "POST":
            return self._post(document, kind)
        raise RefusalError(404, "BadRequest_NotFound", f"Nothing is found at {path}.")

    # ---- batches ---------------------------------------------------------------------------------------------------------

    def _batch(self, request: Request) -> Response:
        parts = _body(request).get("requests")
        if not isinstance(parts, list) or not parts:
            raise RefusalError(400, "BadRequest_InvalidBatch", "The batch has no requests.")
        if len(parts) > OPERATIONS_MAX:
            raise RefusalError(400, "BadRequest_TooManyOperations", f"A batch has at most {OPERATIONS_MAX} operations.")
        requests = [(mapping_of(part).get("id"), self._part(request, mapping_of(part))) for part in parts]
        if request.headers.get("isolation", "").lower() != "snapshot":
            return json_response(200, {"responses": [_answer(name, self.respond(part)) for name, part in requests]})
        answers: list[Value] = []
        try:
            with self._documents.transaction():
                for name, part in requests:
                    response = self.respond(part)
                    answers.append(_answer(name, response))
                    if response.status >= 400:
                        raise _UndoneError
        except _UndoneError:
            answers = answers[-1:]
        return json_response(200, {"responses": answers})

    def _part(self, outer: Request, part: Mapping[str, Value]) -> Request:
        headers = {str(name).lower(): str(value) for name, value in mapping_of(part.get("headers")).items()}
        path, _, query = str(part.get("url", "")).partition("?")
        body = b"" if part.get("body") is None else encode(part["body"])
        return replace(
            outer, method=str(part.get("method", "GET")), path=PREFIX + path.lstrip("/"), query=query, headers=headers, body=body
        )

    # ---- documents -------------------------------------------------------------------------------------------------------

    def _create(self, company: Company, kind: str, request: Request) -> Response:
        row = dict(_body(request))
        reference, customer = str(row.get("externalDocumentNumber") or ""), str(row.get("customerNumber") or row.get("customerId") or "")
        currency = str(row.get("currencyCode") or "")
        self._check(row, reference, customer, currency)
        document = self._documents.add(
            target=TARGET,
            body={},
            key=f"{company.id}/{kind}",
            state="Draft",
            now=self._clock(),
            reference=reference.strip().upper(),
            lines={},
        )
        document.number = f"S-{kind[5:8].upper()}{100000 + document.sequence}"
        day = row.get("invoiceDate") or row.get("creditMemoDate") or "2026-01-01"
        document.body = {
            "currencyCode": company.currency, "customerPurchaseOrderReference": "", "dueDate": day, **row,
            "customerNumber": customer.upper(),
            "externalDocumentNumber": document.reference, "postingDate": row.get("postingDate") or day,
        }  # fmt: skip
        return json_response(201, self._shown(document, kind, with_lines=False))

    def _check(self, row: Mapping[str, Value], reference: str, customer: str, currency: str) -> None:
        if row.get("number"):
            raise RefusalError(
                400, "Application_DialogException", "You may not enter numbers manually. If you want to, change the number series."
            )
        if not customer:
            raise RefusalError(400, "Application_DialogException", 'The "customerId" or the "customerNumber" must be provided.')
        if len(reference) > 35:
            text = f"The length of the string is {len(reference)}, but it must be less than or equal to 35 characters. Value: {reference}"
            raise RefusalError(400, "Application_StringExceededLength", text)
        if not self._settings.has_customer(self._world, customer):
            raise RefusalError(
                400, "Internal_RecordNotFound", f"The Customer does not exist. Identification fields and values: No.='{customer}'"
            )
        if self._settings.is_blocked(customer):
            raise RefusalError(
                400, "Application_DialogException", f"You cannot create this type of document when Customer {customer} is blocked."
            )
        if currency and not self._settings.has_currency(self._world, currency):
            raise RefusalError(
                400, "Internal_InvalidTableRelation", f"The field Currency Code contains a value ({currency}) that cannot be found."
            )
        if not self._settings.is_open(str(row.get("postingDate") or row.get("invoiceDate") or row.get("creditMemoDate") or "9999")):
            raise RefusalError(
                400, "Application_FieldValidationException", "Posting Date is not within your range of allowed posting dates."
            )

    def _list(self, company: Company, kind: str, request: Request) -> Response:
        if request.method != "GET":
            raise RefusalError(405, "BadRequest_MethodNotAllowed", f"{request.method} is not allowed.")
        wanted = _conditions(request)
        key = f"{company.id}/{kind}"
        with_lines = _LINES[kind] in (request.parameter("$expand") or "")
        reference = _wanted(request).get("externalDocumentNumber")
        named = self._documents.with_key(TARGET, key) if reference is None else self._documents.like(TARGET, reference)
        rows: list[Value] = []
        for document in (document for document in named if document.key == key):
            row = self._shown(document, kind, with_lines=with_lines)
            if all(COMPARISONS[word](str(row.get(name, "")).upper(), value.upper()) for name, word, value in wanted):
                rows.append(row)
        return json_response(200, {"value": rows})

    def _document(self, document: Document, kind: str, request: Request) -> Response:
        if request.method == "GET":
            with_lines = _LINES[kind] in (request.parameter("$expand") or "")
            return json_response(200, self._shown(document, kind, with_lines=with_lines))
        self._require_tag(document, request)
        self._require_draft(document)
        if request.method == "DELETE":
            self._documents.remove(document)
            return Response(status=204)
        if request.method != "PATCH":
            raise RefusalError(405, "BadRequest_MethodNotAllowed", f"{request.method} is not allowed.")
        row = _body(request)
        if read_only := sorted(set(row) & set(_READ_ONLY)):
            raise RefusalError(400, "BadRequest_ReadOnly", f"The property {read_only[0]} cannot be changed.")
        self._documents.change(document, body={**document.body, **row})
        return json_response(200, self._shown(document, kind, with_lines=False))

    def _add_line(self, document: Document, kind: str, request: Request) -> Response:
        if request.method != "POST":
            return json_response(200, {"value": list(_lines(document).values())})
        self._require_draft(document)
        row = _body(request)
        lines = _lines(document)
        sequence = as_number(row.get("sequence")) or Decimal(10000 * (len(lines) + 1))
        if sequence in lines:
            raise RefusalError(400, "Internal_EntityWithSameKeyExists", f"The Sales Line already exists. Line No.='{sequence}'")
        self._check_line(row)
        quantity, price = as_number(row.get("quantity")) or Decimal(0), as_number(row.get("unitPrice")) or Decimal(0)
        # Amounts are rounded to the currency (F-65).
        amount = (quantity * price).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
        line: Row = {**row, "id": symbol_guid(f"@{document.id}/{sequence}"), "sequence": int(sequence), "amountExcludingTax": amount}
        self._documents.add_line(document, sequence, line)
        return json_response(201, line)

    def _check_line(self, row: Mapping[str, Value]) -> None:
        kind, number = row.get("lineType"), str(row.get("lineObjectNumber") or "")
        if kind not in ("Comment", "Account", "Item", "Resource", "Fixed Asset", "Charge"):
            raise RefusalError(400, "BadRequest_InvalidProperty", f"The value {kind!r} is no line type.")
        if kind == "Account" and self._settings.main_accounts is not None and number not in self._settings.main_accounts:
            raise RefusalError(
                400, "Internal_RecordNotFound", f"The G/L Account does not exist. Identification fields and values: No.='{number}'"
            )
        if kind == "Item" and self._settings.items is not None and number not in self._settings.items:
            raise RefusalError(400, "Internal_RecordNotFound", f"The Item does not exist. Identification fields and values: No.='{number}'")
        unit = str(row.get("unitOfMeasureCode") or "")
        if unit and self._settings.units is not None and unit not in self._settings.units:
            raise RefusalError(
                400, "Internal_InvalidTableRelation", f"The field Unit of Measure Code contains a value ({unit}) that cannot be found."
            )
        if kind != "Comment" and not number:
            raise RefusalError(400, "BadRequest_InvalidProperty", "The line needs a lineObjectNumber.")

    def _post(self, document: Document, kind: str) -> Response:
        """A second time fails, it does not double (F-68)."""
        self._require_draft(document)
        if not _lines(document):
            raise RefusalError(400, "Application_DialogException", "There is nothing to post.")
        self._documents.change(document, state="Open", number=f"PS-{kind[5:8].upper()}{103000 + document.sequence}")
        return Response(status=204)

    # ---- what is shown ---------------------------------------------------------------------------------------------------

    def _shown(self, document: Document, kind: str, *, with_lines: bool) -> Row:
        lines = _lines(document).values()
        net = sum((as_number(line["amountExcludingTax"]) or Decimal(0) for line in lines), Decimal("0.00"))
        tax = sum((self._tax(line) for line in lines), Decimal("0.00"))
        row: Row = {
            "@odata.etag": _tag(document), **document.body,
            "id": document.id, "number": document.number, "status": document.state, "totalAmountExcludingTax": net, "totalTaxAmount": tax,
            "totalAmountIncludingTax": net + tax, "remainingAmount": net + tax if document.state == "Open" else Decimal(0),
        }  # fmt: skip
        if with_lines:
            row[_LINES[kind]] = list(lines)
        return row

    def _tax(self, line: Row) -> Decimal:
        percent = self._settings.tax_percent.get(str(line.get("taxCode") or ""), Decimal(0))
        amount = as_number(line["amountExcludingTax"]) or Decimal(0)
        return (amount * percent / 100).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    def _customers(self, request: Request) -> list[Value]:
        wanted = _wanted(request).get("number")
        table = self._world.table("accounts")
        numbers = sorted({str(row["accountnumber"]) for row in (table.rows.values() if table else ()) if row.get("accountnumber")})
        return [
            {"number": number, "blocked": "All" if self._settings.is_blocked(number) else "_x0020_"}
            for number in numbers
            if wanted in (None, number) and self._settings.has_customer(self._world, number)
        ]

    def _listed(self, path: str, request: Request) -> list[Value]:
        """Master data that a client may look at before it writes; where nothing is said, whatever is asked for is there."""
        books, wanted = self._settings, _wanted(request)
        if path == "generalLedgerSetup":
            return [{"allowPostingFrom": books.closed_before or _NO_DAY, "allowPostingTo": _NO_DAY}]
        name = "code" if path in ("unitsOfMeasure", "currencies") else "number"
        key = wanted.get(name, "")
        if path == "currencies":
            rounding = books.rounding.get(key, Decimal("0.01"))
            return [{"code": key, "amountRoundingPrecision": rounding}] if books.has_currency(self._world, key) else []
        known = {"accounts": books.main_accounts, "items": books.items, "unitsOfMeasure": books.units}[path]
        return [{name: key, "blocked": False}] if key and (known is None or key in known) else []

    # ---- conditions ------------------------------------------------------------------------------------------------------

    def _one(self, company: Company, kind: str, document_id: str) -> Document:
        document = self._documents.by_id(TARGET, document_id.lower())
        if document is None or document.key != f"{company.id}/{kind}":
            raise RefusalError(404, "BadRequest_ResourceNotFound", "The resource is not found.")
        return document

    def _require_draft(self, document: Document) -> None:
        if document.state != "Draft":
            raise RefusalError(400, "Application_DialogException", f"The document {document.number} is posted and cannot be changed.")

    def _require_tag(self, document: Document, request: Request) -> None:
        given = request.headers.get("if-match")
        if given is None:
            raise RefusalError(400, "BadRequest_InvalidToken", "The If-Match header is missing.")
        if given not in ("*", _tag(document)):
            raise RefusalError(409, "Request_EntityChanged", "Another user has already changed the record.")


class _UndoneError(Exception):
    pass


def _lines(document: Document) -> Mapping[Decimal | None, Row]:
    return document.lines or {}


def _tag(document: Document) -> str:
    return f'W/"{document.id}:{document.tag}"'


def _answer(name: Value, response: Response) -> Row:
    answer: Row = {"id": name, "status": response.status}
    if response.body:
        answer["body"] = decode(response.body)
    return answer


def _wanted(request: Request) -> dict[str, str]:
    """The texts that columns are to equal."""
    return {name: value for name, word, value in _conditions(request) if word == "eq"}


def _conditions(request: Request) -> list[tuple[str, str, str]]:
    """Column, comparison and text of each part of a filter; `or` over several fields is refused (F-57)."""
    condition = request.parameter("$filter")
    if not condition:
        return []
    if " or " in condition:
        raise RefusalError(400, "BadRequest_InvalidFilter", "The filter joins different fields with or.")
    found = [(match[1], match[2], match[3].replace("''", "'")) for match in _CONDITION.finditer(condition)]
    if len(found) != len(condition.split(" and ")):
        raise RefusalError(400, "BadRequest_InvalidFilter", f"The filter {condition} cannot be read.")
    return found


def _body(request: Request) -> Mapping[str, Value]:
    try:
        row = decode(request.body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise RefusalError(400, "BadRequest_InvalidBody", f"The body is not JSON: {problem}") from problem
    if not isinstance(row, dict):
        raise RefusalError(400, "BadRequest_InvalidBody", "The body must be an object.")
    return row
