"""`$batch` of Dataverse: what it allows of the batches that `proforma.transport.multipart` writes and reads (W-150 to W-162)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proforma.transport import multipart
from proforma.transport.multipart import Answers, ChangeSet, Part, PartAnswer, decoded

__all__ = ["PARTS_MAX", "Answers", "ChangeSet", "Part", "PartAnswer", "decoded", "encoded"]

PARTS_MAX: Final = 1000


def encoded(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Content type and body of a batch. Raises ValueError for too many or wrong parts."""
    return multipart.encoded(parts, parts_max=PARTS_MAX)
