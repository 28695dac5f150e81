"""A Dynamics 365 Finance at `/finance/dynamics/data/`: free text invoices of the CDS entities, as pushing needs them (F-1 … F-34)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

import msgspec

from proforma.mock.finance.books import Books
from proforma.mock.finance.documents import COMPARISONS, Document, Documents
from proforma.mock.finance.odata_batch import BatchError, batch_response
from proforma.mock.http import Request, Response, json_response
from proforma.mock.values import Row, Value, as_number, decode
from proforma.mock.world import World, WorldError

PREFIX: Final = "/finance/dynamics/data/"
TARGET: Final = "dynamics"
HEADERS: Final = "CDSFreeTextInvoiceHeaders"
LINES: Final = "CDSFreeTextInvoiceLines"
PAGE_ROWS_MAX: Final = 10_000
_KEYED: Final = re.compile(r"([A-Za-z0-9]+)\((.*)\)")
_KEY_PART: Final = re.compile(r"\s*([A-Za-z]+)\s*=\s*(?:'((?:[^']|'')*)'|(-?[0-9]+))\s*(?:,|$)")
_CONDITION: Final = re.compile(
    r"\s*([A-Za-z]+)\s+(eq|ne|ge|gt|le|lt)\s+(?:'((?:[^']|'')*)'|Microsoft\.Dynamics\.DataEntities\.NoYes'(Yes|No)')\s*"
)
_NO_DATE: Final = "1900-01-01T12:00:00Z"
_HEADER_DEFAULTS: Final[Mapping[str, Value]] = {
    "DueDate": _NO_DATE, "DocumentDate": _NO_DATE, "CustomerReference": "", "CustomerRequisition": "", "InvoiceName": "", "InvoiceId": "",
    "SalesTaxGroupId": "", "SalesTaxItemGroupId": "", "TermsOfPayment": "", "IsPosted": "No", "IsPostedViaIntercompany": "No",
}  # fmt: skip
_WRITE_EXCEPTION: Final = "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException"


class DynamicsSettings(Books, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `$finance: {dynamics: {…}}` of a world may say.

    `company`: the caller's own, and the only one it sees without `cross-company`. `companies`: all there are.
    `post_after_seconds`: when a recurring batch posts a new invoice, None: nobody does.
    `batch_error_status`: of a refused part; 500 is what was seen, 400 too.
    """

    company: str = "dat"
    companies: tuple[str, ...] = ("usmf", "dat")
    post_after_seconds: float | None = None
    batch_error_status: int = 500


class RefusalError(Exception):
    """An answer that is an error; `infolog` is what the useful inner message says."""

    def __init__(self, infolog: str, *, status: int = 400, entity: str = "CDSFreeTextInvoiceHeader") -> None:
        super().__init__(infolog)
        self.status = status
        self.message = f"Write failed for table row of type '{entity}'. Infolog: {infolog}" if infolog else "No HTTP resource was found."

    def response(self, status: int | None = None) -> Response:
        """The error in the shape of F-13."""
        inner = {"message": self.message, "type": _WRITE_EXCEPTION, "stacktrace": "   at Microsoft.Dynamics.Ax.Xpp.Mock.Write(Row row)"}
        error = {"code": "", "message": "An error has occurred.", "innererror": inner}
        return json_response(status or self.status, {"error": error})


def dynamics_settings(world: World) -> DynamicsSettings:
    """The switches of the world; raises `WorldError` for an unknown one or a wrong type."""
    try:
        return msgspec.convert(world.setting("$finance", "dynamics") or {}, DynamicsSettings)
    except msgspec.ValidationError as problem:
        raise WorldError(f"$finance.dynamics: {problem}") from problem


