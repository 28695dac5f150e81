"""Refusals in Dataverse's own form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from proforma.mock.http import Response, json_response

JSON_TYPE: Final = "application/json; odata.metadata=minimal"

SYNTAX: Final = "0x80060888"
NO_ROW: Final = "0x80040217"
_HELP: Final = "http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a"


class ODataError(Exception):
    """An answer that is an error: HTTP status, platform code, text (W-179)."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers

    def response(self, wants: Callable[[str], bool] = lambda _name: False) -> Response:
        """The error as an answer, with the details that the caller `wants` by their annotations (W-180)."""
        details = {f"@{name}": text for name, text in self._details().items() if wants(name)}
        body = {"error": {"code": self.code, "message": self.message, **details}}
        return json_response(self.status, body, ("Content-Type", JSON_TYPE), *self.headers)

    def _details(self) -> dict[str, str]:
        number = int(self.code, 16) if self.code else 0
        return {
            "Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus": "0",
            "Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode": str(number),
            "Microsoft.PowerApps.CDS.HelpLink": f"{_HELP}{number:x}&client=platform",
            "Microsoft.PowerApps.CDS.TraceText": "",
            "Microsoft.PowerApps.CDS.InnerError.Message": self.message,
        }


def syntax_error(message: str) -> ODataError:
    """A URL or query that cannot be read (W-184)."""
    return ODataError(400, SYNTAX, message)


def no_property(name: str, logical: str) -> ODataError:
    """A column that the table does not have (W-61)."""
    return ODataError(400, "0x0", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{logical}'.")


def no_row(logical: str, row_id: str) -> ODataError:
    """A row that is not there (W-182)."""
    return ODataError(404, NO_ROW, f"{logical} With Id = {row_id} Does Not Exist")


def no_segment(segment: str) -> ODataError:
    """A path segment that means nothing (W-183)."""
    return ODataError(404, "0x8006088a", f"Resource not found for the segment '{segment}'.")


def no_operation(address: str) -> ODataError:
    """An operation called with the wrong method (W-33, W-208)."""
    return ODataError(404, "", f"No HTTP resource was found that matches the request URI '{address}'.")


def plugin_refusal(message: str) -> ODataError:
    """What the product's own logic does not let happen (W-180)."""
    return ODataError(400, "0x80040265", message)


def wrong_method(method: str, *allowed: str) -> ODataError:
    """A method that the resource does not have (W-3, W-181)."""
    message = f"The requested resource does not support http method '{method}'."
    return ODataError(405, SYNTAX, message, ("Allow", ", ".join(allowed)))


def not_served(what: str) -> ODataError:
    """Something the real service has and this mock has not."""
    return ODataError(501, "0x80040203", f"The mock server does not support {what}.")
