"""Decoding: every digit survives (W-109), and what is not JSON is never taken for success."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proforma.transport.decoding import (
    Undecodable,
    decode_typed,
    decode_untyped,
    decoder_for,
    remote_fault,
    try_typed,
    without_lone_surrogates,
)
from proforma.transport.errors import BadResponseError, Trace


class Amount(msgspec.Struct):
    amount: Decimal
    note: str = ""


def test_decimals_keep_all_digits() -> None:
    """The largest money value and trailing zeros come out as they went in, typed and untyped."""
    body = b'{"amount": 922337203685477.5807, "b": 960.0000, "c": 1E+2, "d": 12345678901234567890123}'

    assert decode_typed(body, Amount) == Amount(Decimal("922337203685477.5807"))
    assert str(decode_untyped(body)) == (
        "{'amount': Decimal('922337203685477.5807'), 'b': Decimal('960.0000'), 'c': Decimal('1E+2'), 'd': 12345678901234567890123}"
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15))
def test_every_decimal_survives(number: Decimal) -> None:
    """Up to 19 digits in the source are the same 19 digits here."""
    text = f'{{"amount": {number:f}, "note": "n"}}'.encode()

    assert str(decode_typed(text, Amount).amount) == str(number)
    untyped = decode_untyped(text)
    assert isinstance(untyped, dict)
    assert str(untyped["amount"]) == str(number)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"amount": 1} trailing',
        b"<html>client_secret=canary</html>",
        b'{"amount": NaN}',
        b'{"amount": 1, "note": "\xff"}',
        b'{"amount": 1, "note": "\\ud800"}',
        b'{"amount": {}}',
        b"[" * 100_000,
    ],
    ids=lambda body: ascii(body)[:30],
)
def test_unusable_body_is_a_bad_response(body: bytes) -> None:
    """Whatever is wrong with a body, it is one kind of error, which shows a redacted beginning and keeps the request's facts."""
    with pytest.raises(BadResponseError) as fault:
        decode_typed(body, Amount, trace=Trace(url="https://h.example/x", status=200))

    assert (fault.value.url, fault.value.status, fault.value.transient, fault.value.doubtful) == ("https://h.example/x", 200, True, True)
    assert "canary" not in str(fault.value)
    if body != b'{"amount": {}}':
        with pytest.raises(BadResponseError):
            decode_untyped(body)


def test_one_piece_is_decoded_or_handed_back() -> None:
    """A row of the wrong shape comes back as it was, with the place of the fault."""
    assert try_typed(b'{"amount": 7}', Amount) == Amount(Decimal(7))
    assert try_typed(b'{"amount": []}', Amount) == Undecodable(b'{"amount": []}', "Expected `decimal`, got `array` - at `$.amount`")


def test_decoders_are_made_once() -> None:
    """A type's decoder is cached."""
    assert decoder_for(Amount) is decoder_for(Amount)


@pytest.mark.parametrize(
    ("body", "healed"),
    [
        (rb'"\ud800"', rb'"\ufffd"'),
        (rb'"\uDC01x"', rb'"\ufffdx"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\ud83d\ud83d\ude00"', rb'"\ufffd\ud83d\ude00"'),
        (rb'"\u0041"', rb'"\u0041"'),
    ],
)
def test_half_characters_are_replaced_in_place(body: bytes, healed: bytes) -> None:
    """Only a half without its partner is replaced, by as many bytes."""
    assert without_lone_surrogates(body) == healed


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b'{"error":{"code":"0x80040217","message":"Does Not Exist"}}', ("0x80040217", "Does Not Exist")),
        (b'{"error":{"code":"","message":"m"}}', (None, "m")),
        (b'{"error":{"code":"1","message":{"lang":"en","value":"older"}}}', ("1", "older")),
        (b'{"error":"invalid_client","error_description":"AADSTS7000215: bad"}', ("invalid_client", "AADSTS7000215: bad")),
        (b'{"error":"invalid_client"}', ("invalid_client", "invalid_client")),
        (b'{"Message":"No HTTP resource"}', (None, "No HTTP resource")),
        (b'{"type":"about:blank","title":"Gone","detail":"It went"}', ("about:blank", "It went")),
        (b'{"error":{}}', (None, '{"error":{}}')),
        (b'{"error":7}', (None, '{"error":7}')),
        (b"[1]", (None, "[1]")),
        (b"<html>Bad Gateway</html>", (None, "<html>Bad Gateway</html>")),
        (b"", (None, "")),
    ],
)
def test_error_bodies(body: bytes, fault: tuple[str | None, str]) -> None:
    """Code and message are found in every usual shape; anything else gives its beginning (W-179)."""
    assert remote_fault(body) == fault
