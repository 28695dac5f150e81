"""A finance document as it leaves: frozen bytes with a digest, so that a repeat is the same to the last byte (F-80)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self, cast

from proforma.mapping.document import DIGEST, Document, encode
from proforma.mapping.document import digest as digest_of
from proforma.transport.decoding import decode_untyped


@dataclass(frozen=True, slots=True, kw_only=True)
class FinanceDocument:
    """What is sent for one invoice, and the figures by which it is recognised afterwards (F-87).

    `body` is the default document of F-80 as bytes, `content` the same as plain values: targets with a form of their own translate it.
    `stays_here`: the mapping wants it ended here and not sent, because nothing is to be paid (D-28).
    """

    reference: str
    body: bytes = field(repr=False)
    digest: str
    customer: str
    currency: str
    total: Decimal
    line_amounts: tuple[Decimal, ...]
    is_credit: bool
    content: Mapping[str, Any] = field(repr=False)
    stays_here: bool = False

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.line_amounts)

    def under(self, reference: str, *, digest: str | None = None) -> Self:
        """The same document under another reference; `digest`: the one that it was sent with, where that is known."""
        content = {**self.content, "reference": reference}
        return self.of({**content, DIGEST: digest or digest_of(content)})

    @classmethod
    def of(cls, content: Document) -> Self:
        """Freezes the default document of F-80."""
        return cls._made(encode(content), content)

    @classmethod
    def frozen(cls, body: bytes) -> Self:
        """The document that these bytes are; the inverse of `of`, for a repeat after a doubt. KeyError: none of ours."""
        return cls._made(body, cast("dict[str, Any]", decode_untyped(body)))

    @classmethod
    def _made(cls, body: bytes, content: Mapping[str, Any]) -> Self:
        return cls(
            reference=content["reference"],
            body=body,
            digest=content[DIGEST],
            customer=content["customer"]["account"],
            currency=content["currency"],
            total=Decimal(content["total"]),
            line_amounts=tuple(Decimal(line["amount"]) for line in content["lines"]),
            is_credit=content["kind"] == "credit",
            content=content,
        )
