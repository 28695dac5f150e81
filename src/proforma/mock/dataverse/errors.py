"""Refusals in Dataverse's own form."""

from __future__ import annotations

from typing import Final

from proforma.mock.http import Response, json_response

JSON_TYPE: Final = "application/json; odata.metadata=minimal"

SYNTAX: Final = "0x80060888"
NO_ROW: Final = "0x80040217"


class ODataError(Exception):
    """An answer that is an error: HTTP status, platform code, text (W-179)."""

    def __init__(self, status: int, code: str, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers

    def response(self) -> Response:
        """The error as an answer."""
        body = {"error": {"code": self.code, "message": self.message}}
        return json_response(self.status, body, ("Content-Type", JSON_TYPE), *self.headers)


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


def wrong_method(method: str, *allowed: str) -> ODataError:
    """A method that the resource does not have (W-3, W-181)."""
    message = f"The requested resource does not support http method '{method}'."
    return ODataError(405, SYNTAX, message, ("Allow", ", ".join(allowed)))


def not_served(what: str) -> ODataError:
    """Something the real service has and this mock has not."""
    return ODataError(501, "0x80040203", f"The mock server does not support {what}.")
