"""What a refusal of each finance system means: told by its body, with the words a person needs and nothing else (F-13, F-33, F-59)."""

from __future__ import annotations

import msgspec
import pytest

from proforma.finance import TargetRefusedError, business_central_errors, dynamics_errors
from proforma.transport.errors import BadResponseError, HttpStatusError, Trace, TransportError, UnreachableError

HTML = b"<html><head><title>502 Bad Gateway</title></head><body>proxy</body></html>"


def verdict(error: TargetRefusedError | TransportError) -> str:
    """What the caller does next."""
    if isinstance(error, TargetRefusedError):
        return "look" if error.exists else "refused" if error.certain else "look, else refused"
    if isinstance(error, HttpStatusError):
        return "stop"
    if isinstance(error, UnreachableError):
        return "later"
    assert isinstance(error, BadResponseError)
    assert error.doubtful
    return "doubt"


def dynamics_body(message: str) -> bytes:
    """An error as Finance writes it."""
    inner = {
        "message": f"Write failed for table row of type 'CDSFreeTextInvoiceHeader'. Infolog: {message}",
        "type": "Microsoft.Dynamics.Platform.Integration.Services.OData.AxODataWriteException",
        "stacktrace": "   at Microsoft.Dynamics.Secret.Internals()",
    }
    return msgspec.json.encode({"error": {"code": "", "message": "An error has occurred.", "innererror": inner}})


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    ("message", "expected", "words"),
    [
        ("Error: Cannot create a record in X. Invoice: A, usmf. The record already exists.", "look", "The record already exists"),
        (
            "Info: Begin; Warning: The value 'C-9' in field 'Customer account' is not found in the related table 'Customers'.; "
            "Error: validateField failed on data source 'CustTable'",
            "refused",
            "The value 'C-9' in field 'Customer account' is not found in the related table 'Customers'.; "
            "validateField failed on data source 'CustTable'",
        ),
        ("Error: Period for 2026-01-31 is not open.", "refused", "Period for 2026-01-31 is not open."),
        ("Error: Customer C-1 is on hold for invoices.", "refused", "Customer C-1 is on hold for invoices."),
        ("Error: An update conflict occurred due to another user process deleting the record.", "later", "An update conflict"),
        ("Error: Deadlock, where one or more users have simultaneously locked the table.", "later", "Deadlock"),
        ("Error: Die Buchung konnte nicht erfolgen.", "look, else refused", "Die Buchung konnte nicht erfolgen."),
    ],
)
def test_finance_is_classified_by_its_infolog(status: int, message: str, expected: str, words: str) -> None:
    """F-14, F-33: whatever the status; the infolog's own words reach the person, the stack trace nobody."""
    error = dynamics_errors.refusal(dynamics_body(message), Trace(status=status))
    assert verdict(error) == expected
    assert str(error).startswith(words) or words in str(error)
    assert "Secret" not in str(error)
    assert "Begin" not in str(error)


@pytest.mark.parametrize("body", [HTML, b"", b"null", b"[]", b'{"value": []}', b'{"error": "text"}', b'{"error": {"code": ""}}'])
def test_what_finance_did_not_write_is_a_doubt(body: bytes) -> None:
    """F-32: an error page of something in between proves neither that it was refused nor that it was done."""
    assert verdict(dynamics_errors.refusal(body, Trace(status=400))) == "doubt"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("Internal_EntityWithSameKeyExists", "look"),
        ("Internal_RecordNotFound", "refused"),
        ("Internal_InvalidTableRelation", "refused"),
        ("Application_DialogException", "refused"),
        ("Application_FieldValidationException", "refused"),
        ("Application_StringExceededLength", "refused"),
        ("BadRequest_InvalidToken", "refused"),
        ("Authentication_InvalidCredentials", "stop"),
        ("Authorization_RequestDenied", "stop"),
        ("Request_EntityChanged", "later"),
        ("Internal_ServerError", "look, else refused"),
        ("Unknown", "look, else refused"),
    ],
)
def test_business_central_is_classified_by_its_code(code: str, expected: str) -> None:
    """F-59: the family of the code decides, and the message reaches the person with the code behind it."""
    body = msgspec.json.encode({"error": {"code": code, "message": "What is wrong. CorrelationId: 1."}})
    error = business_central_errors.refusal(body, Trace(status=400))
    assert verdict(error) == expected
    assert f"What is wrong. CorrelationId: 1. ({code})" in str(error)


@pytest.mark.parametrize("body", [HTML, b"", b"null", b'{"value": []}'])
def test_what_business_central_did_not_write_is_a_doubt(body: bytes) -> None:
    """F-59: without a code of its own it was not Business Central that answered."""
    assert verdict(business_central_errors.refusal(body, Trace(status=400))) == "doubt"
