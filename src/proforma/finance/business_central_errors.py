"""What a refusal of Business Central means, by the family of its code (F-59)."""

from __future__ import annotations

from typing import Final

from proforma.finance.target import TargetRefusedError
from proforma.transport.decoding import remote_fault
from proforma.transport.errors import BadResponseError, HttpStatusError, Trace, TransportError, UnreachableError
from proforma.transport.redaction import excerpt

_EXISTS: Final = ("Internal_EntityWithSameKeyExists",)
#: Nothing was kept, and another attempt may get through.
_PASSING: Final = ("Request_EntityChanged", "Internal_TenantUnavailable", "Internal_RequestTimeout")
#: A person must look at the application's rights: the whole target stops.
_STOP: Final = ("Authentication_", "Authorization_")
_CLEAR: Final = ("BadRequest_", "Application_", "Internal_RecordNotFound", "Internal_InvalidTableRelation")


def refusal(body: bytes, trace: Trace) -> TargetRefusedError | TransportError:
    """The error to raise for a refused write. A body without a code of Business Central is a doubt, never a refusal."""
    code, message = remote_fault(body)
    if code is None:
        return BadResponseError(f"a refusal without a code: {excerpt(body)!r}", trace=trace, transient=True, doubtful=True)
    # What finance says is kept and shown: it may repeat what it was sent, secrets too (promise 7).
    words = excerpt(f"{message} ({code})", characters_max=1000)
    if code.startswith(_STOP):
        return HttpStatusError(words, body=body, trace=trace, transient=False, doubtful=False)
    if code in _PASSING:
        return UnreachableError(words, todo="Run again later.", trace=trace, transient=True)
    return TargetRefusedError(words, exists=code in _EXISTS, certain=code.startswith(_CLEAR), request_id=trace.request_id)