class Dynamics:
    """Answers requests below its prefix and keeps what it accepted in the common list of documents."""

    def __init__(self, documents: Documents, world: World, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents, self._world, self._clock = documents, world, clock
        self._settings = dynamics_settings(world)

    def respond(self, request: Request) -> Response:
        """The answer to any request of this target."""
        self._post_what_is_due()
        try:
            if request.path == PREFIX + "$batch" and request.method == "POST":
                return batch_response(request, PREFIX, self._part, self._documents.transaction)
            return self._route(request)
        except RefusalError as refusal:
            return refusal.response()
        except BatchError as problem:
            return RefusalError(str(problem)).response()

    def _part(self, request: Request) -> Response:
        try:
            return self._route(request)
        except RefusalError as refusal:
            return refusal.response(self._settings.batch_error_status)

    def _route(self, request: Request) -> Response:
        name = unquote(request.path.removeprefix(PREFIX))
        keyed = _KEYED.fullmatch(name)
        if keyed and keyed[1] == HEADERS:
            return self._header_request(request, _key(keyed[2]))
        match request.method, name:
            case "POST", "CDSFreeTextInvoiceHeaders":
                return self._create_header(request, _body(request))
            case "POST", "CDSFreeTextInvoiceLines":
                return self._create_line(_body(request))
            case "GET", "CDSFreeTextInvoiceHeaders":
                return self._list(request, [_header(document) for document in self._wanted(request)])
            case "GET", "CDSFreeTextInvoiceLines":
                return self._list(request, [line for document in self._wanted(request) for line in _lines(document).values()])
            case "GET", "CustomersV3":
                return self._list(request, self._customers())
            case "GET", "Currencies" | "MainAccounts":
                return self._list_shared(request, name)
        raise RefusalError("", status=404)

    # ---- headers ---------------------------------------------------------------------------------------------------------

    def _header_request(self, request: Request, key: Mapping[str, str]) -> Response:
        if set(key) != {"dataAreaId", "ExternalInvoiceId"}:
            raise RefusalError("Error: All parts of the key are needed: dataAreaId, ExternalInvoiceId.")
        document = self._find(key["dataAreaId"], key["ExternalInvoiceId"])
        if document is None or not self._sees(request, key["dataAreaId"]):
            return json_response(404, {"error": {"code": "", "message": "No resources were found when selecting for update."}})
        if request.method == "GET":
            return json_response(200, _header(document))
        if document.state == "posted":
            raise RefusalError("Error: The invoice is posted and cannot be changed; Error: validateWrite failed on data source.")
        if request.method == "DELETE":
            self._documents.remove(document)
            return Response(status=204)
        if request.method != "PATCH":
            raise RefusalError("", status=405)
        self._documents.change(document, body={**document.body, **_body(request)})
        return Response(status=204)

    def _create_header(self, request: Request, row: Mapping[str, Value]) -> Response:
        company = str(row.get("dataAreaId") or self._settings.company)
        reference = str(row.get("ExternalInvoiceId") or "")
        self._check_header(row, company, reference)
        document = self._documents.add(
            target=TARGET, body={}, key=company.lower(), state="accepted", now=self._clock(), reference=reference, lines={}
        )
        document.number = f"FTI-{document.sequence:08d}"
        document.body = {**_HEADER_DEFAULTS, **row, "dataAreaId": company, "FreeTextNumber": document.number}
        return json_response(201, _header(document), ("Location", f"{request.base}{PREFIX}{HEADERS}"))

    def _check_header(self, row: Mapping[str, Value], company: str, reference: str) -> None:
        books, customer, currency = self._settings, str(row.get("CustomerAccount") or ""), str(row.get("CurrencyCode") or "")
        if company.lower() not in {name.lower() for name in books.companies}:
            raise RefusalError(f"Error: The value '{company}' in field 'Company' is not found in the related table 'Legal entities'.")
        if not reference:
            raise RefusalError("Error: Field 'External invoice' must be filled in.; Error: validateWrite failed on data source.")
        if self._find(company, reference) is not None:
            raise RefusalError(
                "Error: Cannot create a record in Free text invoice headers (CDSFreeTextInvoiceHeader). "
                f"External invoice: {reference}, {company}. The record already exists."
            )
        if not books.has_customer(self._world, customer):
            raise RefusalError(
                f"Warning: The value '{customer}' in field 'Customer account' is not found in the related table 'Customers'."
                "; Error: validateField failed on data source."
            )
        if books.is_blocked(customer):
            raise RefusalError(f"Error: Customer {customer} is on hold for invoices.")
        if not books.has_currency(self._world, currency):
            raise RefusalError(f"Error: The value '{currency}' in field 'Currency' is not found in the related table 'Currency'.")
        if not books.is_open(str(row.get("InvoiceDate") or "9999")):
            raise RefusalError(f"Error: Period for {str(row.get('InvoiceDate'))[:10]} is not open.")

    # ---- lines -----------------------------------------------------------------------------------------------------------

    def _create_line(self, row: Mapping[str, Value]) -> Response:
        entity = "CDSFreeTextInvoiceLine"
        reference, number = str(row.get("ExternalInvoiceId") or ""), as_number(row.get("LineNumber"))
        document = self._find(str(row.get("dataAreaId") or self._settings.company), reference)
        if document is None:
            text = (
                f"Error: The value '{reference}' in field 'External invoice' is not found in the related table 'Free text invoice headers'."
            )
            raise RefusalError(text, entity=entity)
        if number in _lines(document):
            text = f"Error: Cannot create a record in Free text invoice lines. Line: {number}. The record already exists."
            raise RefusalError(text, entity=entity)
        account = str(row.get("MainAccountDisplayValue") or "")
        if not account:
            raise RefusalError("Error: Field 'Main account' must be filled in.; Error: validateWrite failed on data source.", entity=entity)
        if self._settings.main_accounts is not None and account.split("-", maxsplit=1)[0] not in self._settings.main_accounts:
            text = f"Error: The value '{account}' in field 'Main account' is not found in the related table 'Main accounts'."
            raise RefusalError(text, entity=entity)
        tax = str(row.get("SalesTaxGroupId") or "")
        if tax and self._settings.tax_groups is not None and tax not in self._settings.tax_groups:
            raise RefusalError(f"Error: The value '{tax}' in field 'Sales tax group' is not found in the related table.", entity=entity)
        quantity, price, given = (as_number(row.get(name)) for name in ("Quantity", "UnitPrice", "TransactionCurrencyAmount"))
        amount = given if given is not None else (quantity or Decimal(0)) * (price or Decimal(0))
        line: Row = {"SalesTaxGroupId": "", "InvoiceText": "", **row, "TransactionCurrencyAmount": amount}
        self._documents.add_line(document, number, line)
        return json_response(201, line)

    # ---- reading ---------------------------------------------------------------------------------------------------------

    def _list(self, request: Request, rows: list[Row]) -> Response:
        conditions = _conditions(request.parameter("$filter"))
        rows = [row for row in rows if self._sees(request, str(row["dataAreaId"])) and _matches(row, conditions)]
        order = request.parameter("$orderby")
        if order:
            rows.sort(key=lambda row: as_number(row.get(order)) or Decimal(0))
        skip, top = int(request.parameter("$skip") or 0), int(request.parameter("$top") or len(rows))
        page = rows[skip : skip + min(top, PAGE_ROWS_MAX)]
        columns = request.parameter("$select")
        shown: list[Value] = [{name: row.get(name) for name in columns.split(",")} if columns else row for row in page]
        answer: Row = {"@odata.context": f"{request.base}{PREFIX}$metadata", "value": shown}
        if request.parameter("$count") == "true":
            answer["@odata.count"] = len(rows)
        if skip + PAGE_ROWS_MAX < len(rows) and top > PAGE_ROWS_MAX:
            kept = "&".join(part for part in request.query.split("&") if not part.startswith("$skip="))
            answer["@odata.nextLink"] = f"{request.base}{request.path}?{kept}&$skip={skip + PAGE_ROWS_MAX}"
        return json_response(200, answer)

    def _customers(self) -> list[Row]:
        table = self._world.table("accounts")
        return [
            {
                "dataAreaId": self._settings.companies[0],
                "CustomerAccount": row["accountnumber"],
                "OrganizationName": row.get("name"),
                "OnHoldStatus": "All" if self._settings.is_blocked(str(row["accountnumber"])) else "No",
            }
            for row in (table.rows.values() if table else ())
            if row.get("accountnumber") and self._settings.has_customer(self._world, str(row["accountnumber"]))
        ]

    def _list_shared(self, request: Request, entity_set: str) -> Response:
        """Currencies and main accounts belong to no company. Where nothing is said of accounts, whatever is asked for is there."""
        text, column = request.parameter("$filter") or "", {"Currencies": "CurrencyCode", "MainAccounts": "MainAccountId"}[entity_set]
        asked = [wanted for part in text.split(" or ") for name, wanted, _ in _conditions(part) if name == column]
        books = self._settings
        known = asked if books.main_accounts is None else [account for account in asked if account in books.main_accounts]
        found = known if entity_set == "MainAccounts" else [code for code in asked if books.has_currency(self._world, code)]
        rows: list[Value] = [{column: key} for key in found]
        return json_response(200, {"@odata.context": f"{request.base}{PREFIX}$metadata", "value": rows})

    def _sees(self, request: Request, company: str) -> bool:
        """Without `cross-company` a caller sees its own company only (F-5)."""
        return request.parameter("cross-company") == "true" or company.lower() == self._settings.company.lower()

    def _wanted(self, request: Request) -> list[Document]:
        """The documents that a filter can name: those of one reference where it names one."""
        named = [
            wanted for column, wanted, word in _conditions(request.parameter("$filter")) if (column, word) == ("ExternalInvoiceId", "eq")
        ]
        return self._documents.like(TARGET, named[0]) if named else self._documents.of_target(TARGET)

    def _find(self, company: str, reference: str) -> Document | None:
        """Company and reference know no case (F-34)."""
        return next((document for document in self._documents.like(TARGET, reference) if document.key == company.lower()), None)

    def _post_what_is_due(self) -> None:
        after = self._settings.post_after_seconds
        for document in self._documents.of_target(TARGET) if after is not None else ():
            if document.state == "accepted" and self._clock() - document.received_monotonic >= (after or 0):
                number = f"INV-{document.sequence:08d}"
                body = {**document.body, "IsPosted": "Yes", "InvoiceId": number}
                self._documents.change(document, state="posted", number=number, body=body)


def _header(document: Document) -> Row:
    return {"@odata.etag": f'W/"{document.id}:{document.tag}"', **document.body}


def _lines(document: Document) -> Mapping[Decimal | None, Row]:
    return document.lines or {}


def _key(text: str) -> dict[str, str]:
    return {found[1]: (found[2] or "").replace("''", "'") if found[3] is None else found[3] for found in _KEY_PART.finditer(text)}


def _conditions(text: str | None) -> list[tuple[str, str, str]]:
    """Column, wanted value, and how it is compared; all of them have to hold."""
    conditions: list[tuple[str, str, str]] = []
    for part in text.split(" and ") if text else ():
        found = _CONDITION.fullmatch(part)
        if found is None:
            raise RefusalError(f"Error: The filter '{part}' is not supported here.")
        conditions.append((found[1], found[4] or (found[3] or "").replace("''", "'"), found[2]))
    return conditions


def _matches(row: Row, conditions: Sequence[tuple[str, str, str]]) -> bool:
    return all(COMPARISONS[word](str(row.get(column, "")).lower(), wanted.lower()) for column, wanted, word in conditions)


def _body(request: Request) -> Mapping[str, Value]:
    try:
        row = decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise RefusalError(f"Error: The body is not JSON: {problem}") from problem
    if not isinstance(row, dict):
        raise RefusalError("Error: The body must be an object.")
    return row
